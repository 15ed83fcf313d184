"""State machines that run on the local AWS, seen through its API."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytest

from sandbox.local_aws import LocalAws
from tests.sandbox.conftest import policy

PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Run:
    """One execution; what is read of it is read when it is first asked for."""

    aws: LocalAws
    arn: str

    @cached_property
    def description(self) -> dict[str, Any]:
        """DescribeExecution's answer."""
        return self.aws.client("stepfunctions").describe_execution(executionArn=self.arn)

    @property
    def status(self) -> str:
        return self.description["status"]

    @property
    def output(self) -> Any:
        assert self.status == "SUCCEEDED", self.failure
        return json.loads(self.description["output"])

    @property
    def failure(self) -> tuple[str | None, Any]:
        """Error and cause."""
        return self.description.get("error"), self.description.get("cause")

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        """The history, of all pages."""
        pages = self.aws.client("stepfunctions").get_paginator("get_execution_history")
        return [event for page in pages.paginate(executionArn=self.arn) for event in page["events"]]

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.events]

    @property
    def links(self) -> list[tuple[int, int, str]]:
        """Id, previous id and type of each event."""
        return [(event["id"], event["previousEventId"], event["type"]) for event in self.events]

    def details(self, event_type: str) -> list[dict[str, Any]]:
        """The details of each event of a type."""
        return [
            next((value for name, value in event.items() if name.endswith("EventDetails")), {})
            for event in self.events
            if event["type"] == event_type
        ]

    def times(self, event_type: str) -> list[float]:
        """When each event of a type was, in epoch seconds."""
        return [event["timestamp"].timestamp() for event in self.events if event["type"] == event_type]

    def now(self) -> Run:
        """The same execution, to be read again."""
        return Run(self.aws, self.arn)


@dataclass(frozen=True)
class Machines:
    """Creates state machines and plays their executions on the virtual clock."""

    aws: LocalAws
    role_arn: str

    def create(self, states: dict[str, Any], *, role_arn: str = "", **request: Any) -> str:
        """CreateStateMachine, of a JSONata machine that starts at the first of the states; its ARN."""
        top = {name: request.pop(name) for name in list(request) if name[0].isupper()}
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **top}
        given = {"name": f"machine-{secrets.token_hex(6)}", "roleArn": role_arn or self.role_arn, **request}
        answer = self.aws.client("stepfunctions").create_state_machine(definition=json.dumps(definition), **given)
        return answer["stateMachineArn"]

    def start(self, machine: str | dict[str, Any], value: Any = None, **request: Any) -> Run:
        """StartExecution, of a machine's ARN or of states; `value` is the input."""
        arn = machine if isinstance(machine, str) else self.create(machine)
        text = json.dumps({} if value is None else value)
        answer = self.aws.client("stepfunctions").start_execution(stateMachineArn=arn, input=text, **request)
        return Run(self.aws, answer["executionArn"])

    def play(self, run: Run) -> Run:
        """Move the clock from one deadline to the next until the execution has ended."""
        clock = self.aws.clock
        while True:
            assert clock.wait_idle(PATIENCE_SECONDS)
            if run.now().status != "RUNNING":
                return run.now()
            deadline = clock.next_deadline()
            if deadline is not None:
                clock.advance_to(deadline)

    def run(self, machine: str | dict[str, Any], value: Any = None, **request: Any) -> Run:
        """`start` and `play`."""
        return self.play(self.start(machine, value, **request))

    def redrive(self, run: Run, **request: Any) -> Run:
        """RedriveExecution, and `play`."""
        self.aws.client("stepfunctions").redrive_execution(executionArn=run.arn, **request)
        return self.play(run)

    def evaluate(self, expression: str, value: Any = None) -> Any:
        """What AWS makes of one expression, in a Pass state."""
        return self.run({"Evaluate": {"Type": "Pass", "Output": f"{{% {expression} %}}", "End": True}}, value).output


@pytest.fixture
def machines(local_aws: LocalAws, role: Callable[..., str]) -> Machines:
    """Machines whose role may do everything."""
    return Machines(local_aws, role("states.amazonaws.com", policy(("*", "*"))))


@pytest.fixture
def function(local_aws: LocalAws, role: Callable[..., str]) -> Callable[..., str]:
    """Makes a Python function of the body of `handler(event, context)`; its ARN."""

    def make(*lines: str) -> str:
        import io
        import zipfile

        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr("code.py", "\n    ".join(("def handler(event, context):", *lines)))
        return local_aws.client("lambda").create_function(
            FunctionName=f"function-{secrets.token_hex(6)}",
            Runtime="python3.12",
            Role=role("lambda.amazonaws.com"),
            Handler="code.handler",
            Code={"ZipFile": package.getvalue()},
        )["FunctionArn"]

    return make


@pytest.fixture
def bucket(machines: Machines) -> str:
    """A new bucket."""
    name = f"bucket-{secrets.token_hex(6)}"
    location = {"LocationConstraint": machines.aws.region}
    machines.aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=location)
    return name
