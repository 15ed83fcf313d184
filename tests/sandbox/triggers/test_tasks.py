"""Rules and schedules that have ECS run a task, without a state machine."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.faults import DeliverTwice, RefuseCapacity, Throttle
from tests.sandbox.triggers.conftest import policy

DAY = ("2030-05-01T00:00:00Z", "2030-05-02T00:00:00Z")
DAILY = "cron(15 3 * * ? *)"
RIGHTS = ("ecs:RunTask", "ecs:TagResource", "iam:PassRole", "sqs:SendMessage")
PATIENCE_SECONDS = 120


class Cluster:
    """A place for tasks, and a trigger's target that runs one there."""

    def __init__(self, stack: Any, command: str = "true") -> None:
        self._stack, aws = stack, stack.aws
        self.ecs, iam, ec2, logs = (aws.client(name) for name in ("ecs", "iam", "ec2", "logs"))
        self.name = f"{stack.name}-cluster"
        self.arn = self.ecs.create_cluster(clusterName=self.name, capacityProviders=["FARGATE", "FARGATE_SPOT"])[
            "cluster"
        ]["clusterArn"]
        trusted = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}
        self.role_arn = iam.create_role(
            RoleName=f"{stack.name}-exec", AssumeRolePolicyDocument=json.dumps(policy(trusted))
        )["Role"]["Arn"]
        may_log = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}
        iam.put_role_policy(RoleName=f"{stack.name}-exec", PolicyName="log", PolicyDocument=json.dumps(policy(may_log)))
        logs.create_log_group(logGroupName=f"/{stack.name}")
        vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnet_id = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        self.definition = self.register(command)
        stack.permit(*RIGHTS)

    def register(self, command: str) -> str:
        options = {"awslogs-group": f"/{self._stack.name}", "awslogs-region": self._stack.aws.region}
        return self.ecs.register_task_definition(
            family=self._stack.name,
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
            executionRoleArn=self.role_arn,
            tags=[{"key": "team", "value": "sales"}],
            containerDefinitions=[
                {
                    "name": "job",
                    "image": "public.ecr.aws/docker/library/python:3.12",
                    "command": ["sh", "-c", command],
                    "logConfiguration": {
                        "logDriver": "awslogs",
                        "options": {**options, "awslogs-stream-prefix": "run"},
                    },
                }
            ],
        )["taskDefinition"]["taskDefinitionArn"]

    def target(self, *, parameters: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        given = {
            "TaskDefinitionArn": self.definition,
            "LaunchType": "FARGATE",
            "NetworkConfiguration": {
                "awsvpcConfiguration": {"Subnets": [self.subnet_id], "AssignPublicIp": "DISABLED"}
            },
            "PropagateTags": "TASK_DEFINITION",
            **(parameters or {}),
        }
        ecs_parameters = {name: value for name, value in given.items() if value is not None}
        return {"Arn": self.arn, "EcsParameters": ecs_parameters, **changes}

    def finished(self, task_arn: str) -> dict[str, Any]:
        assert self._stack.aws.tasks.stopped(task_arn).wait(PATIENCE_SECONDS)
        found = self.ecs.describe_tasks(cluster=self.arn, tasks=[task_arn], include=["TAGS"])["tasks"]
        return found[0]

    def lines(self, task_arn: str) -> list[str]:
        stream = f"run/job/{task_arn.rpartition('/')[2]}"
        events = self._stack.aws.client("logs").get_log_events(
            logGroupName=f"/{self._stack.name}", logStreamName=stream, startFromHead=True
        )["events"]
        return [event["message"] for event in events]


@pytest.fixture
def cluster(stack):
    return Cluster(stack, 'echo "$DUE $RUN"')


def overrides(**variables: str) -> str:
    """The overrides as text: a placeholder stands outside of quotes, anything else is a text."""
    values = ((name, text if text.startswith("<") else json.dumps(text)) for name, text in variables.items())
    environment = ",".join(f'{{"name":"{name}","value":{value}}}' for name, value in values)
    return f'{{"containerOverrides":[{{"name":"job","environment":[{environment}]}}]}}'


def transformer(text: str) -> dict[str, Any]:
    return {"InputPathsMap": {"time": "$.time", "id": "$.id"}, "InputTemplate": text}


def test_a_rule_runs_a_task_with_what_its_transformer_makes_of_the_event(stack, fire, cluster):
    stack.rule(DAILY, **cluster.target(InputTransformer=transformer(overrides(DUE="<time>", RUN="<id>"))))
    (delivery,) = fire(*DAY)
    assert (delivery.status, delivery.target_arn) == ("STARTED", cluster.arn)
    task = cluster.finished(delivery.started_arn)
    due, run = cluster.lines(task["taskArn"])[0].split()
    assert due == "2030-05-01T03:15:00Z"
    assert len(run) == 36
    assert (task["startedBy"], task["group"]) == (f"events-rule/{stack.name}", f"family:{stack.name}")
    assert (task["launchType"], task["taskDefinitionArn"]) == ("FARGATE", cluster.definition)
    assert task["tags"] == [{"key": "team", "value": "sales"}]


def test_a_schedule_runs_a_task_with_its_input_and_a_capacity_provider(stack, fire, cluster):
    text = overrides(DUE="at <aws.scheduler.scheduled-time>", RUN="by <aws.scheduler.execution-id>")
    spot = {"LaunchType": None, "CapacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]}
    stack.schedule(DAILY, target=cluster.target(parameters={**spot, "Group": "a-group"}, Input=text))
    (delivery,) = fire(*DAY)
    task = cluster.finished(delivery.started_arn)
    at, due, by, _ = cluster.lines(task["taskArn"])[0].split()
    assert (at, due, by) == ("at", "2030-05-01T03:15:00Z", "by")
    assert (task["startedBy"], task["group"]) == (f"chronos-schedule/{stack.name}", "a-group")
    assert task["capacityProviderName"] == "FARGATE_SPOT"


def test_who_started_it_is_cut_off(stack, fire, cluster):
    name = "-of-a-job-with-a-long-name"
    stack.rule(DAILY, name=name, **cluster.target())
    stack.schedule(DAILY, name=name, target=cluster.target())
    started = sorted(cluster.finished(each.started_arn)["startedBy"] for each in fire(*DAY))
    assert started == [f"chronos-schedule/{stack.name}{name}"[:36], f"events-rule/{stack.name}{name}"[:36]]


@pytest.mark.parametrize("service", ["rule", "schedule"])
def test_of_the_event_itself_a_task_gets_nothing(stack, fire, cluster, service):
    getattr(stack, service)(DAILY, **({"target": cluster.target()} if service == "schedule" else cluster.target()))
    (delivery,) = fire(*DAY)
    task = cluster.finished(delivery.started_arn)
    assert task["overrides"]["containerOverrides"] == []


@pytest.mark.parametrize("right", RIGHTS[:3])
@pytest.mark.parametrize("service", ["rule", "schedule"])
def test_without_a_right_it_is_a_dead_letter_at_once(stack, fire, cluster, service, right):
    stack.permit(*(one for one in RIGHTS if one != right))
    getattr(stack, service)(DAILY, **({"target": cluster.target()} if service == "schedule" else cluster.target()))
    (delivery,) = fire(*DAY)
    code = "NO_PERMISSIONS" if service == "rule" else "AccessDeniedException"
    assert (delivery.status, delivery.error_code) == ("DEAD_LETTERED", code)
    assert right in delivery.error_message
    ((_, attributes),) = stack.dead_letters()
    assert (attributes["TARGET_ARN"], attributes["RETRY_ATTEMPTS"]) == (cluster.arn, "0")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Arn": "arn:aws:ecs:eu-west-1:123456789012:cluster/missing"}, "NO_RESOURCE"),
        ({"parameters": {"TaskDefinitionArn": "missing:1"}}, "ERROR_FROM_TARGET"),
        ({"parameters": {"NetworkConfiguration": None}}, "INVALID_PARAMETER"),
        ({"Input": '"text"'}, "INVALID_PARAMETER"),
        ({"Input": '{"containerOverrides": "none"}'}, "INVALID_PARAMETER"),
        # Within the limit of a template, and no more once it is filled in.
        ({"InputTransformer": transformer(overrides(DUE="<time>", RUN="x" * 8080))}, "INVALID_PARAMETER"),
        ({"Input": '{"containerOverrides": [{"name": "other"}]}'}, "INVALID_PARAMETER"),
    ],
)
def test_what_cannot_be_run_is_a_dead_letter_at_once(stack, fire, cluster, change, code):
    stack.rule(DAILY, **cluster.target(**change))
    (delivery,) = fire(*DAY)
    assert (delivery.status, delivery.error_code) == ("DEAD_LETTERED", code)
    ((event, attributes),) = stack.dead_letters()
    assert event["time"] == "2030-05-01T03:15:00Z"
    assert "EXHAUSTED_RETRY_CONDITION" not in attributes


