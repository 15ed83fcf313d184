import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import ENVIRONMENT, Longhaul


def test_a_new_job_passes_check_runs_in_the_sandbox_and_passes_its_test(project: Path, longhaul: Longhaul) -> None:
    made = longhaul("new", "nightly-report")
    assert made.returncode == 0
    lines = made.stdout.split("\n\n")[1]
    stack = yaml.safe_load((project / "Pulumi.dev.yaml").read_text())
    stack["config"]["longhaul:jobs"] |= yaml.safe_load(lines)["longhaul:jobs"]
    (project / "Pulumi.dev.yaml").write_text(yaml.safe_dump(stack))

    assert longhaul("check", "dev").returncode == 0
    run = longhaul("sandbox", "run", "--stack", "dev", "--job", "nightly-report", "--input", '{"name": "you"}')
    assert run.returncode == 0, run.stdout + run.stderr
    assert "hello, you" in run.stdout
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", project / "jobs" / "nightly-report"],
        env=ENVIRONMENT | {"HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert tests.returncode == 0, tests.stdout


def test_a_job_that_is_there_is_left_alone(project: Path, longhaul: Longhaul) -> None:
    before = (project / "jobs" / "hello" / "main.py").read_text()
    refused = longhaul("new", "hello")
    assert refused.returncode == 2
    assert "there already" in refused.stderr
    assert (project / "jobs" / "hello" / "main.py").read_text() == before


@pytest.mark.parametrize("name", ["Nightly", "../escape", "a b", "-x", "", "a" * 41, "a" * 300])
def test_what_cannot_be_a_job_s_name_makes_no_folder(project: Path, longhaul: Longhaul, name: str) -> None:
    refused = longhaul("new", "--", name)
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr
    assert [folder.name for folder in (project / "jobs").iterdir()] == ["hello"]
