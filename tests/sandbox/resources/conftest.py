"""Handlers on a real local server: what a test makes is deleted after it."""

from __future__ import annotations

import importlib
import secrets
from collections.abc import Callable, Iterator
from keyword import iskeyword
from pathlib import Path
from typing import Any

import pytest

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
        root=tmp_path,
    )


@pytest.fixture
def unique() -> str:
    """A name that no other test of this worker uses."""
    return f"test-{secrets.token_hex(4)}"


def sdk_class(token: str, suffix: str = "") -> type:
    """`aws:iam/role:Role` -> pulumi_aws.iam.Role; with suffix "Args" what its constructor takes."""
    package, module, name = token.split(":")
    sdk = {"aws": "pulumi_aws", "docker-build": "pulumi_docker_build"}[package]
    submodule = module.partition("/")[0]
    # As Python's packages have it.
    submodule += "_" if iskeyword(submodule) else ""
    found = importlib.import_module(sdk if submodule == "index" else f"{sdk}.{submodule}")
    # The SDK's word where another class has the name already.
    other = f"{name}Init{suffix}"
    return getattr(found, other if suffix and hasattr(found, other) else name + suffix)


@pytest.fixture(scope="session")
def real_properties() -> Callable[..., dict[str, str]]:
    """The properties of a resource type in the real provider's SDK: the engine's names, with Python's."""

    def properties(token: str, suffix: str = "") -> dict[str, str]:
        getters = {
            name: value.fget for name, value in vars(sdk_class(token, suffix)).items() if isinstance(value, property)
        }
        return {getattr(getter, "_pulumi_name", name): name for name, getter in getters.items()}

    return properties


@pytest.fixture(scope="session")
def sdk_annotations() -> Callable[[str], dict[str, object]]:
    """The types of a resource type's inputs in the real provider's SDK, by Python's names."""
    return lambda token: sdk_class(token, "Args").__init__.__annotations__


@pytest.fixture
def make(aws: Aws, unique: str, real_properties: Callable[..., dict[str, str]]) -> Iterator[Make]:
    """Check inputs and create a resource, as a deployment does; its outputs are ones that the real provider has."""
    made: list[tuple[str, Created]] = []

    def create(token: str, inputs: dict[str, Any], logical_name: str = unique) -> Created:
        handler = handler_for(token)
        created = handler.create(aws, handler.check(inputs, logical_name, secrets.token_bytes(8)))
        made.append((token, created))
        assert created.outputs.keys() <= real_properties(token).keys()
        # Or a refresh would report drift where there is none.
        assert handler.read(aws, created) == {k: v for k, v in created.outputs.items() if v is not None}
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


@pytest.fixture
def change(aws: Aws) -> Callable[[str, Created, dict[str, Any]], dict[str, Any]]:
    """Change a resource to other inputs, as the engine does; gives what is then read of it."""

    def update(token: str, made: Created, inputs: dict[str, Any]) -> dict[str, Any]:
        handler = handler_for(token)
        return handler.update(aws, made, handler.check(inputs, "unused", b""))

    return update
