"""Tags, in the form each service takes them; without any, none are sent: several services refuse an empty set."""

from typing import Any


def tag_list(inputs: dict[str, Any], argument: str = "Tags", key: str = "Key", value: str = "Value") -> dict[str, Any]:
    """The call's argument as a list of objects; `key` and `value` are spelt differently by some services."""
    tags = inputs.get("tags") or {}
    return {argument: [{key: name, value: text} for name, text in tags.items()]} if tags else {}


def lower_case_tag_list(inputs: dict[str, Any]) -> dict[str, Any]:
    """As tag_list, for the services that write `tags`, `key` and `value`: ECS, Step Functions."""
    return tag_list(inputs, "tags", "key", "value")


def tag_map(inputs: dict[str, Any]) -> dict[str, Any]:
    """The call's argument `tags` as one object."""
    return {"tags": inputs["tags"]} if inputs.get("tags") else {}


def tag_specifications(resource_type: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """The call's argument `TagSpecifications`, which in EC2 says what kind of thing is tagged."""
    tags = tag_list(inputs)
    return {"TagSpecifications": [{"ResourceType": resource_type, **tags}]} if tags else {}


def tags_all(inputs: dict[str, Any]) -> dict[str, Any]:
    """The outputs `tags` and `tagsAll` of a taggable resource (the sandbox has no provider-wide default tags)."""
    tags = inputs.get("tags") or {}
    return {"tags": tags, "tagsAll": tags}
