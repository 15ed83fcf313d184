"""Tags as the EC2 API takes them: by the kind of thing that is made."""

from typing import Any

from sandbox.resources.handler import Properties, tag_list


def tag_specifications(resource_type: str, inputs: Properties) -> list[dict[str, Any]]:
    """The `TagSpecifications` of a create call; AWS refuses one without tags, so no tags give an empty list."""
    tags = tag_list(inputs)
    return [{"ResourceType": resource_type, "Tags": tags}] if tags else []
