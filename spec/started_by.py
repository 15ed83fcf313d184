"""What starts a job beside its schedule: another job's end, an object that is created, a role that may."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field

from spec.bucket_name import bucket_name
from spec.forms import Form, choice, text
from spec.model import Problem, Spec
from spec.words import nearest_hint, shown

JOB_REFERENCE = text("the name of another job of the stack", shortest=1)
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html, of which the rest of the pattern takes some.
_PATTERN_CHARACTERS = 2048 - 200
_ROLE_NAME = r"[A-Za-z0-9_+=,.@-]{1,64}"


def _part_of_a_key() -> Form:
    return text("a part of an object's key of 1 to 1024 characters", shortest=1, longest=1024)


def _role() -> Form:
    return text(
        "the name of an IAM role or its ARN, arn:aws:iam::ACCOUNT:role/NAME",
        pattern=rf"{_ROLE_NAME}|arn:aws(?:-[a-z]+)*:iam::[0-9]{{12}}:role/(?:[!-~]+/)?{_ROLE_NAME}",
    )


class StartingJobSpec(Spec):
    """A job of the same stack whose runs' ends start this job."""

    SHORTHAND = "job"

    job: Annotated[str, JOB_REFERENCE] = Field(description="The other job.")
    on: Annotated[Literal["success", "failure"], choice("success", "failure")] = Field(
        default="success",
        description="At which end. `success`: it did its work; a skipped run did not. `failure`: it failed, timed out "
        "or was aborted; a run that a newer one replaced did not.",
    )


class StartingObjectsSpec(Spec):
    """Objects whose creation starts this job, a run for each. The bucket must send its events to EventBridge."""

    bucket: Annotated[str, bucket_name()] = Field(description="The bucket, in the stack's account and Region.")
    prefix: Annotated[str, _part_of_a_key()] | None = Field(
        default=None, description="What the object's key begins with; without it, anything."
    )
    suffix: Annotated[str, _part_of_a_key()] | None = Field(
        default=None, description="What the object's key ends with; without it, anything."
    )


class StartedBySpec(Spec):
    """What starts the job beside its schedule; [starting.md](starting.md) says what a run gets then."""

    jobs: tuple[StartingJobSpec, ...] = Field(default=(), description="Jobs of the stack whose ends start this one.")
    objects: tuple[StartingObjectsSpec, ...] = Field(
        default=(), description="Objects in S3 whose creation starts the job."
    )
    roles: tuple[Annotated[str, _role()], ...] = Field(
        default=(),
        description="Roles of the stack's account, such as a Lambda function's, that may start the job: each gets "
        "`states:StartExecution` on it.",
    )

    @property
    def buckets(self) -> dict[str, tuple[StartingObjectsSpec, ...]]:
        """What of each bucket starts the job, by the bucket's name."""
        names = dict.fromkeys(each.bucket for each in self.objects)
        return {name: tuple(each for each in self.objects if each.bucket == name) for name in names}

    @property
    def role_names(self) -> dict[str, str]:
        """The roles by their names without a path, each as it is written."""
        return {role.rpartition("/")[2]: role for role in self.roles}

    def problems(self) -> Iterator[Problem]:
        """Entries that say the same, and patterns that EventBridge would refuse for their length."""
        yield from _repeated("jobs", [(each.job, each.on) for each in self.jobs])
        yield from _repeated("objects", [(each.bucket, each.prefix, each.suffix) for each in self.objects])
        yield from _repeated("roles", [role.rpartition("/")[2] for role in self.roles])
        for name, objects in self.buckets.items():
            size = sum(len(json.dumps(f"{each.prefix or ''}{each.suffix or ''}")) + 20 for each in objects)
            if size > _PATTERN_CHARACTERS:
                limit = f"at most {_PATTERN_CHARACTERS:,} characters of prefixes and suffixes of one bucket"
                why = "an event pattern has 2,048"
                yield Problem(("objects",), f"expected {limit}, found {size:,} for {shown(name)}: {why}")


def _repeated(key: str, entries: Sequence[object]) -> Iterator[Problem]:
    for place, entry in enumerate(entries):
        if entry in entries[:place]:
            yield Problem((key, place), f"expected each entry once, found it at {key}[{entries.index(entry)}] too")


def mistakes_between(
    started: Mapping[str, StartedBySpec], runs: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, Problem]]:
    """Names in `startedBy.jobs` that cannot be meant, each with the job that says so.

    Args:
        started: what starts each job of the stack, by the job's name.
        runs: the other jobs that the steps of each job run.
    """
    starts_on_success: dict[str, list[str]] = {name: list(others) for name, others in runs.items()}
    for name, by in started.items():
        for place, each in enumerate(by.jobs):
            loc = ("startedBy", "jobs", place)
            if each.job == name:
                yield name, Problem(loc, f"expected another job of the stack, found {shown(name)} itself")
            elif each.job not in started:
                hint = nearest_hint(each.job, [other for other in started if other != name])
                wanted = f"expected a job of the stack, found {shown(each.job)}"
                yield name, Problem(loc, f"{wanted}: {hint}" if hint else wanted)
            elif each.on == "success":
                if way := _way(name, each.job, starts_on_success):
                    circle = " -> ".join([each.job, *way])
                    message = f"expected jobs that do not start each other without end, found {circle}"
                    yield name, Problem(loc, message)
                else:
                    starts_on_success.setdefault(each.job, []).append(name)


def _way(first: str, last: str, following: Mapping[str, Sequence[str]]) -> list[str]:
    """The shortest way from one job to another, both included; empty where there is none."""
    ways, seen = [[first]], {first}
    for way in ways:
        if way[-1] == last:
            return way
        coming = [each for each in following.get(way[-1], ()) if each not in seen]
        seen.update(coming)
        ways += [[*way, each] for each in coming]
    return []
