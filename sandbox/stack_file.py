"""A stack's configuration, as Pulumi hands it to a program: every value is text, objects are JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.errors import SandboxError
from spec.errors import SpecErrors
from spec.stack_file import DECLARATION_KEYS, PROJECT_FILE, stack_file, stack_names
from spec.yaml_file import read_yaml


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
    file = stack_file(stack)
    if not (root / file).is_file():
        known = ", ".join(stack_names(root)) or "none"
        raise SandboxError(f"there is no {file} in {root}; the stacks there: {known}")
    project_file = _mapping(root, PROJECT_FILE)
    project = str(project_file.get("name", root.name))
    values = _project_values(project_file.get("config") or {}) | (_mapping(root, file).get("config") or {})
    for key, value in values.items():
        if _is_encrypted(value):
            raise SandboxError(
                f"{file} {key}: the value is encrypted, and the sandbox has no key to it; "
                "name a secret in Secrets Manager or Parameter Store instead"
            )
    return StackFile(
        project, {key if ":" in key else f"{project}:{key}": _as_text(value) for key, value in values.items()}
    )


def _mapping(root: Path, file: str) -> dict[str, Any]:
    try:
        content = read_yaml(root, file).value
    except SpecErrors as errors:
        raise SandboxError(str(errors)) from errors
    if not isinstance(content, dict):
        raise SandboxError(f"{file}: expected keys and values, found {type(content).__name__}")
    return content


def _project_values(config: Mapping[str, Any]) -> dict[str, Any]:
    """The values that hold for every stack that does not set them."""
    values = {}
    for key, declared in config.items():
        if isinstance(declared, dict) and declared.keys() <= DECLARATION_KEYS:
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
