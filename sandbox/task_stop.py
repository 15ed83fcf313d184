"""Why and how a task is stopped before its containers end by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Stop:
    """A stop of a running task.

    Attributes:
        code: the task's stopCode; empty leaves it out.
        reason: its stoppedReason.
        host_lost: the containers end in this instant, and no exit code is ever known. Otherwise they get SIGTERM, and
            SIGKILL after their stopTimeout.
        out_of_memory: the containers get SIGKILL in this instant, and this is the reason that they show.
        patience_seconds: the real seconds that containers have for what they do on SIGTERM. For whoever still runs
            then, the rest of stopTimeout passes on the clock, which may jump. None: the clock never jumps over a
            stopTimeout.
    """

    code: str
    reason: str
    host_lost: bool = False
    out_of_memory: str = ""
    patience_seconds: float | None = None


def mark_stopping(task: dict[str, Any], stop: Stop) -> None:
    """Show in MiniStack's record of a task that it is to stop and why, unless it is to stop already.

    To be called with the lock of the record.
    """
    from ministack.services import ecs

    if task["desiredStatus"] == "STOPPED":
        return
    ecs._bump_task_version(task)
    task.update(desiredStatus="STOPPED", stoppingAt=ecs._iso(), stopCode=stop.code or None, stoppedReason=stop.reason)
