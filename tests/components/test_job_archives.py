"""The resources of a job on Lambda that is made into an archive."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from definitions.lambda_function import HANDLER
from tests.components.conftest import PLAIN_DOCKERFILE, Deployment, RecordingMonitor, run_program, write_project

JOBS = """
longhaul:network: {nat: none}
longhaul:jobs:
  report:
    runOn: {kind: lambda, package: zip}
    build: {context: plain, dockerfile: plain/Dockerfile}
    architecture: arm64
    timeout: 5m
    environment: {LEVEL: info}
"""
NAME = "longhaul-test-report"


@pytest.fixture
def report(deploy: Callable[..., Deployment]) -> Deployment:
    return deploy(JOBS)


def test_the_function_is_made_from_the_archive_and_started_by_what_is_in_it(report: Deployment, tmp_path: Path) -> None:
    function = report.one("lambda/function:Function", NAME).inputs

    assert (function["packageType"], function["runtime"], function["handler"]) == ("Zip", "python3.13", HANDLER)
    assert function["architectures"] == ["arm64"]
    assert function["environment"] == {
        "variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/longhaul/start", "COLOR": "no", "LEVEL": "info"}
    }
    assert "imageUri" not in function
    assert "imageConfig" not in function
    with zipfile.ZipFile(tmp_path / function["code"]["path"]) as archive:
        assert {"main.py", "longhaul/start", "longhaul/bootstrap.py"} <= {*archive.namelist()}


def test_the_old_function_goes_before_one_of_the_same_name_comes(report: Deployment) -> None:
    assert report.one("lambda/function:Function", NAME).delete_before_replace


def test_what_is_made_from_an_archive_says_so(report: Deployment) -> None:
    for type_ in ("lambda/function:Function", "sfn/stateMachine:StateMachine"):
        assert report.one(type_, NAME).inputs["tags"]["longhaul:package"] == "zip"


def test_there_is_nothing_of_an_image(report: Deployment) -> None:
    assert not [one for one in report.resources if "ecr" in one.type]


def test_functions_of_images_are_beside_those_of_archives(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(JOBS + "  other: {runOn: lambda, timeout: 5m, build: {context: code}, entrypoint: [other]}\n")
    policy = deployment.one("ecr/repositoryPolicy:RepositoryPolicy")
    waits = {
        name: policy.urn in deployment.one("lambda/function:Function", f"longhaul-test-{name}").dependencies
        for name in ("report", "other")
    }
    assert waits == {"report": False, "other": True}
    assert {image.name for image in deployment.all("awsx:ecr:Image")} == {
        "longhaul-test-other",
        "longhaul-test-other.lambda",
    }


def test_each_step_has_an_archive_that_starts_it(deploy: Callable[..., Deployment], tmp_path: Path) -> None:
    deployment = deploy(JOBS + "    steps: [{name: one, command: [first]}, {name: two, command: [second]}]\n")
    functions = deployment.all("lambda/function:Function")
    starts = []
    for function in functions:
        with zipfile.ZipFile(tmp_path / function.inputs["code"]["path"]) as archive:
            starts.append(archive.read("longhaul/start").decode().splitlines()[-1])
    assert [start.rpartition(" main.py ")[2] for start in starts] == ["first", "second"]


def test_where_one_cannot_be_packed_nothing_is_created(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_project(tmp_path, JOBS)
    folder = tmp_path / "plain"
    (folder / "requirements.txt").write_text("--no-index\nnowhere\n")
    (folder / "Dockerfile").write_text(
        PLAIN_DOCKERFILE.replace("COPY main.py .", "COPY . .\nRUN pip install -r requirements.txt")
    )
    created: list[str] = []
    register = RecordingMonitor.RegisterResource

    def recorded(monitor: RecordingMonitor, request: Any) -> Any:
        created.append(request.type)
        return register(monitor, request)

    monkeypatch.setattr(RecordingMonitor, "RegisterResource", recorded)

    with pytest.raises(pulumi.RunError) as refused:
        run_program(tmp_path, "test")

    assert str(refused.value).startswith("report: expected pip to install its packages for python3.13, found ")
    assert "\n" not in str(refused.value)
    assert {*created} <= {"pulumi:pulumi:Stack"}


def test_a_folder_that_cannot_be_written_to_is_said_in_one_line(tmp_path: Path) -> None:
    write_project(tmp_path, JOBS)
    (tmp_path / ".packages").write_text("in the way")

    with pytest.raises(
        pulumi.RunError, match=r"^report: expected to read its files and to keep its archive, found .+$"
    ):
        run_program(tmp_path, "test")
