"""What starts a job without a state machine, what its task gets, and what is asked to hear of it."""

import json
import re
from typing import Any

import pytest
from hypothesis import example, given, settings

from definitions import alerts, task_alerts, task_changes, task_start
from definitions.place import Place
from definitions.run_task import RunTarget, run_task_arguments, task_of_job
from ops.input_transformer import input_of
from spec.job import JobSpec
from tests.definitions.samples import job
from tests.definitions.strategies import json_values
from tests.definitions.validators import request_problems
from tests.definitions.walker import evaluate

ROLE = "arn:aws:iam::123456789012:role/longhaul-dev-nightly-start-0a1b2c3"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:longhaul-dev-dead-letters-0a1b2c3"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:longhaul-dev-alerts-0a1b2c3"
DUE = "2026-11-24T03:15:00Z"
RUN = "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa"
DAILY = "cron(15 3 * * ? *)"
TARGET = RunTarget(
    cluster_arn="arn:aws:ecs:eu-west-1:123456789012:cluster/longhaul-dev",
    what_runs="arn:aws:ecs:eu-west-1:123456789012:task-definition/longhaul-dev-nightly:3",
    subnet_ids=("subnet-1", "subnet-2"),
    security_group_ids=("sg-1",),
    assign_public_ip=True,
    log_group_name="/longhaul/longhaul/dev/nightly-1",
)

few = settings(max_examples=60)


def alone(**fields: Any) -> JobSpec:
    return job(runOn="task", overlap="allow", schedule=DAILY, **fields)


def by_rule(of: JobSpec, place: Place) -> dict[str, Any]:
    """The overrides that EventBridge makes of an event: each `<variable>` becomes the JSON of what its path finds."""
    target = task_start.rule_target(of, place, TARGET, role_arn=ROLE, dead_letter_arn=QUEUE)
    transformer, event = target["InputTransformer"], {"id": RUN, "time": DUE}
    values = {name: event[path.removeprefix("$.")] for name, path in transformer["InputPathsMap"].items()}
    filled_in = re.sub("<([^>]*)>", lambda found: json.dumps(values[found[1]]), transformer["InputTemplate"])
    return json.loads(filled_in)


def by_schedule(of: JobSpec, place: Place) -> dict[str, Any]:
    """The overrides that Scheduler makes: its context attributes are filled in wherever the text has them."""
    text = task_start.schedule_target(of, place, TARGET, role_arn=ROLE, dead_letter_arn=QUEUE)["Input"]
    for name, value in {"scheduled-time": DUE, "execution-id": RUN}.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return json.loads(text)


def environment(overrides: dict[str, Any]) -> dict[str, str]:
    (container,) = overrides["containerOverrides"]
    assert container["name"] == "job"
    return {variable["name"]: variable["value"] for variable in container["environment"]}


@few
@given(json_values)
@example("<time>")
@example({"<event>": ["\\", '"', "<aws.scheduler.scheduled-time>", "<aws.scheduler.execution-id>"]})
def test_any_input_reaches_the_container_as_json_text(place: Place, value: object) -> None:
    for overrides in (by_rule(alone(input=value), place), by_schedule(alone(input=value), place)):
        given_to_it = environment(overrides)
        assert json.loads(given_to_it.pop("LONGHAUL_INPUT")) == value
        assert given_to_it == {
            "LONGHAUL_JOB": "nightly",
            "LONGHAUL_STACK": "dev",
            "LONGHAUL_EXECUTION": RUN,
            "LONGHAUL_SCHEDULED_TIME": DUE,
            "LONGHAUL_ATTEMPT": "1",
        }


def test_it_gets_the_variables_that_a_state_machine_gives(place: Place) -> None:
    nightly = alone(input={"shops": ["<all>", 'the "new" one']})
    machine_job = nightly.model_copy(update={"run_on": job().run_on})
    arguments = run_task_arguments(task_of_job(machine_job, place, TARGET))
    execution = {"Name": RUN, "StartTime": DUE, "Input": {"scheduledTime": DUE}, "RedriveCount": 0}
    told = evaluate(arguments["Overrides"]["ContainerOverrides"], {"context": {"Execution": execution}}, {})
    assert environment(by_rule(nightly, place)) == {each["Name"]: each["Value"] for each in told[0]["Environment"]}


