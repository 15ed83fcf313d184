"""What the checked-out stack says of its jobs, as `ops.doctor` compares it with what is deployed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ops.doctor import ExpectedJob, ExpectedTrigger

# What a rendered task definition has in the place of the digest of an image that is built.
_STAND_IN_DIGEST = f"@sha256:{'0' * 64}"


def expected_jobs(root: Path, stack: str) -> list[ExpectedJob]:
    """The jobs of a stack as its files have them. Raises SpecErrors."""
    from definitions.render import documents
    from ops.doctor import ExpectedJob
    from spec.load import load_stack

    loaded = load_stack(root, stack)
    found = []
    for job in loaded.jobs:
        rendered = documents(job, loaded)
        tasks = rendered.get("task-definition", {})
        found.append(
            ExpectedJob(
                name=job.name,
                run_on=job.run_on.place,
                trigger=_trigger(rendered["trigger"]),
                event_patterns={
                    started["rule"]["Name"]: json.loads(started["rule"]["EventPattern"])
                    for started in rendered["trigger"].get("startedBy", ())
                },
                state_machine=rendered.get("state-machine"),
                task_definitions={
                    task["family"]: _any_built_image(task)
                    # On Kubernetes and Lambda there are none.
                    for task in (tasks.values() if job.steps or not tasks else [tasks])
                },
            )
        )
    return found


def _trigger(rendered: dict[str, Any]) -> ExpectedTrigger | None:
    from ops.doctor import ExpectedTrigger

    if "schedule" in rendered:
        schedule = rendered["schedule"]
        return ExpectedTrigger(
            kind="schedule",
            expression=schedule["ScheduleExpression"],
            timezone=schedule["ScheduleExpressionTimezone"],
            window_minutes=schedule["FlexibleTimeWindow"].get("MaximumWindowInMinutes", 0),
            enabled=schedule["State"] == "ENABLED",
        )
    if "rule" in rendered:
        rule = rendered["rule"]
        return ExpectedTrigger(
            kind="rule",
            expression=rule["ScheduleExpression"],
            timezone="UTC",
            window_minutes=0,
            enabled=rule["State"] == "ENABLED",
        )
    return None


def _any_built_image(definition: dict[str, Any]) -> dict[str, Any]:
    """A task definition without the images whose digests only their build knows."""
    containers = [
        {key: value for key, value in container.items() if key != "image" or not value.endswith(_STAND_IN_DIGEST)}
        for container in definition["containerDefinitions"]
    ]
    return {**definition, "containerDefinitions": containers}
