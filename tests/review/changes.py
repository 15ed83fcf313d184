"""Kinds of change that people make to a project: its files before and after."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

Files = Mapping[str, Any]
"""Path in the project to its content: text, or what is written as YAML."""

# A Tuesday. Dublin's clocks go back on 31 October 2027 and forward on 28 March 2027.
START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)

ROLLUP = {
    "description": "Adds up yesterday's sales",
    "timeout": "2h",
    "retries": {"attempts": 2, "interval": "10m"},
    "permissions": [
        {"actions": ["s3:GetObject", "s3:ListBucket"], "resources": ["arn:aws:s3:::sales", "arn:aws:s3:::sales/*"]}
    ],
}
DAILY = {"schedule": "cron(15 3 * * ? *)", "timezone": "Europe/Dublin"}
IMAGE = "public.ecr.aws/docker/library/alpine:3.22"
EXPORT = {"image": IMAGE, "cpu": 4096, "memory": "16 GB", "timeout": "30m", "schedule": "cron(0 2 * * ? *)"}


def project(
    jobs: Mapping[str, Any], rollup: Mapping[str, Any] = ROLLUP, code: str = "print(1)", **settings: Any
) -> Files:
    """A project with one stack, dev, and the folder of one job, rollup."""
    config = {f"longhaul:{key}": value for key, value in settings.items()}
    return {
        "Pulumi.yaml": {"name": "acme", "runtime": "python"},
        "Pulumi.dev.yaml": {"config": {"aws:region": "eu-west-1", **config, "longhaul:jobs": jobs}},
        "jobs/rollup/job.yaml": rollup,
        "jobs/rollup/Dockerfile": "FROM python:3.13-slim\nCOPY main.py .\n",
        "jobs/rollup/.dockerignore": "*\n!main.py\n",
        "jobs/rollup/main.py": code,
    }


PLAIN = project({"rollup": DAILY})
_ON_LAMBDA = {"rollup": {**DAILY, "timeout": "10m", "runOn": "lambda"}}
_PLAIN_ROLLUP = {
    **project(_ON_LAMBDA),
    "jobs/rollup/Dockerfile": 'FROM python:3.13-slim\nWORKDIR /app\nCOPY main.py .\nENTRYPOINT ["python", "main.py"]\n',
}
_AS_ZIP = {**_ON_LAMBDA["rollup"], "runOn": {"kind": "lambda", "package": "zip"}}
CHANGES: Mapping[str, tuple[Files, Files]] = {
    "nothing": (PLAIN, {**PLAIN, "README.md": "Other words."}),
    "job-added": (PLAIN, project({"rollup": DAILY, "export": {**EXPORT, "cpu": 1024, "memory": 2048}})),
    "job-removed": (
        project({"rollup": DAILY, "export": {**EXPORT, "permissions": ROLLUP["permissions"]}}, keepLogs=True),
        project({"rollup": DAILY}, keepLogs=True),
    ),
    "schedule-moved": (
        project({"rollup": {"schedule": "cron(15 3 * * ? *)"}}),
        project({"rollup": {"schedule": "cron(30 9 ? * MON-FRI *)", "timezone": "Europe/Dublin"}}),
    ),
    "results": (PLAIN, project({"rollup": {**DAILY, "results": True}}, resultRetention=30)),
    "schedule-stopped": (PLAIN, project({"rollup": {**DAILY, "enabled": False}})),
    "fields": (
        PLAIN,
        project(
            {"rollup": {**DAILY, "environment": {"SHOPS": "all | some", "NOTE": "a `quoted`\nline"}}},
            {**ROLLUP, "timeout": "90m", "retries": {"attempts": 3, "interval": "10m", "finalExitCodes": [64, 65]}},
        ),
    ),
    "overlap": (
        project({"rollup": DAILY, "export": {**EXPORT, "cpu": 1024, "memory": 2048, "overlap": "replace"}}),
        project(
            {
                "rollup": {**DAILY, "overlap": {"policy": "queue", "group": "loads", "queueLimit": 10}},
                "export": {**EXPORT, "cpu": 1024, "memory": 2048, "overlap": {"policy": "allow", "oncePerTime": True}},
                "import": {
                    **EXPORT,
                    **{"cpu": 1024, "memory": 2048, "schedule": "cron(15 3 1 * ? *)"},
                    "overlap": {"group": "loads"},
                },
            },
            {**ROLLUP, "capacity": {"spot": True, "onDemandAfter": 2}, "startRetries": {"attempts": 20}},
        ),
    ),
    "moved-to-task": (
        project({"rollup": {**DAILY, "overlap": "allow", "capacity": {"spot": True}}}),
        project({"rollup": {**DAILY, "overlap": "allow", "capacity": {"spot": True}, "runOn": "task"}}),
    ),
    "moved-to-ec2": (PLAIN, project({"rollup": {**DAILY, "runOn": {"kind": "ec2", "capacityProvider": "warehouse"}}})),
    "moved-to-lambda": (
        project({"rollup": {**DAILY, "timeout": "10m", "entrypoint": ["python", "main.py"]}}),
        project({"rollup": {**DAILY, "timeout": "10m", "entrypoint": ["python", "main.py"], "runOn": "lambda"}}),
    ),
    "package-changed": (
        _PLAIN_ROLLUP,
        {**_PLAIN_ROLLUP, "Pulumi.dev.yaml": project({"rollup": _AS_ZIP})["Pulumi.dev.yaml"]},
    ),
    "moved-to-kubernetes": (
        project({"rollup": {**DAILY, "overlap": "allow"}}),
        project({"rollup": {**DAILY, "overlap": "allow", "runOn": {"kind": "kubernetes", "cluster": "analytics"}}}),
    ),
    "started-by": (
        project({"rollup": DAILY, "export": {"image": IMAGE, "schedule": "cron(0 4 * * ? *)"}}),
        project(
            {
                "rollup": DAILY,
                "export": {
                    "image": IMAGE,
                    "startedBy": {
                        "jobs": ["rollup"],
                        "objects": [{"bucket": "sales", "prefix": "in/"}],
                        "roles": ["arn:aws:iam::123456789012:role/service/orders"],
                    },
                },
            }
        ),
    ),
    "permissions": (
        PLAIN,
        project(
            {"rollup": DAILY},
            {
                **ROLLUP,
                "permissions": [
                    {"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::sales/*"]},
                    {
                        "actions": ["s3:PutObject"],
                        "resources": ["arn:aws:s3:::reports/*"],
                        "conditions": {"StringEquals": {"aws:ResourceAccount": "123456789012"}},
                    },
                    {"effect": "Deny", "actions": ["s3:DeleteObject"], "resources": ["*"]},
                ],
            },
        ),
    ),
    "secret": (
        PLAIN,
        project({"rollup": {**DAILY, "secrets": {"DB": {"from": "sales/database", "key": "password"}}}}),
    ),
    "task-grows": (PLAIN, project({"rollup": {**DAILY, "cpu": "1 vCPU", "memory": "4 GB", "ephemeralStorage": 100}})),
    "stack-settings": (
        project({"rollup": DAILY}, tags={"environment": "dev"}),
        project(
            {"rollup": DAILY},
            network={"vpcId": "vpc-0a1b2c3d", "subnetIds": ["subnet-0a1b2c3d", "subnet-4e5f6a7b"]},
            trigger="scheduler",
            containerInsights="enabled",
            tags={"environment": "dev", "team": "sales"},
        ),
    ),
    "warnings": (
        PLAIN,
        project(
            {
                "rollup": {**DAILY, "schedule": "cron(30 1 * * ? *)"},
                "export": EXPORT,
                "import": {**EXPORT, "cpu": 8192, "timeout": "6h", "schedule": "cron(0 2,6 * * ? *)"},
            }
        ),
    ),
    "code": (PLAIN, {**project({"rollup": DAILY}, code="print(2)"), "jobs/rollup/README.md": "No part of the image."}),
    "job-renamed": (
        project({"export": {**EXPORT, "cpu": 256, "memory": 512}}),
        project({"daily-export": {**EXPORT, "cpu": 256, "memory": 512}}),
    ),
    "stack-added": (PLAIN, {**PLAIN, "Pulumi.prod.yaml": {"config": {"longhaul:jobs": {"rollup": DAILY}}}}),
    "mistakes": (
        PLAIN,
        project({"rollup": {**DAILY, "cpu": 300, "schedul": "rate(1 day)"}, "nightly": {"schedule": "rate(1 days)"}}),
    ),
}


def write(root: Path, files: Files) -> Path:
    """Write the files below `root`, which is given back."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False))
    return root
