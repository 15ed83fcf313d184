"""Parallel states: results, errors, scopes, and the events of their branches.

https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.step_functions import history
from tests.sandbox.conftest import TaskPlace
from tests.sandbox.step_functions.conftest import Machines, Run
from tests.sandbox.step_functions.test_ecs_run_task import ABORTED, running, started_task

PASS = {"Type": "Pass", "End": True}
WAIT_A_DAY = {"Type": "Wait", "Seconds": 86_400, "End": True}
BOOM = {"Type": "Fail", "Error": "Boom", "Cause": "why"}
NO_TABLE = "DynamoDb.ResourceNotFoundException"
DESCRIBE = {
    "Type": "Task",
    "Resource": "arn:aws:states:::aws-sdk:dynamodb:describeTable",
    "Arguments": {"TableName": "none"},
    "End": True,
}


def branch(**states: dict[str, Any]) -> dict[str, Any]:
    """A branch that starts at the first of the states."""
    return {"StartAt": next(iter(states)), "States": states}


def later(**states: dict[str, Any]) -> dict[str, Any]:
    """As `branch`, after half a minute, in which the clock does not jump while something works."""
    (first,) = list(states)[:1]
    return branch(**{f"Before{first}": {"Type": "Wait", "Seconds": 30, "Next": first}}, **states)


def parallel(*branches: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """States of which the first is a Parallel state."""
    state = {"Type": "Parallel", "Branches": list(branches), "Next": "Done", **fields}
    return {"Parallel": state, "Done": PASS}


def nesting(machines: Machines) -> dict[str, Any]:
    """A state that waits for an execution that takes a day."""
    arn = machines.create({"Wait": WAIT_A_DAY})
    resource = "arn:aws:states:::states:startExecution.sync"
    return {"Type": "Task", "Resource": resource, "Arguments": {"StateMachineArn": arn}, "End": True}


def only_child(machines: Machines, state: dict[str, Any]) -> Run:
    """The execution that such a state has started, once it has."""
    request = {"stateMachineArn": state["Arguments"]["StateMachineArn"]}
    while not (found := machines.aws.client("stepfunctions").list_executions(**request)["executions"]):
        machines.aws.clock.wait_idle(0.05)
    return Run(machines.aws, found[0]["executionArn"])


def previous_of(run: Run, event_type: str, name: str = "") -> list[int]:
    """The previous event ids of each event of a type, of one state if it is named."""
    return [
        event["previousEventId"]
        for event in run.events
        if event["type"] == event_type
        and name in ("", event.get("stateEnteredEventDetails", event.get("stateExitedEventDetails", {})).get("name"))
    ]


def test_the_result_has_the_outputs_in_the_order_of_the_branches(machines: Machines) -> None:
    arguments = {"n": "{% $states.input.n + 1 %}"}
    slow = later(Slow={**PASS, "Output": "{% 'slow' & $states.input.n %}"})
    fast = branch(Fast={**PASS, "Output": "{% 'fast' & $states.input.n %}"})
    states = parallel(
        slow,
        fast,
        Arguments=arguments,
        Assign={"kept": "{% $states.result[1] %}"},
        Output={"result": "{% $states.result %}", "input": "{% $states.input %}"},
    )
    states["Done"] = {**PASS, "Output": ["{% $states.input %}", "{% $kept %}"]}
    run = machines.run(states, {"n": 1})
    assert run.output == [{"result": ["slow2", "fast2"], "input": {"n": 1}}, "fast2"]


def test_each_branch_has_a_line_of_events_of_its_own(machines: Machines) -> None:
    """As AWS links them: a branch begins from ParallelStateStarted, the exit follows from the last event of all."""
    step = {"Type": "Pass"}
    first = branch(A1={**step, "Next": "A2"}, A2=PASS)
    run = machines.run(parallel(first, branch(B1={**step, "Next": "B2"}, B2=PASS)))
    assert run.links[:3] == [
        (1, 0, "ExecutionStarted"),
        (2, 0, "ParallelStateEntered"),
        (3, 2, "ParallelStateStarted"),
    ]
    assert run.links[11:] == [
        (12, 11, "ParallelStateSucceeded"),
        (13, 11, "ParallelStateExited"),
        (14, 13, "PassStateEntered"),
        (15, 14, "PassStateExited"),
        (16, 15, "ExecutionSucceeded"),
    ]
    ids = {
        (event["type"], details["name"]): event["id"]
        for event in run.events
        if (details := event.get("stateEnteredEventDetails") or event.get("stateExitedEventDetails"))
    }
    for letter in "AB":
        assert previous_of(run, "PassStateEntered", f"{letter}1") == [3]
        assert previous_of(run, "PassStateExited", f"{letter}1") == [ids["PassStateEntered", f"{letter}1"]]
        assert previous_of(run, "PassStateEntered", f"{letter}2") == [ids["PassStateExited", f"{letter}1"]]
        assert previous_of(run, "PassStateExited", f"{letter}2") == [ids["PassStateEntered", f"{letter}2"]]


def test_a_branch_that_fails_fails_the_state_with_its_error(machines: Machines) -> None:
    run = machines.run(parallel(branch(Boom=BOOM)))
    assert (run.status, run.failure) == ("FAILED", ("Boom", "why"))
    assert run.links == [
        (1, 0, "ExecutionStarted"),
        (2, 0, "ParallelStateEntered"),
        (3, 2, "ParallelStateStarted"),
        (4, 3, "FailStateEntered"),
        (5, 4, "ParallelStateFailed"),
        (6, 5, "ExecutionFailed"),
    ]


def test_a_caught_failure_of_a_task_in_a_branch(machines: Machines) -> None:
    """As AWS writes it: the task that failed its branch was aborted, which no other event follows from."""
    catcher = {"ErrorEquals": [NO_TABLE], "Assign": {"was": "{% $states.errorOutput.Error %}"}, "Next": "Done"}
    states = parallel(branch(Describe=DESCRIBE), Catch=[catcher])
    states["Done"] = {**PASS, "Output": "{% $was %}"}
    run = machines.run(states)
    assert run.output == NO_TABLE
    assert run.links[3:] == [
        (4, 3, "TaskStateEntered"),
        (5, 4, "TaskScheduled"),
        (6, 5, "TaskStarted"),
        (7, 6, "TaskFailed"),
        (8, 7, "TaskStateAborted"),
        (9, 7, "ParallelStateFailed"),
        (10, 9, "ParallelStateExited"),
        (11, 10, "PassStateEntered"),
        (12, 11, "PassStateExited"),
        (13, 12, "ExecutionSucceeded"),
    ]


def test_a_catcher_s_own_failure_fails_the_state_again(machines: Machines) -> None:
    catcher = {"ErrorEquals": ["States.ALL"], "Output": "{% $states.input.missing %}", "Next": "Done"}
    run = machines.run(parallel(branch(Boom=BOOM), Catch=[catcher]))
    assert run.failure[0] == "States.QueryEvaluationError"
    assert run.links[3:] == [
        (4, 3, "FailStateEntered"),
        (5, 4, "ParallelStateFailed"),
        (6, 4, "EvaluationFailed"),
        (7, 6, "ParallelStateFailed"),
        (8, 7, "ExecutionFailed"),
    ]
    assert run.details("EvaluationFailed")[0]["location"] == "Catch[0]/Output"


def test_an_error_that_nothing_catches_ends_the_execution_at_once(machines: Machines) -> None:
    """States.Runtime: no ParallelStateFailed, and nothing of the branches that it cut."""
    choose = {"Type": "Choice", "Choices": [{"Condition": "{% false %}", "Next": "End"}]}
    catcher = {"ErrorEquals": ["States.ALL"], "Next": "Done"}
    stuck = later(Choose=choose, End=PASS)
    run = machines.run(parallel(stuck, branch(Long=WAIT_A_DAY), Catch=[catcher]))
    assert run.failure[0] == "States.Runtime"
    assert str(run.failure[1]).startswith("An error occurred while executing the state 'Choose' (entered at the event")
    assert run.types[-2:] == ["ChoiceStateEntered", "ExecutionFailed"]


def test_arguments_that_fail_fail_the_state_before_it_starts(machines: Machines) -> None:
    run = machines.run(parallel(branch(Pass=PASS), Arguments="{% $states.input.missing %}"))
    assert run.failure[0] == "States.QueryEvaluationError"
    assert run.types[2:] == ["EvaluationFailed", "ParallelStateFailed", "ExecutionFailed"]


def test_a_retry_runs_every_branch_again(machines: Machines) -> None:
    retrier = {"ErrorEquals": ["Boom"], "MaxAttempts": 1, "IntervalSeconds": 60}
    run = machines.run(parallel(branch(Pass=PASS), later(Boom=BOOM), Retry=[retrier]))
    assert run.failure == ("Boom", "why")
    assert [types for types in run.types if types.startswith("Parallel")] == [
        "ParallelStateEntered",
        "ParallelStateStarted",
        "ParallelStateStarted",
        "ParallelStateFailed",
    ]
    assert run.types.count("PassStateExited") == 2
    first, second = previous_of(run, "ParallelStateStarted")
    assert (run.events[first - 1]["type"], run.events[second - 1]["type"]) == (
        "ParallelStateEntered",
        "FailStateEntered",
    )
    started = run.times("ParallelStateStarted")
    assert 90 <= started[1] - started[0] < 120


def test_the_first_failure_stops_the_other_branches(machines: Machines) -> None:
    """Each that was in a state that waits tells so, from the failing branch's last event, before the state fails."""
    inner = {"Type": "Parallel", "Branches": [branch(Inner=WAIT_A_DAY)], "End": True}
    branches = [branch(Long=WAIT_A_DAY), later(Boom=BOOM), branch(Over=PASS), branch(Nested=inner)]
    catcher = {"ErrorEquals": ["Boom"], "Next": "Done"}
    run = machines.run(parallel(*branches, Catch=[catcher]))
    assert run.status == "SUCCEEDED"
    at = run.types.index("FailStateEntered")
    boom = at + 1
    assert [link[1:] for link in run.links[at + 1 : at + 6]] == [
        (boom, "WaitStateAborted"),
        (boom, "ParallelStateAborted"),
        (boom, "WaitStateAborted"),
        (boom, "ParallelStateFailed"),
        (boom + 4, "ParallelStateExited"),
    ]
    # The time that the failing branch waited is all it took.
    assert run.times("ExecutionSucceeded")[0] - run.times("ExecutionStarted")[0] < 120


