"""Small programs, and what is seen of their deployment."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from textwrap import dedent, indent

import pytest

from sandbox.deploy import deploy
from sandbox.errors import SandboxError

ALLOW = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [ALLOW]})
GRANT = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
)
HEADER = f"""
import json
import pulumi
from pulumi import Output, ResourceOptions, export
from pulumi_aws import cloudwatch, iam
import pulumi_aws as aws

TRUST = {TRUST!r}
GRANT = {GRANT!r}
"""
FIRST_LINE = HEADER.count("\n") + 1


@pytest.fixture
def write(tmp_path):
    """Write a Pulumi project: its program, after the usual imports, and its stacks' configuration."""

    def project(program: str, **stacks: str) -> Path:
        (tmp_path / "Pulumi.yaml").write_text("name: small\nruntime: python\n")
        for stack, configuration in (stacks or {"dev": ""}).items():
            (tmp_path / f"Pulumi.{stack}.yaml").write_text(
                "config:\n  aws:region: eu-west-1\n" + indent(dedent(configuration), "  ")
            )
        (tmp_path / "__main__.py").write_text(HEADER + dedent(program))
        return tmp_path

    return project


def refusal(root: Path, local_aws, stack: str = "dev") -> list[str]:
    with pytest.raises(SandboxError) as refused:
        deploy(root, stack, local_aws)
    return str(refused.value).splitlines()


def silent(capfd, caplog) -> bool:
    """Whether nothing was printed or logged, not even what Python says of exceptions that nobody asked for."""
    gc.collect()
    return capfd.readouterr() == ("", "") and caplog.records == []


def log_groups(local_aws, prefix: str) -> set[str]:
    groups = local_aws.client("logs").describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]
    return {group["logGroupName"] for group in groups}
