"""What it costs that many runs want the same: a storm of jobs that are due at once, and a queue of runs of one job.

    .venv/bin/python -m bench.contention [--jobs N] [--runs N]

The storm: jobs of one stack, each with its own schedule, machine, role and lock, that are due in the same minute, while
RunTask takes 20 calls a second and a tenth of those that it takes find no capacity. Their tasks are processes that do
nothing. No virtual time passes but where all wait, so that all ask in the same second.

The queue: runs of one job that are started at once and wait for each other; the first ends when all others wait.

Seconds are real and the machine's own, virtual ones are what AWS would have taken, without the start of a task.
"""

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from review.prices import STATE_TRANSITION

if TYPE_CHECKING:
    from sandbox.deploy import Deployment
    from sandbox.local_aws import LocalAws

ROOT = Path(__file__).resolve().parent.parent
PROJECT, STACK = "contention", "bench"
IMAGE = "public.ecr.aws/docker/library/alpine:3"
_STANDING = 1e-6
_AT_ONCE = 8


@dataclass(frozen=True, kw_only=True)
class Storm:
    """What became of jobs that were due at once.

    Attributes:
        runs: of each execution its job, its status, and what it says itself, or its error and cause.
        asked: how often RunTask was called.
        throttled, refused: how many of these calls met their limit, and how many more no capacity.
        virtual_seconds: from when they were due to the last one's end.
    """

    runs: list[tuple[str, str, dict[str, Any]]]
    asked: int
    throttled: int
    refused: int
    virtual_seconds: float

    @property
    def tasks(self) -> int:
        """How many tasks were started."""
        return self.asked - self.throttled - self.refused


@contextmanager
def deployed(aws: "LocalAws", jobs: dict[str, dict[str, Any]]) -> Iterator["Deployment"]:
    """A stack of these jobs, by their names."""
    from sandbox.deploy import deploy

    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(ROOT / "__main__.py", folder)
        Path(folder, "Pulumi.yaml").write_text(f"name: {PROJECT}\nruntime: python\n")
        network = {"nat": "none", "availabilityZones": 1}
        config = {"aws:region": aws.region, "longhaul:network": network, "longhaul:jobs": jobs}
        # JSON is YAML too.
        Path(folder, f"Pulumi.{STACK}.yaml").write_text(json.dumps({"config": config}))
        deployment = deploy(Path(folder), STACK, aws, timeout_seconds=3600)
    yield deployment
    deployment.destroy()


def jobs_of_one_minute(count: int) -> dict[str, dict[str, Any]]:
    """Jobs that are due at the same time, and have nothing to do."""
    job = {"image": IMAGE, "entrypoint": ["true"], "schedule": "cron(15 3 * * ? *)"}
    return {f"job-{number:03}": job for number in range(count)}


def storm(aws: "LocalAws", deployment: "Deployment", *, a_second: int, seed: int) -> Storm:
    """Have the jobs of a stack come due at once.

    Args:
        aws: the sandbox.
        deployment: the stack, of `jobs_of_one_minute`.
        a_second: how many calls RunTask takes in a second; of these, a tenth finds no capacity.
        seed: chooses which.
    """
    from sandbox.faults import RefuseCapacity, Throttle
    from sandbox.play import play

    of = f"{PROJECT}-{STACK}-*"
    throttle = aws.faults.add(Throttle(of=of, a_second=a_second))
    no_capacity = aws.faults.add(RefuseCapacity(of=of, share=0.1, seed=seed))
    begin = datetime.fromtimestamp(aws.clock.now(), UTC)
    aws.clock.speed = _STANDING
    try:
        played = play(aws, begin, begin + timedelta(days=1))
    finally:
        aws.clock.speed = 1
        aws.faults.clear()
    jobs = {arn: job for job, arn in deployment.outputs["stateMachines"].items()}
    runs, ends = [], []
    # Whoever shares the sandbox may have stacks of their own in it.
    own = [run for run in played if run.state_machine_arn in jobs]
    for run in own:
        told = aws.client("stepfunctions").describe_execution(executionArn=run.execution_arn)
        ends.append(told["stopDate"])
        says = json.loads(told["output"]) if "output" in told else {key: told.get(key) for key in ("error", "cause")}
        runs.append((jobs[run.state_machine_arn], told["status"], says))
    virtual = max(ends) - min(run.scheduled_time for run in own)
    return Storm(
        runs=runs,
        asked=throttle.met,
        throttled=throttle.struck,
        refused=no_capacity.struck,
        virtual_seconds=virtual.total_seconds(),
    )


