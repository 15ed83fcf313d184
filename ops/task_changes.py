"""A task that no state machine runs, told in the words in which an execution is told of.

EventBridge keeps such a task's changes of state in the stack's ledger, as definitions/task_changes.py says, and
DescribeTasks tells the same of it for an hour after its end. Both become what the ledger has of an execution: so that
whoever reads runs need not know which of the two a run is.

What this way cannot tell: a limit of time, attempts, or a redrive, as there are none.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ops.attempts import GOES_ON, moment
from ops.stack import DeployedJob
from ops.task_outcome import exit_code, outcome_of, reason_of, sentence
from spec.compact_json import compact

DETAIL_TYPE = "ECS Task State Change"
"""Of the events that tell of such tasks."""
BY_HAND = "longhaul/"
"""What `startedBy` begins with of a task that the command line has started; what follows is its trigger."""
GROUP = "family:"
"""What the group of such a task begins with; what follows is the name of its job's resources."""
TASK_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

# As ops/task_start.py calls a run that does another again.
_RERUN = re.compile(rf"rerun-[0-9a-f]+-(?:of-(?P<execution>[0-9A-Za-z_-]+)|(?P<task>{TASK_ID.pattern}))")
_TEXTS = ("TaskArn", "LastStatus", "TaskDefinitionArn")
_OF_LONGHAUL = "LONGHAUL_"


def is_task(arn: str) -> bool:
    """Whether the ARN of a run is a task's, and not an execution's."""
    return arn.split(":")[2:3] == ["ecs"]


def run_name(arn: str) -> str:
    """The name of a run: an execution's name, or a task's id."""
    return arn.rpartition("/" if is_task(arn) else ":")[2]


def resource_of_task(detail: Mapping[str, Any]) -> str | None:
    """The name of the resources of the job whose task an event or DescribeTasks tells of, in their own case; None of a
    task of a state machine, whose group is another one."""
    group = detail.get("group")
    return group.removeprefix(GROUP) if isinstance(group, str) and group.startswith(GROUP) else None


def change_of_run(detail: Mapping[str, Any], jobs: Mapping[str, DeployedJob]) -> dict[str, Any]:
    """A task as `change_of` tells it; empty where it is no run of one of some jobs.

    Of a job that has a state machine the runs are those of before it had one: they were given a run's variables, and
    a task that somebody has had ECS run beside it was not.

    Args:
        detail: of an event, or DescribeTasks' own.
        jobs: by the names of their resources.
    """
    job = jobs.get(resource_of_task(detail) or "")
    change = change_of(detail, job.arn) if job else {}
    if job and change and job.state_machine_arn is not None and "LONGHAUL_EXECUTION" not in _variables(change["task"]):
        return {}
    return change


def change_of(detail: Mapping[str, Any], job_arn: str) -> dict[str, Any]:
    """A task as a change of status of an execution; empty where the text is no task's.

    The `stateMachineArn` of the change is `job_arn`, its `executionArn` is the task's, and in `task` is all that is
    told of it, in PascalCase.

    Args:
        detail: of an event, or DescribeTasks' own.
        job_arn: what stands for the job.
    """
    task = pascal(detail)
    asked, arn = moment(task.get("CreatedAt")), task.get("TaskArn")
    if asked is None or asked.tzinfo is None or not all(isinstance(task.get(key), str) for key in _TEXTS):
        return {}
    outcome = outcome_of(task)
    variables = _variables(task)
    given = _input(task, variables)
    status = outcome if outcome in (GOES_ON, "SUCCEEDED") else "FAILED"
    ended = None if outcome == GOES_ON else max(asked, _end(task) or asked)
    facts = {
        "job": variables.get("LONGHAUL_JOB"),
        "stack": variables.get("LONGHAUL_STACK"),
        "status": status,
        "exitCode": exit_code(task),
        "taskArn": arn,
        "startedAt": _text(moment(task.get("StartedAt"))),
        "stoppedAt": _text(ended),
        "scheduledTime": given.get("scheduledTime"),
        "stopCode": task.get("StopCode"),
        "reason": reason_of(task),
    }
    told = compact({key: value for key, value in facts.items() if value is not None})
    change: dict[str, Any] = {
        "executionArn": arn,
        "stateMachineArn": job_arn,
        "status": status,
        "startDate": _milliseconds(asked),
        "input": compact(given),
        "version": task.get("Version") if isinstance(task.get("Version"), int) else 0,
        "task": task,
    }
    if ended is not None:
        change["stopDate"] = _milliseconds(ended)
    if status == "SUCCEEDED":
        change["output"] = told
    elif status == "FAILED":
        which = f"{variables.get('LONGHAUL_JOB', 'the task')} ({variables.get('LONGHAUL_STACK', 'no stack is told')})"
        change |= {"error": outcome, "cause": f"{sentence(which, task)}\n{told}"}
    return change


