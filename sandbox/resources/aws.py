"""What a handler acts on: one AWS account in one region."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Aws:
    """An account and region, and what is at hand on this machine.

    client: the boto3 client for a service name, the same one each time and safe to use from several threads.
    root: the folder of the Pulumi project; relative build contexts start there.
    """

    client: Callable[[str], Any]
    region: str
    account: str
    root: Path
    partition: str = "aws"

    def arn(self, service: str, resource: str) -> str:
        """An ARN in this region and account, for the resources whose API does not return one."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"
