"""Names that a person left to the provider."""

import hashlib
from datetime import UTC, datetime

from sandbox.errors import SandboxError

SUFFIX_DIGITS = 7


def auto_name(logical_name: str, seed: bytes, max_length: int) -> str:
    """`<logical name>-<7 hexadecimal digits>`: Pulumi's auto-naming, https://www.pulumi.com/docs/iac/concepts/resources/names/.

    The same seed gives the same name, so that a name can be kept. As in Pulumi a name that would be too long is
    refused, never cut: raises SandboxError.
    """
    prefix = f"{logical_name}-"
    if len(prefix) + SUFFIX_DIGITS > max_length:
        raise SandboxError(
            f"name '{prefix}' plus {SUFFIX_DIGITS} random chars is longer than maximum length {max_length}"
        )
    return prefix + hashlib.sha256(seed + logical_name.encode()).hexdigest()[:SUFFIX_DIGITS]


def prefixed_name(prefix: str, seed: bytes, max_length: int) -> str:
    """A name for a `namePrefix`: the prefix, 18 digits of the time and 8 hexadecimal digits, as the AWS provider does.

    The suffix of 26 characters is counted against `max_length`; raises SandboxError for a prefix that is too long.
    """
    suffix = f"{datetime.now(UTC):%Y%m%d%H%M%S%f}"[:18] + hashlib.sha256(seed + prefix.encode()).hexdigest()[:8]
    if len(prefix) + len(suffix) > max_length:
        raise SandboxError(
            f"namePrefix '{prefix}' plus {len(suffix)} characters is longer than maximum length {max_length}"
        )
    return prefix + suffix
