"""A deployed stack of jobs that other things start: each other's ends, objects, a role that somebody else made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.runs import read_run
from sandbox.deploy import Deployment
from sandbox.local_aws import LocalAws
from tests.project import new_project
from tests.queues import Queue, attributes

IMAGE = "public.ecr.aws/docker/library/alpine:3"
# The first job does what its input says; the others tell what they were given.
OBEYS = {"image": IMAGE, "entrypoint": ["sh", "-c", 'eval "eval $LONGHAUL_INPUT"'], "input": "exit 0"}
TELLS = {"image": IMAGE, "entrypoint": ["sh", "-c", 'printf "%s\\n" "$LONGHAUL_INPUT"'], "overlap": {"policy": "queue"}}


@dataclass(frozen=True)
class Stack:
    """The deployed stack, and the bucket whose objects start a job of it."""

    aws: LocalAws
    deployment: Deployment
    bucket: str
    role: str

    def machine(self, job: str) -> str:
        return self.deployment.outputs["stateMachines"][job]

    def start(self, job: str, execution_input: dict[str, Any]) -> str:
        text = json.dumps(execution_input)
        return self._states.start_execution(stateMachineArn=self.machine(job), input=text)["executionArn"]

    def runs(self, job: str) -> list[str]:
        """The executions of a job, once nothing goes on any more."""
        while True:
            self.aws.clock.wait_idle()
            if not any(self._listed(one, statusFilter="RUNNING") for one in self.deployment.outputs["stateMachines"]):
                return self._listed(job)
            if (deadline := self.aws.clock.next_deadline()) is not None:
                self.aws.clock.advance_to(deadline)

    def told(self, execution_arn: str) -> Any:
        """What a job that tells its input was given."""
        run = read_run(self.aws.client, "any", execution_arn)
        answer = self.aws.client("logs").get_log_events(logGroupName=run.log_group, logStreamName=run.log_stream)
        (line,) = answer["events"]
        return json.loads(line["message"])

    def describe(self, execution_arn: str) -> dict[str, Any]:
        told = self._states.describe_execution(executionArn=execution_arn)
        return {**told, "input": json.loads(told["input"])}

    def dead_letters(self) -> list[dict[str, str]]:
        """The attributes of what lies in the dead-letter queue, taken out of it."""
        return [
            attributes(letter) for letter in Queue(self.aws, self.deployment.outputs["deadLetterQueueUrl"]).take_all()
        ]

    @property
    def _states(self) -> Any:
        return self.aws.client("stepfunctions")

    def _listed(self, job: str, **more: str) -> list[str]:
        listed = self._states.list_executions(stateMachineArn=self.machine(job), **more)["executions"]
        return [execution["executionArn"] for execution in listed]


def write_project(root: Path, jobs: dict[str, Any]) -> None:
    config = {"aws:region": "eu-west-1", "longhaul:network": {"availabilityZones": 1}, "longhaul:jobs": jobs}
    new_project(root, "chains", config)


def new_role(aws: LocalAws, name: str) -> str:
    """A role that somebody else made, here one that a Lambda function assumes; its ARN."""
    statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = aws.client("iam").create_role(RoleName=name, Path="/service/", AssumeRolePolicyDocument=document)["Role"]
    return role["Arn"]
