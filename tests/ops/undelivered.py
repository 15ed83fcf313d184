"""A stack whose starts, alerts and lines of the ledger fail to be delivered when a test wants it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from ops.aws import Aws
from ops.dead_letters import Letter, queue_of
from ops.letters_in_hand import letters_in_hand
from ops.stack import DeployedStack, find_stack
from sandbox.deploy import Deployment, deploy
from sandbox.local_aws import LocalAws
from sandbox.play import run_to_end
from tests.firing import only
from tests.project import new_project

_EXITS = {
    "image": "example.com/exits:1",
    "entrypoint": ["sh", "-c", 'exit "$LONGHAUL_INPUT"'],
    "input": 0,
    "overlap": "allow",
}
JOBS = {
    "ruled": _EXITS | {"schedule": "cron(7 * * * ? *)"},
    "scheduled": _EXITS | {"schedule": "cron(37 * * * ? *)", "timezone": "Europe/Paris"},
    "by-hand": _EXITS,
    # Their tasks are started without a state machine.
    "ruled-task": _EXITS | {"runOn": "task", "schedule": "cron(17 * * * ? *)"},
    "scheduled-task": _EXITS | {"runOn": "task", "schedule": "cron(47 * * * ? *)", "timezone": "Europe/Paris"},
}
MINUTES = {"ruled": 7, "scheduled": 37, "ruled-task": 17, "scheduled-task": 47}


class Undelivered:
    """The deployed stack `dev` of the project `late`."""

    project = "late"
    name = "dev"

    def __init__(self, local_aws: LocalAws, root: Path, deployment: Deployment) -> None:
        self.local_aws = local_aws
        self.root = root
        self.deployment = deployment
        self.aws = Aws()
        self.queue_url = deployment.outputs["deadLetterQueueUrl"]
        self.topic = deployment.outputs["alertsTopic"]
        self.ledger = deployment.outputs["ledger"]

    def found(self) -> DeployedStack:
        return find_stack(self.aws, self.project, self.name)

    def queue(self) -> str:
        url = queue_of(self.aws, self.found())
        assert url is not None
        return url

    def fire(self, job: str) -> str:
        """Let the next time of a job's trigger come; it, as the trigger writes it."""
        from sandbox.triggers import Triggers

        clock = self.local_aws.clock
        now = datetime.fromtimestamp(clock.now(), UTC)
        due = now.replace(minute=MINUTES[job], second=0, microsecond=0)
        due += timedelta(hours=1) if due <= now else timedelta(0)
        while not clock.advance_to(due.timestamp()):
            clock.wait_idle()
        with only(f"{self.project}-{self.name}-"):
            list(Triggers(self.local_aws, due - timedelta(seconds=1), due).fire(due))
        return f"{due:%Y-%m-%dT%H:%M:%SZ}"

    def fire_in_vain(self, job: str) -> str:
        """The same while the triggers' role may start nothing."""
        with self.nobody_may_start():
            return self.fire(job)

    def run(self, job: str, value: Any, **more: Any) -> str:
        """Run a job with an input to its end; the execution's ARN."""
        machine = self.deployment.outputs["stateMachines"][job]
        execution_arn = self.local_aws.client("stepfunctions").start_execution(
            stateMachineArn=machine, input=json.dumps({"input": value, **more})
        )["executionArn"]
        self.to_end(execution_arn)
        return execution_arn

    def to_end(self, execution_arn: str) -> None:
        """Wait for the end of a run, and until it is told."""
        run_to_end(self.local_aws, execution_arn)
        self.local_aws.clock.wait_idle()

    def executions(self, job: str) -> list[dict[str, Any]]:
        """DescribeExecution of each run of a job, the newest first."""
        states = self.local_aws.client("stepfunctions")
        machine = self.deployment.outputs["stateMachines"][job]
        listed = states.list_executions(stateMachineArn=machine)["executions"]
        return [states.describe_execution(executionArn=one["executionArn"]) for one in listed]

    def runs_for(self, job: str, time: str) -> list[dict[str, Any]]:
        """The executions of a job for a time."""
        return [run for run in self.executions(job) if json.loads(run["input"]).get("scheduledTime") == time]

    @contextmanager
    def nobody_may_start(self) -> Iterator[None]:
        """While it lasts, the triggers' roles may keep dead letters and nothing else."""
        (policy,) = [made for made in self._made("aws:iam/rolePolicy:RolePolicy") if made.name == "late-dev-trigger"]
        role, name, document = policy.outputs["role"], policy.outputs["name"], json.loads(policy.outputs["policy"])
        kept = [one for one in document["Statement"] if one["Sid"] != "StartTheJobs"]
        iam = self.local_aws.client("iam")

        def put(statements: list[Any]) -> None:
            text = json.dumps({**document, "Statement": statements})
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=text)

        denied = {"Effect": "Deny", "Action": "ecs:RunTask", "Resource": "*"}
        starting = [
            made.outputs["role"] for made in self._made("aws:iam/rolePolicy:RolePolicy") if made.name.endswith("-start")
        ]
        put(kept)
        for each in starting:
            text = json.dumps({"Version": "2012-10-17", "Statement": [denied]})
            iam.put_role_policy(RoleName=each, PolicyName="denies", PolicyDocument=text)
        try:
            yield
        finally:
            put(document["Statement"])
            for each in starting:
                iam.delete_role_policy(RoleName=each, PolicyName="denies")

    @contextmanager
    def nobody_may_publish(self) -> Iterator[None]:
        """While it lasts, the topic takes nothing from EventBridge."""
        sns = self.local_aws.client("sns")
        policy = sns.get_topic_attributes(TopicArn=self.topic)["Attributes"]["Policy"]
        document = json.loads(policy)
        kept = [one for one in document["Statement"] if one["Sid"] != "Rules"]

        def put(text: str) -> None:
            sns.set_topic_attributes(TopicArn=self.topic, AttributeName="Policy", AttributeValue=text)

        put(json.dumps({**document, "Statement": kept}))
        try:
            yield
        finally:
            put(policy)

    @contextmanager
    def nobody_may_write(self) -> Iterator[None]:
        """While it lasts, the ledger's log group takes nothing from EventBridge."""
        denied = {
            "Effect": "Deny",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "logs:PutLogEvents",
            "Resource": f"arn:aws:logs:{self.local_aws.region}:{self.local_aws.account}:log-group:{self.ledger}:*",
        }
        logs, document = self.local_aws.client("logs"), {"Version": "2012-10-17", "Statement": [denied]}
        logs.put_resource_policy(policyName="late", policyDocument=json.dumps(document))
        try:
            yield
        finally:
            logs.delete_resource_policy(policyName="late")

    def send(self, body: str, **attributes: str) -> str:
        """Put a letter into the queue by hand; its id."""
        given = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        sqs = self.local_aws.client("sqs")
        return sqs.send_message(QueueUrl=self.queue_url, MessageBody=body, MessageAttributes=given)["MessageId"]

    def empty(self) -> None:
        """Take everything out of the queue."""
        sqs = self.local_aws.client("sqs")
        sqs.purge_queue(QueueUrl=self.queue_url)

    def _made(self, token: str) -> list[Any]:
        return [resource for resource in self.deployment.resources if resource.token == token]


@contextmanager
def undelivered_stack(local_aws: LocalAws) -> Iterator[Undelivered]:
    """The stack, with nothing in its queue before and after."""
    stack = _deployed(local_aws)
    stack.empty()
    # SQS takes a second to say that nothing more is there.
    local_aws.clock.speed = 10.0
    yield stack
    local_aws.clock.speed = 1.0
    stack.empty()


def look(stack: Undelivered) -> tuple[Letter, ...]:
    """The letters in its queue."""
    with letters_in_hand(stack.aws, stack.found(), stack.queue()) as hand:
        return hand.letters


@cache
def _deployed(local_aws: LocalAws) -> Undelivered:
    """The stack, deployed when it is first asked for; it ends with the local AWS."""
    root = Path(mkdtemp(prefix="longhaul-undelivered-"))
    config = {
        "aws:region": local_aws.region,
        "longhaul:alerts": {"email": ["ops@example.com"]},
        "longhaul:jobs": JOBS,
    }
    new_project(root, "late", config)
    return Undelivered(local_aws, root, deploy(root, Undelivered.name, local_aws))
