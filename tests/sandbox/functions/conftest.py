"""Functions on the local AWS, of container images and of archives with a wrapper script, seen through its API."""

from __future__ import annotations

import base64
import io
import json
import secrets
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox.images import BuildContext
from sandbox.local_aws import LocalAws
from sandbox.pushed_images import MANIFEST_TYPE, manifest
from tests.sandbox.conftest import PATIENCE_SECONDS, policy

PROGRAM = Path(__file__).with_name("runtime.py")
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]


def lets_lambda_in(*actions: str, principal: str = "lambda.amazonaws.com", **condition: Any) -> str:
    """The policy of a repository."""
    statement = {"Effect": "Allow", "Principal": {"Service": principal}, "Action": list(actions or PULL)}
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


START = """#!/bin/sh
cd "$LAMBDA_TASK_ROOT" && exec "$1" runtime.py "$@"
"""


def archive(files: Mapping[str, tuple[str, int]] | None = None, **texts: str) -> bytes:
    """A zip archive of a wrapper script and `runtime.py`, with these files, each a text and a mode, beside or instead.

    `texts` are modules, by their names without `.py`.
    """
    given = {"tools/start": (START, 0o755), "runtime.py": (PROGRAM.read_text(), 0o644)}
    given |= {f"{name}.py": (text, 0o644) for name, text in texts.items()} | dict(files or {})
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        for name, (text, mode) in given.items():
            file = zipfile.ZipInfo(name)
            file.external_attr = mode << 16
            made.writestr(file, text)
    return content.getvalue()


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that comes by itself."""
    over = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < over
        time.sleep(0.01)


@dataclass(frozen=True)
class Told:
    """What Invoke answers."""

    payload: Any
    error: str | None
    version: str
    log: str


@dataclass
class Place:
    """A repository, a log group and a role, in which functions run `runtime.py`."""

    aws: LocalAws
    name: str
    role: str
    folder: Path
    made: list[str] = field(default_factory=list)

    @property
    def group(self) -> str:
        return f"/functions/{self.name}"

    @property
    def client(self) -> Any:
        return self.aws.client("lambda")

    def push(self, build: BuildContext, tag: str = "latest") -> str:
        """Push an image to the repository; its URI by tag."""
        self.aws.client("ecr").put_image(
            repositoryName=self.name,
            imageManifest=manifest(build, f"sha256:{secrets.token_hex(32)}"),
            imageManifestMediaType=MANIFEST_TYPE,
            imageTag=tag,
        )
        return f"{self.aws.account}.dkr.ecr.{self.aws.region}.amazonaws.com/{self.name}:{tag}"

    def image(self, *lines: str, tag: str = "latest", **build: Any) -> str:
        """Push an image whose Dockerfile has these lines; its URI by tag."""
        text = "\n".join(("FROM python:3.12", *lines, ""))
        dockerfile = self.folder / f"Dockerfile.{secrets.token_hex(3)}"
        dockerfile.write_text(text)
        return self.push(BuildContext(self.folder, dockerfile, **build), tag)

    def request(self, **more: Any) -> dict[str, Any]:
        """The request of CreateFunction for a function that runs `runtime.py`."""
        name = f"{self.name}-{secrets.token_hex(3)}"
        uri = more.pop("ImageUri", None) or self.image("WORKDIR /app", "COPY . .", 'CMD ["python3", "runtime.py"]')
        return {
            "FunctionName": name,
            "PackageType": "Image",
            "Code": {"ImageUri": uri},
            "Role": self.role,
            "LoggingConfig": {"LogGroup": self.group},
            **more,
        }

    def zip_request(self, **more: Any) -> dict[str, Any]:
        """The request of CreateFunction for a function of an archive whose wrapper script runs `runtime.py`."""
        variables = {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/tools/start", **more.pop("Variables", {})}
        return {
            "FunctionName": f"{self.name}-{secrets.token_hex(3)}",
            "Runtime": "python3.13",
            "Handler": "never.used",
            "Code": {"ZipFile": archive()},
            "Environment": {"Variables": variables},
            "Role": self.role,
            "LoggingConfig": {"LogGroup": self.group},
            **more,
        }

    def make_zip(self, **more: Any) -> str:
        """CreateFunction; the function's name."""
        return self._made(self.zip_request(**more))

    def make(self, **more: Any) -> str:
        """CreateFunction; the function's name."""
        return self._made(self.request(**more))

    def _made(self, request: dict[str, Any]) -> str:
        answer = self.client.create_function(**request)
        self.made.append(answer["FunctionName"])
        return answer["FunctionName"]

    def invoke(self, name: str, *, client: Any = None, **event: Any) -> Told:
        """Invoke, with an event that `runtime.py` understands."""
        answer = (client or self.client).invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
        return Told(
            payload=json.loads(answer["Payload"].read()),
            error=answer.get("FunctionError"),
            version=answer["ExecutedVersion"],
            log=base64.b64decode(answer.get("LogResult", "")).decode(),
        )

    def lines(self, stream: str, group: str = "") -> list[str]:
        """The events of a log stream."""
        found = self.aws.client("logs").get_log_events(
            logGroupName=group or self.group, logStreamName=stream, startFromHead=True
        )
        return [event["message"] for event in found["events"]]

    def streams(self, group: str = "") -> list[str]:
        """The names of a log group's streams."""
        found = self.aws.client("logs").describe_log_streams(logGroupName=group or self.group)
        return [stream["logStreamName"] for stream in found["logStreams"]]

    @property
    def log_arn(self) -> str:
        return f"arn:aws:logs:{self.aws.region}:{self.aws.account}:log-group:{self.group}:log-stream:*"


@pytest.fixture
def functions(local_aws: LocalAws, role: Callable[..., str], tmp_path: Path) -> Iterator[Place]:
    """A new place, whose role may write the log; the functions that are made are deleted afterwards."""
    name = f"fn-{secrets.token_hex(4)}"
    local_aws.client("ecr").create_repository(repositoryName=name)
    local_aws.client("ecr").set_repository_policy(repositoryName=name, policyText=lets_lambda_in())
    local_aws.client("logs").create_log_group(logGroupName=f"/functions/{name}")
    (tmp_path / "runtime.py").write_text(PROGRAM.read_text())
    place = Place(local_aws, name, "", tmp_path)
    place.role = role("lambda.amazonaws.com", policy((["logs:CreateLogStream", "logs:PutLogEvents"], place.log_arn)))
    yield place
    for function in place.made:
        local_aws.client("lambda").delete_function(FunctionName=function)
