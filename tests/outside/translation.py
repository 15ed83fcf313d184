"""Recorded resources as a CloudFormation template."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tests.components.conftest import Resource
from tests.outside.translation_table import TRANSLATIONS
from tests.outside.translation_words import Nowhere, OnRemoval, Translation, Within

Template = dict[str, Any]


class UntranslatedError(Exception):
    """Types and properties that the table says nothing of, each on its line."""


def template(resources: Iterable[Resource]) -> Template:
    """The resources of one deployment as CloudFormation would be asked for them.

    Raises UntranslatedError, which names every type and property that the table does not know.
    """
    unknown: list[str] = []
    wholes: dict[str, dict[str, Any]] = {}
    parts: list[tuple[Translation, str, Mapping[str, Any]]] = []
    for resource in resources:
        translation = TRANSLATIONS.get(resource.type)
        if isinstance(translation, Translation):
            body = _body(resource, translation, unknown)
            if translation.part_of is None:
                wholes[logical_id(resource)] = body
            else:
                parts.append((translation, resource.inputs[translation.part_of[1]], body["Properties"]))
        elif translation is None and not _is_component(resource):
            unknown.append(_place(resource))
    if unknown:
        raise UntranslatedError("\n".join(unknown))
    for translation, name, properties in parts:
        _add_to_whole(translation, name, properties, wholes)
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": wholes}


def logical_id(resource: Resource) -> str:
    """Letters and digits that tell the type and the name: QueueLonghaulDevDeadLetters."""
    words = [resource.type.rpartition(":")[2], *re.findall("[A-Za-z0-9]+", resource.name)]
    return "".join(word[0].upper() + word[1:] for word in words)


def _is_component(resource: Resource) -> bool:
    """Whether it only holds others together, and is nothing in AWS."""
    return resource.type.startswith("longhaul:")


def _place(resource: Resource) -> str:
    return f"{resource.type} {resource.name}"


def _body(resource: Resource, translation: Translation, unknown: list[str]) -> dict[str, Any]:
    inputs, body = dict(resource.inputs), {"Type": translation.type}
    if translation.part_of is not None:
        inputs.pop(translation.part_of[1], None)
    for name, how in translation.properties.items():
        if isinstance(how, OnRemoval) and name in inputs:
            body |= dict.fromkeys(("DeletionPolicy", "UpdateReplacePolicy"), how.policies[inputs.pop(name)])
    properties = _properties(inputs, translation.properties, _place(resource), unknown)
    if translation.generated_name is not None:
        outputs = resource.outputs
        properties[translation.generated_name] = outputs.get("name") or outputs.get("bucket") or resource.name
    return {**body, "Properties": properties}


def _properties(values: Mapping[str, Any], table: Within, place: str, unknown: list[str]) -> dict[str, Any]:
    translated: dict[str, Any] = {}
    for name, value in values.items():
        path = f"{place}.{name}"
        match table.get(name):
            # Names that lie within are Pulumi's: without a table of them the value cannot pass as it is.
            case str(theirs) if not _has_names(value):
                translated[theirs] = value
            case (str(theirs), Mapping() as within) if isinstance(value, list):
                translated[theirs] = [
                    _properties(one, within, f"{path}[{index}]", unknown) for index, one in enumerate(value)
                ]
            case (str(theirs), Mapping() as within):
                translated[theirs] = _properties(value, within, path, unknown)
            case (str(theirs), how) if callable(how):
                translated[theirs] = how(value)
            case Nowhere():
                pass
            case _:
                unknown.append(path)
    return translated


def _has_names(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(_has_names(one) for one in value))


def _add_to_whole(
    translation: Translation, name: str, properties: Mapping[str, Any], wholes: Mapping[str, Mapping[str, Any]]
) -> None:
    assert translation.part_of is not None
    (named,) = (
        one.generated_name
        for one in TRANSLATIONS.values()
        if isinstance(one, Translation) and one.type == translation.type and one.part_of is None
    )
    (whole,) = (
        body["Properties"]
        for body in wholes.values()
        if body["Type"] == translation.type and body["Properties"][named] == name
    )
    part = translation.part_of[0]
    if translation.is_listed:
        whole.setdefault(part, []).append(properties)
    else:
        whole[part] = properties
