"""One local AWS for all tests of a worker: only one can run in a process, so tests name their resources apart."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws


def pytest_configure() -> None:
    """Let Ctrl-C reach what the tests start, even when a shell started the tests in its background.

    Shells have such commands ignore it, and a process inherits that.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def local_aws() -> Iterator[LocalAws]:
    """The local AWS, started when the first test of the worker asks for it."""
    from sandbox.local_aws import LocalAws

    with LocalAws() as aws:
        yield aws