def test_the_task_of_a_stopped_branch_is_stopped(place: TaskPlace, machines: Machines) -> None:
    """With the reason that AWS gives for the task of an aborted Task state."""
    task = running(place, "sh", "-c", "trap 'exit 1' TERM; sleep 600 & wait")["Run"]
    sfn, nested = machines.aws.client("stepfunctions"), nesting(machines)
    run = machines.start(parallel(branch(Run=task), branch(Nest=nested)))
    arn = started_task(machines, run)
    sfn.stop_execution(executionArn=only_child(machines, nested).arn)
    assert place.finish(arn)["stoppedReason"] == ABORTED.format(run.arn)
    assert machines.play(run).failure[0] == "States.TaskFailed"
    assert run.now().types[-4:] == ["TaskStateAborted", "TaskStateAborted", "ParallelStateFailed", "ExecutionFailed"]


def test_a_branch_sees_the_variables_around_it_and_keeps_its_own(machines: Machines) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html#variable-scope"""

    def own(name: str) -> dict[str, Any]:
        first = {"Type": "Pass", "Assign": {"own": f"{{% $outer & '{name}' %}}"}, "Next": f"{name}2"}
        return branch(**{f"{name}1": first, f"{name}2": {**PASS, "Output": "{% $own %}"}})

    states = {
        "Set": {"Type": "Pass", "Assign": {"outer": "o"}, "Next": "Parallel"},
        **parallel(own("A"), own("B")),
        "Done": {**PASS, "Output": {"result": "{% $states.input %}", "own": "{% $exists($own) %}"}},
    }
    assert machines.run(states).output == {"result": ["oA", "oB"], "own": False}


