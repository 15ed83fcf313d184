"""Loads MiniStack as the sandbox needs it: which services, what is switched off, who is root."""

from __future__ import annotations

import importlib
import logging
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

# MiniStack's names of the services that the sandbox offers; with Service Quotas, which is the sandbox's own, these are
# all: a call to any other is refused.
SERVICES = [
    "cloudtrail",
    "dynamodb",
    "dynamodbstreams",
    "ec2",
    "ecr",
    "ecs",
    "eks",
    "events",
    "iam",
    "kinesis",
    "kms",
    "lambda",
    "logs",
    "monitoring",
    "organizations",
    "resource-groups",
    "s3",
    "scheduler",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "states",
    "sts",
    "tagging",
]


def environment(endpoint: str, account: str, region: str) -> dict[str, str]:
    """The environment variables by which MiniStack is told what to be."""
    return {
        "AUTH": "true",
        "MINISTACK_ACCOUNT_ID": account,
        "MINISTACK_REGION": region,
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(urlsplit(endpoint).port),
        "SERVICES": ",".join(SERVICES),
        "LOG_LEVEL": "ERROR",
        "PERSIST_STATE": "0",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        # No Docker daemon is looked for: tasks are processes.
        "DOCKER_HOST": "unix:///nonexistent/docker.sock",
    }


def load(aws: LocalAws) -> Any:
    """Import MiniStack, apply the repairs for `aws` and return its ASGI application."""
    root = logging.getLogger()
    # MiniStack configures the root logger unless that has a handler.
    placeholder = logging.NullHandler()
    root.addHandler(placeholder)
    try:
        from ministack import app

        for service in SERVICES:
            importlib.import_module(f"ministack.services.{app.SERVICE_REGISTRY[service]['module']}")
        from sandbox import (
            dynamodb_repairs,
            eks_repairs,
            policy_simulation,
            repairs,
            s3_repairs,
            secret_repairs,
            service_quotas,
            store_repairs,
        )
    finally:
        root.removeHandler(placeholder)
    # Only the server's own: to ask another package's lazy module for an attribute is to import it.
    for module in [module for name, module in sys.modules.items() if name.startswith("ministack.")]:
        logger = getattr(module, "logger", None)
        if isinstance(logger, logging.Logger):
            logger.setLevel(logging.ERROR)

    # Those of a service come after the general ones. A later start replaces what an earlier one applied.
    for repaired in (repairs, dynamodb_repairs, eks_repairs, s3_repairs, secret_repairs, store_repairs):
        for repair in repaired.ALL:
            repair(aws)
    policy_simulation.install()
    service_quotas.install(aws)
    return app.app
