"""The rows that tell of what a function is made from, for functions that are made from zip archives."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from sandbox.local_aws import LocalAws
from tests.project import ROOT
from tests.scenarios.on_lambda import rows
from tests.scenarios.on_lambda.scene import FunctionScene
from tests.scenarios.on_lambda.secret_rows import HAS_SECRETS
from tests.scenarios.on_lambda.stack import FunctionStack
from tests.scenarios.playing import played
from tests.scenarios.scenario import Scenario
from tests.scenarios.stack import Fields

REQUIREMENTS = ROOT / "jobs" / "daily-rollup" / "requirements.txt"
# As the jobs of the other tables: its input is a script of the shell, in JSON text.
PROGRAM = """import os

os.execvp("sh", ["sh", "-c", 'eval "eval $LONGHAUL_INPUT"'])
"""
DOCKERFILE = """FROM python:3.13-slim
ENV PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY . .
{more}ENTRYPOINT ["python", "-m", "does"]
"""
INSTALLS = "RUN pip install --no-cache-dir -r requirements.txt\n"
# What leaves a result needs boto3, which is not packed for all the others.
WITH_PACKAGES: Fields = {"build": {"context": "leaving"}}
SCENARIOS = [
    *rows.PROGRAM,
    *rows.ENVIRONMENT,
    rows.LOST_VERSION,
    HAS_SECRETS,
    *rows.results("python leave.py", **WITH_PACKAGES),
]


class ZipStack(FunctionStack):
    """See FunctionStack; its functions are made from archives of the two folders that it writes."""

    project: ClassVar[str] = "zips"
    obeys: ClassVar[Fields] = {
        "input": "exit 0",
        "timeout": "2m",
        "runOn": {"kind": "lambda", "package": "zip"},
        "build": {"context": "doing"},
    }

    def prepare(self, root: Path) -> None:
        """Write the folders."""
        for name, more in (("doing", ""), ("leaving", INSTALLS)):
            folder = root / name
            folder.mkdir()
            (folder / "Dockerfile").write_text(DOCKERFILE.format(more=more))
            (folder / "does.py").write_text(PROGRAM)
        shutil.copy(REQUIREMENTS, root / "leaving")
        shutil.copy(Path(__file__).parent.with_name("leave.py"), root / "leaving")


@pytest.fixture(scope="module")
def stack(
    local_aws: LocalAws,
    tmp_path_factory: pytest.TempPathFactory,
    wheels: None,  # noqa: ARG001
) -> Iterator[FunctionStack]:
    jobs = [fields for scenario in SCENARIOS for fields in scenario.jobs.values()]
    stack = ZipStack(local_aws, tmp_path_factory.mktemp("zips"), jobs)
    yield stack
    stack.destroy()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_scenario(stack: FunctionStack, tmp_path: Path, scenario: Scenario) -> None:
    with played(FunctionScene(stack, scenario.jobs, tmp_path), scenario):
        pass
