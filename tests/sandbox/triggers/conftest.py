"""Rules and schedules on a real local server; what a test makes is deleted after it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.firing import only

if TYPE_CHECKING:
    from sandbox.faults import Faults
    from sandbox.local_aws import LocalAws

ACCOUNT = "123456789012"
DEFINITION = {"QueryLanguage": "JSONata", "StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}}


@dataclass
class Stack:
    """What a trigger needs, made under a name of this test's own."""

    aws: LocalAws
    name: str
    machine_arn: str = ""
    role_arn: str = ""
    group_arn: str = ""
    queue_url: str = ""
    queue_arn: str = ""
    undo: ExitStack = field(default_factory=ExitStack)

    def target(self, **changes: Any) -> dict[str, Any]:
        given = {
            "Id": "machine",
            "Arn": self.machine_arn,
            "RoleArn": self.role_arn,
            "DeadLetterConfig": {"Arn": self.queue_arn},
            **changes,
        }
        return {name: value for name, value in given.items() if value is not None}

    def rule(self, expression: str, *, name: str = "", state: str = "ENABLED", **target: Any) -> str:
        """Make a rule with the one target; its name."""
        events, name = self.aws.client("events"), f"{self.name}{name}"
        events.put_rule(Name=name, ScheduleExpression=expression, State=state)
        self.undo.callback(events.delete_rule, Name=name)
        events.put_targets(Rule=name, Targets=[self.target(**target)])
        self.undo.callback(events.remove_targets, Rule=name, Ids=["machine"])
        return name

    def schedule(self, expression: str, *, name: str = "", target: dict[str, Any] | None = None, **given: Any) -> str:
        """Make a schedule of the stack's group; its name."""
        name = f"{self.name}{name}"
        wanted = self.target(Id=None, **(target or {}))
        self.aws.client("scheduler").create_schedule(
            Name=name,
            GroupName=self.name,
            ScheduleExpression=expression,
            Target=wanted,
            **{"FlexibleTimeWindow": {"Mode": "OFF"}, **given},
        )
        return name

    def machine(self, definition: dict[str, Any] = DEFINITION) -> str:
        sfn = self.aws.client("stepfunctions")
        arn = sfn.create_state_machine(
            name=f"{self.name}-{secrets.token_hex(2)}", roleArn=self.role_arn, definition=json.dumps(definition)
        )["stateMachineArn"]
        self.undo.callback(sfn.delete_state_machine, stateMachineArn=arn)
        return arn

    def permit(self, *actions: str) -> None:
        """Let the trigger role do these and nothing else."""
        statement = {"Effect": "Allow", "Action": list(actions) or "none:None", "Resource": "*"}
        self.aws.client("iam").put_role_policy(
            RoleName=self.name, PolicyName="triggers", PolicyDocument=json.dumps(policy(statement))
        )

    def let_queue_take(self, *statements: dict[str, Any]) -> None:
        document = json.dumps(policy(*statements)) if statements else ""
        self.aws.client("sqs").set_queue_attributes(QueueUrl=self.queue_url, Attributes={"Policy": document})

    def dead_letters(self) -> list[tuple[Any, dict[str, str]]]:
        """The bodies and message attributes in the dead-letter queue."""
        messages = self.aws.client("sqs").receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return [
            (
                json.loads(message["Body"]),
                {name: value["StringValue"] for name, value in message["MessageAttributes"].items()},
            )
            for message in messages.get("Messages", [])
        ]

    def inputs(self) -> list[Any]:
        """The inputs of the state machine's executions, in the order of their text."""
        sfn = self.aws.client("stepfunctions")
        executions = sfn.list_executions(stateMachineArn=self.machine_arn)["executions"]
        found = [sfn.describe_execution(executionArn=each["executionArn"])["input"] for each in executions]
        return [json.loads(text) for text in sorted(found)]

    def metric(self, namespace: str, name: str, **dimensions: str) -> float:
        now = self.aws.clock.now()
        points = self.aws.client("cloudwatch").get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=datetime.fromtimestamp(now - 90_000, UTC),
            EndTime=datetime.fromtimestamp(now + 60, UTC),
            Period=86_400,
            Statistics=["Sum"],
        )["Datapoints"]
        return sum(point["Sum"] for point in points)


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def trust(service: str, source_arn: str) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": source_arn},
        },
    }


@pytest.fixture
def stack(local_aws: LocalAws) -> Iterator[Stack]:
    """What a trigger needs; nothing but its own triggers fires."""
    stack = Stack(local_aws, f"t{secrets.token_hex(4)}")
    with stack.undo, only(stack.name):
        _make(stack)
        yield stack


def _make(stack: Stack) -> None:
    iam, sqs, scheduler = (stack.aws.client(service) for service in ("iam", "sqs", "scheduler"))
    region = stack.aws.region
    stack.group_arn = scheduler.create_schedule_group(Name=stack.name)["ScheduleGroupArn"]
    stack.undo.callback(scheduler.delete_schedule_group, Name=stack.name)
    document = policy(
        trust("events", f"arn:aws:events:{region}:{ACCOUNT}:rule/{stack.name}*"),
        trust("scheduler", stack.group_arn),
        {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"},
    )
    stack.role_arn = iam.create_role(RoleName=stack.name, AssumeRolePolicyDocument=json.dumps(document))["Role"]["Arn"]
    stack.undo.callback(iam.delete_role, RoleName=stack.name)
    stack.permit("states:StartExecution", "sqs:SendMessage")
    stack.undo.callback(iam.delete_role_policy, RoleName=stack.name, PolicyName="triggers")
    stack.queue_url = sqs.create_queue(QueueName=stack.name)["QueueUrl"]
    stack.undo.callback(sqs.delete_queue, QueueUrl=stack.queue_url)
    stack.queue_arn = f"arn:aws:sqs:{region}:{ACCOUNT}:{stack.name}"
    stack.let_queue_take(
        {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": stack.queue_arn,
            "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:events:{region}:{ACCOUNT}:rule/{stack.name}*"}},
        }
    )
    stack.machine_arn = stack.machine()


@pytest.fixture
def fire(stack: Stack) -> Callable[[str, str], list[Any]]:
    """Fires what is scheduled after one time and up to another, whatever the clock reads; the deliveries."""
    from sandbox.triggers import Triggers

    def fired(after: str, until: str) -> list[Any]:
        end = datetime.fromisoformat(until)
        return list(Triggers(stack.aws, datetime.fromisoformat(after), end).fire(end))

    return fired


@pytest.fixture
def faults(stack: Stack) -> Iterator[Faults]:
    """Faults that are gone after the test that adds them."""
    yield stack.aws.faults
    stack.aws.faults.clear()
