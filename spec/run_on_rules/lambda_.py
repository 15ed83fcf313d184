"""The rules of a job that runs as a Lambda function.

https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from spec.aws_forms import LAMBDA_VARIABLE
from spec.compact_json import compact
from spec.container import ImageStart
from spec.durations import duration_text
from spec.model import Problem
from spec.run_on_rules import lambda_zip
from spec.run_on_rules.function_environment import largest_environment
from spec.run_on_rules.note import Note
from spec.run_on_rules.placed import notes_of_each, problems_of_each

if TYPE_CHECKING:
    from spec.job import JobSpec
    from spec.network import NetworkSpec

LONGEST_SECONDS = 900
NEAR_SECONDS = 720
"""A timeout above this is near the limit: four fifths of it."""
MEMORY_MIB = (128, 10_240)
LARGEST_DISK_GIB = 10
# Measured as JSON text, which the error of Lambda shows ("String measured: {...}").
_ENVIRONMENT_BYTES = 4096
_LAMBDAS_OWN = re.compile(r"LAMBDA_.*")
_INSTEAD = "leave Lambda for it: runOn: fargate"
_RUN_ON = (("runOn",),)


def start_of(container: JobSpec) -> ImageStart | None:
    """What Lambda is told to start, which replaces what the image says; None where only the image knows, or nobody.

    As Docker puts them together: an entry point of the job's own drops the image's command.
    """
    given = container.command or ()
    if container.entrypoint is not None:
        return ImageStart(container.entrypoint, given)
    built = container.build.starts if container.image is None and container.build is not None else None
    command = given or (built.command if built is not None else ())
    return None if built is None or not (built.entrypoint or command) else ImageStart(built.entrypoint, command)


def problems(job: JobSpec) -> Iterator[Problem]:
    """What would make a run of the job go wrong there."""
    yield from problems_of_each(job, _problems)


def notes(job: JobSpec) -> Iterator[Note]:
    """What the job says that has no effect there, and a timeout near the limit."""
    yield from notes_of_each(job, _notes)


def reach_notes(job: JobSpec, network: NetworkSpec) -> Iterator[Note]:  # noqa: ARG001
    """What it cannot reach from the stack's network."""
    if network.vpc_id is not None and network.gives_public_ips:
        yield Note(
            ("runOn",),
            "is lambda, and no function has a public address: with assignPublicIp it is left outside of "
            f"{network.vpc_id}, and reaches the internet and nothing private there. Private subnets with a way out "
            "would have it in",
        )


def _problems(container: JobSpec) -> Iterator[Problem]:
    if container.timeout_seconds > LONGEST_SECONDS:
        found = duration_text(container.timeout_seconds)
        yield Problem(
            ("timeout",),
            f"expected at most 15m with runOn: lambda, found {found}: no function runs longer; {_INSTEAD}",
            _RUN_ON,
        )
    least, most = MEMORY_MIB
    if not least <= container.memory_mib <= most:
        message = f"expected {least} to {most:,} MiB with runOn: lambda, found {container.memory_mib:,}; {_INSTEAD}"
        yield Problem(("memory",), message, _RUN_ON)
    if "ephemeral_storage_gib" in container.model_fields_set and container.ephemeral_storage_gib > LARGEST_DISK_GIB:
        found = container.ephemeral_storage_gib
        message = f"expected at most {LARGEST_DISK_GIB} GiB with runOn: lambda, found {found}; {_INSTEAD}"
        yield Problem(("ephemeralStorage",), message, _RUN_ON)
    yield from _environment(container)
    start = start_of(container)
    if container.run_on.is_zip:
        yield from lambda_zip.problems(container, start)
    if start is None and not (container.run_on.is_zip and container.image is not None):
        yield _unknown_start(container)


def _environment(container: JobSpec) -> Iterator[Problem]:
    for name in container.environment:
        if not LAMBDA_VARIABLE.fullmatch(name) or _LAMBDAS_OWN.fullmatch(name):
            message = (
                "expected a name of two or more letters, digits and underscores, a letter first and not LAMBDA_, as "
                f"Lambda takes it, found {name}"
            )
            yield Problem(("environment", name), message, _RUN_ON)
    size = len(compact(largest_environment(container)).encode())
    if size > _ENVIRONMENT_BYTES:
        message = f"expected at most {_ENVIRONMENT_BYTES:,} bytes as JSON text with runOn: lambda, found "
        found = f"up to {size:,} with the ARNs of its secrets" if container.secrets else f"{size:,}"
        also = ", ENV of the Dockerfile and Longhaul's own among them" if container.run_on.is_zip else ""
        yield Problem(("environment",), f"{message}{found}{also}", (("secrets",), *_RUN_ON))


def _unknown_start(container: JobSpec) -> Problem:
    what = "a function must be told what to start, in place of its image"
    if container.image is not None:
        message = f"expected entrypoint beside the image {container.image} with runOn: lambda, found none: {what}"
        return Problem(("entrypoint",), message, (*_RUN_ON, ("image",)))
    dockerfile = container.build.dockerfile if container.build is not None else "Dockerfile"
    message = f"expected entrypoint, or ENTRYPOINT in {dockerfile}, with runOn: lambda, found neither: {what}"
    return Problem(("entrypoint",), message, (*_RUN_ON, ("build",)))


def _notes(container: JobSpec) -> Iterator[Note]:
    if NEAR_SECONDS < container.timeout_seconds <= LONGEST_SECONDS:
        found = duration_text(container.timeout_seconds)
        yield Note(("timeout",), f"{found} is near the 15m that a function has; `doctor` tells when runs come near it")
    said = container.model_fields_set
    for key, name, why in (
        ("cpu", "cpu_units", "a function's CPU comes with its memory, 1 vCPU with 1,769 MiB"),
        ("stopTimeout", "stop_timeout_seconds", "a function that is out of time is not asked to end"),
        ("user", "user", "Lambda has a user of its own"),
        ("readonlyRootFilesystem", "readonly_root_filesystem", "a function can write to /tmp alone"),
    ):
        if name in said and getattr(container, name) is not None:
            yield Note((key,), f"has no effect with runOn: lambda: {why}")
    if container.capacity.spot:
        yield Note(("capacity", "spot"), "has no effect with runOn: lambda: there is no Spot for functions")
