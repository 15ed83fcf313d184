"""What the run was asked to do, read from its environment."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from snapshot_cleanup.outcome import Exit, JobError


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One run: snapshots started before `cutoff` may go, except with the tag `keep_tag`; a dry run deletes none."""

    cutoff: datetime
    keep_tag: str
    dry_run: bool


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Reads and checks the environment; raises JobError(USAGE) with the variable, what was expected, what was found."""
    keep_tag = environment.get("KEEP_TAG", "")
    if not keep_tag:
        raise JobError(Exit.USAGE, "KEEP_TAG: expected the key of a tag, found none")
    return Settings(
        cutoff=_scheduled_time(environment) - timedelta(days=_older_than_days(environment)),
        keep_tag=keep_tag,
        dry_run=_dry_run(environment),
    )


def _older_than_days(environment: Mapping[str, str]) -> int:
    text = environment.get("OLDER_THAN_DAYS", "")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 36_500:
        raise JobError(Exit.USAGE, f"OLDER_THAN_DAYS: expected a whole number of days from 1 on, found {text!r}")
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


def _dry_run(environment: Mapping[str, str]) -> bool:
    """The `dryRun` of the input, or else DRY_RUN. Only an exact "false" lets anything be deleted."""
    text = environment.get("LONGHAUL_INPUT") or "{}"
    try:
        value = json.loads(text)
    except ValueError as error:
        raise JobError(Exit.USAGE, f"LONGHAUL_INPUT: expected JSON, found text that is not ({error})") from None
    if not isinstance(value, dict):
        raise JobError(Exit.USAGE, f"LONGHAUL_INPUT: expected an object, found {type(value).__name__}")
    unknown = sorted(set(value) - {"dryRun"})
    if unknown:
        raise JobError(
            Exit.USAGE, f"LONGHAUL_INPUT: expected only the key 'dryRun', found {', '.join(map(repr, unknown))}"
        )
    given = value.get("dryRun")
    if given is not None:
        if not isinstance(given, bool):
            raise JobError(Exit.USAGE, f"LONGHAUL_INPUT.dryRun: expected true or false, found {given!r}")
        return given
    text = environment.get("DRY_RUN", "true")
    if text not in ("true", "false"):
        raise JobError(Exit.USAGE, f"DRY_RUN: expected 'true' or 'false', found {text!r}")
    return text == "true"
