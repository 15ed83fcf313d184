"""Values that a preview cannot know: what AWS says of a resource once it is there."""

from typing import Any

# How Pulumi's protocol writes such a value:
# https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/plugin/rpc.go
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def has_unknown(value: Any) -> bool:
    """Whether the value is unknown or has an unknown one somewhere in it."""
    if isinstance(value, dict):
        return any(has_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(has_unknown(item) for item in value)
    return value == UNKNOWN


class PreviewedOutputs(dict[str, Any]):
    """The outputs of a resource that a preview would create: those that it has not are unknown."""

    def __missing__(self, name: str) -> str:
        return UNKNOWN
