"""What the run was asked to do, read from its environment."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bucket_inventory.outcome import Exit, JobError

DIRECTORY_BUCKET_SUFFIX = "--x-s3"
MAX_PREFIX_DEPTH = 10


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One run: what is counted (bucket, prefix), how finely (path segments), as of when, and where the report goes."""

    bucket: str
    prefix: str
    prefix_depth: int
    as_of: datetime
    report_bucket: str
    report_prefix: str

    @property
    def report_folder(self) -> str:
        """The key prefix of this run's report; a repeated run has the same."""
        return f"{self.report_prefix}{self.bucket}/{self.prefix}{self.as_of:%Y-%m-%dT%H-%M-%SZ}/"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Reads and checks the environment; raises JobError(USAGE) with the variable, what was expected, what was found."""
    bucket = _required(environment, "BUCKET")
    if bucket.endswith(DIRECTORY_BUCKET_SUFFIX):
        raise JobError(Exit.USAGE, f"BUCKET: expected a general purpose bucket (lists in key order), found {bucket!r}")
    return Settings(
        bucket=bucket,
        prefix=_prefix(environment),
        prefix_depth=_prefix_depth(environment),
        as_of=_scheduled_time(environment),
        report_bucket=_required(environment, "REPORT_BUCKET"),
        report_prefix=environment.get("REPORT_PREFIX", ""),
    )


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        raise JobError(Exit.USAGE, f"{name}: expected a value, found none")
    return value


def _prefix_depth(environment: Mapping[str, str]) -> int:
    text = environment.get("PREFIX_DEPTH", "1")
    if not text.isascii() or not text.isdigit() or int(text) > MAX_PREFIX_DEPTH:
        raise JobError(
            Exit.USAGE, f"PREFIX_DEPTH: expected a whole number from 0 to {MAX_PREFIX_DEPTH}, found {text!r}"
        )
    return int(text)


def _scheduled_time(environment: Mapping[str, str]) -> datetime:
    text = environment.get("LONGHAUL_SCHEDULED_TIME", "")
    try:
        scheduled = datetime.fromisoformat(text)
    except ValueError:
        raise JobError(
            Exit.USAGE, f"LONGHAUL_SCHEDULED_TIME: expected a time such as 2026-11-24T03:15:00Z, found {text!r}"
        ) from None
    return scheduled.astimezone(UTC) if scheduled.tzinfo else scheduled.replace(tzinfo=UTC)


def _prefix(environment: Mapping[str, str]) -> str:
    """The `prefix` of the input: the part of the bucket to count, default all of it."""
    text = environment.get("LONGHAUL_INPUT") or "{}"
    try:
        value = json.loads(text)
    except ValueError as error:
        raise JobError(Exit.USAGE, f"LONGHAUL_INPUT: expected JSON, found text that is not ({error})") from None
    if not isinstance(value, dict):
        raise JobError(Exit.USAGE, f"LONGHAUL_INPUT: expected an object, found {type(value).__name__}")
    unknown = sorted(set(value) - {"prefix"})
    if unknown:
        raise JobError(
            Exit.USAGE, f"LONGHAUL_INPUT: expected only the key 'prefix', found {', '.join(map(repr, unknown))}"
        )
    prefix = value.get("prefix", "")
    if not isinstance(prefix, str) or (prefix and not prefix.endswith("/")):
        raise JobError(Exit.USAGE, f"LONGHAUL_INPUT.prefix: expected text that ends with '/', found {prefix!r}")
    return prefix
