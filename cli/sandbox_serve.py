"""`longhaul sandbox serve`: a local AWS that stays up."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cli.console import notices
from cli.sandbox_stack import deployed_stack, end_in_order
from sandbox.local_aws import LocalAws
from sandbox.play import follow
from sandbox.triggers import Delivery

# How far ahead of the clock there is data for the jobs.
SEEDED = timedelta(days=31)


def serve(root: Path, stack: str | None, port: int, speed: float) -> None:
    """Serve a local AWS until Ctrl-C or SIGTERM, with `stack` deployed and its schedules fired by the clock."""
    end_in_order()
    with _local_aws(root, stack, port) as aws:
        aws.clock.speed = speed
        for name, value in aws.environment.items():
            print(f"export {name}={shlex.quote(value)}")
        print(f"# {aws.endpoint} is up; Ctrl-C stops it and all that runs in it.", flush=True)
        try:
            follow(aws, threading.Event(), _say)
        except KeyboardInterrupt:
            notices().print("Stopping")


@contextmanager
def _local_aws(root: Path, stack: str | None, port: int) -> Iterator[LocalAws]:
    if stack is None:
        with LocalAws().start(port) as aws:
            yield aws
    else:
        now = datetime.now(UTC)
        with deployed_stack(root, stack, now, now + SEEDED, port=port) as deployed:
            yield deployed.aws


def _say(delivery: Delivery) -> None:
    what = f"{delivery.scheduled_time:%Y-%m-%dT%H:%M:%SZ} {delivery.trigger} {delivery.status}"
    notices().print(f"{what} {delivery.execution_arn or f'{delivery.error_code}: {delivery.error_message}'}")