def test_a_deregistered_revision_is_run_by_nobody(stack, fire, cluster):
    cluster.ecs.deregister_task_definition(taskDefinition=cluster.definition)
    stack.rule(DAILY, **cluster.target())
    (delivery,) = fire(*DAY)
    assert (delivery.status, delivery.error_message) == ("DEAD_LETTERED", "TaskDefinition is inactive")


def test_the_letter_of_a_schedule_holds_the_request(stack, fire, cluster):
    missing = f"{cluster.arn}-missing"
    stack.schedule(DAILY, target=cluster.target(Arn=missing, Input=overrides(DUE="at <aws.scheduler.scheduled-time>")))
    (delivery,) = fire(*DAY)
    assert (delivery.status, delivery.error_code) == ("DEAD_LETTERED", "ClusterNotFoundException")
    ((request, attributes),) = stack.dead_letters()
    assert (request["Cluster"], request["TaskDefinition"]) == (missing, cluster.definition)
    assert request["Overrides"]["containerOverrides"][0]["name"] == "job"
    assert attributes["SCHEDULED_TIME"] == "2030-05-01T03:15:00Z"


def test_capacity_that_is_refused_in_a_good_answer_is_noticed_by_nobody(stack, fire, cluster, faults):
    fault = faults.add(RefuseCapacity(of=stack.name))
    stack.rule(DAILY, **cluster.target())
    (delivery,) = fire(*DAY)
    assert (delivery.status, delivery.error_code) == ("UNNOTICED", "RunTask")
    assert "Capacity is unavailable" in delivery.error_message
    assert stack.dead_letters() == []
    assert stack.metric("AWS/Events", "FailedInvocations", RuleName=stack.name) == 0
    assert fault.struck == 1


