"""What AWS answers to the executions of a replay: DynamoDB for itself, the rest as the model's trace says."""

import itertools
import json
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from definitions import lock
from tests.definitions.lock_model.machine import Clock, Machine, iso
from tests.definitions.lock_model.model import Entry
from tests.definitions.walker import Failure

SETTLING_SECONDS = 60
YOUNG_SECONDS = 300


class DynamoDb:
    """MiniStack's DynamoDB, which judges conditions by their text, called without a server in between.

    Args:
        handle_request: MiniStack's own, once the sandbox has loaded it.
    """

    def __init__(self, handle_request: Callable[..., Coroutine[Any, Any, Any]]) -> None:
        self._handle_request = handle_request

    def call(self, operation: str, request: dict[str, Any], prefix: str = "DynamoDb") -> Any:
        """The result, or the Failure with the name that Step Functions gives to the error."""
        headers = {"x-amz-target": f"DynamoDB_20120810.{operation}"}
        answering = self._handle_request("POST", "/", headers, json.dumps(request).encode(), {})
        try:
            answering.send(None)
        except StopIteration as answered:
            status, _, body = answered.value
        else:
            raise AssertionError("a call of DynamoDB waits for nothing")
        answer = json.loads(body)
        if status == 200:
            return answer
        return Failure(f"{prefix}.{answer['__type'].rpartition('#')[2]}", answer["message"])


class Table:
    """An empty table of locks."""

    def __init__(self, dynamodb: DynamoDb, name: str) -> None:
        self._dynamodb = dynamodb
        self._name = name
        dynamodb.call("DeleteTable", {"TableName": name})
        schema = {
            "TableName": name,
            "KeySchema": [{"AttributeName": lock.KEY_ATTRIBUTE, "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": lock.KEY_ATTRIBUTE, "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        }
        assert "TableDescription" in dynamodb.call("CreateTable", schema)

    def read(self) -> tuple[list[str], list[str]]:
        """The entries of the one lock there is, and who was started for the scheduled times."""
        items = self._dynamodb.call("Scan", {"TableName": self._name, "ConsistentRead": True})["Items"]
        line = [entry["S"] for item in items if "line" in item for entry in item["line"]["L"]]
        return line, [item["execution"]["S"] for item in items if "execution" in item]


class Aws:
    """Step Functions and ECS of a replay.

    Attributes:
        task: the ARN of the last task that was started.
    """

    def __init__(self, clock: Clock) -> None:
        self.task = ""
        self._clock = clock
        self._begun: dict[Entry, float] = {}
        self._ended: dict[Entry, tuple[str, float]] = {}
        self._given_up: dict[Entry, float] = {}
        self._listed_at: dict[str, float] = {}
        self._numbers = itertools.count(1)

    def begin(self, life: Entry) -> None:
        self._begun[life] = self._clock.now

    def end(self, life: Entry, status: str) -> None:
        self._ended[life] = status, self._clock.now

    def ended_at(self, life: Entry) -> float | None:
        """When a life ended; None while it goes on."""
        return self._ended[life][1] if life in self._ended else None

    def give_up(self, life: Entry) -> None:
        """The attempt of a life ended, its task may not have."""
        self._given_up[life] = self._clock.now

    def start_task(self, arguments: Any, machine: Machine) -> None:
        assert arguments["Group"] == machine.name
        assert machine.family in arguments["TaskDefinition"]
        self.task = f"arn:aws:ecs:eu-west-1:123456789012:task/longhaul-dev/{next(self._numbers):016x}"

    def describe_execution(self, arguments: Any, asked: Machine, run: int, answer: str, head: str | None) -> Any:
        """What the trace tells of an execution; `head` is the entry that it is asked for."""
        assert arguments == {"ExecutionArn": asked.arn, "IncludedData": "METADATA_ONLY"}
        if answer.startswith("not found"):
            assert head is not None
            age = self._clock.now - time_of(head)
            if answer == "not found, old":
                self._clock.now += max(0.0, YOUNG_SECONDS + 1 - age)
            if answer == "not found, old" or age < YOUNG_SECONDS:
                return Failure("Sfn.ExecutionDoesNotExistException", "Execution Does Not Exist")
            # Too late for that, after all this waiting. What is as old and means the same:
            answer = f"running, redrive {head.split(' ')[1]}"
        status, _, redrives = answer.partition(", redrive ")
        life = Entry(run, int(redrives or asked.redrives))
        told = {"ExecutionArn": asked.arn, "Status": "RUNNING", "RedriveCount": life.redrives}
        if life.redrives:
            told["RedriveDate"] = iso(self._begun[life])
        if status == "ended":
            told["Status"], at = self._ended[life]
            told["StopDate"] = iso(at)
        return told

    def list_tasks(
        self, machine: Machine, owner: Machine, life: Entry, *, between_attempts: bool, shows_task: bool
    ) -> None:
        """Answers a search through one of the two lists, each of two pages, for the tasks of a life of `owner`."""
        desired = {"list running": "RUNNING", "list stopped": "STOPPED"}[machine.step]
        others = [self._other(owner, desired, count) for count in (1, 2)]
        pages = [[others[0], self._stopped(owner)], [others[1]]]
        if shows_task:
            status = {"RUNNING": "RUNNING", "STOPPED": "DEPROVISIONING"}[desired]
            pages[1].append(self._shown(self.task, owner.name, desired, status))
        over = self._given_up[life] if between_attempts else self._ended[life][1]
        if desired == "RUNNING":
            self._check_settled(over)
            self._listed_at[machine.arn] = self._clock.now
        elif not shows_task:
            self._check_settled(self._listed_at[machine.arn])
        token: str | None = None
        for number, page in enumerate(pages):
            arns = [task["TaskArn"] for task in page]
            integration, asked = _call(machine)
            assert integration == "aws-sdk:ecs:listTasks"
            assert {key: asked.get(key) for key in ("Family", "DesiredStatus", "NextToken")} == {
                "Family": owner.family,
                "DesiredStatus": desired,
                "NextToken": token,
            }
            token = f"page {number + 2}" if number + 1 < len(pages) else None
            machine.answer({"TaskArns": arns, **({"NextToken": token} if token else {})})
            integration, asked = _call(machine)
            assert integration == "aws-sdk:ecs:describeTasks"
            assert asked["Tasks"] == arns
            machine.answer({"Tasks": page, "Failures": []})

    def _check_settled(self, since: float) -> None:
        """Whether a list knows by now of what had happened by then, which is what the model takes for granted."""
        assert self._clock.now - since >= SETTLING_SECONDS, "a list is believed too early"

    def _stopped(self, owner: Machine) -> dict[str, Any]:
        return self._shown(f"{self.task or 'arn'}-stopped", owner.name, "STOPPED", "STOPPED")

    def _other(self, owner: Machine, desired: str, count: int) -> dict[str, Any]:
        return self._shown(f"arn-of-another-run-{count}", f"{owner.name}-2", desired, "RUNNING")

    @staticmethod
    def _shown(arn: str, group: str, desired: str, status: str) -> dict[str, Any]:
        return {"TaskArn": arn, "Group": group, "DesiredStatus": desired, "LastStatus": status}


def time_of(entry: str) -> float:
    """When an entry was made, in seconds since 1970."""
    return datetime.fromisoformat(entry.split(" ")[2]).timestamp()


def _call(machine: Machine) -> tuple[str, Any]:
    request = machine.request()
    assert not isinstance(request, Failure), request.cause
    return request
