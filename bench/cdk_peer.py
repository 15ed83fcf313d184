"""How this program compares with the same jobs in the AWS CDK: time and memory until all is said, no AWS.

    .venv/bin/python -m bench.cdk_peer [JOBS ...] [--repeat N]

In turns, after a run of each that does not count: `bench/program.py --once`, the Pulumi program against mocks, and
`bench/cdk_app.py`, which synthesizes a template. Both are in Python, each in a process of its own. Wall time is the
process's, from its start to its exit. Processor time and memory are those of the process and all its descendants (the
CDK runs in a Node.js of its own); memory is the peak of what they hold together, looked at a hundred times a second in
/proc: so this needs Linux. A row has of each figure the medians, ours and theirs, and the ratio of the two.
The CDK is installed into .cdk when it is not there, from bench/requirements-cdk.txt; Node.js has to be on PATH.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import astuple, dataclass
from pathlib import Path

from bench.program import ROOT

SIZES = (1, 10, 100)
CDK = ROOT / ".cdk"
REQUIREMENTS = ROOT / "bench" / "requirements-cdk.txt"
SECONDS_BETWEEN_LOOKS = 0.01
MIB = 2**20


@dataclass(frozen=True)
class Cost:
    """What a process and its descendants took: wall seconds, processor seconds, and the peak of their memory in MiB."""

    seconds: float
    processor_seconds: float
    peak_mib: float


def cdk_python() -> Path:
    """The Python that has the CDK; installs it unless exactly what is required is there."""
    installed = CDK / "installed.txt"
    if not installed.is_file() or installed.read_text() != REQUIREMENTS.read_text():
        print(f"Installing the AWS CDK into {CDK.name}", file=sys.stderr)
        venv.create(CDK, clear=True, with_pip=True)
        pip = [str(CDK / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", str(REQUIREMENTS)], check=True)
        installed.write_text(REQUIREMENTS.read_text())
    return CDK / "bin" / "python"


def measure(command: list[str]) -> Cost:
    """Run the command to its end; exits with what it said if it fails."""
    with tempfile.TemporaryFile("w+") as said:
        started, before, peak = time.perf_counter(), processor_seconds(), 0
        process = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=said)
        while process.poll() is None:
            peak = max(peak, resident_bytes(process.pid))
            time.sleep(SECONDS_BETWEEN_LOOKS)
        seconds = time.perf_counter() - started
        if process.returncode:
            said.seek(0)
            sys.exit(f"error: {' '.join(command)}\n{said.read()}")
    return Cost(seconds, processor_seconds() - before, peak / MIB)


def processor_seconds() -> float:
    """What all that this process has run, and seen the end of, has spent of the processors."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def resident_bytes(pid: int) -> int:
    """The memory of a process and its descendants; of those that have ended, none."""
    folder = Path("/proc", str(pid))
    try:
        pages = int((folder / "statm").read_text().split()[1])
        children = [
            child for thread in (folder / "task").iterdir() for child in (thread / "children").read_text().split()
        ]
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(resident_bytes(int(child)) for child in children)


def compare(jobs: int, repeat: int) -> tuple[Cost, Cost]:
    """The medians of both, this program's first."""
    found: tuple[list[Cost], list[Cost]] = [], []
    for _ in range(repeat + 1):
        with tempfile.TemporaryDirectory() as folder:
            ours = [sys.executable, "bench/program.py", "--once", str(jobs)]
            theirs = [str(cdk_python()), "-m", "bench.cdk_app", str(jobs), folder]
            for costs, command in zip(found, (ours, theirs), strict=True):
                costs.append(measure(command))
    # The first run of each found nothing compiled and nothing in the disk's cache.
    return median(found[0][1:]), median(found[1][1:])


def median(costs: list[Cost]) -> Cost:
    """Each figure by itself."""
    return Cost(*map(statistics.median, zip(*map(astuple, costs), strict=True)))


def main() -> None:
    """Print a row for each size as it is measured: of each figure ours, the CDK's, and the ratio."""
    parser = argparse.ArgumentParser(description="Compare the program with the same jobs in the AWS CDK.")
    parser.add_argument("jobs", nargs="*", type=int, default=SIZES, help="numbers of jobs (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=5, help="how often to measure each (default: %(default)s)")
    arguments = parser.parse_args()
    print(" jobs             wall s        processor s           peak MiB")
    for jobs in arguments.jobs:
        ours, theirs = compare(jobs, arguments.repeat)
        pairs = zip(astuple(ours), astuple(theirs), (2, 2, 0), strict=True)
        figures = [f"{our:6.{digits}f} {their:6.{digits}f} {our / their:4.2f}" for our, their, digits in pairs]
        print(f"{jobs:5} {'  '.join(figures)}")


if __name__ == "__main__":
    main()
