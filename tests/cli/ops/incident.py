"""The night that docs/incident.md tells of, in a sandbox: `python -m tests.cli.ops.incident FILE` plays it.

The stack dev, with a mistake in its file, is deployed and its schedules fire until a run has failed. Then the page's
commands are run, one after another. Into FILE goes the page, with what they print and with the alert in the places of
what it has of them now, where these differ in more than what is different each time.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from cli.sandbox_stack import DeployedStack, deployed_stack
from sandbox.play import play, run_to_end
from spec.load import load_stack
from tests.cli.conftest import ENVIRONMENT
from tests.queues import Queue, subscribed

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "incident.md"
DEPLOYED = datetime(2026, 11, 24, 3, 30, tzinfo=UTC)
DUE = datetime(2026, 11, 25, 3, 15, tzinfo=UTC)
SCHEDULE = "      schedule: cron(15 3 * * ? *)\n"
MISTAKE = "      input: {date: 24-11-2026}\n"
ALERTS = "  longhaul:alerts: {email: [ops@example.com]}\n"
JOBS = "  longhaul:jobs:\n"

# A command with what it prints, or the alert.
_SHOWN = re.compile(
    r"```sh\n(?P<command>[^\n]+)\n```\n\n```text\n(?P<printed>.*?)```|```json\n(?P<alert>.*?)```", re.DOTALL
)
_DIFFERS = (
    # Names of executions, IDs of tasks, suffixes of names.
    (re.compile(r"(?<![0-9a-f])[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])"), "<id>"),
    (re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])|(?<=-)[0-9a-f]{7,26}(?![0-9a-f])"), "<id>"),
    (re.compile(r"(?<=\d\d[ T])\d\d:\d\d:\d\d(\.\d+)?"), "<time>"),
    # What took no time at all is not told.
    (re.compile(r"(?m)^ *time +\S.*$"), "<lengths>"),
    (re.compile(r"\d+(\.\d)? s\b|\d+ (min|h|d) \d\d (s|min|h)\b"), "<length>"),
    (re.compile(r"[ ─]+"), " "),
    (re.compile(r"(?m) +$"), ""),
)
_LOGGED = re.compile(r'(?<="time": ")[^"]+')


def alike(text: str) -> str:
    """A page, or a part of one, without what is different each time."""
    for pattern, instead in _DIFFERS:
        text = pattern.sub(instead, text)
    return text


def played(page: str) -> str:
    """The page, with what its commands print now wherever that is not alike."""
    with _after_the_failure() as (root, stack, heard):

        def now(shown: re.Match[str]) -> str:
            if shown["command"] is None:
                message = json.loads(json.loads(heard.receive()["Body"])["Message"])
                name, fresh = "alert", json.dumps(message, indent=1) + "\n"
            else:
                name, fresh = "printed", _run(root, stack, shown["command"])
            if alike(shown[name]) == alike(fresh):
                return shown[0]
            start, end = (place - shown.start() for place in shown.span(name))
            return shown[0][:start] + fresh + shown[0][end:]

        return _SHOWN.sub(now, page)


@contextmanager
def _after_the_failure() -> Iterator[tuple[Path, DeployedStack, Queue]]:
    """The project, its stack in a sandbox at a time shortly after the failure, and a queue with the alert."""
    with TemporaryDirectory(prefix="longhaul-incident-") as folder:
        root = Path(folder)
        for name in ("__main__.py", "Pulumi.yaml"):
            shutil.copy(ROOT / name, root)
        shutil.copytree(ROOT / "jobs", root / "jobs")
        text = (ROOT / "Pulumi.dev.yaml").read_text()
        assert text.count(SCHEDULE) == text.count(JOBS) == 1
        text = text.replace(SCHEDULE, SCHEDULE + MISTAKE).replace(JOBS, ALERTS + JOBS)
        (root / "Pulumi.dev.yaml").write_text(text)
        with (
            deployed_stack(root, load_stack(root, "dev"), DEPLOYED, DUE) as stack,
            subscribed(stack.aws, stack.deployment.outputs["alertsTopic"]) as heard,
        ):
            _run_by_hand(stack, "2026-11-23")
            play(stack.aws, DEPLOYED, DUE)
            yield root, stack, heard


def _run_by_hand(stack: DeployedStack, date: str) -> None:
    """What somebody who had deployed would do: a run of the day before."""
    started = stack.aws.client("stepfunctions").start_execution(
        stateMachineArn=stack.state_machine_arn("daily-rollup"),
        name="manual-3f1c09d2ab47",
        input=json.dumps({"trigger": "manual", "input": {"date": date}}),
    )
    run_to_end(stack.aws, started["executionArn"])


def _run(root: Path, stack: DeployedStack, command: str) -> str:
    """What a command prints in a terminal, at the sandbox's time."""
    # The ledger has its line by then.
    stack.aws.clock.wait_idle()
    offset = stack.aws.clock.now() - time.time()
    longhaul = [sys.executable, "-P", str(Path(__file__).with_name("at_another_time.py")), str(offset)]
    words = ["sh", "-c", command.replace("./longhaul", '"$@"', 1), "sh", *longhaul]
    environment = ENVIRONMENT | stack.aws.environment | {"TZ": "UTC"}
    done = subprocess.run(
        words,
        cwd=root,
        env=environment,
        check=False,
        text=True,
        timeout=300,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        raise SystemExit(f"{command} ended with exit code {done.returncode}:\n{done.stdout}")
    # The job's process reads the machine's clock.
    printed = _LOGGED.sub(lambda time: _moved(time[0], offset), done.stdout)
    lines = [line.rstrip() for line in printed.splitlines()]
    return "\n".join(lines).strip("\n") + "\n"


def _moved(time: str, seconds: float) -> str:
    moved = datetime.fromisoformat(time) + timedelta(seconds=seconds)
    return moved.isoformat(timespec="milliseconds").replace("+00:00", "Z")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(played(PAGE.read_text()))
