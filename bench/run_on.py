"""What a run costs in each kind of place that a job can run in: its state transitions, and dollars.

    .venv/bin/python -m bench.run_on

The same job runs once in each of them, in the sandbox, started by its schedule; it may overlap, and nothing fails.
Transitions are counted in the histories of real executions: every state that was entered, and every retry of a call
that Step Functions makes by itself. Dollars are at AWS's list prices in review/prices.py, for a run of each length: of
Fargate or Lambda, of the transitions, and of a task's public address. Logs, traffic and free tiers are left out, and so
are machines that are there anyway. A run takes a moment here: its length is put in.
"""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bench.contention import IMAGE, deployed
from bench.steps import history, transitions
from review import prices
from review.costs import attempt_dollars
from review.run_on_page import COSTS_AFTER_SECONDS, KINDS, LONGEST_ON_LAMBDA_SECONDS, NEEDED
from spec.durations import duration_text
from spec.job import JobSpec
from spec.run_on import RunOnKind

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws
    from sandbox.play import Run


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


def main() -> None:
    """Run the job in each place, and print a row for each."""
    from sandbox.local_aws import LocalAws
    from sandbox.play import play

    lengths = [duration_text(seconds) for seconds in COSTS_AFTER_SECONDS]
    print(f"{'':12} {'transitions':>11} " + " ".join(f"{f'US dollars, {length}':>16}" for length in lengths))
    with LocalAws() as aws, deployed(aws, {kind: job(kind) for kind in KINDS}):
        begin = datetime.fromtimestamp(aws.clock.now(), UTC)
        runs = {run.trigger.rpartition("-")[2]: run for run in play(aws, begin, begin + timedelta(days=1))}
        for kind in KINDS:
            counted = billed(aws, runs[kind])
            figures = " ".join(f"{dollars(kind, counted, seconds):>16}" for seconds in COSTS_AFTER_SECONDS)
            print(f"{kind:12} {counted:>11} {figures}")


if __name__ == "__main__":
    main()
