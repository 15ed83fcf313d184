"""What the folders of the jobs promise: an image pinned and not root, and exit codes that are documented."""

from __future__ import annotations

import importlib
import json
import os
import re
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from dockerfile_parse import DockerfileParser

# By name, because a job that somebody adds need not be made as these are.
FOLDERS = [
    Path(__file__).parent / name for name in ("bucket-inventory", "daily-rollup", "snapshot-cleanup", "weekly-report")
]


@pytest.fixture(params=FOLDERS, ids=lambda folder: folder.name)
def folder(request) -> Path:
    return request.param


@pytest.fixture
def outcome(folder) -> ModuleType:
    return importlib.import_module(f"{folder.name.replace('-', '_')}.outcome")


def test_the_image_holds_the_versions_that_the_tests_ran_with(folder) -> None:
    lines = [line for line in (folder / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    pinned = dict(line.split("==") for line in lines)
    assert "boto3" in pinned
    assert {name: version(name) for name in pinned} == pinned


def test_the_image_is_pinned_not_root_and_started_without_a_shell(folder) -> None:
    with (folder / "Dockerfile").open("rb") as file:
        instructions = {item["instruction"]: item["value"] for item in DockerfileParser(fileobj=file).structure}
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", instructions["FROM"])
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", instructions["USER"])
    # Through a shell, SIGTERM would not reach the job.
    assert json.loads(instructions["ENTRYPOINT"]) == ["python", "-m", folder.name.replace("-", "_")]


def test_the_readme_documents_every_exit_code_and_which_are_tried_again(folder, outcome) -> None:
    documented = dict(re.findall(r"^\| (\d+) \|.*\|([^|]*)\|$", (folder / "README.md").read_text(), re.MULTILINE))
    assert {int(code) for code in documented} == {int(code) for code in outcome.Exit}
    final = yaml.safe_load((folder / "job.yaml").read_text())["retries"]["finalExitCodes"]
    assert {int(code) for code, again in documented.items() if again.strip() == "no"} == set(final)


def test_an_exit_code_of_sysexits_means_what_it_means_there(outcome) -> None:
    names = {
        "USAGE": "EX_USAGE",
        "DATA": "EX_DATAERR",
        "NO_INPUT": "EX_NOINPUT",
        "UNAVAILABLE": "EX_UNAVAILABLE",
        "BUG": "EX_SOFTWARE",
        "TEMPORARY": "EX_TEMPFAIL",
        "DENIED": "EX_NOPERM",
    }
    for exit_code in outcome.Exit:
        if exit_code.name in names:
            assert exit_code == getattr(os, names[exit_code.name])


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("AccessDenied", 403, "DENIED"),
        ("AuthFailure", 401, "DENIED"),
        ("ExpiredToken", 400, "TEMPORARY"),
        ("RequestTimeTooSkewed", 403, "TEMPORARY"),
        ("SlowDown", 503, "UNAVAILABLE"),
        ("InternalError", 500, "UNAVAILABLE"),
        ("ThrottlingException", 400, "UNAVAILABLE"),
        ("NoSuchBucket", 404, "USAGE"),
        ("PermanentRedirect", 301, "USAGE"),
        ("InvalidArgument", 400, "BUG"),
    ],
)
def test_an_error_of_aws_has_the_exit_code_that_says_whether_to_try_again(outcome, code, status, expected) -> None:
    from botocore.exceptions import ClientError

    response = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": status}}
    assert outcome.exit_code_of_aws_error(ClientError(response, "Any")).name == expected


def test_errors_of_botocore_have_an_exit_code_too(outcome) -> None:
    from botocore import exceptions

    found = {
        type(error).__name__: outcome.exit_code_of_aws_error(error).name
        for error in (
            exceptions.NoCredentialsError(),
            exceptions.ParamValidationError(report="Invalid bucket name"),
            exceptions.NoRegionError(),
            exceptions.ConnectTimeoutError(endpoint_url="https://s3"),
            exceptions.IncompleteReadError(actual_bytes=1, expected_bytes=2),
            ZeroDivisionError(),
        )
    }
    assert found == {
        "NoCredentialsError": "DENIED",
        "ParamValidationError": "USAGE",
        "NoRegionError": "USAGE",
        "ConnectTimeoutError": "UNAVAILABLE",
        "IncompleteReadError": "UNAVAILABLE",
        "ZeroDivisionError": "BUG",
    }
