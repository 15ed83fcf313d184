"""Reads any schedule expression, and says of one that AWS would refuse what may have been meant."""

from __future__ import annotations

from spec.schedule import crontab
from spec.schedule.at import At, parse_at
from spec.schedule.cron import Cron, CronError, cron_text, parse_cron
from spec.schedule.error import ScheduleError, with_nearest
from spec.schedule.rate import Rate, parse_rate
from spec.schedule.words import in_words

LONGEST = 256


def parse_schedule(text: str) -> Cron | Rate | At:
    """Reads `cron(...)`, `rate(...)` or `at(...)`; `at` is for EventBridge Scheduler only, rules do not have it.

    Raises ScheduleError for what AWS would refuse: it names what is wrong and where, and the nearest valid form, with
    its meaning. A cron expression that never fires is refused too. Where AWS's documentation leaves open what it
    accepts, the stricter reading holds.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
    """
    if len(text) > LONGEST:
        raise ScheduleError(f"{text[:40]}...: has {len(text)} characters, and AWS takes {LONGEST} at most")
    if text.startswith("rate("):
        return parse_rate(text)
    if text.startswith("at("):
        return parse_at(text)
    if text.startswith("cron(") and text.endswith(")"):
        return _cron(text)
    whole = [cron_text(text.split()), *_elsewhere(text)]
    problem = f"{text!r}: expected cron(...), rate(...) or at(...){_either(text)}"
    raise ScheduleError(with_nearest(problem, _meant(whole)))


def _cron(text: str) -> Cron:
    try:
        return parse_cron(text)
    except CronError as error:
        inside = text[len("cron(") : -1]
        nearest = [*_elsewhere(inside), *error.nearest]
        raise ScheduleError(with_nearest(f"{text}: {error}{_either(inside)}", _meant(nearest))) from None


def _elsewhere(line: str) -> list[str]:
    """What a line says that is right elsewhere: in crontab, in Quartz, with no year, with commas between fields."""
    fields = line.split()
    readings = [crontab.from_crontab(line.strip()), crontab.from_quartz(fields)]
    if "?" in fields:
        readings.append(" ".join([*fields, "*"]))
    if any(field.endswith(",") for field in fields):
        readings.append(" ".join(field.rstrip(",") for field in fields))
    return [cron_text(reading.split()) for reading in readings if reading]


def _either(line: str) -> str:
    note = "; crontab fires on either of two day fields, which takes two schedules"
    return note if crontab.fires_on_either_day(line) else ""


def _meant(candidates: list[str]) -> str | None:
    """The first candidate that AWS would accept, with its meaning."""
    for candidate in candidates:
        try:
            return f"{candidate} ({in_words(parse_cron(candidate))})"
        except CronError:
            continue
    return None
