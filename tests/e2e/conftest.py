"""The project on Pulumi's real engine, against the sandbox that `./longhaul sandbox serve` starts.

The files here are in the order of a stack's life, so that each test finds the stack that it needs.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.engine.installation import find_cli
from tests.e2e.account import inventory
from tests.e2e.jobs_of_dev import JOB
from tests.e2e.pulumi_command import ROOT, SECONDS_FOR_A_COMMAND, STACK, Pulumi
from tests.wheels import write_wheels

# What the program is made of; jobs and stack files are copied, so that a test can change them.
LINKED = ("components", "definitions", "spec", ".venv")
SECONDS_TO_START = 120
SETTINGS = {
    # For the log of events, from which the operations are read.
    "PULUMI_DEBUG_COMMANDS": "true",
    # The state is written once a command, not twice a resource: a killed command would lose it, and none is here.
    "PULUMI_EXPERIMENTAL": "true",
    "PULUMI_SKIP_CHECKPOINTS": "true",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is in this folder where there is no engine to run on."""
    if find_cli() is None:
        reason = "there is neither a Pulumi CLI on PATH nor one that `make engine` built, which needs Go"
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository's program and jobs in a folder of their own."""
    folder = tmp_path_factory.mktemp("project")
    for name in LINKED:
        (folder / name).symlink_to(ROOT / name)
    for file in [ROOT / "__main__.py", *ROOT.glob("Pulumi*.yaml")]:
        shutil.copy(file, folder)
    shutil.copytree(ROOT / "jobs", folder / "jobs")
    return folder


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables with which pip finds what the jobs require, and asks no index."""
    folder = tmp_path_factory.mktemp("wheels")
    write_wheels(ROOT / "jobs" / JOB / "requirements.txt", folder)
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}


@pytest.fixture(scope="session")
def environment(
    project: Path, packages: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """What `sandbox serve` prints, as a shell takes it, while it serves."""
    printed = tmp_path_factory.mktemp("serve") / "environment"
    # The tests' own Pulumi, if a person has one, is none of the sandbox's.
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PULUMI_"))}
    with printed.open("w") as output:
        serve = subprocess.Popen(
            [sys.executable, "-m", "cli", "--cwd", str(project), "sandbox", "serve"], cwd=ROOT, env=own, stdout=output
        )
    try:
        yield _as_a_shell_takes_it(serve, printed, own) | packages | SETTINGS
    finally:
        serve.send_signal(signal.SIGTERM)
        assert serve.wait(SECONDS_FOR_A_COMMAND) is not None
    # As it was found: `pulumi` had written into it.
    assert "encryptionsalt" not in (project / f"Pulumi.{STACK}.yaml").read_text()


@pytest.fixture(scope="session")
def before(environment: dict[str, str], project: Path) -> dict[str, set[str]]:
    """What is there before anything is deployed."""
    return inventory(Pulumi(project, environment))


@pytest.fixture(scope="session")
def engine(environment: dict[str, str], project: Path, before: dict[str, set[str]]) -> Pulumi:  # noqa: ARG001
    """Pulumi and the stack, which may be in any state."""
    return Pulumi(project, environment)


@pytest.fixture
def pulumi(engine: Pulumi) -> Pulumi:
    """Pulumi and the stack, deployed as the project's files say. They may hold what an earlier test changed in them:
    a test's own change is then still the only one."""
    engine.settle()
    return engine


def _as_a_shell_takes_it(serve: subprocess.Popen[bytes], printed: Path, own: dict[str, str]) -> dict[str, str]:
    # The last line is a comment that says it is up.
    wait = 'until grep -q "is up" "$0"; do kill -0 "$1" || exit 1; sleep 0.05; done; . "$0"; env -0'
    shell = subprocess.run(
        ["bash", "-c", wait, str(printed), str(serve.pid)],
        env=own,
        capture_output=True,
        text=True,
        timeout=SECONDS_TO_START,
        check=True,
    )
    return dict(line.split("=", 1) for line in shell.stdout.split("\0") if "=" in line)
