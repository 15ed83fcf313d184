"""A time at which a schedule fires, as its own zone has it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo


def own_iso(moment: datetime, timezone: str) -> str:
    """`2026-03-28T03:15:00+01:00`, for JSON."""
    return moment.astimezone(ZoneInfo(timezone)).isoformat(timespec="seconds")


def own_text(moment: datetime, timezone: str) -> str:
    """`2026-03-28 03:15 Europe/Paris`."""
    return f"{moment.astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M} {timezone}"
