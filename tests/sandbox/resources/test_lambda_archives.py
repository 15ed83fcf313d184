"""Functions of zip archives: what is uploaded, when, and what a change of it makes."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from sandbox.errors import SandboxError
from sandbox.pulumi_values import Archive
from sandbox.resources.registry import handler_for
from tests.sandbox.conftest import trust
from tests.sandbox.functions.conftest import archive

FUNCTION = "aws:lambda/function:Function"
ROLE = "aws:iam/role:Role"


@pytest.fixture
def packed(tmp_path: Path):
    """Writes an archive into the project; what the engine says of it."""

    def pack(word: str) -> Archive:
        (tmp_path / f"{word}.zip").write_bytes(archive(extra=word))
        return Archive(f"{word}.zip", f"hash of {word}")

    return pack


@pytest.fixture
def inputs(make, unique, packed):
    role = make(ROLE, {"name": unique, "assumeRolePolicy": trust("lambda.amazonaws.com")}, "role")
    return {
        "name": unique,
        "packageType": "Zip",
        "runtime": "python3.13",
        "handler": "never.used",
        "code": packed("one"),
        "environment": {"variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/tools/start"}},
        "role": role.outputs["arn"],
        "publish": True,
    }


def test_a_function_is_made_as_asked_and_deleted(aws, make, delete, inputs, unique):
    made = make(FUNCTION, {**inputs, "architectures": ["arm64"], "timeout": 60, "tags": {"a": "b"}})
    found = aws.client("lambda").get_function(FunctionName=unique)
    config = found["Configuration"]
    assert (config["PackageType"], config["Runtime"], config["Handler"]) == ("Zip", "python3.13", "never.used")
    assert config["Environment"]["Variables"] == {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/tools/start"}
    assert (config["CodeSize"], config["Architectures"], found["Tags"]) == (
        len(archive(extra="one")), ["arm64"], {"a": "b"},
    )  # fmt: skip
    assert (made.outputs["codeSha256"], made.outputs["version"]) == (config["CodeSha256"], "1")
    assert "imageUri" not in made.outputs
    delete(FUNCTION, made)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        aws.client("lambda").get_function(FunctionName=unique)


def test_other_code_is_uploaded_and_published_and_the_old_version_stays(aws, make, change, inputs, packed):
    made = make(FUNCTION, inputs)
    client, arn = aws.client("lambda"), made.outputs["arn"]
    outputs = change(FUNCTION, made, {**inputs, "code": packed("two")})
    assert outputs["qualifiedArn"] == f"{arn}:2"
    first, second = (client.get_function_configuration(FunctionName=f"{arn}:{version}") for version in (1, 2))
    assert (first["CodeSha256"], second["CodeSha256"]) == (made.outputs["codeSha256"], outputs["codeSha256"])
    assert first["CodeSha256"] != second["CodeSha256"]


def test_code_of_the_same_content_elsewhere_is_no_change(make, inputs):
    made = make(FUNCTION, inputs)
    moved = {**inputs, "code": Archive("/elsewhere.zip", inputs["code"].hash)}
    handler = handler_for(FUNCTION)
    assert handler.differing(made.outputs, handler.check(moved, "unused", b"")) == set()


def test_another_runtime_is_a_change_of_the_configuration_alone(make, change, inputs, tmp_path: Path):
    made = make(FUNCTION, inputs)
    (tmp_path / inputs["code"].path).unlink()
    outputs = change(FUNCTION, made, {**inputs, "runtime": "python3.12"})
    assert (outputs["version"], outputs["runtime"], outputs["codeSha256"]) == (
        "2", "python3.12", made.outputs["codeSha256"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"imageUri": "x"}, "packageType 'Zip' with a pulumi.FileArchive as code"),
        ({"code": Archive("")}, "packageType 'Zip' with a pulumi.FileArchive as code"),
        ({"code": None}, "packageType 'Zip' with a pulumi.FileArchive as code"),
        ({"packageType": "Image"}, "packageType 'Image' with an imageUri"),
        ({"packageType": "Image", "imageUri": "x"}, "packageType 'Image' with an imageUri"),
        ({"handler": None}, "^handler and runtime must be set when PackageType is Zip$"),
        ({"runtime": None}, "^handler and runtime must be set when PackageType is Zip$"),
    ],
)
def test_what_does_not_go_together_is_refused(inputs, wrong, message):
    with pytest.raises(SandboxError, match=message):
        handler_for(FUNCTION).check({**inputs, **wrong}, "name", b"")
