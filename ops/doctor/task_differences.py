"""In what a deployed task definition is another one than it should be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_OF_A_CONTAINER = ("image", "user", "readonlyRootFilesystem", "stopTimeout", "essential")
# Their words may be long, or nobody's business.
_UNTOLD = ("entryPoint", "command")


def task_differences(deployed: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """What differs, for a person; no value of a variable or a command is told, as it may be a secret.

    Args:
        deployed: DescribeTaskDefinition's answer.
        expected: a request of RegisterTaskDefinition; a container without an `image` may have any.
    """
    return list(_differences(deployed, expected))


def _differences(deployed: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[str]:
    if not expected:
        yield f"its family {deployed['family']} is not known there"
        return
    for key in ("cpu", "memory"):
        if str(deployed.get(key)) != str(expected.get(key)):
            yield f"{key} is {deployed.get(key)}, not {expected.get(key)}"
    for name, path in {
        "architecture": ("runtimePlatform", "cpuArchitecture"),
        "ephemeral storage in GiB": ("ephemeralStorage", "sizeInGiB"),
    }.items():
        is_so, should_be = (document.get(path[0], {}).get(path[1]) for document in (deployed, expected))
        if is_so != should_be:
            yield f"{name} is {is_so or 'the default'}, not {should_be or 'the default'}"
    containers = {container["name"]: container for container in deployed["containerDefinitions"]}
    wanted = {container["name"]: container for container in expected["containerDefinitions"]}
    for name in [*wanted, *(containers.keys() - wanted.keys())]:
        if name not in containers or name not in wanted:
            yield f"the container {name} is {'missing' if name in wanted else 'too many'}"
        else:
            yield from _of_container(containers[name], wanted[name])


def _of_container(deployed: Mapping[str, Any], expected: Mapping[str, Any]) -> Iterator[str]:
    for key in _OF_A_CONTAINER:
        if key == "image" and key not in expected:
            continue
        is_so, should_be = deployed.get(key), expected.get(key)
        if (is_so or None) != (should_be or None):
            yield f"{key} is {is_so}, not {should_be}"
    for key in _UNTOLD:
        if (deployed.get(key) or []) != (expected.get(key) or []):
            yield f"{key} is another one"
    for key, what in (("environment", "environment"), ("secrets", "secrets")):
        yield from _of_variables(what, deployed.get(key, ()), expected.get(key, ()))


def _of_variables(what: str, deployed: Any, expected: Any) -> Iterator[str]:
    is_so, should_be = ({entry["name"]: entry.get("value") for entry in entries} for entries in (deployed, expected))
    for words, names in (
        (f"{what} lacks", should_be.keys() - is_so.keys()),
        (f"{what} has in surplus", is_so.keys() - should_be.keys()),
        (
            f"{what} has other values of",
            {name for name in is_so.keys() & should_be.keys() if is_so[name] != should_be[name]},
        ),
    ):
        if names:
            yield f"{words} {', '.join(sorted(names))}"
