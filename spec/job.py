"""A job: what runs, and how often. Its fields with bounds, defaults and descriptions are here or in container.py."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field

from spec import job_rules
from spec.aws_forms import RETENTION_DAYS, Tags, retention_days, schedule_expression, time_zone
from spec.container import ContainerSpec
from spec.durations import DAY_SECONDS, duration
from spec.forms import flag, json_value, text
from spec.model import Problem
from spec.overlap import OverlapSpec
from spec.run_on import RunOnSpec
from spec.started_by import StartedBySpec
from spec.steps import CountSpec, StepSpec
from spec.words import listed

JOB_NAME = text(
    "a job's name of lower-case letters, digits and single hyphens, a letter first",
    pattern="[a-z][a-z0-9]*(?:-[a-z0-9]+)*",
)


class JobSpec(ContainerSpec):
    """A job as one stack runs it."""

    NOT_WRITTEN = frozenset({"name"})

    name: Annotated[str, JOB_NAME] = Field(
        description="Name of the job: its folder's name, its key in `longhaul:jobs`."
    )
    run_on: RunOnSpec = Field(
        default_factory=RunOnSpec,
        validation_alias="runOn",
        description="[Where the job runs](run-on.md), its steps too; `runOn: lambda` says the kind of place alone.",
    )
    count: CountSpec | None = Field(
        default=None,
        description="Runs the container as several tasks at once, each with its own `LONGHAUL_INDEX`. `count: 20` says "
        "how many alone.",
    )
    steps: tuple[StepSpec, ...] = Field(
        default=(),
        description="What the job does one after the other, in place of one container; later steps may use the results "
        "of earlier ones.",
    )
    on_failure: tuple[StepSpec, ...] = Field(
        default=(),
        validation_alias="onFailure",
        description="With `steps`: what runs after a step has failed, whatever it was. The run fails all the same.",
    )
    overlap: OverlapSpec = Field(
        default_factory=OverlapSpec,
        description="What a run does that finds another one of the job still running, however it was started: by the "
        "schedule, by hand, again, for a past time. `overlap: queue` says the policy alone.",
    )
    started_by: StartedBySpec = Field(
        default_factory=StartedBySpec,
        validation_alias="startedBy",
        description="What starts the job beside its schedule: other jobs' ends, objects in S3, roles that may.",
    )
    schedule: Annotated[str, schedule_expression()] | None = Field(
        default=None,
        description="When the job starts: `cron(...)`, `rate(...)` or `at(...)`. Without it, people and "
        "what `startedBy` names start it.",
    )
    timezone: Annotated[str, time_zone()] | None = Field(
        default=None, description="IANA time zone that `cron(...)` and `at(...)` are meant in; without it, UTC."
    )
    flexible_window_minutes: Annotated[int, duration(60, DAY_SECONDS, unit="m", example="15m")] | None = Field(
        default=None,
        validation_alias="flexibleWindow",
        description="The job may start this much later than scheduled, to spread load.",
    )
    enabled: Annotated[bool, flag()] = Field(
        default=True,
        description="Whether the schedule starts the job; by hand and by what `startedBy` names it always can be.",
    )
    start_deadline_seconds: Annotated[int, duration(60, DAY_SECONDS)] = Field(
        default=3600,
        validation_alias="startDeadline",
        description="How late a start by the schedule, a job or an object may still be delivered; after that it goes "
        "to the dead-letter queue.",
    )
    input: Annotated[Any, json_value()] = Field(
        default_factory=dict,
        description="JSON the job gets as `LONGHAUL_INPUT`, unless a person's start brings its own. No secrets. "
        "Numbers of more than 15 digits go in quotes.",
    )
    log_retention_days: Annotated[int, retention_days()] = Field(
        default=30,
        validation_alias="logRetention",
        description=f"How long log lines are kept: {listed(RETENTION_DAYS)} days.",
    )
    tags: Tags = Field(default_factory=dict, description="Tags of the job's resources, beside the stack's.")

    def problems(self) -> Iterable[Problem]:
        """The rules between several fields of a job that do not hold."""
        return job_rules.problems(self)


def check_job_name(name: str) -> None:
    """Raise ValueError, with the reason, for what cannot be a job's name."""
    JOB_NAME.read(name)
