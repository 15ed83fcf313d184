"""Values as Pulumi's engine protocol carries them, and as plain Python."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import json_format, struct_pb2

from sandbox.errors import SandboxError

# https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/sig/sig.go
SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"
RESOURCE_SIGNATURE = "5cf8f73096256a8f31e491e813e4eb8e"
ARCHIVE_SIGNATURE = "0def7320c3a5731c473e5ecbe6d01bc7"


@dataclass(frozen=True)
class Archive:
    """A pulumi.FileArchive: a file, which is the same wherever it is.

    path: of the file, as the program says it; empty where the engine leaves it out: where it compares, or looks again.
    hash: of its content, as the engine says it; empty where there is no engine.
    """

    path: str = field(compare=False)
    hash: str = ""


def to_python(properties: struct_pb2.Struct) -> dict[str, Any]:
    """Plain values: whole numbers as int, secrets as what is in them, resources as their id (a component's as its URN).

    In the order of their names, because the protocol keeps none. Raises SandboxError for an asset, and for an archive
    that is put together of others or is elsewhere: no resource type here takes these.
    """
    return _plain(json_format.MessageToDict(properties))


def to_struct(properties: Mapping[str, Any], secret: Collection[str] = ()) -> struct_pb2.Struct:
    """The protocol's form of plain values; those named in `secret` are marked as secrets."""
    struct = struct_pb2.Struct()
    for name, plain in properties.items():
        value = _signed(plain)
        struct[name] = {SIGNATURE_KEY: SECRET_SIGNATURE, "value": value} if name in secret else value
    return struct


def secret_names(properties: struct_pb2.Struct) -> set[str]:
    """The properties that are secret, or have a secret somewhere in them."""
    return {name for name, value in json_format.MessageToDict(properties).items() if _holds_secret(value)}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        # The protocol has one kind of number.
        return int(value) if isinstance(value, float) and value.is_integer() else value
    match value.get(SIGNATURE_KEY):
        case None:
            return {name: _plain(item) for name, item in sorted(value.items())}
        case signature if signature == SECRET_SIGNATURE:
            return _plain(value["value"])
        case signature if signature == RESOURCE_SIGNATURE:
            return value.get("id", value["urn"])
        # Of one without a path the engine's state says that it is made of no assets.
        case signature if signature == ARCHIVE_SIGNATURE and not (value.get("assets") or value.get("uri")):
            return Archive(value.get("path", ""), value.get("hash", ""))
        case _:
            raise SandboxError("the sandbox takes no assets, and of archives a pulumi.FileArchive alone")


def _signed(value: Any) -> Any:
    """The value with its archives as the protocol writes them."""
    match value:
        case Archive():
            known = {name: text for name, text in (("path", value.path), ("hash", value.hash)) if text}
            return {SIGNATURE_KEY: ARCHIVE_SIGNATURE, **known}
        case dict():
            return {name: _signed(item) for name, item in value.items()}
        case list():
            return [_signed(item) for item in value]
        case _:
            return value


def _holds_secret(value: Any) -> bool:
    if isinstance(value, list):
        return any(_holds_secret(item) for item in value)
    if isinstance(value, dict):
        return value.get(SIGNATURE_KEY) == SECRET_SIGNATURE or any(_holds_secret(item) for item in value.values())
    return False
