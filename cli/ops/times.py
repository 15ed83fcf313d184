"""Times and lengths of time, as an operator reads and types them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import typer

from cli.arguments import instant, utc_text


def moment_text(moment: datetime | None, *, utc: bool) -> str:
    """`2026-11-24 04:15:00 CET`: in local time, or in UTC; `-` for none."""
    if moment is None:
        return "-"
    return f"{moment.astimezone(UTC if utc else None):%Y-%m-%d %H:%M:%S %Z}"


def utc_or_none(moment: datetime | None) -> str | None:
    """`2026-11-24T03:15:00Z`, for JSON."""
    return None if moment is None else utc_text(moment)


def length_text(length: timedelta | None) -> str:
    """`0.4 s`, `59 s`, `3 min 05 s`, `2 h 05 min`, `3 d 04 h`; `-` for none."""
    if length is None:
        return "-"
    seconds = max(length.total_seconds(), 0.0)
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min {rest:02} s"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours:02} h" if days else f"{hours} h {minutes:02} min"


def seconds_or_none(length: timedelta | None) -> float | None:
    """For JSON."""
    return None if length is None else round(length.total_seconds(), 3)


def since(text: str) -> datetime:
    """A time from `2h`, `30m`, `7d` (so long ago) or ISO 8601 text. Raises typer.BadParameter."""
    from spec.durations import parse_duration

    seconds = parse_duration(text)
    if seconds is None:
        return instant(text)
    try:
        return datetime.now(UTC) - timedelta(seconds=seconds)
    except OverflowError:
        raise typer.BadParameter(f"expected a shorter time than {text!r}") from None