def test_capacity_that_is_refused_as_an_error_is_a_dead_letter(stack, fire, cluster, faults):
    faults.add(RefuseCapacity(of=stack.name, as_error=True))
    stack.rule(DAILY, **cluster.target())
    assert [(each.status, each.error_code) for each in fire(*DAY)] == [("DEAD_LETTERED", "ERROR_FROM_TARGET")]


def through(stack, start):
    """What comes of the next minutes, with the clock going along."""
    from sandbox.triggers import Triggers

    triggers, happened = Triggers(stack.aws, start, start + timedelta(minutes=1)), []
    while (moment := triggers.next_time()) is not None:
        while not stack.aws.clock.advance_to(moment.timestamp()):
            stack.aws.clock.wait_idle()
        happened += triggers.fire(moment)
    return happened


@pytest.mark.parametrize(
    ("fault", "policy", "expected"),
    [
        (Throttle(a_second=1), {}, ["RETRYING", "STARTED"]),
        (Throttle(a_second=1), {"MaximumRetryAttempts": 0}, ["DEAD_LETTERED"]),
        (Throttle(a_second=1, by_ec2=True), {}, ["DEAD_LETTERED"]),
    ],
)
def test_a_throttled_start_is_tried_again(stack, cluster, faults, fault, policy, expected):
    fault.of = stack.name
    faults.add(fault)
    now = datetime.fromtimestamp(stack.aws.clock.now(), UTC).replace(second=0, microsecond=0)
    at = now + timedelta(minutes=2)
    once = f"cron({at.minute} {at.hour} {at.day} {at.month} ? {at.year})"
    events = stack.aws.client("events")
    stack.rule(once, RetryPolicy={"MaximumEventAgeInSeconds": 600, **policy}, **cluster.target())
    second = stack.target(Id="second", RetryPolicy={"MaximumEventAgeInSeconds": 600, **policy}, **cluster.target())
    events.put_targets(Rule=stack.name, Targets=[second])
    stack.undo.callback(events.remove_targets, Rule=stack.name, Ids=["second"])
    assert [each.status for each in through(stack, at - timedelta(minutes=1))] == ["STARTED", *expected]


