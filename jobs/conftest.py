"""What the tests of the jobs share: the entry point as a real process, with no rights but those it is given."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.local_aws import LocalAws

JOBS = Path(__file__).parent
# Each job is the root of its own image, so that is where its package is found.
sys.path[:0] = [str(dockerfile.parent) for dockerfile in JOBS.glob("*/Dockerfile")]

Statement = Mapping[str, Any]


@dataclass(frozen=True)
class Finished:
    """A process that ended: its exit code, and its log, in which every line is one JSON object."""

    exit_code: int
    log: Sequence[Mapping[str, Any]]

    @property
    def last_message(self) -> str:
        return self.log[-1]["message"]


class JobProcesses:
    """Starts the entry points of jobs against the local AWS."""

    def __init__(self, local_aws: LocalAws) -> None:
        self._aws = local_aws

    def environment(self, job_environment: Mapping[str, str], permissions: Sequence[Statement]) -> dict[str, str]:
        """What a container would see: the job's variables and the credentials of a principal with these rights."""
        return {
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": self._aws.endpoint,
            "AWS_REGION": self._aws.region,
            "AWS_MAX_ATTEMPTS": "1",
            **self._credentials(permissions),
            **job_environment,
        }

    def start(self, job: str, environment: Mapping[str, str], command: Sequence[str] = ()) -> subprocess.Popen[str]:
        """Starts the job as its Dockerfile does, in its own folder."""
        return subprocess.Popen(
            [sys.executable, "-m", job.replace("-", "_"), *command],
            cwd=JOBS / job,
            env=environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def run(
        self,
        job: str,
        job_environment: Mapping[str, str],
        permissions: Sequence[Statement] = (),
        command: Sequence[str] = (),
    ) -> Finished:
        """Runs the job to its end."""
        return self.finish(self.start(job, self.environment(job_environment, permissions), command))

    def finish(self, process: subprocess.Popen[str]) -> Finished:
        """Waits for a process and reads its log; a line that is not JSON fails the test."""
        output, _ = process.communicate(timeout=300)
        return Finished(process.returncode, [json.loads(line) for line in output.splitlines()])

    def _credentials(self, permissions: Sequence[Statement]) -> dict[str, str]:
        iam = self._aws.client("iam")
        name = f"job-{uuid.uuid4()}"
        iam.create_user(UserName=name)
        if permissions:
            statements = [
                {"Effect": "Allow", "Action": item["actions"], "Resource": item["resources"]} for item in permissions
            ]
            document = json.dumps({"Version": "2012-10-17", "Statement": statements})
            iam.put_user_policy(UserName=name, PolicyName="permissions", PolicyDocument=document)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


@pytest.fixture(scope="session")
def processes(local_aws: LocalAws) -> JobProcesses:
    return JobProcesses(local_aws)


@pytest.fixture
def new_bucket(local_aws: LocalAws) -> Callable[[str], str]:
    """Makes a bucket that no other test has; takes a word for its name and returns the name."""

    def make(word: str) -> str:
        name = f"{word}-{uuid.uuid4()}"
        local_aws.client("s3").create_bucket(
            Bucket=name, CreateBucketConfiguration={"LocationConstraint": local_aws.region}
        )
        return name

    return make
