"""What becomes of tasks that no state machine runs: one rule more writes it into the ledger.

The lines are in the ledger's own log group, beside those of executions and kept as long: one place to look, and one
policy. A line is the event's JSON as EventBridge delivers it, with `detail-type` "ECS Task State Change"; its `detail`
is the task as DescribeTasks tells it, with times as ISO texts. Written are three of a task's changes:

- PROVISIONING: ECS has taken it, and where it may not be seen to start.
- RUNNING: it has started; once more with `desiredStatus` STOPPED when it is being stopped.
- STOPPED: it has ended, and how: `stopCode`, `stoppedReason`, and each container's `exitCode` and `reason`.

A task did its work where its `stopCode` is EssentialContainerExited and the `exitCode` of its container is 0. Whatever
else has stopped it, it may not have, even where it exited with 0 on SIGTERM.

Only tasks without a state machine are written down, by their group: see task_start.py. Events come at least once and in
any order: the highest `version` of a task is the latest.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
"""

from typing import Any

from definitions.place import Place

KEPT_STATUSES = ("PROVISIONING", "RUNNING", "STOPPED")

_ENDED_WELL = "EssentialContainerExited"
_FAILED = [
    {"stopCode": [{"anything-but": _ENDED_WELL}]},
    {"stopCode": [{"exists": False}]},
    {"containers": {"exitCode": [{"anything-but": 0}]}},
    {"containers": {"exitCode": [{"exists": False}]}},
]


def event_pattern(place: Place) -> dict[str, Any]:
    """Matches the changes of state that the ledger keeps."""
    return _changes(place, lastStatus=list(KEPT_STATUSES))


def failures_pattern(place: Place) -> dict[str, Any]:
    """Matches the ends of tasks that did not do their work.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Task.html, stopCode
    """
    return _changes(place, lastStatus=["STOPPED"], **{"$or": _FAILED})


def description(place: Place) -> str:
    """What the rule that fills the ledger is for, as its description."""
    return f"Keeps the changes of state of the tasks of {place.project} ({place.stack}) that have no state machine"


def _changes(place: Place, **of_detail: Any) -> dict[str, Any]:
    return {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Task State Change"],
        "detail": {"group": [{"prefix": f"family:{place.prefix}"}], **of_detail},
    }
