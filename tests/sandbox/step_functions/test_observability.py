"""Execution logs, status-change events and metrics."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.sandbox.step_functions.conftest import Machines, Run

CAUGHT = {
    "Task": {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:dynamodb:describeTable",
        "Arguments": {"TableName": "no-such-table"},
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Fail"}],
        "End": True,
    },
    "Fail": {"Type": "Fail", "Error": "Mine"},
}


@pytest.fixture
def log_group(machines: Machines) -> str:
    name = f"/states-{secrets.token_hex(6)}"
    machines.aws.client("logs").create_log_group(logGroupName=name)
    return name


def logged(
    machines: Machines,
    group: str,
    level: str,
    *,
    states: dict[str, Any] = CAUGHT,
    data: bool = True,
    redrives: int = 0,
) -> tuple[Run, list[dict[str, Any]]]:
    """An execution, which is redriven so often, and the lines that it logged."""
    arn = f"arn:aws:logs:{machines.aws.region}:{machines.aws.account}:log-group:{group}:*"
    configuration = {
        "level": level,
        "includeExecutionData": data,
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}}],
    }
    run = machines.run(machines.create(states, loggingConfiguration=configuration), {"secret": 1})
    for _ in range(redrives):
        run = machines.redrive(run)
    events = machines.aws.client("logs").filter_log_events(logGroupName=group)["events"]
    return run, [json.loads(event["message"]) for event in events]


@pytest.mark.parametrize(
    ("level", "types"),
    [
        # https://docs.aws.amazon.com/step-functions/latest/dg/cloudwatch-log-level.html
        ("OFF", []),
        ("FATAL", ["ExecutionFailed"]),
        ("ERROR", ["TaskFailed", "FailStateEntered", "ExecutionFailed"]),
        (
            "ALL",
            [
                *("ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskFailed"),
                *("TaskStateExited", "FailStateEntered", "ExecutionFailed"),
            ],
        ),
    ],
)
def test_the_level_decides_which_events_are_logged(
    machines: Machines, log_group: str, level: str, types: list[str]
) -> None:
    run, lines = logged(machines, log_group, level)
    assert [line["type"] for line in lines] == types
    assert {line["execution_arn"] for line in lines} <= {run.arn}


def test_a_line_says_what_the_event_says(machines: Machines, log_group: str) -> None:
    run, lines = logged(machines, log_group, "ALL")
    for line, event in zip(lines, run.events, strict=True):
        assert (line["id"], line["previous_event_id"]) == (str(event["id"]), str(event["previousEventId"]))
        assert line["event_timestamp"] == str(round(event["timestamp"].timestamp() * 1000))
        assert line["redrive_count"] == "0"
    assert lines[0]["details"]["input"] == '{"secret": 1}'


def test_what_goes_wrong_inside_of_a_state_is_logged(machines: Machines, log_group: str) -> None:
    """Of an inline Map in its execution's lines, and of a child execution in lines of its own."""
    inner = {"StartAt": "Fail", "States": {"Fail": CAUGHT["Fail"]}}
    inline = {"Type": "Map", "Items": [1], "ItemProcessor": inner, "End": True}
    mode = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    processor = {"ProcessorConfig": mode, "StartAt": "Inline", "States": {"Inline": inline}}
    states = {"Map": {"Type": "Map", "Items": [1], "ItemProcessor": processor, "End": True}}
    run, lines = logged(machines, log_group, "ERROR", states=states)
    types = {arn: [each["type"] for each in lines if each["execution_arn"] == arn] for arn in
             {each["execution_arn"] for each in lines}}  # fmt: skip
    assert types.pop(run.arn) == ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]
    assert list(types.values()) == [["FailStateEntered", "MapIterationFailed", "MapStateFailed", "ExecutionFailed"]]


def test_lines_count_the_redrives(machines: Machines, log_group: str) -> None:
    run, lines = logged(machines, log_group, "ALL", redrives=2)
    assert [line["type"] for line in lines] == run.types
    end = run.types.index("ExecutionFailed") + 1
    told = [(line["type"], line["redrive_count"]) for line in lines[end:]]
    assert {line["redrive_count"] for line in lines[:end]} == {"0"}
    assert told == [(kind, count) for count in "12" for kind in ("ExecutionRedriven", "ExecutionFailed")]
    assert lines[end]["details"] == {"redriveCount": 1}


def test_data_is_logged_only_where_it_is_asked_for(machines: Machines, log_group: str) -> None:
    """ "includeExecutionData: Determines whether execution data is included in your log"."""
    _, lines = logged(machines, log_group, "ALL", data=False)
    assert "secret" not in json.dumps(lines)
    assert lines[-1]["details"]["error"] == "Mine"


