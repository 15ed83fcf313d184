"""What ECS tells EventBridge of tasks: an event on the default bus for each change of a task's state.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
"""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Mapping
from typing import Any

from ministack.core.concurrency import resource_lock
from ministack.core.responses import request_scope
from ministack.services import ecs, eventbridge

_log = logging.getLogger(__name__)

SOURCE = "aws.ecs"
# Events have no health, and no tags.
_NOT_TOLD = {"healthStatus", "tags"}
_NOT_TOLD_OF_CONTAINERS = {"healthStatus", "networkBindings"}


def announce(task: Mapping[str, Any], *, times: int = 1) -> None:
    """Tell a change of a task's state, which its record shows already, so many times.

    What nobody asks for is not even written: most stacks have no rule for it, and a task has six changes.
    """
    region, account = task["taskArn"].split(":")[3:5]
    with request_scope(account, region):
        if not _is_asked_for():
            return
        with resource_lock("ecs-task", task["taskArn"]):
            told = detail(task)
        entry = {
            "Source": SOURCE,
            "DetailType": "ECS Task State Change",
            "Detail": json.dumps(told),
            "Resources": [task["taskArn"]],
        }
        try:
            for _ in range(times):
                eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
        except Exception:
            _log.warning("a change of state of %s was not published", task["taskArn"], exc_info=True)


def detail(task: Mapping[str, Any]) -> dict[str, Any]:
    """The `detail` of the event: the task as DescribeTasks tells it, with some other words."""
    told: dict[str, Any] = {
        name: value
        for name, value in ecs._sanitize(task).items()  # type: ignore[union-attr]
        if name not in _NOT_TOLD
    }
    stopped = told["lastStatus"] == "STOPPED"
    told["attachments"] = [
        {**each, "type": "eni", "status": "DELETED" if stopped else each["status"]} for each in told["attachments"]
    ]
    told["containers"] = [
        {name: value for name, value in each.items() if name not in _NOT_TOLD_OF_CONTAINERS}
        for each in told["containers"]
    ]
    # Each container by its name, whether anything of it is overridden or not.
    overrides = {each["name"]: each for each in told["overrides"]["containerOverrides"]}
    names = [each["name"] for each in told["containers"]]
    told["overrides"] = {
        **{name: value for name, value in told["overrides"].items() if value},
        "containerOverrides": [{"name": name, **overrides.get(name, {})} for name in names],
    }
    return {**told, "updatedAt": ecs._iso()}


def _is_asked_for() -> bool:
    """Whether a rule of the default bus could match, by its source alone."""
    return any(
        _may_match(rule["EventPattern"])
        for rule in eventbridge._rules.values()
        if rule["State"] == "ENABLED" and rule["EventPattern"] and rule["EventBusName"] == "default"
    )


@functools.lru_cache(maxsize=1024)
def _may_match(pattern: str) -> bool:
    sources = json.loads(pattern).get("source")
    return not isinstance(sources, list) or any(source == SOURCE or isinstance(source, dict) for source in sources)
