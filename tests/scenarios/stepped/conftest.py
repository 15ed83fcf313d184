"""One stack for all scenarios of steps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.local_aws import LocalAws
from tests.scenarios.stepped.world import Play, World


@pytest.fixture(scope="package")
def world(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = World(local_aws, tmp_path_factory.mktemp("stepped"))
    yield world
    world.destroy()


@pytest.fixture
def play(world: World, tmp_path: Path) -> Iterator[Play]:
    play = Play(world, tmp_path)
    yield play
    play.end()
