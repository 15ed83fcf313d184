"""An invocation, from the event to what Lambda says of its end.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.faults import RefuseInvoke, RunOutOfMemory, TimeOutFunction
from tests.sandbox.conftest import policy
from tests.sandbox.functions.conftest import Place, Told, until

REQUEST = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def test_the_event_goes_in_and_the_result_comes_out(functions: Place) -> None:
    told = functions.invoke(functions.make(), say="hello", number=[1, None])
    assert told.error is None
    assert told.payload["event"] == {"say": "hello", "number": [1, None]}


def test_it_has_lambdas_variables_and_its_own(functions: Place) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime"""
    uri = functions.image(
        "WORKDIR /app", "COPY . .", "ENV COLOUR=red SIZE=big", 'ENTRYPOINT ["python3", "runtime.py"]', 'CMD ["image"]'
    )
    name = functions.make(
        ImageUri=uri, MemorySize=256, Environment={"Variables": {"COLOUR": "blue"}}, ImageConfig={"Command": ["own"]}
    )
    told = functions.invoke(name).payload
    variables = told["variables"]
    region = functions.aws.region
    expected = {
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": functions.group,
        "AWS_LAMBDA_LOG_STREAM_NAME": functions.streams()[0],
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "COLOUR": "blue",
        "SIZE": "big",
        "TZ": ":UTC",
    }
    assert variables.items() >= expected.items()
    assert told["folder"] == str(functions.folder)
    assert told["arguments"] == ["own"]


def test_the_runtime_is_told_which_function_was_invoked_and_how_long_it_has(functions: Place) -> None:
    """Its deadline is one of the clock that a process reads, however far ahead the sandbox's is."""
    name = functions.make(Timeout=100, Publish=True)
    assert functions.aws.clock.wait_idle(30)
    assert functions.aws.clock.advance_to(functions.aws.clock.now() + 86_400)
    told = functions.invoke(f"{name}:1").payload
    assert told["arn"] == f"arn:aws:lambda:{functions.aws.region}:{functions.aws.account}:function:{name}:1"
    assert 50 < told["seconds"] <= 100
    assert re.fullmatch(REQUEST, told["request"])


def test_its_code_is_its_role(functions: Place, role: Callable[..., str]) -> None:
    name = functions.make()
    session = f"assumed-role/{functions.role.rpartition('/')[2]}/{name}"
    assert functions.invoke(name, call="who").payload["aws"].endswith(session)
    assert (
        f"{session} is not authorized to perform: s3:ListAllMyBuckets"
        in functions.invoke(name, call="s3").payload["aws"]
    )
    other = functions.make(Role=role("lambda.amazonaws.com", policy(("s3:ListAllMyBuckets", "*"))))
    assert functions.invoke(other, call="s3").payload["aws"] == "listed"


def test_a_call_of_its_code_says_which_function_it_is(functions: Place, role: Callable[..., str]) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html"""
    arn = f"arn:aws:lambda:{functions.aws.region}:{functions.aws.account}:function:"
    for function, expected in (("*", "listed"), ("another", "is not authorized")):
        condition = {"ArnLike": {"lambda:SourceFunctionArn": arn + function}}
        name = functions.make(Role=role("lambda.amazonaws.com", policy(("s3:ListAllMyBuckets", "*"), **condition)))
        assert expected in functions.invoke(name, call="s3").payload["aws"]


def test_an_error_is_the_runtimes_own(functions: Place) -> None:
    told = functions.invoke(functions.make(), fail="Paper.Empty")
    assert told.error == "Unhandled"
    assert told.payload == {"errorType": "Paper.Empty", "errorMessage": "because", "stackTrace": []}


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"exit": 3}, "Runtime exited with error: exit status 3"),
        ({"exit": 0}, "Runtime exited without providing a reason"),
        ({"kill": int(signal.SIGKILL)}, "Runtime exited with error: signal: killed"),
        ({"kill": int(signal.SIGSEGV)}, "Runtime exited with error: signal: segmentation fault"),
    ],
)
def test_a_runtime_that_ends(functions: Place, event: dict[str, Any], message: str) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html"""
    told = functions.invoke(functions.make(), **event)
    assert told.error == "Unhandled"
    assert told.payload["errorType"] == "Runtime.ExitError"
    assert re.fullmatch(f"RequestId: {REQUEST} Error: {message}", told.payload["errorMessage"])


