"""The jobs, deployed once a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.deploy import deploy
from sandbox.local_aws import LocalAws
from tests.sandbox.permissions.deployed import Jobs
from tests.sandbox.permissions.project import Prepared, write_project


@pytest.fixture(scope="module")
def jobs(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jobs]:
    """The jobs, deployed; a test gives back each right that it takes away."""
    root, prepared = tmp_path_factory.mktemp("bite"), Prepared(local_aws)
    write_project(root, prepared)
    deployment = deploy(root, "dev", local_aws)
    yield Jobs(local_aws, deployment)
    deployment.destroy()
    prepared.clear()
