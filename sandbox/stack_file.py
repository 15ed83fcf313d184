"""A stack's configuration, as Pulumi hands it to a program: every value is text, objects are JSON."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.errors import SandboxError

PROJECT_FILE = "Pulumi.yaml"
# What a key's declaration in Pulumi.yaml may hold: https://www.pulumi.com/docs/iac/concepts/config/#project-level-configuration
DECLARATION = frozenset({"type", "description", "items", "default", "value", "secret"})


@dataclass(frozen=True)
class StackFile:
    """A project's name and the configuration of one of its stacks, by full key (`namespace:name`)."""

    project: str
    configuration: dict[str, str]


def read_stack_file(root: Path, stack: str) -> StackFile:
    """Read Pulumi.yaml and Pulumi.<stack>.yaml in `root`.

    Raises SandboxError, one line, for a file that is missing or is no YAML, a stack that is not there (it names those
    that are) and an encrypted value (it names its key and file): no one here has the key to it.
    """
    if not (root / PROJECT_FILE).is_file():
        raise SandboxError(f"there is no {PROJECT_FILE} in {root}: is it the folder of a Pulumi project?")
    project_file = _mapping(root / PROJECT_FILE)
    project = str(project_file.get("name", root.name))
    stack_file = root / f"Pulumi.{stack}.yaml"
    if not stack_file.is_file():
        raise SandboxError(f"there is no stack {stack!r} in {root}: {_stacks(root)}")
    values = _project_values(project_file.get("config") or {})
    values |= _mapping(stack_file).get("config") or {}
    for key, value in values.items():
        if _is_encrypted(value):
            raise SandboxError(
                f"{stack_file.name} {key}: the value is encrypted, and the sandbox has no key to it; "
                "name a secret in Secrets Manager or Parameter Store instead"
            )
    full = {key if ":" in key else f"{project}:{key}": _as_text(value) for key, value in values.items()}
    return StackFile(project, full)


class _Loader(yaml.SafeLoader):
    """YAML as Pulumi reads it: `yes`, `12:30` and `2026-11-24` are text, not a boolean, a number and a date."""


_READ_OTHERWISE = {f"tag:yaml.org,2002:{kind}" for kind in ("bool", "int", "timestamp")}
_Loader.yaml_implicit_resolvers = {
    letter: [(tag, expression) for tag, expression in resolvers if tag not in _READ_OTHERWISE]
    for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), "tTfF")
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), "-+0123456789")


def _mapping(path: Path) -> dict[str, Any]:
    try:
        content = yaml.load(path.read_text(), Loader=_Loader)
    except yaml.YAMLError as error:
        raise SandboxError(f"{path.name} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise SandboxError(f"{path.name}: expected keys and values, found {type(content).__name__}")
    return content


def _project_values(config: Mapping[str, Any]) -> dict[str, Any]:
    """The values that hold for every stack that does not set them."""
    values = {}
    for key, declared in config.items():
        if isinstance(declared, dict) and declared.keys() <= DECLARATION:
            if "value" in declared or "default" in declared:
                values[key] = declared.get("value", declared.get("default"))
        else:
            values[key] = declared
    return values


def _is_encrypted(value: Any) -> bool:
    """Whether a value is encrypted, or holds one that is, as `pulumi config set --secret --path` makes them."""
    if isinstance(value, dict):
        return value.keys() == {"secure"} or any(_is_encrypted(item) for item in value.values())
    return isinstance(value, list) and any(_is_encrypted(item) for item in value)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _stacks(root: Path) -> str:
    names = sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in root.glob("Pulumi.*.yaml"))
    return f"there are {', '.join(names)}" if names else "there are none"
