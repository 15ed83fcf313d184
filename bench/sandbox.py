"""How long the sandbox takes: to listen, to deploy the dev stack, and to run 200 executions at once.

    .venv/bin/python -m bench.sandbox [--jobs] [--repeat N]

Each measurement has a process of its own, and seconds count from its start, Python's own start and all imports
included, or for the runs from the first StartExecution until all have ended. The runs are processes of 0.2 s, of which
every fourth fails; with `--jobs` they are the dev stack's own jobs on the data that the sandbox seeds, of which
every fourth cannot use its input. A run is wrong if its status, exit code or error is not what it must be. Peak memory
is the sandbox's, without the processes of the tasks. Printed is the median; the range is in brackets.
"""

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

ROOT = Path(__file__).resolve().parent.parent
RUNS = 200
# A shell of the machine is enough: there is no image, so none is built.
WAITS = {
    "image": "example.com/waits:1",
    "entrypoint": ["sh", "-c", 'sleep 0.2; case "$LONGHAUL_INPUT" in *fail*) exit 64; esac'],
    "overlap": "allow",
}
# Input that none of the three can use: each knows its own keys alone.
FAIL = {"fail": True}


def measure(started: float, *, of_jobs: bool) -> dict[str, float]:
    """Start a sandbox in this process, deploy, run; `started` is when the process was, in epoch seconds."""
    from sandbox.local_aws import LocalAws
    from sandbox.seed import HISTORY, seed
    from spec.load import load_stack

    begin = datetime.now(UTC)
    with LocalAws(start_time=(begin - HISTORY).timestamp()) as aws:
        listening = time.time() - started
        environments = {job.name: job.environment for job in load_stack(ROOT, "dev").jobs}
        seed(aws.client, environments, begin, begin + timedelta(days=1), aws.clock.advance_to)
        seeded = time.time() - started
        # Folders that stay, because tasks run in them.
        with project_whose_runs_meet() as dev, project_that_waits() as other:
            machines = list(deployed_machines(dev, "dev", aws).values())
            deployed = time.time() - started
            if not of_jobs:
                machines = list(deployed_machines(other, "bench", aws).values())
            seconds, wrong = run_at_once(aws, machines)
    return {
        "listening": listening,
        "seeded": seeded,
        "deployed": deployed,
        "runs": seconds,
        "wrong": wrong,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def deployed_machines(root: Path, stack: str, aws: "LocalAws") -> dict[str, str]:
    """Deploy a stack; the ARN of the state machine of each job."""
    from sandbox.deploy import deploy

    return deploy(root, stack, aws).outputs["stateMachines"]


@contextmanager
def project_whose_runs_meet() -> Iterator[Path]:
    """This project with its dev stack, but for `overlap`: runs of one job run beside each other."""
    with project() as folder:
        shutil.copytree(ROOT / "jobs", folder / "jobs", ignore=shutil.ignore_patterns("__pycache__"))
        stack = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text())
        for job in stack["config"]["longhaul:jobs"].values():
            job["overlap"] = "allow"
        (folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump(stack))
        yield folder


@contextmanager
def project_that_waits() -> Iterator[Path]:
    """This program with a stack of one job that takes 0.2 s."""
    with project() as folder:
        config = {"aws:region": "eu-west-1", "longhaul:jobs": {"waits": WAITS}}
        # JSON is YAML too.
        (folder / "Pulumi.bench.yaml").write_text(json.dumps({"config": config}))
        yield folder


@contextmanager
def project() -> Iterator[Path]:
    """This program, without a stack."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("__main__.py", "Pulumi.yaml"):
            shutil.copy(ROOT / name, folder)
        yield Path(folder)


def run_at_once(aws: "LocalAws", machines: list[str]) -> tuple[float, int]:
    """Start all runs, wait for their ends: the seconds it took, and how many ended wrong."""
    from ops.runs import read_run
    from sandbox.play import run_to_end

    states = aws.client("stepfunctions")
    started = time.perf_counter()
    runs = []
    for number in range(RUNS):
        execution_input = {"input": FAIL} if number % 4 == 0 else {}
        answer = states.start_execution(
            stateMachineArn=machines[number % len(machines)], input=json.dumps(execution_input)
        )
        runs.append(answer["executionArn"])
    for execution_arn in runs:
        run_to_end(aws, execution_arn)
    seconds = time.perf_counter() - started
    wrong = 0
    for number, execution_arn in enumerate(runs):
        run = read_run(aws.client, "", execution_arn)
        right = ("FAILED", 64, "Job.ExitedNonZero") if number % 4 == 0 else ("SUCCEEDED", 0, None)
        wrong += (run.status, run.exit_code, run.error) != right
    return seconds, wrong


def measure_apart(*, of_jobs: bool) -> dict[str, Any]:
    """Measure in a process of its own, so that nothing is warm but the disk."""
    command = [sys.executable, "-m", "bench.sandbox", "--once", repr(time.time()), *(["--jobs"] if of_jobs else [])]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout)


def main() -> None:
    """Print one row for each figure."""
    parser = argparse.ArgumentParser(description="Time the sandbox.")
    parser.add_argument("--jobs", action="store_true", help="run the dev stack's own jobs")
    parser.add_argument("--repeat", type=int, default=3, help="how often to measure (default: %(default)s)")
    parser.add_argument("--once", type=float, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once:
        print(json.dumps(measure(arguments.once, of_jobs=arguments.jobs)))
        return
    found = [measure_apart(of_jobs=arguments.jobs) for _ in range(arguments.repeat)]
    what = "of the dev stack's jobs" if arguments.jobs else "of 0.2 s"
    rows = {
        "listening": "start to listening, s",
        "seeded": "start to data seeded, s",
        "deployed": "start to dev deployed, s",
        "runs": f"{RUNS} runs {what} at once, s",
        "wrong": "of them wrong",
        "peak": "peak memory, MiB",
    }
    for key, label in rows.items():
        values = sorted(each[key] for each in found)
        digits = 0 if key in ("wrong", "peak") else 2
        median, least, most = (f"{value:.{digits}f}" for value in (statistics.median(values), values[0], values[-1]))
        print(f"{label:44} {median:>8}  [{least} to {most}]")


if __name__ == "__main__":
    main()
