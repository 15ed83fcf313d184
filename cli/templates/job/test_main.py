"""Runs the job as its container would: as a process with LONGHAUL_ variables and an exit code."""

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def run(job_input: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"LONGHAUL_INPUT": job_input, "LONGHAUL_SCHEDULED_TIME": "2026-01-31T03:00:00Z"}
    command = [sys.executable, "main.py"]
    return subprocess.run(command, cwd=FOLDER, env=environment, capture_output=True, text=True, check=False)


def test_it_greets_whom_the_input_names() -> None:
    finished = run('{"name": "you"}')
    assert (finished.returncode, finished.stdout) == (0, "hello, you: this is the run of 2026-01-31T03:00:00Z\n")


def test_a_wrong_input_is_final() -> None:
    assert run("[]").returncode == 64