def print_storm(aws: "LocalAws", jobs: int) -> None:
    """Time a storm, and print a row for each figure."""
    started = time.perf_counter()
    with deployed(aws, jobs_of_one_minute(jobs)) as deployment:
        there = time.perf_counter()
        found = storm(aws, deployment, a_second=20, seed=1)
        over = time.perf_counter()
    right = sum((status, output.get("attempts")) == ("SUCCEEDED", 1) for _, status, output in found.runs)
    again = [output.get("startRetries", 0) for _, _, output in found.runs]
    print_row(f"{jobs} jobs due at once: to deploy them, s", f"{there - started:.1f}")
    print_row("to their ends, s", f"{over - there:.1f}")
    print_row("to their ends, virtual s", f"{found.virtual_seconds:.0f}")
    print_row("succeeded", f"{right}")
    for _, status, says in found.runs:
        if says.get("status") != "SUCCEEDED":
            print(f"  not so: {status} {says}")
    print_row("tasks", f"{found.tasks}")
    print_row("calls of RunTask", f"{found.asked}")
    print_row("of them throttled", f"{found.throttled}")
    print_row("of them without capacity", f"{found.refused}")
    print_row("starts again, of a run", f"{statistics.mean(again):.1f}", f"at most {max(again)}")


def print_queue(aws: "LocalAws", runs: int) -> None:
    """Let runs queue up and run, one after the other, and print a row for each figure."""
    with tempfile.TemporaryDirectory() as folder:
        gate = Path(folder, "gate")
        script = f"until [ -e {gate} ]; do sleep 0.1; done"
        overlap = {"policy": "queue", "queueLimit": runs}
        job = {"image": IMAGE, "entrypoint": ["sh", "-c", script], "timeout": "30d", "overlap": overlap}
        with deployed(aws, {"queue": job}) as deployment:
            states = aws.client("stepfunctions")
            machine = deployment.outputs["stateMachines"]["queue"]
            started = time.perf_counter()
            with ThreadPoolExecutor(_AT_ONCE) as executor:
                answers = [executor.submit(states.start_execution, stateMachineArn=machine) for _ in range(runs)]
            arns = [answer.result()["executionArn"] for answer in answers]
            (table,) = (made.id for made in deployment.resources if made.token == "aws:dynamodb/table:Table")
            while waiting_in(aws, table) < runs:
                time.sleep(0.1)
            begun = aws.clock.now()
            gate.touch()
            passed = [passed_by(aws, arn) for arn in arns]
            virtual, over = aws.clock.now() - begun, time.perf_counter()
    transitions, events = ([figures[at] for figures in passed] for at in (0, 1))
    per_run = statistics.mean(transitions)
    print_row(f"{runs} runs in a queue: to their ends, s", f"{over - started:.1f}")
    print_row("to their ends, virtual s", f"{virtual:.0f}")
    print_row("transitions of a run", f"{per_run:.1f}", f"at most {max(transitions)}")
    print_row("US dollars a run", f"{per_run * STATE_TRANSITION:.6f}")
    print_row("events of a run, of 25,000", f"{statistics.mean(events):.0f}", f"at most {max(events)}")


def waiting_in(aws: "LocalAws", table: str) -> int:
    """How many runs stand in the one line that there is."""
    items = aws.client("dynamodb").scan(TableName=table, ConsistentRead=True)["Items"]
    return len(items[0]["line"]["L"]) if items else 0


def passed_by(aws: "LocalAws", execution_arn: str) -> tuple[int, int]:
    """How many states an execution entered, which are billed, and its events; once it has ended."""
    from sandbox.play import run_to_end

    run_to_end(aws, execution_arn)
    pages = aws.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=execution_arn)
    types = [event["type"] for page in pages for event in page["events"]]
    return sum(kind.endswith("StateEntered") for kind in types), len(types)


def print_row(label: str, value: str, more: str = "") -> None:
    print(f"{label:44} {value:>10}  {more}".rstrip())


def main() -> None:
    """Print both."""
    from sandbox.local_aws import LocalAws

    parser = argparse.ArgumentParser(description="Count what many runs cost that want the same.")
    parser.add_argument("--jobs", type=int, default=500, help="jobs that are due at once (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=100, help="runs in the queue, up to 500 (default: %(default)s)")
    arguments = parser.parse_args()
    with LocalAws() as aws:
        print_storm(aws, arguments.jobs)
        print_queue(aws, arguments.runs)


if __name__ == "__main__":
    main()
