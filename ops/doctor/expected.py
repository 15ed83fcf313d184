"""What a stack should be like: whoever knows that tells it as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class ExpectedTrigger:
    """What should start a job.

    Attributes:
        kind: a rule, or a schedule of EventBridge Scheduler.
        expression: `cron(...)`, `rate(...)`, `at(...)`.
        timezone: the IANA zone of the expression; UTC for a rule.
        window_minutes: how long after its time a schedule may fire; 0 for none, and for a rule.
        enabled: whether it fires.
    """

    kind: Literal["rule", "schedule"]
    expression: str
    timezone: str
    window_minutes: int
    enabled: bool


@dataclass(frozen=True, kw_only=True)
class ExpectedJob:
    """A job as it should be deployed.

    Attributes:
        name: as the stack's file calls it.
        run_on: where it runs, as `DeployedJob.place` has it.
        trigger: its schedule; None for a job without one.
        event_patterns: of the rules that events start it by, by their names, with any account and Region.
        state_machine: the definition, with any account, Region and generated names; None of a job without one.
        task_definitions: requests of RegisterTaskDefinition by their family. A container without an `image` may have
            any.
    """

    name: str
    run_on: str
    trigger: ExpectedTrigger | None
    event_patterns: Mapping[str, Any]
    state_machine: Mapping[str, Any] | None
    task_definitions: Mapping[str, Mapping[str, Any]]
