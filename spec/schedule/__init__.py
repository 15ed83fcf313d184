"""AWS's schedule expressions: read and checked as AWS does, when they fire in any time zone, and in words."""

from spec.schedule.at import At
from spec.schedule.cron import Cron
from spec.schedule.error import ScheduleError
from spec.schedule.parse import parse_schedule
from spec.schedule.rate import Rate
from spec.schedule.upcoming import Schedule, time_zone, times
from spec.schedule.words import in_words

__all__ = ["At", "Cron", "Rate", "Schedule", "ScheduleError", "in_words", "parse_schedule", "time_zone", "times"]
