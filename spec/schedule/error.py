"""The one error of a schedule that AWS would refuse."""

from __future__ import annotations


class ScheduleError(ValueError):
    """A schedule or time zone AWS would refuse; the text says what, where and the nearest valid form."""
