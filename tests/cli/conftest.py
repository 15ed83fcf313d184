"""The command as people run it: a process with an exit code, on a project of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": str(ROOT), "TZ": "Europe/Dublin"}
COMMAND = [sys.executable, "-P", "-m", "cli"]
STACK = """\
config:
  aws:region: eu-west-1
  longhaul:network: {nat: none}
  longhaul:jobs:
    hello:
      schedule: cron(15 3 * * ? *)
      timezone: Europe/Paris
"""
JOB = """\
description: Says hello
retries: {attempts: 1, interval: 10m}
"""
DOCKERFILE = """\
FROM python:3.13-slim
WORKDIR /app
COPY . .
ENTRYPOINT ["python", "main.py"]
"""

Longhaul = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a stack, dev, of one job, hello."""
    (tmp_path / "Pulumi.yaml").write_text("name: acme\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(STACK)
    shutil.copy(ROOT / "__main__.py", tmp_path)
    job = tmp_path / "jobs" / "hello"
    job.mkdir(parents=True)
    (job / "job.yaml").write_text(JOB)
    (job / "Dockerfile").write_text(DOCKERFILE)
    (job / "main.py").write_text("import os\nprint('hello', os.environ['LONGHAUL_INPUT'])\n")
    return tmp_path


@pytest.fixture
def longhaul(project: Path) -> Longhaul:
    """Runs the command on the project; gives its exit code and what it printed."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, "-C", str(project), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            stdin=subprocess.DEVNULL,
            env=ENVIRONMENT | environment,
        )

    return run
