"""One local AWS for all tests of a worker: only one can run in a process, so tests name their resources apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws


@pytest.fixture(scope="session")
def local_aws() -> Iterator[LocalAws]:
    """The local AWS, started when the first test of the worker asks for it."""
    from sandbox.local_aws import LocalAws

    with LocalAws() as aws:
        yield aws
