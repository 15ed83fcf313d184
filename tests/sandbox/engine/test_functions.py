"""The life of a Lambda function as the engine asks for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from pulumi.runtime import proto
from pulumi.runtime.proto import provider_pb2

from sandbox.engine.local_account import local_account
from sandbox.engine.provider import Provider
from sandbox.errors import SandboxError
from sandbox.local_aws import LocalAws
from sandbox.pulumi_values import Archive, to_python, to_struct
from sandbox.resources.unknown import UNKNOWN
from tests.sandbox.functions.conftest import Place, archive
from tests.sandbox.functions.conftest import functions as functions

URN = "urn:pulumi:dev::longhaul::aws:lambda/function:Function::nightly"


@pytest.fixture
def provider(local_aws: LocalAws, tmp_path: Path) -> Provider:
    provider = Provider("aws", lambda settings: local_account(local_aws.environment, settings, tmp_path))
    provider.Configure(provider_pb2.ConfigureRequest(args=to_struct({"region": "eu-west-1"})), None)
    return provider


def check(provider: Provider, new: dict[str, Any], old: dict[str, Any] | None = None) -> dict[str, Any]:
    request = provider_pb2.CheckRequest(urn=URN, news=to_struct(new), olds=to_struct(old or {}), randomSeed=b"seed")
    answer = provider.Check(request, None)
    assert not answer.failures
    return to_python(answer.inputs)


def diff(provider: Provider, inputs: dict[str, Any], new: dict[str, Any], outputs: dict[str, Any]) -> Any:
    request = provider_pb2.DiffRequest(
        id=outputs["name"], urn=URN, old_inputs=to_struct(inputs), news=to_struct(new), olds=to_struct(outputs)
    )
    return provider.Diff(request, None)


def test_it_is_made_read_without_drift_changed_and_deleted(provider: Provider, functions: Place) -> None:
    given: dict[str, Any] = {
        "packageType": "Image",
        "imageUri": functions.image('ENTRYPOINT ["true"]'),
        "role": functions.role,
        "publish": True,
        "timeout": 60,
        "memorySize": 256,
        "imageConfig": {"entryPoints": ["python3"], "commands": ["runtime.py"]},
        "ephemeralStorage": {"size": 512},
        "loggingConfig": {"logFormat": "Text", "logGroup": functions.group},
        "tags": {"a": "b"},
    }
    inputs = check(provider, given)
    made = provider.Create(provider_pb2.CreateRequest(urn=URN, properties=to_struct(inputs)), None)
    outputs = to_python(made.properties)
    assert (outputs["version"], outputs["qualifiedArn"]) == ("1", f"{outputs['arn']}:1")
    read = provider.Read(
        provider_pb2.ReadRequest(urn=URN, id=made.id, properties=made.properties, inputs=to_struct(inputs)), None
    )
    assert (to_python(read.properties), to_python(read.inputs)) == (outputs, inputs)
    assert diff(provider, inputs, check(provider, given, inputs), outputs).changes == proto.DiffResponse.DIFF_NONE

    news = check(provider, {**given, "timeout": 90, "environment": {"variables": {"A1": "x"}}}, inputs)
    told = diff(provider, inputs, news, outputs)
    assert (sorted(told.diffs), list(told.replaces)) == (["environment", "timeout"], [])
    update = {"urn": URN, "id": made.id, "olds": made.properties, "old_inputs": to_struct(inputs)}
    previewed = provider.Update(provider_pb2.UpdateRequest(**update, news=to_struct(news), preview=True), None)
    # Whoever names the version is told that it will be another one.
    assert not {"version", "qualifiedArn"} & to_python(previewed.properties).keys()
    updated = provider.Update(provider_pb2.UpdateRequest(**update, news=to_struct(news)), None)
    outputs = to_python(updated.properties)
    assert (outputs["version"], outputs["timeout"]) == ("2", 90)
    assert diff(provider, news, check(provider, given, news), outputs).changes == proto.DiffResponse.DIFF_SOME

    provider.Delete(provider_pb2.DeleteRequest(urn=URN, id=made.id, properties=updated.properties), None)
    gone = provider.Read(provider_pb2.ReadRequest(urn=URN, id=made.id, properties=updated.properties), None)
    assert gone.id == ""


def test_what_is_not_known_yet_passes_the_check(provider: Provider) -> None:
    given = {"packageType": "Image", "imageUri": UNKNOWN, "role": UNKNOWN}
    assert check(provider, {**given, "loggingConfig": UNKNOWN})["loggingConfig"] == UNKNOWN
    group = check(provider, {**given, "loggingConfig": {"logGroup": UNKNOWN}})["loggingConfig"]
    assert group == {"logFormat": "Text", "logGroup": UNKNOWN}


def test_an_archive_that_changes_makes_a_version_and_a_move_to_an_image_another_function(
    provider: Provider, functions: Place, tmp_path: Path
) -> None:
    """An archive comes with a path and a hash, and goes back into the engine's state so."""
    (tmp_path / "code.zip").write_bytes(archive())
    given: dict[str, Any] = {
        "name": f"{functions.name}-nightly",
        "packageType": "Zip",
        "code": Archive("code.zip", "hash of one"),
        "runtime": "python3.13",
        "handler": "never.used",
        "role": functions.role,
        "publish": True,
        "environment": {"variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/tools/start"}},
    }
    inputs = check(provider, given)
    properties = to_struct(inputs)
    assert MessageToDict(properties)["code"] == {
        "4dabf18193072939515e22adb298388d": "0def7320c3a5731c473e5ecbe6d01bc7",
        "path": "code.zip",
        "hash": "hash of one",
    }
    made = provider.Create(provider_pb2.CreateRequest(urn=URN, properties=properties), None)
    outputs = to_python(made.properties)
    assert (outputs["version"], outputs["code"]) == ("1", given["code"])
    read = provider.Read(
        provider_pb2.ReadRequest(urn=URN, id=made.id, properties=made.properties, inputs=properties), None
    )
    assert (to_python(read.properties), to_python(read.inputs)) == (outputs, inputs)
    assert diff(provider, inputs, check(provider, given, inputs), outputs).changes == proto.DiffResponse.DIFF_NONE

    (tmp_path / "code.zip").write_bytes(archive(x="1"))
    news = check(provider, {**given, "code": Archive("code.zip", "hash of two")}, inputs)
    # The engine names no path when it has two compared.
    told = diff(provider, inputs, {**news, "code": Archive("", "hash of two")}, outputs)
    assert (list(told.diffs), list(told.replaces)) == (["code"], [])
    update = {"urn": URN, "id": made.id, "olds": made.properties, "old_inputs": properties}
    updated = provider.Update(provider_pb2.UpdateRequest(**update, news=to_struct(news)), None)
    assert to_python(updated.properties)["version"] == "2"

    # As the name stays, the old one has to go first.
    image = {"name": given["name"], "packageType": "Image", "imageUri": "x", "role": functions.role}
    told = diff(provider, news, check(provider, image, news), to_python(updated.properties))
    assert (list(told.replaces), told.deleteBeforeReplace) == (["packageType"], True)
    provider.Delete(provider_pb2.DeleteRequest(urn=URN, id=made.id, properties=updated.properties), None)


@pytest.mark.parametrize("kind", [{"uri": "https://example.com/x.zip"}, {"assets": {"a.py": "x"}}])
def test_other_archives_are_refused(provider: Provider, kind: dict[str, Any]) -> None:
    signed = {"4dabf18193072939515e22adb298388d": "0def7320c3a5731c473e5ecbe6d01bc7", **kind}
    with pytest.raises(SandboxError, match=r"of archives a pulumi\.FileArchive alone"):
        check(provider, {"role": "x", "code": signed})
