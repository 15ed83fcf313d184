"""A stack whose failures somebody hears of, deployed once a module, with a queue that hears what its topic says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.deploy import Deployment, deploy
from sandbox.local_aws import LocalAws
from sandbox.play import run_to_end
from tests.project import new_project
from tests.queues import Queue, subscribed
from tests.waiting import PATIENCE_SECONDS


@dataclass(frozen=True)
class Stack:
    """The deployed stack: its job `nightly` exits with what its input says, or waits."""

    aws: LocalAws
    deployment: Deployment
    subscribed: Queue
    dead_letters: Queue

    def made(self, token: str) -> Any:
        """The one resource of a type that alerts are made of."""
        (one,) = [
            resource
            for resource in self.deployment.resources
            if resource.token == token and resource.name in ("heard-dev-alerts", "heard-dev-dead-letters")
        ]
        return one

    @property
    def machine(self) -> str:
        return self.deployment.outputs["stateMachines"]["nightly"]

    @property
    def topic(self) -> str:
        return self.deployment.outputs["alertsTopic"]

    def start(self, value: Any) -> str:
        """Start the job with an input; the execution's ARN."""
        client = self.aws.client("stepfunctions")
        text = json.dumps({"trigger": "manual", "input": value})
        return client.start_execution(stateMachineArn=self.machine, input=text)["executionArn"]

    def run(self, value: Any) -> dict[str, Any]:
        """Run the job to its end, and until that is told; what DescribeExecution tells then."""
        arn = self.start(value)
        run_to_end(self.aws, arn)
        assert self.aws.clock.wait_idle(PATIENCE_SECONDS)
        return self.aws.client("stepfunctions").describe_execution(executionArn=arn)

    def alarm(self) -> dict[str, Any]:
        """The alarm on the dead-letter queue as it is now."""
        name = self.made("aws:cloudwatch/metricAlarm:MetricAlarm").id
        (alarm,) = self.aws.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return alarm


def write_project(root: Path, alerts: dict[str, Any]) -> None:
    config = {
        "aws:region": "eu-west-1",
        "longhaul:network": {"availabilityZones": 1},
        "longhaul:alerts": alerts,
        "longhaul:jobs": {"nightly": {}},
    }
    new_project(root, "heard", config)
    folder = root / "jobs" / "nightly"
    folder.mkdir(parents=True)
    job = {
        "image": "public.ecr.aws/docker/library/alpine:3",
        "command": ["sh", "-c", 'case "$LONGHAUL_INPUT" in *wait*) exec sleep 1000;; *) exit "$LONGHAUL_INPUT";; esac'],
        "timeout": "1h",
        "overlap": "allow",
    }
    (folder / "job.yaml").write_text(json.dumps(job))


@pytest.fixture(scope="module")
def stack(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    root = tmp_path_factory.mktemp("heard")
    write_project(root, {"email": ["ops@example.com"], "https": ["https://example.com/alerts"]})
    deployment = deploy(root, "dev", local_aws)
    dead_letters = Queue(local_aws, deployment.outputs["deadLetterQueueUrl"])
    with subscribed(local_aws, deployment.outputs["alertsTopic"]) as queue:
        yield Stack(local_aws, deployment, queue, dead_letters)
    deployment.destroy()
