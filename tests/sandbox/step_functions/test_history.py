"""GetExecutionHistory. https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html"""

from __future__ import annotations

import pytest

from sandbox.step_functions import history
from tests.sandbox.step_functions.conftest import Machines

COUNTING = {
    "Begin": {"Type": "Pass", "Output": 0, "Next": "Count"},
    "Count": {
        "Type": "Choice",
        "Choices": [{"Condition": "{% $states.input < $states.context.Execution.Input.n %}", "Next": "Add"}],
        "Default": "Done",
    },
    "Add": {"Type": "Pass", "Output": "{% $states.input + 1 %}", "Next": "Count"},
    "Done": {"Type": "Succeed"},
}


def test_each_event_follows_from_the_one_before(machines: Machines) -> None:
    run = machines.run(COUNTING, {"n": 3})
    ids = [event["id"] for event in run.events]
    assert ids == list(range(1, len(ids) + 1))
    # ExecutionStarted and the first state's entry follow from nothing.
    assert [event["previousEventId"] for event in run.events] == [0, 0, *ids[1:-1]]
    stamps = [event["timestamp"] for event in run.events]
    assert stamps == sorted(stamps)


def test_entries_and_exits_show_input_and_output(machines: Machines) -> None:
    run = machines.run({"Pass": {"Type": "Pass", "Output": "{% 'é' %}", "End": True}}, {"a": 1})
    assert run.details("ExecutionStarted") == [
        {"input": '{"a": 1}', "inputDetails": {"truncated": False}, "roleArn": machines.role_arn}
    ]
    assert run.details("PassStateEntered") == [
        {"name": "Pass", "input": '{"a":1}', "inputDetails": {"truncated": False}}
    ]
    (exited,) = run.details("PassStateExited")
    assert (exited["name"], exited["output"], exited["outputDetails"]) == ("Pass", '"é"', {"truncated": False})
    assert run.details("ExecutionSucceeded") == [{"output": '"é"', "outputDetails": {"truncated": False}}]


def test_pages_hold_what_was_asked_for(machines: Machines) -> None:
    run = machines.run(COUNTING, {"n": 5})
    sfn = machines.aws.client("stepfunctions")
    pages, token = [], {}
    while True:
        page = sfn.get_execution_history(executionArn=run.arn, maxResults=7, **token)
        pages.append([event["id"] for event in page["events"]])
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert [len(page) for page in pages[:-1]] == [7] * (len(pages) - 1)
    assert [number for page in pages for number in page] == [event["id"] for event in run.events]


def test_the_last_event_can_come_first(machines: Machines) -> None:
    run = machines.run(COUNTING, {"n": 1})
    answer = machines.aws.client("stepfunctions").get_execution_history(executionArn=run.arn, reverseOrder=True)
    assert [event["id"] for event in answer["events"]] == [event["id"] for event in reversed(run.events)]


def test_execution_data_can_be_left_out(machines: Machines) -> None:
    run = machines.run(COUNTING, {"n": 1})
    answer = machines.aws.client("stepfunctions").get_execution_history(
        executionArn=run.arn, includeExecutionData=False
    )
    for event in answer["events"]:
        details = next((value for name, value in event.items() if name.endswith("EventDetails")), {})
        assert not {"input", "output"} & set(details)


def test_the_limit_of_events_is_aws_s() -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/bp-history-limit.html: 25,000 entries."""
    assert history.MAX_EVENTS == 25_000


def test_an_execution_with_too_long_a_history_fails(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MAX_EVENTS", 100)
    run = machines.run(COUNTING, {"n": 10**9})
    assert (run.status, run.failure[0]) == ("FAILED", "States.Runtime")
    assert "reached the maximum number of history events" in run.failure[1]
    assert len(run.events) == 100
    assert run.types[-1] == "ExecutionFailed"


def test_no_catcher_takes_the_end_of_the_history(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MAX_EVENTS", 100)
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sts:getCallerIdentity",
        "Arguments": {},
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Done"}],
        "Next": "Again",
    }
    again = {"Type": "Choice", "Choices": [{"Condition": "{% true %}", "Next": "Call"}], "Default": "Done"}
    run = machines.run({"Call": task, "Again": again, "Done": {"Type": "Succeed"}})
    assert (run.status, run.failure[0]) == ("FAILED", "States.Runtime")