def pascal(value: Any) -> Any:
    """A task in the case in which Step Functions writes one."""
    if isinstance(value, Mapping):
        return {key[:1].upper() + key[1:]: pascal(entry) for key, entry in value.items()}
    return [pascal(entry) for entry in value] if isinstance(value, list) else value


def _input(task: Mapping[str, Any], variables: Mapping[str, str]) -> dict[str, Any]:
    """What a state machine would have been started with to run this task."""
    by = task.get("StartedBy")
    by_hand = isinstance(by, str) and by.startswith(BY_HAND)
    due = variables.get("LONGHAUL_SCHEDULED_TIME")
    trigger = str(by).removeprefix(BY_HAND) if by_hand else "schedule" if due else "manual"
    given: dict[str, Any] = {"trigger": trigger}
    if due and trigger != "manual":
        given["scheduledTime"] = due
    if again := _rerun_of(task, variables.get("LONGHAUL_EXECUTION", "")):
        given["rerunOf"] = again
    if "LONGHAUL_INPUT" in variables:
        try:
            given["input"] = json.loads(variables["LONGHAUL_INPUT"])
        except (ValueError, RecursionError):
            given["input"] = None
    container = _overridden(task)
    if isinstance(container.get("Command"), list) and container["Command"]:
        given["command"] = container["Command"]
    if more := {name: value for name, value in variables.items() if not name.startswith(_OF_LONGHAUL)}:
        given["environment"] = more
    return given


def _rerun_of(task: Mapping[str, Any], called: str) -> str | None:
    """The ARN of the run that a task does again, by what it was told that its own is called."""
    found, arn = _RERUN.fullmatch(called), task["TaskArn"]
    if found is None:
        return None
    if found["task"]:
        return f"{arn.rpartition('/')[0]}/{found['task']}"
    _, partition, _, region, account, _ = arn.split(":", 5)
    machine = str(task.get("Group")).removeprefix(GROUP)
    return f"arn:{partition}:states:{region}:{account}:execution:{machine}:{found['execution']}"


def _variables(task: Mapping[str, Any]) -> dict[str, str]:
    """What the task was given of its environment as it was started."""
    pairs = _overridden(task).get("Environment")
    return {
        pair["Name"]: pair["Value"]
        for pair in (pairs if isinstance(pairs, list) else ())
        if isinstance(pair, Mapping) and isinstance(pair.get("Name"), str) and isinstance(pair.get("Value"), str)
    }


def _overridden(task: Mapping[str, Any]) -> Mapping[str, Any]:
    overrides = task.get("Overrides")
    containers = overrides.get("ContainerOverrides") if isinstance(overrides, Mapping) else None
    found = [each for each in (containers if isinstance(containers, list) else ()) if isinstance(each, Mapping)]
    return found[0] if found else {}


def _end(task: Mapping[str, Any]) -> datetime | None:
    found = next((end for key in ("StoppedAt", "StoppingAt", "UpdatedAt") if (end := moment(task.get(key)))), None)
    return found if found is not None and found.tzinfo else None


def _text(time: datetime | None) -> str | None:
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03}Z" if time and time.tzinfo else None


def _milliseconds(time: datetime) -> int:
    return round(time.timestamp() * 1000)
