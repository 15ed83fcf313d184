"""Knows what is due, delivers it in order, tries again, and gives up into the dead-letter queue."""

from __future__ import annotations

import heapq
import json
import uuid
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Literal

from sandbox.local_aws import LocalAws
from sandbox.triggers import dead_letters, metrics
from sandbox.triggers.deployed import Trigger, triggers
from sandbox.triggers.payload import NoSuchPath, rule_input, schedule_input, scheduled_event, timestamp
from sandbox.triggers.start import StartError, start_execution
from sandbox.triggers.task_start import NothingStarted, run_task

# The defaults of both services.
DEFAULT_EVENT_AGE = timedelta(hours=24)
DEFAULT_RETRIES = 185
# "Exponential back-off": at this ceiling, 185 retries fill the 24 hours of the default policy.
LONGEST_PAUSE_SECONDS = 480

Status = Literal["STARTED", "RETRYING", "DEAD_LETTERED", "DROPPED", "LOST", "UNNOTICED"]


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One attempt to start what was due, and what came of it.

    Attributes:
        trigger: the name of the rule or schedule.
        trigger_arn: its ARN.
        target_arn: the state machine, or the ECS cluster of a task.
        scheduled_time: the time it was due.
        copy: 0, or 1 for a second delivery of what was due.
        attempt: 1, 2, ...
        status: STARTED; RETRYING; DEAD_LETTERED (kept in the dead-letter queue); DROPPED (given up, there is no such
            queue); LOST (given up, and the queue did not take it); UNNOTICED (nothing was started, and the service
            takes it for a start).
        started_arn: of the execution or the task that was started.
        error_code, error_message: of what was not.
    """

    trigger: str
    trigger_arn: str
    target_arn: str
    scheduled_time: datetime
    copy: int = 0
    attempt: int
    status: Status
    started_arn: str = ""
    error_code: str = ""
    error_message: str = ""


@dataclass(frozen=True)
class _Invocation:
    """When a trigger starts runs, and the times they are scheduled for: flexible windows can end at the same second."""

    due: datetime
    scheduled_times: tuple[datetime, ...]


@dataclass(frozen=True, kw_only=True)
class _Attempt:
    """A delivery still to be made; without `again` it is given up when its time comes."""

    trigger: Trigger
    target: dict[str, Any]
    scheduled_time: datetime
    number: int = 1
    copy: int = 0
    error: StartError | None = None
    again: bool = True


class Triggers:
    """The deployed rules and schedules of a sandbox, fired one instant after another.

    Args:
        aws: the sandbox.
        after: runs scheduled at this time or earlier are not fired.
        until: runs scheduled after this time are not fired; default: no end.
    """

    def __init__(self, aws: LocalAws, after: datetime, until: datetime | None = None) -> None:
        self._aws = aws
        self._after = after
        self._until = until
        self._fired_until = after
        self._retries: list[tuple[datetime, int, _Attempt]] = []
        self._order = count()
        self._known: dict[Hashable, _Invocation | None] = {}

    def next_time(self) -> datetime | None:
        """When something is due next: a run or a retry."""
        coming = [found.due for trigger in self._deployed() if (found := self._next_invocation(trigger))]
        return min((*coming, *(due for due, _, _ in self._retries[:1])), default=None)

    def fire(self, until: datetime) -> Iterator[Delivery]:
        """Deliver, in order, everything that is due up to and including `until`."""
        while (moment := self.next_time()) is not None and moment <= until:
            yield from self._fire_at(moment)
        self._fired_until = max(self._fired_until, until)

    def _deployed(self) -> list[Trigger]:
        return triggers(self._aws.account, self._aws.region)

    def _next_invocation(self, trigger: Trigger) -> _Invocation | None:
        """The next time at which a trigger has anything to start."""
        if trigger.timing in self._known:
            known = self._known[trigger.timing]
            if known is None or known.due > self._fired_until:
                return known
        self._known[trigger.timing] = self._find_next_invocation(trigger)
        return self._known[trigger.timing]

    def _find_next_invocation(self, trigger: Trigger) -> _Invocation | None:
        best: _Invocation | None = None
        # A run may come late: by its window, or by up to a minute when it is at once with its schedule's creation.
        looking_back = max(self._after, self._fired_until - trigger.window - timedelta(minutes=1))
        for scheduled_time in trigger.scheduled_times(looking_back):
            past_the_end = self._until is not None and scheduled_time > self._until
            if past_the_end or (best and scheduled_time > best.due):
                break
            due = trigger.invocation_time(scheduled_time)
            if due <= self._fired_until:
                continue
            if best is None or due < best.due:
                best = _Invocation(due, (scheduled_time,))
            elif due == best.due:
                best = _Invocation(due, (*best.scheduled_times, scheduled_time))
        return best

    def _fire_at(self, moment: datetime) -> Iterator[Delivery]:
        due: list[_Attempt] = []
        while self._retries and self._retries[0][0] <= moment:
            due.append(heapq.heappop(self._retries)[2])
        fired = []
        for trigger in self._deployed():
            invocation = self._next_invocation(trigger)
            if invocation is None or invocation.due != moment:
                continue
            fired.append(trigger)
            for scheduled_time in invocation.scheduled_times:
                metrics.record(trigger, "triggered")
                for copy, delay_seconds in enumerate(self._aws.faults.delays(trigger, scheduled_time)):
                    attempts = [
                        _Attempt(trigger=trigger, target=target, scheduled_time=scheduled_time, copy=copy)
                        for target in trigger.targets
                    ]
                    if delay_seconds:
                        self._put_off(attempts, moment + timedelta(seconds=delay_seconds))
                    else:
                        due += attempts
        self._fired_until = max(self._fired_until, moment)
        for attempt in due:
            yield self._deliver(attempt)
        for trigger in fired:
            self._delete_if_complete(trigger)

    def _put_off(self, attempts: list[_Attempt], due: datetime) -> None:
        for attempt in attempts:
            heapq.heappush(self._retries, (due, next(self._order), attempt))

    def _deliver(self, attempt: _Attempt) -> Delivery:
        if not attempt.again:
            return self._give_up(attempt, "MaximumEventAgeInSeconds")
        trigger = attempt.trigger
        metrics.record(trigger, "attempted")
        try:
            started_arn = self._start(attempt)
        except NothingStarted as reason:
            return _delivery(replace(attempt, error=StartError("RunTask", str(reason), False)), "UNNOTICED")
        except NoSuchPath as error:
            failed = replace(attempt, error=StartError("INVALID_PARAMETER", str(error), False))
        except StartError as error:
            failed = replace(attempt, error=error)
        else:
            return _delivery(attempt, "STARTED", started_arn)
        return self._try_again(failed)

    def _start(self, attempt: _Attempt) -> str:
        trigger, target = attempt.trigger, attempt.target
        if "EcsParameters" not in target:
            return start_execution(self._aws, trigger, target, _execution_name(attempt), self._input(attempt))
        # Of the event itself a task gets nothing.
        shaped = target.keys() & {"Input", "InputPath", "InputTransformer"}
        return run_task(self._aws, trigger, target, self._input(attempt) if shaped else None)

    def _try_again(self, failed: _Attempt) -> Delivery:
        metrics.record(failed.trigger, "errored")
        policy = failed.target.get("RetryPolicy") or {}
        assert failed.error is not None
        if not failed.error.try_again:
            return self._give_up(failed, "")
        if failed.number > policy.get("MaximumRetryAttempts", DEFAULT_RETRIES):
            return self._give_up(failed, "MaximumRetryAttempts")
        metrics.record(failed.trigger, "retried")
        age = policy.get("MaximumEventAgeInSeconds")
        deadline = failed.scheduled_time + (DEFAULT_EVENT_AGE if age is None else timedelta(seconds=age))
        pause = timedelta(seconds=min(2 ** (failed.number - 1), LONGEST_PAUSE_SECONDS))
        due = self._now() + pause
        following = replace(failed, number=failed.number + 1) if due < deadline else replace(failed, again=False)
        self._put_off([following], min(due, deadline))
        return _delivery(failed, "RETRYING")

    def _give_up(self, failed: _Attempt, exhausted: str) -> Delivery:
        trigger, error = failed.trigger, failed.error
        assert error is not None
        metrics.record(trigger, "gave up")
        queue_arn = (failed.target.get("DeadLetterConfig") or {}).get("Arn")
        if not queue_arn:
            return _delivery(failed, "DROPPED")
        attributes = {
            "TARGET_ARN": failed.target["Arn"],
            "ERROR_CODE": error.code,
            "ERROR_MESSAGE": error.message,
            "RETRY_ATTEMPTS": str(failed.number - 1),
            "EXHAUSTED_RETRY_CONDITION": exhausted,
        }
        try:
            body = self._dead_letter(failed, attributes)
            dead_letters.send(self._aws, trigger, failed.target, queue_arn, body, attributes)
        except dead_letters.NotKept as reason:
            metrics.record(trigger, "lost")
            unkept = replace(failed, error=StartError(error.code, f"{error.message}; {reason}", False))
            return _delivery(unkept, "LOST")
        metrics.record(trigger, "dead-lettered")
        return _delivery(failed, "DEAD_LETTERED")

    def _dead_letter(self, failed: _Attempt, attributes: dict[str, str]) -> str:
        """The body; adds what is particular to the service to the attributes."""
        if failed.trigger.service == "events":
            attributes["RULE_ARN"] = failed.trigger.arn
            return json.dumps(self._event(failed))
        attributes |= {
            "SCHEDULE_ARN": failed.trigger.arn,
            "SCHEDULED_TIME": timestamp(failed.scheduled_time),
            "EXECUTION_ID": _attempt_id(failed),
            "IS_PAYLOAD_TRUNCATED": "false",
        }
        return dead_letters.request_of(failed.trigger, failed.target, self._input(failed))

    def _input(self, attempt: _Attempt) -> str:
        trigger, target = attempt.trigger, attempt.target
        if trigger.service == "events":
            event = self._event(attempt)
            return rule_input(target, event, rule_name=trigger.name, rule_arn=trigger.arn, now=self._now())
        attributes = {
            "schedule-arn": trigger.arn,
            "scheduled-time": timestamp(attempt.scheduled_time),
            "execution-id": _attempt_id(attempt),
            "attempt-number": str(attempt.number),
        }
        return schedule_input(target.get("Input") or json.dumps(self._event(attempt)), attributes)

    def _event(self, attempt: _Attempt) -> dict[str, Any]:
        return scheduled_event(
            f"aws.{attempt.trigger.service}",
            attempt.trigger.arn,
            _event_id(attempt),
            attempt.scheduled_time,
            account=self._aws.account,
            region=self._aws.region,
        )

    def _delete_if_complete(self, trigger: Trigger) -> None:
        """https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-delete.html"""
        if trigger.delete_when_complete and next(trigger.scheduled_times(self._fired_until), None) is None:
            self._aws.client("scheduler").delete_schedule(Name=trigger.name, GroupName=trigger.group)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._aws.clock.now(), UTC)


def _execution_name(attempt: _Attempt) -> str:
    """The same for each attempt of one delivery, so that it starts one execution."""
    return f"{_event_id(attempt)}_{attempt.copy}" if attempt.copy else _event_id(attempt)


def _event_id(attempt: _Attempt) -> str:
    """The same for each delivery of one run at one target."""
    run = f"{attempt.trigger.arn} {timestamp(attempt.scheduled_time)} {attempt.target.get('Id', '')}"
    return str(uuid.uuid5(uuid.NAMESPACE_URL, run))


def _attempt_id(attempt: _Attempt) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{_execution_name(attempt)} {attempt.number}").hex[:16]


def _delivery(attempt: _Attempt, status: Status, started_arn: str = "") -> Delivery:
    return Delivery(
        trigger=attempt.trigger.name,
        trigger_arn=attempt.trigger.arn,
        target_arn=attempt.target["Arn"],
        scheduled_time=attempt.scheduled_time,
        copy=attempt.copy,
        attempt=attempt.number,
        status=status,
        started_arn=started_arn,
        error_code=attempt.error.code if attempt.error and not started_arn else "",
        error_message=attempt.error.message if attempt.error and not started_arn else "",
    )
