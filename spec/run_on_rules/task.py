"""The rules of a job that runs without a state machine: EventBridge starts its task, and nothing looks after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from spec.model import Loc, Problem
from spec.run_on_rules.note import Note
from spec.steps import all_steps
from spec.words import shown

if TYPE_CHECKING:
    from spec.job import JobSpec

_RUN_ON = (("runOn",),)
_WITH = "with runOn: task"
_INSTEAD = "runOn: fargate would do it"


def problems(job: JobSpec) -> Iterator[Problem]:
    """What would make a run of the job go wrong there."""
    policy = job.overlap.policy
    if policy != "allow":
        found = policy if "policy" in job.overlap.model_fields_set else f"none, which is {policy}"
        yield Problem(
            ("overlap",),
            f"expected allow {_WITH}, found {found}: nothing keeps its runs apart, and one that is due starts "
            f"whatever runs; {_INSTEAD}",
            _RUN_ON,
        )
    elif job.overlap.once_per_time:
        yield Problem(
            ("overlap", "oncePerTime"),
            f"expected false {_WITH}, found true: nothing knows whether a time has been started before; {_INSTEAD}",
            _RUN_ON,
        )
    if job.schedule is None:
        yield Problem(
            ("schedule",),
            f"expected one {_WITH}, found none: what starts it on time is all that knows how its task is run, "
            "whoever starts it. One that is to be started by hand alone has enabled: false beside it",
            _RUN_ON,
        )
    for key, is_set, why in (
        ("count", job.count is not None, "EventBridge starts one task"),
        ("steps", bool(job.steps), "nothing takes one step after the other"),
        ("onFailure", bool(job.on_failure), "nothing notices that it failed but the alerts"),
        ("results", job.results, "nothing reads what a task leaves"),
    ):
        if is_set:
            yield Problem((key,), f"expected none {_WITH}, found some: {why}; {_INSTEAD}", _RUN_ON)
    for key, is_set in (
        ("jobs", bool(job.started_by.jobs)),
        ("objects", bool(job.started_by.objects)),
        ("roles", bool(job.started_by.roles)),
    ):
        if is_set:
            yield Problem(
                ("startedBy", key),
                f"expected none {_WITH}, found some: its schedule and people start it, and what else could has a state "
                f"machine to start; {_INSTEAD}",
                _RUN_ON,
            )


def notes(job: JobSpec) -> Iterator[Note]:
    """What the job says that has no effect there."""
    written = job.model_fields_set
    for key, name, why in (
        ("retries", "retries", "nothing runs it again"),
        (
            "startRetries",
            "start_retries",
            "a start that ECS throttles is tried again until startDeadline, and a lost task is not started again",
        ),
        ("timeout", "timeout_seconds", "nothing stops it: ECS has no timeout of a task"),
    ):
        if name in written:
            yield Note((key,), f"has no effect {_WITH}: {why}")
    if job.capacity.on_demand_after is not None:
        yield Note(("capacity", "onDemandAfter"), f"has no effect {_WITH}: a run is one task")
    if job.capacity.spot:
        yield Note(("capacity", "spot"), f"a task that Spot takes away is not started again {_WITH}")


def between(jobs: Iterable[JobSpec]) -> Iterator[tuple[JobSpec, Problem]]:
    """What other jobs expect of such a job and it has not: a run that they could wait for, or hear the end of."""
    jobs = tuple(jobs)
    alone = {job.name for job in jobs if job.run_on.kind == "task"}
    for job in jobs:
        for loc, name in _named_by(job):
            if name in alone:
                expected = "expected a job with a state machine"
                yield job, Problem(loc, f"{expected}, found {shown(name)}, which has runOn: task: {_INSTEAD}")


def _named_by(job: JobSpec) -> Iterator[tuple[Loc, str]]:
    for place, each in enumerate(job.started_by.jobs):
        yield ("startedBy", "jobs", place), each.job
    for key, part in (("steps", job.steps), ("onFailure", job.on_failure)):
        for loc, step in all_steps(part, (key,)):
            if step.job is not None:
                yield (*loc, "job"), step.job
