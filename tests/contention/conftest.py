"""A deployed stack with one job for each policy, whose runs do what their input says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sandbox.local_aws import LocalAws
from tests.contention.crowd import Crowd
from tests.contention.witness import Witness
from tests.scenarios.scene import Scene
from tests.scenarios.stack import Stack

# Longer than any clock of a test goes.
_JOB = {"timeout": "30d"}
JOBS = {policy: {**_JOB, "overlap": policy} for policy in ("skip", "queue", "replace")}


@pytest.fixture(scope="module")
def stack(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(local_aws, tmp_path_factory.mktemp("crowds"), JOBS.values())
    yield stack
    stack.destroy()


@pytest.fixture
def crowd(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Crowd]]:
    """Makes a crowd of runs of the job that has a policy."""
    scene = Scene(stack, JOBS, tmp_path)
    scene.begin()
    with ExitStack() as over:

        def make(policy: str) -> Crowd:
            made = Crowd(scene, policy, Witness(stack.aws.tasks, monkeypatch))
            over.callback(made.end)
            return made

        yield make