@pytest.fixture
def status_changes(machines: Machines) -> Callable[[str], Callable[[], list[dict[str, Any]]]]:
    """Makes a rule for one machine's ARN; what it makes gives the status changes that the rule saw."""
    name = f"changes-{secrets.token_hex(6)}"
    sqs, events = machines.aws.client("sqs"), machines.aws.client("events")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    document = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": queue_arn}]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(document)})

    def watch(machine_arn: str) -> Callable[[], list[dict[str, Any]]]:
        pattern = {"source": ["aws.states"], "detail": {"stateMachineArn": [machine_arn]}}
        events.put_rule(Name=name, EventPattern=json.dumps(pattern))
        events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": queue_arn}])

        def seen() -> list[dict[str, Any]]:
            messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
            return [json.loads(message["Body"]) for message in messages]

        return seen

    return watch


def test_each_change_of_status_is_an_event(machines: Machines, status_changes: Callable[..., Any]) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html"""
    arn = machines.create({"Fail": {"Type": "Fail", "Error": "Mine", "Cause": "why"}})
    seen = status_changes(arn)
    run = machines.run(arn, {"a": 1}, name="watched")
    started, failed = seen()
    assert started["detail-type"] == failed["detail-type"] == "Step Functions Execution Status Change"
    assert started["resources"] == failed["resources"] == [run.arn]
    assert [event["detail"]["status"] for event in (started, failed)] == ["RUNNING", "FAILED"]
    detail = failed["detail"]
    assert {name: detail[name] for name in ("executionArn", "stateMachineArn", "name", "input", "error", "cause")} == {
        "executionArn": run.arn,
        "stateMachineArn": arn,
        "name": "watched",
        "input": '{"a": 1}',
        "error": "Mine",
        "cause": "why",
    }
    assert detail["output"] is None
    assert detail["stopDate"] == round(run.description["stopDate"].timestamp() * 1000)
    assert started["detail"]["stopDate"] is None


def statistic(machines: Machines, machine_arn: str, metric: str, name: str) -> float:
    """One statistic of a metric of a machine over the last day."""
    now = machines.aws.clock.now()
    points = machines.aws.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/States",
        MetricName=metric,
        Dimensions=[{"Name": "StateMachineArn", "Value": machine_arn}],
        StartTime=datetime.fromtimestamp(now - 86_400, UTC),
        EndTime=datetime.fromtimestamp(now + 60, UTC),
        Period=172_800,
        Statistics=[name],
    )["Datapoints"]
    return sum(point[name] for point in points)


def test_a_redrive_is_a_change_of_status(machines: Machines, status_changes: Callable[..., Any]) -> None:
    """The members are DescribeExecution's; times are numbers."""
    arn = machines.create({"Fail": {"Type": "Fail", "Error": "Mine"}})
    seen = status_changes(arn)
    run = machines.redrive(machines.run(arn))
    details = [event["detail"] for event in seen()]
    assert [each["status"] for each in details] == ["RUNNING", "FAILED", "RUNNING", "FAILED"]
    assert [each["redriveCount"] for each in details] == [0, 0, 1, 1]
    date = round(run.description["redriveDate"].timestamp() * 1000)
    assert [each["redriveDate"] for each in details] == [None, None, date, date]
    assert [each["redriveStatus"] for each in details] == ["NOT_REDRIVABLE", "REDRIVABLE"] * 2
    assert details[2]["redriveStatusReason"] == "Execution is RUNNING and cannot be redriven"
    assert (details[2]["stopDate"], details[2]["error"]) == (None, None)
    assert details[3]["stopDate"] == round(run.description["stopDate"].timestamp() * 1000)


def test_redrives_are_counted(machines: Machines) -> None:
    """As AWS counted: ends of redriven executions under both names, their starts and their time only once."""
    output = "{% $states.context.Execution.RedriveCount < 2 ? $error('no') : 'done' %}"
    arn = machines.create({"Try": {"Type": "Pass", "Output": output, "End": True}})
    machines.redrive(machines.redrive(machines.run(arn)))
    expected = {
        "ExecutionsStarted": 1,
        "ExecutionsRedriven": 2,
        "ExecutionsFailed": 2,
        "RedrivenExecutionsFailed": 1,
        "ExecutionsSucceeded": 1,
        "RedrivenExecutionsSucceeded": 1,
    }
    assert {name: statistic(machines, arn, name, "Sum") for name in expected} == expected
    assert statistic(machines, arn, "ExecutionTime", "SampleCount") == 1


@pytest.mark.parametrize(
    ("states", "metric"),
    [
        ({"Done": {"Type": "Succeed"}}, "ExecutionsSucceeded"),
        ({"Fail": {"Type": "Fail"}}, "ExecutionsFailed"),
        ({"Wait": {"Type": "Wait", "Seconds": 7200, "End": True}}, "ExecutionsTimedOut"),
    ],
)
def test_executions_are_counted(machines: Machines, states: dict[str, Any], metric: str) -> None:
    """https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html"""
    arn = machines.create(states, TimeoutSeconds=3600)
    runs = [machines.run(arn), machines.run(arn)]

    assert statistic(machines, arn, "ExecutionsStarted", "Sum") == statistic(machines, arn, metric, "Sum") == 2
    longest = max((run.description["stopDate"] - run.description["startDate"]).total_seconds() for run in runs)
    assert statistic(machines, arn, "ExecutionTime", "Maximum") == pytest.approx(longest * 1000, abs=2)
