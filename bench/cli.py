"""How long the command takes to answer, and a whole `make sandbox` after the installation.

    .venv/bin/python -m bench.cli [--repeat N] [--sandbox N]

Wall time of the process, from its start to its exit: the median, and the range in brackets. `--sandbox 0` leaves the
last one out.
"""

import argparse
import statistics
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def seconds(command: list[str]) -> float:
    """How long the command takes; raises CalledProcessError if it fails."""
    started = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    """Print one row for each command."""
    parser = argparse.ArgumentParser(description="Time the command line.")
    parser.add_argument("--repeat", type=int, default=10, help="how often to run the quick ones (default: %(default)s)")
    parser.add_argument("--sandbox", type=int, default=3, help="how often to make the sandbox (default: %(default)s)")
    arguments = parser.parse_args()
    for command, repeat in (
        (["./longhaul", "--help"], arguments.repeat),
        (["./longhaul", "check"], arguments.repeat),
        (["make", "sandbox"], arguments.sandbox),
    ):
        if repeat:
            found = sorted(seconds(command) for _ in range(repeat))
            print(f"{' '.join(command):20} {statistics.median(found):6.2f} s  [{found[0]:.2f} to {found[-1]:.2f}]")


if __name__ == "__main__":
    main()
