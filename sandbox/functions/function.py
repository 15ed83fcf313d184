"""A version of a function, as far as its environments and invocations need it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"
"""The variable that names the script by which Lambda starts a managed runtime."""


@dataclass(frozen=True)
class Function:
    """MiniStack's configuration of one version of a function, read, and its archive, which one of an image has not.

    https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html
    """

    config: Mapping[str, Any]
    archive: bytes | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """Its name."""
        return self.config["FunctionName"]

    @property
    def version(self) -> str:
        """A number, or `$LATEST`."""
        return self.config["Version"]

    @property
    def invoked_arn(self) -> str:
        """Its ARN, with the qualifier with which it is invoked."""
        return self.config["FunctionArn"]

    @property
    def arn(self) -> str:
        """Its ARN, without a qualifier."""
        return ":".join(self.invoked_arn.split(":")[:7])

    @property
    def region(self) -> str:
        """The Region that it is in."""
        return self.invoked_arn.split(":")[3]

    @property
    def revision(self) -> tuple[str, str, str]:
        """What an environment was made for: another one for each version, and for `$LATEST` after each change."""
        return self.arn, self.version, self.config["RevisionId"]

    @property
    def role(self) -> str:
        """The ARN of its role."""
        return self.config["Role"]

    @property
    def image_uri(self) -> str:
        """Its image, by digest."""
        return self.config["ResolvedImageUri"]

    @property
    def image_config(self) -> Mapping[str, Any]:
        """What it says instead of its image."""
        return (self.config.get("ImageConfigResponse") or {}).get("ImageConfig") or {}

    @property
    def runtime(self) -> str:
        """The identifier of its managed runtime, which one of an image has not."""
        return self.config["Runtime"]

    @property
    def handler(self) -> str:
        """What a managed runtime would call."""
        return self.config["Handler"]

    @property
    def variables(self) -> Mapping[str, str]:
        """Its environment variables."""
        return (self.config.get("Environment") or {}).get("Variables") or {}

    @property
    def timeout_seconds(self) -> int:
        """How long an invocation may take."""
        return self.config["Timeout"]

    @property
    def memory_mib(self) -> int:
        """The memory of an environment."""
        return self.config["MemorySize"]

    @property
    def architecture(self) -> str:
        """`x86_64` or `arm64`."""
        return self.config["Architectures"][0]

    @property
    def log_group(self) -> str:
        """Where its environments write."""
        return self.config["LoggingConfig"]["LogGroup"]

    @property
    def has_own_log_group(self) -> bool:
        """Whether that is another group than every function has by default."""
        return self.log_group != f"/aws/lambda/{self.name}"
