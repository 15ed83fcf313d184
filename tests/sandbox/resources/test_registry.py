"""The handlers' words, held to those of the real provider's own SDK."""

from __future__ import annotations

import re

import pytest

from sandbox.errors import SandboxError
from sandbox.resources.fields import Nested
from sandbox.resources.registry import HANDLERS, handler_for

OF_THE_PROVIDER = sorted(token for token in HANDLERS if token.startswith("aws:"))


@pytest.mark.parametrize("token", OF_THE_PROVIDER)
def test_every_input_is_one_of_the_real_provider(token, real_properties):
    handler, real = HANDLERS[token], real_properties(token, "Args").keys()
    named = {*handler.fields, *handler.others, *handler.required, *handler.defaults, *handler.json_properties}
    assert named <= real
    assert (handler.tagging is not None) == ("tags" in real)


@pytest.mark.parametrize("token", OF_THE_PROVIDER)
def test_every_required_input_of_the_real_provider_is_required(token, real_properties, sdk_annotations):
    handler, annotations = HANDLERS[token], sdk_annotations(token)
    mandatory = {
        name
        for name, python in real_properties(token, "Args").items()
        if not any(word in str(annotations[python]) for word in ("Optional", "NoneType"))
    }
    assert mandatory <= handler.required | set(handler.defaults)


@pytest.mark.parametrize("token", OF_THE_PROVIDER)
def test_a_resource_type_with_a_name_input_gets_a_name(token, real_properties):
    real = real_properties(token, "Args")
    # https://github.com/pulumi/pulumi-aws/blob/master/provider/resources.go
    others = {"aws:cloudwatch/eventTarget:EventTarget": "targetId", "aws:s3/bucket:Bucket": "bucket"}
    expected = others.get(token, "name" if "name" in real else None)
    assert HANDLERS[token].auto_named == expected


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
