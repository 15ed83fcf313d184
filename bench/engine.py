"""How long Pulumi's real engine takes for a first preview and a first up against the sandbox, and who takes it.

    .venv/bin/python -m bench.engine [JOBS ...] [--repeat N]

Needs a Pulumi CLI on PATH, or the one that `make engine` makes. Each row is one command's wall time, from its start to
its exit, parted into three. `program`: the program's process is at work, from its start to its end, imports included,
apart from where it waits for the engine. `provider`: a plugin of the sandbox starts or handles a call, which contains
the sandbox's API calls, and the program waits. `engine`: the rest. So what happens at the same time is the program's,
and its share is the highest that can be said; bench/at_work.py is how it is noted. Checkpoints are skipped. Each
size has a process, a sandbox and a state of its own; of several runs the one of median wall time is printed.
"""

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from shutil import copy
from typing import TYPE_CHECKING, Any

from bench.program import ROOT, STACK, write_project

if TYPE_CHECKING:
    from sandbox.engine.installation import Installation

SIZES = (1, 10, 100)
COMMANDS = {"preview": ["preview"], "up": ["up", "--yes", "--skip-preview"]}
# The engine starts a language host twice, and has the second one run the program.
RUN = "/pulumirpc.LanguageRuntime/Run"
# On a file backend the engine otherwise writes the whole state after each resource.
SKIP_CHECKPOINTS = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}

PLUGIN = "sandbox.engine.plugin"
Stretch = tuple[float, float]


def measure(jobs: int) -> dict[str, Any]:
    """Preview and deploy that many jobs: the seconds of each command by who took them, and the number of resources."""
    from sandbox.engine.installation import create_stacks, find_cli, install
    from sandbox.local_aws import LocalAws

    found = find_cli()
    if found is None:
        sys.exit("error: there is no Pulumi CLI; `make engine` makes one")
    with tempfile.TemporaryDirectory() as temporary, LocalAws() as aws:
        folder = Path(temporary)
        project, records, programs = folder / "project", folder / "records", folder / "bin"
        for new in (project, records, programs):
            new.mkdir()
        write_project(project, jobs)
        # A copy: the language host beside it is to be this one, which notes what it does.
        installation = install(folder, Path(copy(found, programs)))
        _note_work(installation, records)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PULUMI_"))}
        environment |= aws.environment | installation.environment | SKIP_CHECKPOINTS
        environment["PULUMI_IGNORE_AMBIENT_PLUGINS"] = "true"
        create_stacks(installation, project, [STACK], folder / "stacks", environment)

        def pulumi(*arguments: str) -> str:
            command = [str(installation.cli), *arguments, "--stack", STACK, "--non-interactive"]
            ended = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
            if ended.returncode:
                sys.exit(f"error: pulumi {' '.join(arguments)}\n{ended.stdout}{ended.stderr}")
            return ended.stdout

        seconds = {}
        for name, command in COMMANDS.items():
            began = time.monotonic()
            pulumi(*command)
            seconds[name] = parts(began, time.monotonic(), records)
        resources = json.loads(pulumi("stack", "export"))["deployment"]["resources"]
    return {"resources": len(resources), **seconds}


def _note_work(installation: "Installation", records: Path) -> None:
    """Have what the engine starts note in `records` when it is at work."""
    home = Path(installation.environment["PULUMI_HOME"])
    for script in [installation.cli.parent / "pulumi-language-python", *home.glob("plugins/*/pulumi-resource-*")]:
        script.write_text(script.read_text().replace(" -m ", f" -m bench.at_work {shlex.quote(str(records))} "))


def parts(began: float, ended: float, records: Path) -> dict[str, float]:
    """The seconds between two moments by who took them."""
    program: list[Stretch] = []
    provider: list[Stretch] = []
    for file in records.iterdir():
        text = file.read_text()
        stretches = program if RUN in text else provider if PLUGIN in file.name else []
        for line in text.splitlines():
            start, end = map(float, line.split()[:2])
            if start >= began:
                stretches.append((start, min(end, ended)))
    both = covered([*program, *provider])
    wall = ended - began
    return {"wall": wall, "program": covered(program), "provider": both - covered(program), "engine": wall - both}


def covered(stretches: Iterable[Stretch]) -> float:
    """The seconds in which any of the stretches lasts."""
    seconds, reached = 0.0, 0.0
    for start, end in sorted(stretches):
        seconds += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return seconds


def measure_apart(jobs: int) -> dict[str, Any]:
    """Measure in a process of its own, so that one size does not warm up the next."""
    command = [sys.executable, "-m", "bench.engine", "--once", str(jobs)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout)


def median_run(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    """The run of median wall time."""
    wall = statistics.median_low(run["wall"] for run in runs)
    return next(run for run in runs if run["wall"] == wall)


def main() -> None:
    """Print a row for each size and command as it is measured."""
    parser = argparse.ArgumentParser(description="Time the program on Pulumi's real engine.")
    parser.add_argument("jobs", nargs="*", type=int, default=SIZES, help="numbers of jobs (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=3, help="how often to measure (default: %(default)s)")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.once:
        print(json.dumps(measure(arguments.jobs[0])))
        return
    print(" jobs  resources  command  wall s  program s  provider s  engine s  program's share")
    for jobs in arguments.jobs:
        found = [measure_apart(jobs) for _ in range(arguments.repeat)]
        for command in COMMANDS:
            run = median_run([each[command] for each in found])
            print(
                f"{jobs:5}  {found[0]['resources']:9}  {command:7}  {run['wall']:6.2f}  {run['program']:9.2f}"
                f"  {run['provider']:10.2f}  {run['engine']:8.2f}  {run['program'] / run['wall']:15.0%}"
            )


if __name__ == "__main__":
    main()