def test_what_is_delivered_twice_runs_twice(stack, fire, cluster, faults):
    faults.add(DeliverTwice(of=stack.name))
    stack.rule(DAILY, **cluster.target(InputTransformer=transformer(overrides(DUE="<time>", RUN="<id>"))))
    first, second = (cluster.finished(each.started_arn)["taskArn"] for each in fire(*DAY))
    assert first != second
    assert cluster.lines(first) == cluster.lines(second)


def test_tasks_are_played_to_their_end(stack, faults):
    from sandbox.play import play

    cluster = Cluster(stack, 'exit "${CODE:-0}"')
    faults.add(RefuseCapacity(of=stack.name, first=1))
    for name, code in (("-a", "0"), ("-b", "0"), ("-c", "3")):
        stack.rule("cron(0 */12 * * ? *)", name=name, **cluster.target(Input=overrides(CODE=code)))
    start = datetime.fromtimestamp(stack.aws.clock.now(), UTC)
    runs = play(stack.aws, start, start + timedelta(hours=12))
    assert [(run.trigger[-1], run.status, run.error) for run in runs] == [
        ("a", "NOT_STARTED", "RunTask"),
        ("b", "SUCCEEDED", ""),
        ("c", "FAILED", "EssentialContainerExited"),
    ]
    assert [bool(run.task_arn) for run in runs] == [False, True, True]
    assert not any(run.execution_arn for run in runs)
    failed = runs[2].task
    assert failed is not None
    assert failed["containers"][0]["exitCode"] == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"RoleArn": None}, "RoleArn is required"),
        ({"EcsParameters": None}, "EcsParameters go with an ECS cluster"),
        ({"parameters": {"TaskCount": 2}}, "one ECS task at a time"),
        ({"parameters": {"Tags": [{"Key": "a", "Value": "b"}]}}, "the tags of their definition"),
    ],
)
def test_put_targets_refuses(stack, cluster, change, message):
    events = stack.aws.client("events")
    events.put_rule(Name=stack.name, ScheduleExpression="rate(1 hour)")
    stack.undo.callback(events.delete_rule, Name=stack.name)
    with pytest.raises(ClientError, match=message):
        events.put_targets(Rule=stack.name, Targets=[stack.target(**cluster.target(**change))])


def test_a_state_machine_has_no_ecs_parameters(stack, cluster):
    with pytest.raises(ClientError, match="EcsParameters go with"):
        stack.schedule(DAILY, target={"EcsParameters": cluster.target()["EcsParameters"]})


def test_an_event_runs_no_task(stack, cluster):
    events = stack.aws.client("events")
    events.put_rule(Name=stack.name, EventPattern='{"source": ["aws.s3"]}')
    stack.undo.callback(events.delete_rule, Name=stack.name)
    with pytest.raises(ClientError, match="on a schedule and on nothing else"):
        events.put_targets(Rule=stack.name, Targets=[stack.target(**cluster.target())])
