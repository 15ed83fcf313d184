"""What Lambda takes and refuses of a function of a zip archive with a wrapper script.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
"""

from __future__ import annotations

import io
import re
import secrets
import stat
import zipfile
from typing import Any

import pytest

from sandbox.functions import code
from tests.sandbox.functions.conftest import Place, archive
from tests.sandbox.functions.test_api import INVALID, refusal

MANDATORY = "Runtime and Handler are mandatory parameters for functions created with deployment packages."


def test_it_is_pending_when_it_is_made_and_active_when_it_is_looked_at(functions: Place) -> None:
    answer = functions.client.create_function(**functions.zip_request(Architectures=["arm64"], Publish=True))
    functions.made.append(name := answer["FunctionName"])
    assert (answer["State"], answer["Version"], answer["PackageType"]) == ("Pending", "1", "Zip")
    told = functions.client.get_function_configuration(FunctionName=name)
    assert (told["State"], told["LastUpdateStatus"], told["Runtime"]) == ("Active", "Successful", "python3.13")
    assert (told["Handler"], told["Architectures"], told["CodeSize"]) == ("never.used", ["arm64"], len(archive()))


@pytest.mark.parametrize(
    ("request_of_it", "code", "message"),
    [
        ({"Handler": None}, INVALID, f"^{re.escape(MANDATORY)}$"),
        ({"Runtime": None}, INVALID, f"^{re.escape(MANDATORY)}$"),
        ({"Runtime": "python3.99"}, INVALID, "Value python3.99 at 'runtime' failed.*enum value set: .*python3.13"),
        ({"Runtime": "python3.8"}, INVALID, "The runtime parameter of python3.8 is no longer supported"),
        ({"Runtime": "nodejs22.x"}, INVALID, "no runtime nodejs22.x by a wrapper"),
        ({"Timeout": 901}, "ValidationException", "less than or equal to 900"),
        ({"Architectures": ["arm64", "x86_64"]}, "ValidationException", "one of x86_64 and arm64"),
        ({"Variables": {"AWS_REGION": "x"}}, INVALID, "reserved keys.*AWS_REGION"),
        ({"Variables": {"A1": "x" * 4040}}, INVALID, "exceeded the 4KB limit"),
        ({"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/start"}}, INVALID, "no wrapper script but one in"),
        ({"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/../x"}}, INVALID, "no wrapper script but one in"),
        ({"ImageConfig": {"Command": ["x"]}}, INVALID, "do not provide ImageConfig"),
        ({"SnapStart": {"ApplyOn": "PublishedVersions"}}, INVALID, "no layers and no SnapStart"),
        ({"LoggingConfig": {"LogFormat": "JSON"}}, INVALID, "logs of functions as text only"),
        ({"Code": {"ZipFile": b"no zip"}}, INVALID, "Could not unzip uploaded file"),
        ({"Code": {"ZipFile": b"PK\5\6" + bytes(18)}}, INVALID, "Uploaded file must be a non-empty zip"),
        ({"Code": {"S3Bucket": "some-bucket", "S3Key": "x"}}, INVALID, "as ZipFile alone"),
        ({"Code": {"ImageUri": "x"}}, INVALID, "do not provide ImageUri when the package type of a function is Zip"),
    ],
)  # fmt: skip
def test_what_is_out_of_bounds_is_refused(
    functions: Place, request_of_it: dict[str, Any], code: str, message: str
) -> None:
    asked = {name: value for name, value in functions.zip_request(**request_of_it).items() if value is not None}
    found = refusal(lambda: functions.client.create_function(**asked))
    assert found[0] == code
    assert re.search(message, found[1])


def test_links_in_an_archive_are_refused(functions: Place) -> None:
    linked = archive({"latest": ("runtime.py", stat.S_IFLNK | 0o777)})
    assert "no links in an archive: latest" in refusal(lambda: functions.make_zip(Code={"ZipFile": linked}))[1]


