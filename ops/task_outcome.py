"""How a task ended that no state machine ran: in the words that a state machine has for it.

As definitions/outcome.py tells it of a task whose end Step Functions was told of.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ops.attempts import GOES_ON

_CONTAINER = "job"
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html (stopCode)
_INTERRUPTING = ("SpotInterruption", "TerminationNotice", "InfrastructureHealth", "ServiceSchedulerInitiated")
_PASSING = re.compile(
    r"rate exceeded|too ?many ?requests|throttl|capacity is unavailable|limit on the number of (?:tasks|vcpus)"
    r"|time(?:d )? ?out|deadline exceeded|connection (?:refused|reset)|tls handshake|i[.]o timeout|temporar|try again",
    re.IGNORECASE,
)


def outcome_of(task: Mapping[str, Any]) -> str:
    """SUCCEEDED, an error's name such as `Job.ExitedNonZero`, or GOES_ON for a task that has not stopped.

    Args:
        task: as ECS tells of it, in PascalCase as Step Functions writes it; any key may be missing.
    """
    if task.get("LastStatus") != "STOPPED":
        return GOES_ON
    code, stop_code, container = exit_code(task), task.get("StopCode"), job_container(task)
    if stop_code == "UserInitiated":
        return "Job.Stopped"
    if stop_code in _INTERRUPTING:
        return "Job.Interrupted"
    if code == 0:
        return "SUCCEEDED"
    if str(container.get("Reason") or "").startswith("OutOfMemoryError"):
        return "Job.OutOfMemory"
    if code is not None:
        return "Job.ExitedNonZero"
    if task.get("StartedAt"):
        return "Job.Interrupted"
    return "Job.NeverStarted" if _PASSING.search(reason_of(task) or "") else "Job.Refused"


def job_container(task: Mapping[str, Any]) -> Mapping[str, Any]:
    """The job's own container; empty where ECS tells of none."""
    containers = task.get("Containers")
    found = containers if isinstance(containers, list) else []
    return next((each for each in found if isinstance(each, Mapping) and each.get("Name") == _CONTAINER), {})


def exit_code(task: Mapping[str, Any]) -> int | None:
    """Of the job's container, once it has ended."""
    code = job_container(task).get("ExitCode")
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def reason_of(task: Mapping[str, Any]) -> str | None:
    """ECS's words for why it stopped, in a line."""
    told = (task.get("StoppedReason"), job_container(task).get("Reason"))
    words = dict.fromkeys(each for each in told if isinstance(each, str) and each)
    return " ".join("; ".join(words).split()) or None


def sentence(which: str, task: Mapping[str, Any]) -> str | None:
    """What happened to a task that did not do its work, for a person; None for one that did, or goes on."""
    why, code = f" ({reason_of(task) or 'AWS gave no reason'})", exit_code(task)
    stop_code = f": {task['StopCode']}" if task.get("StopCode") else ""
    return {
        "Job.ExitedNonZero": f"{which} exited with code {code}",
        "Job.OutOfMemory": f"{which} ran out of its memory" + ("" if code is None else f" (exit code {code})"),
        "Job.NeverStarted": f"{which} never started{why}",
        "Job.Refused": f"{which} was refused and did not start{why}",
        "Job.Interrupted": f"{which} lost its machine before it finished{stop_code}{why}",
        "Job.Stopped": f"{which} was stopped by a person or a tool{why}",
    }.get(outcome_of(task))
