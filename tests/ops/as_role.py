"""Clients that may what a role may."""

from __future__ import annotations

from typing import Any

from sandbox.local_aws import LocalAws

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}


class AsRole:
    """Clients that may what a role may."""

    region = "eu-west-1"

    def __init__(self, local_aws: LocalAws, role_arn: str) -> None:
        self._local_aws, self._role_arn = local_aws, role_arn

    def __call__(self, service: str) -> Any:
        return self._local_aws.identity.client(service, self._role_arn, "states.amazonaws.com")
