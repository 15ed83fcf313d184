"""What every step is told by its environment."""

from collections.abc import Mapping
from dataclasses import dataclass

from weekly_report.outcome import Exit, JobError


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Where the days are and where the report goes, and what share of bad rows is tolerated.

    execution: the name of the run, the same in all its steps.
    """

    source_bucket: str
    source_prefix: str
    report_bucket: str
    report_prefix: str
    max_rejected_percent: float
    execution: str


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Reads and checks the environment; raises JobError(USAGE) with the variable, what was expected, what was found."""
    return Settings(
        source_bucket=_required(environment, "SOURCE_BUCKET"),
        source_prefix=environment.get("SOURCE_PREFIX", ""),
        report_bucket=_required(environment, "REPORT_BUCKET"),
        report_prefix=environment.get("REPORT_PREFIX", ""),
        max_rejected_percent=_percent(environment, "MAX_REJECTED_PERCENT", default="1"),
        execution=_required(environment, "LONGHAUL_EXECUTION"),
    )


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        raise JobError(Exit.USAGE, f"{name}: expected a value, found none")
    return value


def _percent(environment: Mapping[str, str], name: str, default: str) -> float:
    text = environment.get(name, default)
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        raise JobError(Exit.USAGE, f"{name}: expected a number from 0 to 100, found {text!r}")
    return value
