"""Handlers on a real local server: what a test makes is deleted after it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.images import ImageStore
from sandbox.local_aws import LocalAws
from sandbox.resources.aws import Aws
from sandbox.resources.handler import Created, is_gone
from sandbox.resources.limits import enforce_limits
from sandbox.resources.registry import handler_for

Make = Callable[..., Created]


@pytest.fixture
def aws(local_aws: LocalAws, tmp_path: Path) -> Aws:
    return Aws(
        client=lambda service: enforce_limits(local_aws.client(service)),
        region=local_aws.region,
        account=local_aws.account,
        images=ImageStore(),
        root=tmp_path,
    )


@pytest.fixture
def unique() -> str:
    """A name that no other test of this worker uses."""
    return f"test-{secrets.token_hex(4)}"


@pytest.fixture
def make(aws: Aws, unique: str) -> Iterator[Make]:
    """Check inputs and create a resource, as a deployment does."""
    made: list[tuple[str, Created]] = []

    def create(token: str, inputs: dict[str, Any], logical_name: str = unique) -> Created:
        handler = handler_for(token)
        created = handler.create(aws, handler.check(inputs, logical_name, secrets.token_bytes(8)))
        made.append((token, created))
        return created

    yield create
    for token, created in reversed(made):
        try:
            handler_for(token).delete(aws, created)
        except Exception as error:
            if not is_gone(error):
                raise


@pytest.fixture
def delete(aws: Aws) -> Callable[[str, Created], None]:
    """Delete a resource before its test ends."""
    return lambda token, created: handler_for(token).delete(aws, created)
