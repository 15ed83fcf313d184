"""The configuration of a stack: `Pulumi.<stack>.yaml` over `Pulumi.yaml`, or what Pulumi hands to the program."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spec.errors import SpecError, SpecErrors
from spec.words import kind, listed, nearest_hint
from spec.yaml_file import Written, read_yaml

NAMESPACE = "longhaul"
PROJECT_FILE = "Pulumi.yaml"
_ENCRYPTED_HINT = "a secret belongs in Secrets Manager or SSM, and its name under the secrets of a job"
# What a key's declaration in Pulumi.yaml may hold; anything else there is the key's value:
# https://www.pulumi.com/docs/iac/concepts/projects/project-file/#config-options
DECLARATION_KEYS = frozenset({"type", "description", "default", "value", "secret", "items"})


@dataclass
class StackConfig:
    """What is configured: each `longhaul:` key without its namespace, with where it is written."""

    project: Written
    region: Written | None
    settings: dict[str, Written] = field(default_factory=dict)
    errors: list[SpecError] = field(default_factory=list)


def stack_file(stack: str) -> str:
    """Name of the file that holds a stack's configuration."""
    return f"Pulumi.{stack}.yaml"


def stack_names(root: Path) -> list[str]:
    """Stacks that have a file in the repository, in alphabetical order."""
    return sorted(path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in root.glob("Pulumi.?*.yaml"))


def read_project(root: Path) -> Written:
    """What Pulumi.yaml says: a map with a text under "name", at least. Raises SpecErrors."""
    project = read_yaml(root, PROJECT_FILE)
    if not isinstance(project.value, Mapping) or not isinstance(project.value.get("name"), str):
        raise SpecErrors([project.error("expected a map with the project's name, found none")])
    return project


def read_config(root: Path, stack: str, given: Mapping[str, object] | None) -> StackConfig:
    """Read a stack's configuration.

    `given`: the values of `longhaul:` keys as Pulumi hands them over, keyed without the namespace; the files then only
    tell the lines. None: the files are read as Pulumi would. Raises SpecErrors where a file cannot be read at all.
    """
    project = read_project(root)
    in_stack, in_project = _stack_values(root, stack, required=given is None), _project_values(project)
    values = {**in_project, **in_stack}
    config = StackConfig(project=project.child("name"), region=values.get("aws:region"))
    for key, written in values.items():
        namespace, _, name = key.partition(":")
        if namespace == NAMESPACE:
            config.settings[name] = written.with_value(_plain(written, config.errors))
    if given is not None:
        config.settings = {
            name: _placed(config.settings.get(name), stack, name, value) for name, value in given.items()
        }
    return config


def decoded(written: Written) -> Written:
    """The value behind JSON text: `pulumi config set` without --path stores every value as text."""
    if not isinstance(written.value, str):
        return written
    try:
        return written.with_value(json.loads(written.value))
    except (ValueError, RecursionError):
        return written


def _placed(written: Written | None, stack: str, name: str, value: object) -> Written:
    if written is None:
        return Written(value, stack_file(stack), (f"{NAMESPACE}:{name}",))
    return written.with_value(value)


def _stack_values(root: Path, stack: str, *, required: bool) -> dict[str, Written]:
    file = stack_file(stack)
    names = stack_names(root)
    if stack not in names:
        if not required:
            return {}
        known = (
            f"one of this project's stacks ({listed(names)})" if names else "a stack's file, and the project has none"
        )
        hint = nearest_hint(stack, names)
        message = f'expected {known}, found "{stack}"' + (f": {hint}" if hint else "")
        raise SpecErrors([SpecError(file, None, "", message)])
    document = read_yaml(root, file, unsaid=1)
    if not isinstance(document.value, Mapping):
        raise SpecErrors([document.error(f"expected a map with the key config, found {kind(document.value)}")])
    if document.value.get("config") is None:
        return {}
    section = document.child("config")
    if not isinstance(section.value, Mapping):
        raise SpecErrors([section.error(f"expected config to be a map, found {kind(section.value)}")])
    return {key: section.child(key) for key in section.value}


def _project_values(project: Written) -> dict[str, Written]:
    values: dict[str, Written] = {}
    if not isinstance(project.value.get("config"), Mapping):
        return values
    section = project.child("config")
    for key in section.value:
        entry = section.child(key)
        if isinstance(entry.value, Mapping) and entry.value and DECLARATION_KEYS.issuperset(entry.value):
            given = next((word for word in ("value", "default") if word in entry.value), None)
            if given is not None:
                values[key] = entry.child(given)
        else:
            values[key] = entry
    return values


def _plain(written: Written, errors: list[SpecError]) -> Any:
    """The value without what Pulumi keeps encrypted: decrypted, it would stand in plain text in a task definition."""
    if _is_encrypted(written.value):
        errors.append(written.error(f"expected a plain value, found an encrypted one (secure:): {_ENCRYPTED_HINT}"))
        return None
    if isinstance(written.value, Mapping):
        kept = {key: _plain(written.child(key), errors) for key in written.value}
        return {key: value for key, value in kept.items() if not _is_encrypted(written.value[key])}
    if isinstance(written.value, list):
        kept = [_plain(written.child(index), errors) for index in range(len(written.value))]
        return [value for index, value in enumerate(kept) if not _is_encrypted(written.value[index])]
    return written.value


def _is_encrypted(value: object) -> bool:
    return isinstance(value, Mapping) and list(value) == ["secure"] and isinstance(value["secure"], str)
