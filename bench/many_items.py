"""What many items ask of the sandbox: a forEach of which each item is an execution and a task, 50 at a time.

    .venv/bin/python -m bench.many_items [--items N] [--repeat N]

Every tenth item fails, and a tenth may. A task is a shell that notes its item and ends; or that leaves it as its result
too, with curl. Wrong is what is missing, there twice, or not of its item: in what the shells noted, in the child
executions with their ends, in the map run's counts and, where there are results, in the run's result. Seconds count
from StartExecution until the run has ended. Those of the processor, the sandbox's and the tasks' own, are
what another load on the machine moves least. Threads are the most that there were, memory is the sandbox's peak, before
the run and after it. Each measurement has a process of its own. Printed is the median; the range is in brackets.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.contention import deployed
from bench.steps import AT_ONCE, LEAVE, children, ended, for_each

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

ROOT = Path(__file__).resolve().parent.parent
_GLANCE_SECONDS = 0.05
KINDS = {"nothing": "that leave nothing", "results": "that leave a result each"}
FIGURES = {
    "succeeded": "succeeded",
    "failed": "failed",
    "wrong": "wrong",
    "wall": "seconds",
    "own": "the sandbox's seconds of the processor",
    "tasks": "the tasks' seconds of the processor",
    "threads": "threads",
    "before": "peak memory before, MiB",
    "peak": "peak memory, MiB",
}


def measure(kind: str, items: int) -> dict[str, float]:
    """Run so many items once in this process."""
    from sandbox.local_aws import LocalAws

    with tempfile.TemporaryDirectory() as folder, LocalAws() as aws:
        noted = Path(folder, "noted")
        script = f'echo "$LONGHAUL_INPUT" >> {noted}; test $((LONGHAUL_INPUT % 10)) -ne 0'
        results = kind == "results"
        if results:
            script += f" && {LEAVE}"
        job = for_each(script, results=results, maxConcurrency=AT_ONCE, toleratedFailures="10%")
        with deployed(aws, {"items": job}) as deployment:
            machine, found = deployment.outputs["stateMachines"]["items"], {"before": peak_mib()}
            with used(found):
                told = ended(aws, machine, items)
            return {**found, "peak": peak_mib(), **outcome(aws, told, noted.read_text().split(), items)}


@contextmanager
def used(found: dict[str, float]) -> Iterator[None]:
    """Note in `found` what the block takes: `wall`, `own` and `tasks` in seconds, and the most `threads`."""
    over, threads = threading.Event(), [0]

    def look() -> None:
        while not over.wait(_GLANCE_SECONDS):
            threads.append(threading.active_count() - 1)

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    clocks = {"wall": time.perf_counter, "own": time.process_time, "tasks": tasks_seconds}
    before = {key: clock() for key, clock in clocks.items()}
    yield
    found |= {key: clock() - before[key] for key, clock in clocks.items()}
    over.set()
    looking.join()
    found["threads"] = max(threads)


def outcome(aws: "LocalAws", told: dict[str, Any], noted: list[str], items: int) -> dict[str, int]:
    """How many items succeeded and failed, and how much of what is told of them is wrong."""
    states, arn = aws.client("stepfunctions"), told["executionArn"]
    (run,) = states.list_map_runs(executionArn=arn)["mapRuns"]
    counts = states.describe_map_run(mapRunArn=run["mapRunArn"])["itemCounts"]
    numbers = range(1, items + 1)
    errors = {number: None if number % 10 else "Job.ExitedNonZero" for number in numbers}
    failing = items - [*errors.values()].count(None)
    right = {**dict.fromkeys(counts, 0), "total": items, "succeeded": items - failing, "failed": failing}
    executions = [states.describe_execution(executionArn=child) for child in children(aws, arn)]
    wrong = differing(map(int, noted), numbers)
    wrong += differing([(json.loads(each["input"])["input"], each.get("error")) for each in executions], errors.items())
    # Which of them a redrive would take again is not asked here.
    wrong += sum(counts[key] != right[key] for key in ("total", "succeeded", "failed", "aborted", "pending", "running"))
    result = json.loads(told["output"]).get("result")
    if result is not None:
        ends = [each["Error"] if isinstance(each, dict) else each for each in result]
        wrong += differing(enumerate(ends, 1), [(number, error or number) for number, error in errors.items()])
    return {"succeeded": counts["succeeded"], "failed": counts["failed"], "wrong": wrong}


def differing(found: Iterable[Hashable], right: Iterable[Hashable]) -> int:
    """How many are too many, and how many are missing."""
    found, right = Counter(found), Counter(right)
    return (found - right).total() + (right - found).total()


def peak_mib() -> float:
    """The most memory that this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def tasks_seconds() -> float:
    """The processor's seconds of the processes that this one has started and seen end."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def measure_apart(kind: str, items: int) -> dict[str, float]:
    """Measure in a process of its own."""
    command = [sys.executable, "-m", "bench.many_items", "--once", kind, "--items", str(items)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout)


def main() -> None:
    """Print a row for each figure of each kind."""
    parser = argparse.ArgumentParser(description="Time a forEach of many items in the sandbox.")
    parser.add_argument("--items", type=int, default=1000, help="how many items (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=3, help="how often to measure (default: %(default)s)")
    parser.add_argument("--once", choices=KINDS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once:
        print(json.dumps(measure(arguments.once, arguments.items)))
        return
    for kind, label in KINDS.items():
        print(f"{arguments.items} items {label}")
        found = [measure_apart(kind, arguments.items) for _ in range(arguments.repeat)]
        for key, figure in FIGURES.items():
            values = sorted(each[key] for each in found)
            digits = 1 if key in ("wall", "own", "tasks") else 0
            middle, least, most = (
                f"{value:.{digits}f}" for value in (statistics.median(values), values[0], values[-1])
            )
            print(f"  {figure:42} {middle:>8}  [{least} to {most}]")


if __name__ == "__main__":
    main()
