"""One local AWS for all tests of a worker: only one can run in a process, so tests name their resources apart.

Properties try the same examples each time, so that a change is judged by what it changes. Others are looked for by
`pytest --hypothesis-profile search`.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

JSONATA_RECURSION_LIMIT = 10_000
_MOST_WORKERS = 8

# On a busy machine, how long an example takes says nothing. Fixtures of properties are constants.
settings.register_profile(
    "search", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
settings.register_profile("same", settings.get_profile("search"), derandomize=True, database=None)
settings.load_profile("same")


def pytest_xdist_auto_num_workers() -> int:
    """Two workers a core, because half of what tests do is to wait for programs that they have started.

    Each has a local AWS of its own, which takes a GiB in the end.
    """
    return min(2 * (os.cpu_count() or 1), _MOST_WORKERS)


def pytest_configure() -> None:
    """Let Ctrl-C reach what the tests start, even when a shell started the tests in its background: shells have such
    commands ignore it, and a process inherits that. And set how deep calls may go before any test does.

    The first JSONata expression sets that, which Hypothesis takes for a mistake of the test that happens to be at work.
    """
    sys.setrecursionlimit(JSONATA_RECURSION_LIMIT)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def local_aws() -> Iterator[LocalAws]:
    """The local AWS, started when the first test of the worker asks for it."""
    from sandbox.local_aws import LocalAws

    with LocalAws() as aws:
        yield aws


@pytest.fixture(scope="module")
def aws_without_buckets(local_aws: LocalAws) -> Iterator[LocalAws]:
    """The local AWS for a module whose buckets have the names that a stack gives them: they are deleted after it."""
    s3 = local_aws.client("s3")

    def names() -> set[str]:
        return {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}

    before = names()
    yield local_aws
    for name in names() - before:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name):
            for entry in page.get("Contents", ()):
                s3.delete_object(Bucket=name, Key=entry["Key"])
        s3.delete_bucket(Bucket=name)