def test_an_archive_that_is_too_large_is_refused(functions: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """ "50 MB (zipped, for direct upload)": https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
    assert code._MOST_ZIPPED_BYTES == 50 * 1024**2
    monkeypatch.setattr(code, "_MOST_ZIPPED_BYTES", len(archive()))
    name = functions.make_zip()
    larger = archive(one="x")
    expected = (INVALID, f"Zipped size must be smaller than {len(archive())} bytes")
    assert refusal(lambda: functions.make_zip(Code={"ZipFile": larger})) == expected
    update = functions.client.update_function_code
    assert refusal(lambda: update(FunctionName=name, ZipFile=larger)) == expected


def test_one_that_is_too_large_when_it_is_unpacked_is_refused(functions: Place) -> None:
    """ "250 MB (unzipped)" """
    content = io.BytesIO(archive())
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as made, made.open("zeros", "w") as zeros:
        for _ in range(250):
            zeros.write(bytes(1024**2))
    code, message = refusal(lambda: functions.make_zip(Code={"ZipFile": content.getvalue()}))
    assert (code, message) == (INVALID, "Unzipped size must be smaller than 262144000 bytes")


def test_what_has_not_changed_is_not_published_again(functions: Place) -> None:
    name, client = functions.make_zip(Publish=True), functions.client
    # The same bytes.
    assert client.update_function_code(FunctionName=name, ZipFile=archive(), Publish=True)["Version"] == "1"
    assert client.update_function_code(FunctionName=name, ZipFile=archive(x="1"), Publish=True)["Version"] == "2"
    client.update_function_configuration(FunctionName=name, Runtime="python3.12")
    assert client.publish_version(FunctionName=name)["Version"] == "3"
    client.update_function_configuration(FunctionName=name, Handler="another.one")
    assert client.publish_version(FunctionName=name)["Version"] == "4"
    told = [client.get_function_configuration(FunctionName=name, Qualifier=version) for version in ("2", "3", "4")]
    assert [(one["Runtime"], one["Handler"]) for one in told] == [
        ("python3.13", "never.used"), ("python3.12", "never.used"), ("python3.12", "another.one"),
    ]  # fmt: skip
    assert functions.invoke(f"{name}:3").payload["variables"]["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.12"


def test_a_change_is_held_to_the_same(functions: Place) -> None:
    name, client = functions.make_zip(), functions.client
    configure, update = client.update_function_configuration, client.update_function_code
    assert "python3.99" in refusal(lambda: configure(FunctionName=name, Runtime="python3.99"))[1]
    message = "Please don't provide ImageUri when updating a function with packageType Zip."
    assert refusal(lambda: update(FunctionName=name, ImageUri="x")) == (INVALID, message)
    assert "non-empty zip" in refusal(lambda: update(FunctionName=name, ZipFile=b"PK\5\6" + bytes(18)))[1]
    away = refusal(lambda: configure(FunctionName=name, Environment={"Variables": {}}))
    assert "from the beginning or not at all" in away[1]
    assert functions.invoke(name).error is None


def test_no_number_of_a_version_is_used_again(functions: Place) -> None:
    """ "Lambda doesn't reuse version numbers", whatever the function was made of that is gone."""
    name = f"{functions.name}-{secrets.token_hex(3)}"
    functions.make_zip(FunctionName=name, Publish=True)
    functions.client.update_function_code(FunctionName=name, ZipFile=archive(x="1"), Publish=True)
    functions.client.delete_function(FunctionName=name)
    assert refusal(lambda: functions.invoke(f"{name}:2"))[0] == "ResourceNotFoundException"
    functions.client.create_function(**{**functions.request(Publish=True), "FunctionName": name})
    versions = functions.client.list_versions_by_function(FunctionName=name)["Versions"]
    assert [version["Version"] for version in versions] == ["$LATEST", "3"]
    assert refusal(lambda: functions.invoke(f"{name}:1"))[0] == "ResourceNotFoundException"
