"""Rules between several fields of one job. A rule names the field to blame and says what was expected and found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from spec import run_on_rules, step_rules
from spec.aws_forms import LONGEST_BUCKET_NAME, SECRET_EXPECTS, ambiguous_secret
from spec.container import ContainerSpec
from spec.durations import DAY_SECONDS, duration_text
from spec.model import Loc, Problem
from spec.run_length import longest_execution_seconds
from spec.run_on_rules import sizes
from spec.step_containers import job_of, placed_containers, takes_large_inputs

if TYPE_CHECKING:
    from spec.job import JobSpec

# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html: an execution lasts at most a year.
_LONGEST_EXECUTION_SECONDS = 365 * DAY_SECONDS
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: a role's inline policies.
_INLINE_POLICY_CHARACTERS = 10_240
# A task definition may have 64 KiB; 4 KiB are left for what Longhaul puts into it.
_CONTAINER_BYTES = 60 * 1024


def problems(job: JobSpec) -> Iterator[Problem]:
    """All rules of a job by itself that do not hold."""
    if job.steps:
        yield from _containers_of_steps(job)
    else:
        yield from _container(job)
    yield from step_rules.problems(job)
    yield from run_on_rules.problems(job)
    yield from _overlap(job)
    yield from _a_run_ends(job)
    yield from _schedule(job)
    yield from _started_by(job)
    yield from tags_differ(job.tags)


def _container(job: JobSpec) -> Iterator[Problem]:
    """The rules of what runs as one task."""
    yield from _image_or_build(job)
    yield from sizes.problems(job)
    yield from _secrets(job)
    yield from _capacity(job)
    yield from _retries(job)
    yield from _permissions_fit(job)
    yield from _container_fits(job)


def _containers_of_steps(job: JobSpec) -> Iterator[Problem]:
    """The same rules for each step that has a container: a mistake that comes from the job is said there, once."""
    said: set[tuple[Loc, str]] = set()
    for loc, step, container in placed_containers(job):
        own = {key for key, name in ContainerSpec.yaml_keys().items() if name in step.model_fields_set}
        for problem in _container(container):
            concerned = (problem.loc, *problem.others)
            moved = [(*loc, *one) if one[0] in own else one for one in concerned]
            if (moved[0], problem.message) not in said:
                said.add((moved[0], problem.message))
                yield Problem(moved[0], problem.message, (*moved[1:], loc))


def _image_or_build(job: JobSpec) -> Iterator[Problem]:
    if job.image is not None and job.build is not None:
        yield Problem(("image",), "expected image or build, found both", (("build",),))
    elif job.image is None and job.build is None:
        yield Problem(("image",), "expected image or build, found neither", (("build",),))


def _secrets(job: JobSpec) -> Iterator[Problem]:
    for name, secret in job.secrets.items():
        if name in job.environment:
            message = f"expected {name} in secrets or in environment, found it in both"
            yield Problem(("secrets", name), message, (("environment", name),))
        if job.run_on.kind != "kubernetes" and (ambiguous := ambiguous_secret(secret.source)):
            yield Problem(("secrets", name, "from"), f"expected {SECRET_EXPECTS}, found {ambiguous}", (("runOn",),))
        if secret.key is not None and secret.service == "ssm":
            yield Problem(
                ("secrets", name, "key"),
                "expected a secret in Secrets Manager, found a key of an SSM parameter: ECS takes it whole",
            )


def _capacity(job: JobSpec) -> Iterator[Problem]:
    after, starts = job.capacity.on_demand_after, job.start_retries.attempts
    if after is None:
        return
    loc = ("capacity", "onDemandAfter")
    if not job.capacity.spot:
        message = "expected spot: true beside it, found false: without Spot every start is on demand"
        yield Problem(loc, message, (("capacity", "spot"),))
    elif after > starts:
        message = f"expected at most the {starts} attempts of startRetries, found {after}: the run ends before"
        yield Problem(loc, message, (("startRetries", "attempts"),))


def _retries(job: JobSpec) -> Iterator[Problem]:
    for key, budget in (("retries", job.retries), ("startRetries", job.start_retries)):
        if budget.interval_seconds > budget.max_interval_seconds:
            longest, interval = duration_text(budget.max_interval_seconds), duration_text(budget.interval_seconds)
            message = f"expected interval to be at most maxInterval, found {interval} and {longest}"
            yield Problem((key, "interval"), message, ((key, "maxInterval"),))
    if job.retries.on_timeout and not job.retries.attempts:
        message = "expected attempts beside it, found 0: without retries it has no effect"
        yield Problem(("retries", "onTimeout"), message, (("retries", "attempts"),))


def _overlap(job: JobSpec) -> Iterator[Problem]:
    policy, written = job.overlap.policy, job.overlap.model_fields_set
    for key, wanted, why, holds in (
        ("group", "skip, queue or replace", "runs that may overlap need no group", policy != "allow"),
        ("queueLimit", "queue", "no run waits", policy == "queue"),
        ("oncePerTime", "allow", "with the others a scheduled time starts one run anyway", policy == "allow"),
    ):
        if job.overlap.yaml_keys()[key] in written and not holds:
            message = f"expected the policy {wanted} beside it, found {policy}: {why}"
            yield Problem(("overlap", key), message, (("overlap", "policy"),))


def _a_run_ends(job: JobSpec) -> Iterator[Problem]:
    if longest_execution_seconds(job) <= _LONGEST_EXECUTION_SECONDS:
        return
    if job.steps:
        message = (
            "expected all steps of a run to end within the 365d of an execution, found longer timeouts and retries"
        )
        yield Problem(("steps",), message)
        return
    retries, again = job.retries.attempts, job.start_retries.attempts
    starts = f"{retries + again + 1} starts of {duration_text(job.timeout_seconds)}"
    why = f"{retries} for retries, {again} for startRetries"
    fewer = next((count for count in range(again, -1, -1) if _ends_with(job, start_retries=count)), None)
    hint = "" if fewer is None else f": startRetries: {{attempts: {fewer}}} would do"
    yield Problem(
        ("timeout",),
        "expected all starts of a run to end within the 365d of an execution, "
        f"found {starts} ({why}) and the waits between them{hint}",
        (("retries",), ("startRetries",)),
    )


def _ends_with(job: JobSpec, *, start_retries: int) -> bool:
    budget = job.start_retries.model_copy(update={"attempts": start_retries})
    longest = longest_execution_seconds(job.model_copy(update={"start_retries": budget}))
    return longest <= _LONGEST_EXECUTION_SECONDS


def _schedule(job: JobSpec) -> Iterator[Problem]:
    if job.schedule is None:
        for key, value in (("timezone", job.timezone), ("flexibleWindow", job.flexible_window_minutes)):
            if value is not None:
                yield Problem((key,), "expected a schedule beside it, found none", (("schedule",),))
    elif job.timezone is not None and job.schedule.startswith("rate("):
        yield Problem(
            ("timezone",),
            f"expected cron(...) or at(...) beside it, found {job.schedule}: a rate has no time of day",
            (("schedule",),),
        )


def _started_by(job: JobSpec) -> Iterator[Problem]:
    for problem in job.started_by.problems():
        yield Problem(("startedBy", *problem.loc), problem.message)


def _permissions_fit(job: JobSpec) -> Iterator[Problem]:
    statements = [
        {
            "Effect": permission.effect,
            "Action": permission.actions,
            "Resource": permission.resources,
            **({"Condition": permission.conditions} if permission.conditions else {}),
        }
        for permission in job.permissions
    ]
    if job.results:
        longest = f"arn:aws-us-gov:s3:::{'x' * LONGEST_BUCKET_NAME}/{job.name}/*"
        statements.append({"Sid": "LeaveResults", "Effect": "Allow", "Action": ["s3:PutObject"], "Resource": longest})
    if takes_large_inputs(job) or job.name != job_of(job):
        longest = f"arn:aws-us-gov:s3:::{'x' * LONGEST_BUCKET_NAME}/{job_of(job)}/*/input.json"
        statements.append(
            {"Sid": "ReadLargeInputs", "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": longest}
        )
    length = len(json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":")))
    if length > _INLINE_POLICY_CHARACTERS:
        limit = f"at most {_INLINE_POLICY_CHARACTERS:,} characters of policy, IAM's limit for a role"
        yield Problem(("permissions",), f"expected {limit}, found {length:,}")


def _container_fits(job: JobSpec) -> Iterator[Problem]:
    secrets = [(name, secret.source, secret.key) for name, secret in job.secrets.items()]
    parts = [job.entrypoint, job.command, list(job.environment.items()), secrets]
    size = len(json.dumps(parts, ensure_ascii=False).encode())
    if size > _CONTAINER_BYTES:
        wanted = f"at most {_CONTAINER_BYTES:,} bytes of environment, secrets, entrypoint and command together"
        yield Problem(
            ("environment",), f"expected {wanted}, found {size:,}", (("secrets",), ("entrypoint",), ("command",))
        )


def tags_differ(tags: dict[str, str]) -> Iterator[Problem]:
    """Keys of tags that differ in case only: IAM takes them for one."""
    seen: dict[str, str] = {}
    for key in tags:
        if key.casefold() in seen:
            yield Problem(
                ("tags", key), f'expected keys that differ in more than case, found "{seen[key.casefold()]}" too'
            )
        seen.setdefault(key.casefold(), key)