def test_an_entry_point_that_is_not_there(functions: Place) -> None:
    name = functions.make(ImageConfig={"EntryPoint": ["/opt/nowhere"]})
    payload = functions.invoke(name).payload
    assert payload["errorType"] == "Runtime.InvalidEntrypoint"
    assert payload["errorMessage"].endswith(" Error: fork/exec /opt/nowhere: no such file or directory")


def test_a_function_that_takes_too_long_is_ended_with_all_that_it_has_started(functions: Place) -> None:
    name, clock = functions.make(Timeout=60), functions.aws.clock
    first = functions.invoke(name, leave=True).payload
    process, home = first["process"], first["variables"]["HOME"]
    assert len(at_home_in(home)) == 2
    clock.speed = 300
    try:
        told = functions.invoke(name, wait="/nowhere")
    finally:
        clock.speed = 1
    assert told.payload["errorType"] == "Sandbox.Timedout"
    assert told.payload["errorMessage"].endswith(" Error: Task timed out after 60.00 seconds")
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    # The signal reaches what it has started when the machine lets that run.
    until(lambda: not at_home_in(home))
    assert functions.invoke(name).payload["process"] != process


def at_home_in(home: str) -> list[Path]:
    """The processes that have this HOME."""
    found = []
    for variables in Path("/proc").glob("[0-9]*/environ"):
        # It is gone by now.
        with contextlib.suppress(OSError):
            if f"HOME={home}".encode() in variables.read_bytes():
                found.append(variables)
    return found


def test_time_is_the_sandboxs(functions: Place) -> None:
    """A quarter of an hour is over as soon as the clock says so."""
    name, clock = functions.make(Timeout=900), functions.aws.clock
    clock.speed = 3000
    try:
        told = functions.invoke(name, wait="/nowhere")
    finally:
        clock.speed = 1
    assert told.payload["errorMessage"].endswith("Task timed out after 900.00 seconds")


def test_the_clock_does_not_jump_while_a_function_runs(functions: Place, tmp_path: Path) -> None:
    name, gate, clock = functions.make(), tmp_path / "gate", functions.aws.clock
    told: list[Told] = []
    running = threading.Thread(target=lambda: told.append(functions.invoke(name, say="ready", wait=str(gate))))
    running.start()
    try:
        while not functions.streams() or "ready\n" not in functions.lines(functions.streams()[0]):
            running.join(0.01)
        assert not clock.advance_to(clock.now() + 3600)
    finally:
        gate.touch()
        running.join()
    assert told[0].error is None
    assert clock.wait_idle(30)
    assert clock.advance_to(clock.now() + 1)


