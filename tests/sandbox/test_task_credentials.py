"""A task has the credentials of its task role and no others, whatever this machine has."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sandbox.conftest import TaskPlace

# Which credentials an AWS client finds, by what means, and who it is with them.
WHO = """
import boto3, json
from botocore.exceptions import ClientError
session = boto3.Session()
found = session.get_credentials()
told = {"method": found and found.method, "profiles": session.available_profiles}
if found:
    told["who"] = session.client("sts").get_caller_identity()["Arn"]
    try:
        session.client("s3").list_buckets()
    except ClientError as error:
        told["refused"] = error.response["Error"]["Message"].partition("not authorized to perform: ")[2].split()[0]
print(json.dumps(told))
"""


@pytest.fixture
def credentials_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything but keys in variables by which a client on this machine finds some: those are the sandbox's own."""
    keys = "aws_access_key_id = AKIAOFTHISMACHINE000\naws_secret_access_key = of-this-machine\n"
    folder = tmp_path / ".aws"
    folder.mkdir()
    (folder / "credentials").write_text(f"[default]\n{keys}[work]\n{keys}")
    (folder / "config").write_text(f"[default]\nregion = us-east-1\n[profile work]\n{keys}")
    for name, value in {
        "HOME": str(tmp_path),
        "AWS_PROFILE": "work",
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/credentials",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(folder / "credentials"),
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/of-this-machine",
    }.items():
        monkeypatch.setenv(name, value)


def told(place: TaskPlace, task_arn: str) -> dict[str, object]:
    assert place.finish(task_arn)["containers"][0]["exitCode"] == 0, place.lines(task_arn)
    return json.loads(place.lines(task_arn)[-1])


@pytest.mark.usefixtures("credentials_of_this_machine")
def test_a_task_with_a_role_is_that_role(place: TaskPlace) -> None:
    task_arn = place.run(place.register("python", "-c", WHO))
    role_name, task_id = place.task_role.rpartition("/")[2], task_arn.rpartition("/")[2]
    who = f"arn:aws:sts::{place.aws.account}:assumed-role/{role_name}/{task_id}"
    assert told(place, task_arn) == {"method": "env", "profiles": [], "who": who, "refused": "s3:ListAllMyBuckets"}


@pytest.mark.usefixtures("credentials_of_this_machine")
def test_a_task_without_a_role_finds_no_credentials(place: TaskPlace) -> None:
    task_arn = place.run(place.register("python", "-c", WHO, task={"taskRoleArn": None}))
    assert told(place, task_arn) == {"method": None, "profiles": []}


@pytest.mark.usefixtures("credentials_of_this_machine")
def test_a_role_of_the_run_takes_the_place_of_the_definitions(place: TaskPlace, role: Callable[..., str]) -> None:
    other = role("ecs-tasks.amazonaws.com")
    task_arn = place.run(place.register("python", "-c", WHO), overrides={"taskRoleArn": other})
    assert f"assumed-role/{other.rpartition('/')[2]}/" in str(told(place, task_arn)["who"])
