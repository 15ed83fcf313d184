"""The one error of a schedule that AWS would refuse."""

from __future__ import annotations


class ScheduleError(ValueError):
    """A schedule or time zone AWS would refuse; the text says what, where and the nearest valid form."""


def with_nearest(problem: str, nearest: str | None) -> str:
    """A message that ends in the nearest valid form, if there is one."""
    return f"{problem}; nearest valid form: {nearest}" if nearest else problem
