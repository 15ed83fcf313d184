"""Jobs that together hold every kind of right, and what they find in their account."""

from __future__ import annotations

import json
import secrets
import shutil
from pathlib import Path
from typing import Any

from sandbox.local_aws import LocalAws
from tests.project import new_project

NAME = "bite-dev"
JOBS = ("plain", "zoned", "secretive", "permitted", "elsewhere", "returning", "stepping", "calling", "mapping")
SECRET = "s3cr3t-of-the-test"

# What most of them do: say so, and wait where the execution's input asks for it.
SCRIPT = 'echo ran; case "$LONGHAUL_INPUT" in *wait*) exec sleep 1000;; esac; '
PROGRAM = Path(__file__).with_name("program_of_a_task.py")
STEPPING = Path(__file__).with_name("program_of_a_step.py")
RETURNING = Path(__file__).with_name("program_with_a_result.py")


class Prepared:
    """What the jobs find there: secrets, a customer's key, a bucket."""

    def __init__(self, aws: LocalAws) -> None:
        self._aws = aws
        self.suffix = secrets.token_hex(4)
        self.bucket = f"bite-{self.suffix}"
        self.key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
        text = json.dumps({"password": SECRET})
        manager, ssm = aws.client("secretsmanager"), aws.client("ssm")
        manager.create_secret(Name=f"{self.bucket}/login", SecretString=text)
        self.by_arn = manager.create_secret(Name=f"{self.bucket}/token", SecretString=SECRET, KmsKeyId=self.key)["ARN"]
        ssm.put_parameter(Name=f"/{self.bucket}/plain", Value=SECRET, Type="String")
        ssm.put_parameter(Name=f"/{self.bucket}/closed", Value=SECRET, Type="SecureString", KeyId=self.key)
        s3 = aws.client("s3")
        s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": aws.region})
        s3.put_object(Bucket=self.bucket, Key="items/one", Body=b"")

    def clear(self) -> None:
        s3, manager = self._aws.client("s3"), self._aws.client("secretsmanager")
        for found in s3.list_objects_v2(Bucket=self.bucket).get("Contents", []):
            s3.delete_object(Bucket=self.bucket, Key=found["Key"])
        s3.delete_bucket(Bucket=self.bucket)
        for secret in (f"{self.bucket}/login", self.by_arn):
            manager.delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
        self._aws.client("ssm").delete_parameters(Names=[f"/{self.bucket}/plain", f"/{self.bucket}/closed"])


def write_project(root: Path, prepared: Prepared) -> None:
    config = {
        "aws:region": "eu-west-1",
        "longhaul:network": {"nat": "none", "availabilityZones": 1},
        "longhaul:jobs": {name: {} for name in JOBS},
    }
    new_project(root, "bite", config)
    test = 'test -n "$PASSWORD" && test -n "$TOKEN" && test -n "$PLAIN" && test -n "$CLOSED"'
    by_arn = {"from": prepared.by_arn, "kmsKey": prepared.key}
    bucket = f"arn:aws:s3:::{prepared.bucket}"
    shell = {"image": "public.ecr.aws/docker/library/alpine:3", "command": ["sh", "-c", SCRIPT]}
    specs: dict[str, dict[str, Any]] = {
        "plain": {"schedule": "cron(17 3 * * ? *)", "entrypoint": ["sh", "-c"], "command": [SCRIPT]},
        "zoned": {"schedule": "cron(17 9 * * ? *)", "timezone": "Asia/Kathmandu", **shell},
        "secretive": {
            "overlap": "replace",
            "entrypoint": ["sh", "-c"],
            "command": [SCRIPT + test],
            "secrets": {
                "PASSWORD": {"from": f"{prepared.bucket}/login", "key": "password"},
                "TOKEN": by_arn,
                "PLAIN": f"/{prepared.bucket}/plain",
                "CLOSED": {"from": f"/{prepared.bucket}/closed", "kmsKey": prepared.key},
            },
        },
        "permitted": {
            "entrypoint": ["python", PROGRAM.name],
            "environment": {"BUCKET": prepared.bucket},
            "permissions": [
                {"actions": ["s3:GetObject", "s3:PutObject"], "resources": [f"{bucket}/in/*"]},
                {"actions": ["s3:DeleteObject"], "resources": [f"{bucket}/in/*", f"{bucket}/out/*"]},
                {
                    "actions": ["s3:ListBucket"],
                    "resources": [bucket],
                    "conditions": {"StringEquals": {"s3:prefix": "in/"}},
                },
            ],
        },
        "returning": {"entrypoint": ["python", RETURNING.name], "results": True, "overlap": "allow"},
        # Its first step has a role of its own.
        "stepping": {
            "entrypoint": ["python", STEPPING.name],
            "environment": {"BUCKET": prepared.bucket},
            "overlap": "allow",
            "steps": [
                {
                    "name": "first",
                    "results": True,
                    "permissions": [{"actions": ["s3:ListBucket"], "resources": [bucket]}],
                },
                {"name": "second"},
            ],
        },
        "calling": {
            **shell,
            "overlap": "allow",
            "steps": [{"name": "other", "job": "zoned", "input": "{% $input %}"}],
        },
        "mapping": {
            "entrypoint": ["python", STEPPING.name],
            "overlap": "allow",
            "steps": [
                {
                    "name": "take",
                    "forEach": {"objects": {"bucket": prepared.bucket, "prefix": "items/"}},
                    "input": "{% $input %}",
                }
            ],
        },
        "elsewhere": {
            "image": "123456789012.dkr-ecr.eu-west-1.on.aws/of-another-team:1",
            "command": ["sh", "-c", SCRIPT],
        },
    }
    for name, spec in specs.items():
        folder = root / "jobs" / name
        folder.mkdir(parents=True)
        (folder / "job.yaml").write_text(json.dumps({"timeout": "1h", **spec}))
        if "image" not in spec:
            (folder / "Dockerfile").write_text("FROM python:3.12-alpine\nCOPY . .\n")
    shutil.copy(PROGRAM, root / "jobs" / "permitted")
    shutil.copy(RETURNING, root / "jobs" / "returning")
    for name in ("stepping", "mapping"):
        shutil.copy(STEPPING, root / "jobs" / name)
