"""lambda:invoke with functions of container images: names of errors, their causes, and the events of the history.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.faults import RefuseInvoke, RunOutOfMemory
from tests.sandbox.conftest import policy
from tests.sandbox.functions.conftest import Place
from tests.sandbox.functions.conftest import functions as functions
from tests.sandbox.step_functions.conftest import Machines, Run

INVOKE = "arn:aws:states:::lambda:invoke"


def invoking(name: str, payload: Any = None, **fields: Any) -> dict[str, Any]:
    """One state that invokes a function."""
    arguments = {"FunctionName": name, "Payload": payload or {}}
    return {"Task": {"Type": "Task", "Resource": INVOKE, "Arguments": arguments, "End": True, **fields}}


def test_the_result_is_the_answer_with_the_payload(machines: Machines, functions: Place) -> None:
    name = functions.make(Publish=True)
    arn = f"arn:aws:lambda:{functions.aws.region}:{functions.aws.account}:function:{name}:1"
    run = machines.run(invoking(arn, {"number": "{% $states.input.n %}"}), {"n": 4})
    assert run.output["Payload"]["event"] == {"number": 4}
    assert run.output["Payload"]["arn"] == arn
    assert (run.output["StatusCode"], run.output["ExecutedVersion"]) == (200, "1")
    assert run.types[2:5] == ["TaskScheduled", "TaskStarted", "TaskSucceeded"]
    (scheduled,) = run.details("TaskScheduled")
    assert (scheduled["resourceType"], scheduled["resource"]) == ("lambda", "invoke")
    assert json.loads(scheduled["parameters"]) == {"FunctionName": arn, "Payload": {"number": 4}}


@pytest.mark.parametrize(
    ("payload", "timeout_seconds", "error"),
    [
        ({"fail": "Paper.Empty"}, 60, "Paper.Empty"),
        ({"exit": 3}, 60, "Runtime.ExitError"),
        ({"wait": "/no"}, 1, "Sandbox.Timedout"),
    ],
)
def test_the_error_is_the_functions_type_and_the_cause_its_report(
    machines: Machines, functions: Place, payload: dict[str, Any], timeout_seconds: int, error: str
) -> None:
    run = machines.run(invoking(functions.make(Timeout=timeout_seconds), payload))
    assert run.failure[0] == error
    assert json.loads(str(run.failure[1]))["errorType"] == error
    (failed,) = run.details("TaskFailed")
    assert (failed["error"], failed["cause"]) == run.failure


def test_an_error_of_the_service_is_named_by_it(machines: Machines, functions: Place) -> None:
    """The retrier of the guide: https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html"""
    name = functions.make()
    for throttled, error, status in (
        (True, "Lambda.TooManyRequestsException", 429),
        (False, "Lambda.ServiceException", 500),
    ):
        functions.aws.faults.add(RefuseInvoke(of=name, throttled=throttled, first=1))
        try:
            retry = [{"ErrorEquals": [error], "IntervalSeconds": 2, "MaxAttempts": 1}]
            run = machines.run(invoking(name, Retry=retry))
        finally:
            functions.aws.faults.clear()
        assert run.output["Payload"]["event"] == {}
        (failed,) = run.details("TaskFailed")
        assert failed["error"] == error
        assert f"(Service: Lambda, Status Code: {status}, Request ID: " in failed["cause"]


def test_the_machines_role_needs_the_right_to_the_version(
    machines: Machines, functions: Place, role: Callable[..., str]
) -> None:
    name = functions.make(Publish=True)
    arn = f"arn:aws:lambda:{functions.aws.region}:{functions.aws.account}:function:{name}"
    for granted, is_allowed in ((f"{arn}:*", True), (arn, False), (f"{arn}:2", False)):
        role_arn = role("states.amazonaws.com", policy(("lambda:InvokeFunction", granted)))
        run = machines.run(machines.create(invoking(f"{arn}:1"), role_arn=role_arn))
        assert (run.status == "SUCCEEDED") == is_allowed
        if not is_allowed:
            assert run.failure[0] == "Lambda.AWSLambdaException"
            assert f"is not authorized to perform: lambda:InvokeFunction on resource: {arn}:1" in str(run.failure[1])


def waiting(machines: Machines, functions: Place, gate: Path, **fields: Any) -> Run:
    """An execution whose function runs until the gate is open."""
    name = functions.make(Timeout=60)
    run = machines.start(invoking(name, {"say": "ready", "wait": str(gate)}, **fields))
    while not functions.streams() or "ready\n" not in functions.lines(functions.streams()[0]):
        pass
    return run


def test_a_timeout_of_the_state_leaves_the_function_alone(machines: Machines, functions: Place, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    # The clock is not sped up, on which the function's own minute would be over as soon.
    run = waiting(machines, functions, gate, TimeoutSeconds=1)
    while run.now().status == "RUNNING":
        functions.aws.clock.wait(functions.aws.clock.now() + 1)
    assert run.now().failure[0] == "States.Timeout"
    assert "TaskTimedOut" in run.now().types
    assert not any(line.startswith("END") for line in functions.lines(functions.streams()[0]))
    gate.touch()
    assert functions.aws.clock.wait_idle(30)
    assert any(line.startswith("END") for line in functions.lines(functions.streams()[0]))


def test_an_execution_that_is_stopped_leaves_its_function_alone(
    machines: Machines, functions: Place, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    run = waiting(machines, functions, gate)
    machines.aws.client("stepfunctions").stop_execution(executionArn=run.arn)
    assert run.now().status == "ABORTED"
    assert not any(line.startswith("END") for line in functions.lines(functions.streams()[0]))
    gate.touch()
    assert functions.aws.clock.wait_idle(30)
    assert run.now().types[-1] == "ExecutionAborted"
    assert any(line.startswith("END") for line in functions.lines(functions.streams()[0]))


def test_an_environment_that_is_out_of_memory(machines: Machines, functions: Place) -> None:
    name = functions.make()
    functions.aws.faults.add(RunOutOfMemory(of=name, once_said="ready"))
    try:
        run = machines.run(invoking(name, {"say": "ready", "wait": "/no"}))
    finally:
        functions.aws.faults.clear()
    assert run.failure[0] == "Runtime.OutOfMemory"


def test_a_function_by_its_arn_as_resource(machines: Machines, functions: Place) -> None:
    arn = f"arn:aws:lambda:{functions.aws.region}:{functions.aws.account}:function:{functions.make()}"
    run = machines.run({"Task": {"Type": "Task", "Resource": arn, "Arguments": {"a": 1}, "End": True}})
    assert run.output["event"] == {"a": 1}
    assert run.types[2:5] == ["LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded"]
