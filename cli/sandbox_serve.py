"""`longhaul sandbox serve`: a local AWS that stays up."""

from __future__ import annotations

import os
import shlex
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from cli.console import notices
from cli.faults import AskedFault, add_faults, parse_fault, say_what_they_did
from cli.sandbox_stack import deployed_stack, end_in_order, provide_clusters
from sandbox.engine.installation import create_stacks, find_cli, install
from sandbox.engine.stack_settings import without_new_salts
from sandbox.instances_of_jobs import provide_instances
from sandbox.local_aws import LocalAws
from sandbox.play import follow
from sandbox.triggers import Delivery
from spec.errors import SpecErrors
from spec.load import load_stack, stack_names
from spec.stack import StackSpec

# How far ahead of the clock there is data for the jobs.
SEEDED = timedelta(days=31)


def serve(root: Path, stack: str | None, port: int, speed: float, fault_texts: Sequence[str]) -> None:
    """Serve a local AWS until Ctrl-C or SIGTERM, with `stack` deployed and its schedules fired by the clock."""
    end_in_order()
    spec = None if stack is None else load_stack(root, stack)
    faults = [parse_fault(text, [job.name for job in spec.jobs] if spec else []) for text in fault_texts]
    with _local_aws(root, spec, port, faults) as aws, _pulumi(root, stack) as lines:
        aws.clock.speed = speed
        _bring_what_jobs_name(aws, root)
        for name, value in aws.environment.items():
            print(f"export {name}={shlex.quote(value)}")
        for line in lines:
            print(line)
        try:
            print(f"# {aws.endpoint} is up; Ctrl-C stops it and all that runs in it.", flush=True)
            follow(aws, threading.Event(), _say)
        except KeyboardInterrupt:
            notices().print("Stopping")
        say_what_they_did(faults)


def _bring_what_jobs_name(aws: LocalAws, root: Path) -> None:
    """Have the instances and clusters of the project's stacks: `pulumi up` may deploy any of them here."""
    stacks = list(_stacks(root))
    provide_instances(aws, [container for spec in stacks for container in spec.containers])
    for spec in stacks:
        provide_clusters(aws, spec)


def _stacks(root: Path) -> Iterator[StackSpec]:
    """The project's, but for wrong ones: of these `pulumi up` says so itself."""
    for name in stack_names(root):
        with suppress(SpecErrors):
            yield load_stack(root, name)


@contextmanager
def _local_aws(root: Path, spec: StackSpec | None, port: int, faults: Sequence[AskedFault]) -> Iterator[LocalAws]:
    if spec is None:
        with LocalAws().start(port) as aws:
            add_faults(faults, aws, str)
            yield aws
    else:
        now = datetime.now(UTC)
        with deployed_stack(root, spec, now, now + SEEDED, port=port) as deployed:
            add_faults(faults, deployed.aws, deployed.resource_name)
            yield deployed.aws


@contextmanager
def _pulumi(root: Path, deployed: str | None) -> Iterator[list[str]]:
    """The lines that lead a person's `pulumi` to the local AWS, while the state that it keeps of it is there.

    Not for the stack that is `deployed` already: its resources are not in Pulumi's state.
    """
    cli = find_cli()
    if cli is None:
        yield ["# There is no Pulumi CLI: `make engine` makes one, for `pulumi up` on this AWS."]
        return
    with TemporaryDirectory(prefix="longhaul-pulumi-") as folder, without_new_salts(root):
        installation = install(Path(folder), cli)
        stacks = [name for name in stack_names(root) if name != deployed]
        create_stacks(installation, root, stacks, Path(folder) / "stacks", dict(os.environ))
        lines = [f"export {name}={shlex.quote(value)}" for name, value in installation.environment.items()]
        if shutil.which("pulumi") is None:
            lines.append(f'export PATH={shlex.quote(str(cli.parent))}:"$PATH"')
        if stacks:
            lines.append(f"# With these `pulumi up` deploys to this AWS, for the stacks {', '.join(stacks)}.")
        yield lines


def _say(delivery: Delivery) -> None:
    what = f"{delivery.scheduled_time:%Y-%m-%dT%H:%M:%SZ} {delivery.trigger} {delivery.status}"
    came_of_it = delivery.started_arn or f"{delivery.error_code}: {delivery.error_message}"
    notices().print(f"{what} {came_of_it}", soft_wrap=True, markup=False)
