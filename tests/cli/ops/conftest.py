"""The operator's verbs as people run them: a process each, on a stack that is deployed in the local AWS."""

import subprocess

import pytest

from sandbox.local_aws import LocalAws
from tests.cli.conftest import COMMAND, ENVIRONMENT, Longhaul
from tests.ops.operated import Operated, operated_stack


@pytest.fixture(scope="session")
def operated(local_aws: LocalAws) -> Operated:
    return operated_stack(local_aws)


@pytest.fixture
def operate(operated: Operated) -> Longhaul:
    """Runs the command on the deployed stack, with whatever is given of the environment beside AWS's."""

    def run(*arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, "-C", str(operated.root), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            input=stdin,
            env=ENVIRONMENT | operated.local_aws.environment | environment,
        )

    return run