@pytest.mark.parametrize("way", ["ABORTED", "TIMED_OUT"])
def test_the_end_of_the_execution_ends_its_branches(machines: Machines, way: str) -> None:
    nested = nesting(machines)
    inner = {"Type": "Parallel", "Branches": [branch(Nest=nested)], "End": True}
    states = parallel(branch(Inner=inner), branch(Long=WAIT_A_DAY))
    run = machines.start(machines.create(states, TimeoutSeconds=3600))
    child = only_child(machines, nested)
    if way == "ABORTED":
        machines.aws.client("stepfunctions").stop_execution(executionArn=run.arn)
    run = machines.play(run)
    assert machines.aws.clock.wait_idle(30)
    assert (run.status, child.now().failure[1]) == (way, ABORTED.format(run.arn))
    assert run.now().events == run.events
    assert not [each for each in run.types if each.endswith("StateAborted")]


def test_the_events_of_branches_count(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MAX_EVENTS", 60)
    loop = {"Type": "Choice", "Choices": [{"Condition": "{% true %}", "Next": "Loop"}], "Default": "End"}
    catcher = {"ErrorEquals": ["States.ALL"], "Next": "Done"}
    run = machines.run(parallel(branch(Loop=loop, End=PASS), branch(Long=WAIT_A_DAY), Catch=[catcher]))
    assert run.failure[0] == "States.Runtime"
    assert "reached the maximum number of history events" in str(run.failure[1])
    assert (len(run.events), run.types[-1]) == (60, "ExecutionFailed")


def test_the_role_needs_the_rules_of_tasks_in_branches(machines: Machines, role: Any) -> None:
    task = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Arguments": {"TaskDefinition": "t"}}
    with pytest.raises(Exception, match=r"is not authorized to create managed-rule"):
        machines.create(parallel(branch(Run={**task, "End": True})), role_arn=role("states.amazonaws.com"))


def test_variables_of_nested_states_are_told(machines: Machines) -> None:
    states = {
        "Set": {"Type": "Pass", "Assign": {"x": 1}, "Next": "Parallel"},
        **parallel(branch(In={**PASS, "Output": "{% $x %}"})),
    }
    described = machines.aws.client("stepfunctions").describe_state_machine(stateMachineArn=machines.create(states))
    assert described["variableReferences"] == {"In": ["x"]}
    assert json.loads(described["definition"])["States"] == states
