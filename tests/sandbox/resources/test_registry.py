"""The handlers' words, held to those of the real provider's own SDK."""

from __future__ import annotations

import re

import pulumi_aws
import pytest

from sandbox.errors import SandboxError
from sandbox.resources.fields import Nested
from sandbox.resources.registry import HANDLERS, handler_for

# Importing the SDK's own EC2 module warns of a name in it that this project does not use.
pytestmark = pytest.mark.filterwarnings("ignore:aws.ec2/encryptioncontrol:DeprecationWarning")

OF_THE_PROVIDER = sorted(token for token in HANDLERS if token.startswith("aws:"))


def sdk_class(token: str, suffix: str = "") -> type:
    """`aws:iam/role:Role` -> pulumi_aws.iam.Role; with suffix "Args" what its constructor takes."""
    _, module, name = token.split(":")
    return getattr(getattr(pulumi_aws, module.partition("/")[0]), name + suffix)


def properties(sdk: type) -> set[str]:
    """The names, as the engine sees them, of an SDK class's properties."""
    getters = {name: value.fget for name, value in vars(sdk).items() if isinstance(value, property)}
    return {getattr(getter, "_pulumi_name", name) for name, getter in getters.items()}


@pytest.mark.parametrize("token", OF_THE_PROVIDER)
def test_every_input_is_one_of_the_real_provider(token):
    handler, real = HANDLERS[token], properties(sdk_class(token, "Args"))
    named = {*handler.fields, *handler.others, *handler.required, *handler.defaults, *handler.json_properties}
    assert named <= real
    assert handler.taggable == ("tags" in real)


@pytest.mark.parametrize("token", OF_THE_PROVIDER)
def test_every_required_input_of_the_real_provider_is_required(token):
    arguments = sdk_class(token, "Args").__init__.__annotations__
    optional = {name for name, kind in arguments.items() if "Optional" in str(kind)}
    handler, sdk = HANDLERS[token], sdk_class(token, "Args")
    mandatory = {
        getattr(value.fget, "_pulumi_name", name)
        for name, value in vars(sdk).items()
        if isinstance(value, property) and name not in optional
    }
    assert mandatory <= handler.required | set(handler.defaults)


@pytest.mark.parametrize("token", OF_THE_PROVIDER)
def test_a_resource_type_with_a_name_input_gets_a_name(token):
    handler, real = HANDLERS[token], properties(sdk_class(token, "Args"))
    expected = "targetId" if token.endswith(":EventTarget") else "name" if "name" in real else None
    assert handler.auto_named == expected


@pytest.mark.parametrize("token", sorted(HANDLERS))
def test_an_unknown_input_is_refused_with_the_nearest_known_one(token):
    known = sorted({*HANDLERS[token].fields, *HANDLERS[token].others})[0]
    with pytest.raises(SandboxError, match=f"does not know the property '{known}X' .the nearest is '"):
        HANDLERS[token].check({f"{known}X": 1}, "name", b"")


def levels(fields, inputs):
    """Each place with properties inside a property: its path with an unknown one, and inputs that have that."""
    for name, field in fields.items():
        if isinstance(field, Nested):
            yield f"{name}.oops", {**inputs, name: {"oops": 1}}
            for path, inner in levels(field.fields, {}):
                yield f"{name}.{path}", {**inputs, name: inner}


@pytest.mark.parametrize(
    ("token", "path", "inputs"),
    [(token, path, inputs) for token, handler in HANDLERS.items() for path, inputs in levels(handler.fields, {})],
    ids=str,
)
def test_an_unknown_property_inside_a_property_is_refused_with_its_path(token, path, inputs):
    with pytest.raises(SandboxError, match=f"does not know the property '{re.escape(path)}'"):
        HANDLERS[token].request(inputs)


def test_a_missing_required_input_is_refused():
    with pytest.raises(SandboxError, match="the property 'assumeRolePolicy' is required"):
        handler_for("aws:iam/role:Role").check({}, "name", b"")


def test_an_unknown_type_is_refused_with_the_nearest_known_one():
    with pytest.raises(SandboxError, match=r"no resource type aws:iam/role:Rule; the nearest is aws:iam/role:Role"):
        handler_for("aws:iam/role:Rule")


def test_inputs_without_a_value_count_as_absent_and_defaults_hold():
    checked = handler_for("aws:cloudwatch/logGroup:LogGroup").check({"retentionInDays": None}, "log", b"")
    assert (checked["retentionInDays"], checked["skipDestroy"]) == (0, False)
