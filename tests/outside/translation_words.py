"""The words that the table of translations is written in.

A property is `"TheirName"`; or `("TheirName", how)`, where `how` is a function from the one value to the other or a
table for what lies within; or `OnRemoval`, or `Nowhere(why)`, where CloudFormation has no property for it.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Nowhere:
    """A type or property that CloudFormation does not have, and why that hides nothing."""

    why: str


@dataclass(frozen=True)
class OnRemoval:
    """A property that CloudFormation has as the resource's deletion policy: its values to Retain or Delete."""

    policies: Mapping[bool, str]


Within = Mapping[str, "Property"]
Property = str | tuple[str, Callable[[Any], Any] | Within] | OnRemoval | Nowhere


@dataclass(frozen=True)
class Translation:
    """A resource type in CloudFormation's words.

    type: CloudFormation's type.
    properties: Pulumi's property to CloudFormation's.
    generated_name: the property for the name that the provider generates.
    part_of: for what is a resource to Pulumi and a part of another resource to CloudFormation: the other's property,
        and the property that names the other.
    is_listed: whether such parts are elements of a list, and not that property's value.
    """

    type: str
    properties: Within
    generated_name: str | None = None
    part_of: tuple[str, str] | None = None
    is_listed: bool = True


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def dimension_list(dimensions: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in dimensions.items()]


def the_only_one(values: list[str]) -> str:
    """CloudFormation writes a rule of a security group for each source or destination."""
    (value,) = values
    return value


def container_definitions(text: str) -> list[dict[str, Any]]:
    """The API's document: the same in PascalCase, but for the log driver's options, which are free text."""
    return [_pascal_case(container) for container in json.loads(text)]


def _pascal_case(value: Any) -> Any:
    if isinstance(value, list):
        return [_pascal_case(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        f"{key[0].upper()}{key[1:]}": item if key == "options" else _pascal_case(item) for key, item in value.items()
    }


TAGS: Property = ("Tags", tag_list)
KEPT: Property = OnRemoval({True: "Retain", False: "Delete"})
