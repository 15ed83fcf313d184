"""What a component of the awsx package is given, and what it gives back for each resource it makes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

# How Pulumi's protocol marks a value that is a resource:
# https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go
SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"
RESOURCE_SIGNATURE = "5cf8f73096256a8f31e491e813e4eb8e"


class Registered(NamedTuple):
    """A resource that was created: its URN, its id and its output properties."""

    urn: str
    id: str
    outputs: dict[str, Any]


class Register(Protocol):
    """Creates a resource under a parent (a URN; None for the stack itself) once those it depends on are there."""

    def __call__(
        self,
        token: str,
        name: str,
        inputs: dict[str, Any],
        *,
        parent: str | None,
        depends_on: Sequence[Registered] = (),
    ) -> Registered: ...


class Invoke(Protocol):
    """Asks a function of the AWS provider."""

    def __call__(self, token: str, arguments: dict[str, Any]) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Component:
    """A component under construction: its own name and URN, how it makes its children and what it can ask."""

    name: str
    urn: str
    register: Register
    invoke: Invoke


class From(NamedTuple):
    """An output of a component, and those of its children that it comes from: whoever uses it waits for these."""

    value: Any
    sources: Sequence[Registered]


def reference(resource: Registered) -> dict[str, str]:
    """An output that is a resource."""
    return {SIGNATURE_KEY: RESOURCE_SIGNATURE, "urn": resource.urn, "id": resource.id}
