"""What a run costs in each kind of place that a job can run in: its state transitions, and dollars.

    .venv/bin/python -m bench.run_on

The same job runs once in each of them, in the sandbox, started by its schedule; it may overlap, and nothing fails.
Transitions are counted in the histories of real executions: every state that was entered, and every retry of a call
that Step Functions makes by itself. Dollars are at AWS's list prices in review/prices.py, for a run of each length: of
Fargate or Lambda, of the transitions, and of a task's public address. Logs, traffic and free tiers are left out, and so
are machines that are there anyway. A run takes a moment here: its length is put in.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from bench.contention import IMAGE
from bench.steps import history, transitions
from review import prices
from review.costs import attempt_dollars
from review.run_on_page import COSTS_AFTER_SECONDS, KINDS, LONGEST_ON_LAMBDA_SECONDS, NEEDED
from spec.durations import duration_text
from spec.job import JobSpec
from spec.load import load_stack
from spec.run_on import RunOnKind

if TYPE_CHECKING:
    from cli.sandbox_stack import DeployedStack
    from sandbox.local_aws import LocalAws
    from sandbox.play import Run

ROOT = Path(__file__).parents[1]
BEGIN, DAY = datetime(2026, 11, 30, tzinfo=UTC), timedelta(days=1)


def job(kind: RunOnKind) -> dict[str, Any]:
    """The job, as a stack's file has it: a quarter of a vCPU, 512 MiB."""
    return {
        "image": IMAGE,
        "entrypoint": ["true"],
        "timeout": "15m",
        "overlap": "allow",
        "schedule": "cron(15 3 * * ? *)",
        "runOn": {"kind": kind, **NEEDED[kind]},
    }


def billed(aws: "LocalAws", run: "Run") -> int:
    """The state transitions of a run; none where nothing but a task was started."""
    if run.status != "SUCCEEDED":
        raise SystemExit(f"error: {run.trigger}: {run.status}: {run.error}: {run.cause}")
    return transitions(history(aws, run.execution_arn)) if run.execution_arn else 0


def dollars(kind: RunOnKind, counted: int, seconds: int) -> str:
    """What a run of this length costs."""
    if kind == "lambda" and seconds > LONGEST_ON_LAMBDA_SECONDS:
        return "-"
    spec = JobSpec.model_validate({"name": kind, **job(kind)})
    return f"{counted * prices.STATE_TRANSITION + attempt_dollars(spec, seconds, public_ip=True):.6f}"


@contextmanager
def deployed() -> Iterator["DeployedStack"]:
    """A stack with the job in each kind of place, and what has to be there already."""
    from cli.sandbox_stack import deployed_stack

    with TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(ROOT / "__main__.py", folder)
        # A function's image is made in there.
        (folder / "components").symlink_to(ROOT / "components")
        (folder / "Pulumi.yaml").write_text("name: bench\nruntime: python\n")
        config = {"aws:region": "eu-west-1", "longhaul:jobs": {kind: job(kind) for kind in KINDS}}
        # JSON is YAML too.
        (folder / "Pulumi.dev.yaml").write_text(json.dumps({"config": config}))
        with deployed_stack(folder, load_stack(folder, "dev"), BEGIN, BEGIN + DAY) as stack:
            yield stack


def main() -> None:
    """Run the job in each place, and print a row for each."""
    from sandbox.play import play

    lengths = [duration_text(seconds) for seconds in COSTS_AFTER_SECONDS]
    print(f"{'':12} {'transitions':>11} " + " ".join(f"{f'US dollars, {length}':>16}" for length in lengths))
    with deployed() as stack:
        runs = {run.trigger.rpartition("-")[2]: run for run in play(stack.aws, BEGIN, BEGIN + DAY)}
        for kind in KINDS:
            counted = billed(stack.aws, runs[kind])
            figures = " ".join(f"{dollars(kind, counted, seconds):>16}" for seconds in COSTS_AFTER_SECONDS)
            print(f"{kind:12} {counted:>11} {figures}")


if __name__ == "__main__":
    main()