@pytest.mark.parametrize("spot", [False, True])
def test_aws_would_take_both_and_the_task_that_they_run(place: Place, spot: bool) -> None:
    nightly = alone(capacity={"spot": spot}, startDeadline="15m", timezone="Europe/Berlin")
    target = task_start.rule_target(nightly, place, TARGET, role_arn=ROLE, dead_letter_arn=QUEUE)
    assert request_problems("events", "PutTargets", {"Rule": "one", "Targets": [target]}) == []
    schedule = task_start.schedule_target(nightly, place, TARGET, role_arn=ROLE, dead_letter_arn=QUEUE)
    assert schedule["EcsParameters"] == target["EcsParameters"]
    parameters = target["EcsParameters"]
    # Either, and not both: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
    assert ("LaunchType" in parameters, "CapacityProviderStrategy" in parameters) == (not spot, spot)
    # ECS's own is what the runs are found by.
    assert "Group" not in parameters
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 900, "MaximumRetryAttempts": 185}
    assert (target["Arn"], target["DeadLetterConfig"]) == (TARGET.cluster_arn, {"Arn": QUEUE})


def test_changes_of_the_stacks_lone_tasks_are_kept(place: Place) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html"""
    assert task_changes.event_pattern(place) == {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Task State Change"],
        "detail": {
            "group": [{"prefix": "family:longhaul-dev-"}],
            "lastStatus": ["PROVISIONING", "RUNNING", "STOPPED"],
        },
    }


def test_aws_would_take_the_rules(place: Place) -> None:
    for description, pattern in (
        (task_changes.description(place), task_changes.event_pattern(place)),
        (task_alerts.description(place), task_changes.failures_pattern(place)),
    ):
        rule = {"Name": "longhaul-dev-tasks-0a1b2c3", "Description": description, "EventPattern": json.dumps(pattern)}
        assert request_problems("events", "PutRule", rule) == []
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
        assert len(rule["EventPattern"]) <= 2048


def test_a_message_is_json_whatever_a_task_says(place: Place) -> None:
    target = task_alerts.target(place, topic_arn=TOPIC, dead_letter_arn=QUEUE)
    template = target["InputTransformer"]

    assert request_problems("events", "PutTargets", {"Rule": "one", "Targets": [target]}) == []
    assert (target["Id"], "RoleArn" in target) == (alerts.TARGET_ID, False)
    assert set(re.findall("<([^<>]*)>", template["InputTemplate"])) == template["InputPathsMap"].keys()
    # What is within a string is put there as it is: only what holds no quote, backslash or newline may be.
    in_strings = set(re.findall("<([^<>]*)>", "".join(re.findall(r'"(?:\\.|[^"\\])*"', template["InputTemplate"]))))
    assert in_strings == {"run"}
    assert json.loads(re.sub("(?<=: )<[^<>]*>", '""', template["InputTemplate"]))


def test_an_alert_that_was_not_delivered_can_be_made_again(place: Place) -> None:
    """As `dead-letters retry` makes it, of the event in the letter."""
    containers = [{"name": "job", "exitCode": 3, "reason": 'a "quote"'}]
    detail = {
        "taskArn": "arn:aws:ecs:eu-west-1:123456789012:task/longhaul-dev/0a1b",
        "group": "family:longhaul-dev-nightly",
        "stopCode": "EssentialContainerExited",
        "stoppedReason": "Essential container in task exited",
        "containers": containers,
    }
    message = input_of(task_alerts.target(place, topic_arn=TOPIC, dead_letter_arn=QUEUE), {"detail": detail})

    assert (message["job"], message["error"]) == (detail["group"], detail["stopCode"])
    assert (message["what happened"], message["containers"]) == (detail["stoppedReason"], containers)
    assert message["to rerun"] == f"./longhaul rerun {detail['taskArn']} --stack dev --region eu-west-1"
