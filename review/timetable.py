"""When a job runs next, in words and in dates."""

from datetime import datetime
from itertools import islice

from review.report import ScheduleChange, Timetable
from spec.job import JobSpec
from spec.schedule import in_words, parse_schedule, times

RUNS_SHOWN = 5


def timetable(job: JobSpec | None, start: datetime) -> Timetable | None:
    """The job's schedule with its next runs after `start`; a rate counts from there. None without a schedule."""
    if job is None or job.schedule is None:
        return None
    schedule, timezone = parse_schedule(job.schedule), job.timezone or "UTC"
    runs = islice(times(schedule, start, timezone), RUNS_SHOWN) if job.enabled else ()
    return Timetable(
        expression=schedule.text,
        timezone=timezone,
        words=in_words(schedule, timezone),
        enabled=job.enabled,
        runs=tuple(runs),
    )


def schedule_change(before: JobSpec | None, after: JobSpec | None, start: datetime) -> ScheduleChange | None:
    """How a job's runs move; None when they do not."""
    old, new = timetable(before, start), timetable(after, start)
    return None if old == new else ScheduleChange(old, new)