@pytest.mark.parametrize(
    ("variables", "error_type", "message"),
    [
        ({"INIT_ERROR": "no file"}, "Config.Missing", "no file"),
        ({"INIT_EXIT": "7"}, "Runtime.ExitError", "Runtime exited with error: exit status 7"),
    ],
)
def test_a_runtime_that_does_not_start_is_started_once_more(
    functions: Place, variables: dict[str, str], error_type: str, message: str
) -> None:
    """ "If the Init phase fails, Lambda retries it": https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""
    told = functions.invoke(functions.make(Environment={"Variables": variables}))
    assert (told.error, told.payload["errorType"]) == ("Unhandled", error_type)
    assert told.payload["errorMessage"].endswith(message)
    (first, *_) = functions.lines(functions.streams()[0])
    assert re.fullmatch(
        rf"INIT_REPORT Init Duration: [0-9.]+ ms\tPhase: init\tStatus: error\tError Type: {error_type}\n", first
    )


def test_a_response_of_more_than_6_mb_is_an_error(functions: Place) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
    told = functions.invoke(functions.make(), size=6 * 1024 * 1024 + 100)
    assert told.payload["errorType"] == "Function.ResponseSizeTooLarge"
    assert "exceeded maximum allowed payload size (6291556 bytes)" in told.payload["errorMessage"]


def test_an_event_that_is_no_json_or_too_large_is_refused(functions: Place) -> None:
    name = functions.make()
    with pytest.raises(ClientError, match="InvalidRequestContentException"):
        functions.client.invoke(FunctionName=name, Payload=b"{")
    with pytest.raises(ClientError, match="RequestTooLargeException"):
        functions.client.invoke(FunctionName=name, Payload=json.dumps("x" * 6 * 1024 * 1024))


def test_a_role_that_can_no_longer_be_assumed(functions: Place, role: Callable[..., str]) -> None:
    name = functions.make(Role=(gone := role("lambda.amazonaws.com")))
    functions.aws.client("iam").delete_role(RoleName=gone.rpartition("/")[2])
    with pytest.raises(ClientError, match=r"AccessDeniedException.*cannot be assumed by Lambda"):
        functions.invoke(name)


class TestConcurrency:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html"""

    def refusal(self, functions: Place, name: str, gate: Path) -> dict[str, Any]:
        """How a second invocation is refused while one runs."""
        running = threading.Thread(target=lambda: functions.invoke(name, say="ready", wait=str(gate)))
        running.start()
        try:
            while not functions.streams() or "ready\n" not in functions.lines(functions.streams()[0]):
                running.join(0.01)
            with pytest.raises(ClientError) as refused:
                functions.invoke(name)
        finally:
            gate.touch()
            running.join()
        assert functions.invoke(name).error is None
        return refused.value.response

    def test_of_a_function(self, functions: Place, tmp_path: Path) -> None:
        name = functions.make()
        functions.client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
        refused = self.refusal(functions, name, tmp_path / "gate")
        assert refused["Error"] == {"Code": "TooManyRequestsException", "Message": "Rate Exceeded."}
        assert refused["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
        assert refused["ResponseMetadata"]["HTTPStatusCode"] == 429

    def test_of_the_account(self, functions: Place, tmp_path: Path) -> None:
        name = functions.make()
        functions.aws.quotas.apply("lambda", "L-B99A9384", 1)
        try:
            refused = self.refusal(functions, name, tmp_path / "gate")
        finally:
            functions.aws.quotas.clear()
        assert refused["Reason"] == "ConcurrentInvocationLimitExceeded"


class TestFaults:
    """What goes wrong by itself."""

    @pytest.fixture(autouse=True)
    def _cleared(self, functions: Place) -> Any:
        yield
        functions.aws.faults.clear()

    @pytest.mark.parametrize(
        ("throttled", "code", "status"), [(True, "TooManyRequestsException", 429), (False, "ServiceException", 500)]
    )
    def test_lambda_refuses(self, functions: Place, throttled: bool, code: str, status: int) -> None:
        name = functions.make()
        fault = functions.aws.faults.add(RefuseInvoke(of=name, throttled=throttled, first=1))
        with pytest.raises(ClientError) as refused:
            functions.invoke(name)
        assert refused.value.response["Error"]["Code"] == code
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
        assert functions.streams() == []
        assert functions.invoke(name).error is None
        assert (fault.met, fault.struck) == (2, 1)

    def test_a_function_may_run_although_lambda_has_said_that_it_failed(self, functions: Place, tmp_path: Path) -> None:
        name, gate = functions.make(), tmp_path / "gate"
        functions.aws.faults.add(RefuseInvoke(of=name, throttled=False, runs_on=True, first=1))
        with pytest.raises(ClientError, match="ServiceException"):
            functions.invoke(name, say="ready", wait=str(gate))
        until(lambda: bool(functions.streams()) and "ready\n" in functions.lines(functions.streams()[0]))
        assert not functions.aws.clock.advance_to(functions.aws.clock.now() + 1000)
        gate.touch()
        assert functions.aws.clock.wait_idle(30)
        assert any(line.startswith("END ") for line in functions.lines(functions.streams()[0]))

    @pytest.mark.parametrize(
        ("kind", "error_type", "message"),
        [
            (RunOutOfMemory, "Runtime.OutOfMemory", "Runtime exited with error: signal: killed"),
            (TimeOutFunction, "Sandbox.Timedout", "Task timed out after 60.00 seconds"),
        ],
    )
    def test_it_is_ended_once_it_has_said_something(
        self, functions: Place, kind: Any, error_type: str, message: str
    ) -> None:
        name = functions.make(Timeout=60)
        fault = functions.aws.faults.add(kind(of=name, once_said="ready", first=1))
        told = functions.invoke(name, say="ready", wait="/nowhere")
        assert told.payload["errorType"] == error_type
        assert told.payload["errorMessage"].endswith(f" Error: {message}")
        assert "ready\n" in functions.lines(functions.streams()[0])
        assert fault.stopped == 1
        assert functions.invoke(name).error is None
