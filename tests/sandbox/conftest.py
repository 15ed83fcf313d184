"""One local AWS for all tests of a worker: it starts in a second, so tests name their resources apart instead."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.local_aws import LocalAws


@pytest.fixture(scope="session")
def local_aws() -> Iterator[LocalAws]:
    with LocalAws() as aws:
        yield aws
