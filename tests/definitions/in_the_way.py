"""What is in a run's way, as the run itself sees it: a world for `walker.walk`, and the names to expect."""

from collections.abc import Callable
from typing import Any

from spec.job import JobSpec
from tests.definitions.walker import EXECUTION, Failure

MachineOf = Callable[[JobSpec], dict[str, Any]]

TABLE = "longhaul-dev-locks-0a1b2c3"
ME = EXECUTION["Id"]
OTHER = ME.replace(":7f2e", ":0ther")
TIME = "2026-11-24T03:15:00Z"
SCHEDULED = {"trigger": "schedule", "scheduledTime": TIME, "input": {}}
TAKE, LOOK, ASK, TURN = (
    "Take the lock",
    "Look at the lock",
    "Ask after the run in the way",
    "Whose turn is it?",
)
RUN, DECIDE, RELEASE = "Run the job", "How did it end?", "Give back the lock"
SEARCH = [
    "Let the lists settle",
    "Look for tasks left over",
    "Is a task left over?",
    "Let the lists settle",
    "Look for tasks left over",
    "Is a task left over?",
]
"""The search that finds nothing."""
EXCLUSIVE = ("skip", "queue", "replace")


class Aws:
    """DynamoDB, Step Functions and ECS as one run sees them: what it is told next of each."""

    def __init__(self, *lines: list[str], status: str = "RUNNING", started_by: str | None = None, **told: Any) -> None:
        self.lines = list(lines)
        self.told = {"Status": status, "RedriveCount": 0, **told}
        self.started_by = started_by
        self.takes = [Failure("DynamoDb.TransactionCanceledException", "[ConditionalCheckFailed, None]")]
        self.tasks: list[list[dict[str, str]]] = []

    def __call__(self, integration: str, arguments: Any) -> Any:
        match integration.rpartition(":")[2]:
            case "transactWriteItems":
                return self.takes.pop(0) if self.takes else {}
            case "batchGetItem":
                line = self.lines.pop(0) if len(self.lines) > 1 else self.lines[0]
                items: list[dict[str, Any]] = [
                    {"key": {"S": "lock#job#nightly"}, "line": {"L": [{"S": entry} for entry in line]}}
                ]
                if self.started_by:
                    items.append({"key": {"S": f"time#nightly#{TIME}"}, "execution": {"S": self.started_by}})
                return {"Responses": {TABLE: items}, "UnprocessedKeys": {}}
            case "describeExecution":
                return self.told if arguments["ExecutionArn"] == OTHER else {"Status": "RUNNING", "RedriveCount": 0}
            case "listTasks":
                self.listed = self.tasks.pop(0) if self.tasks else []
                return {"TaskArns": [task["TaskArn"] for task in self.listed]}
            case "describeTasks":
                return {"Tasks": self.listed, "Failures": []}
            case _:
                return {}


def entry(execution: str, redrives: int = 0, time: str = "2026-11-24T03:00:00.000Z") -> str:
    return f"{execution} {redrives} {time}"


def called(run: Any, action: str) -> list[Any]:
    return [arguments for integration, arguments in run.calls if integration.endswith(f":{action}")]
