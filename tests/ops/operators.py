"""Operators at work on a deployed stack, and what should have come of all that they did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ops.pausing import pause, pause_note, resume
from ops.redriving import redrivable, redrive
from ops.rerunning import rerun_input
from ops.runs import Run, read_run
from ops.stack import Trigger
from ops.starting import new_name, start_run
from ops.stopping import live_tasks, see_tasks_stopped, stop_execution
from sandbox.triggers import Triggers
from spec.pause_note import TAG, PauseNote
from tests.firing import only
from tests.ops.operated import Operated

HOURLY = "cron(0 * * * ? *)"
GOES_ON = "exec sleep 100000"
ENDS = {"exit 0": ("SUCCEEDED", 0), "exit 3": ("FAILED", 3)}
# Of a job's own input.
OWN = "exit 0"
# So fast goes the clock where tasks work, which keep it from jumping.
_FAST = 50_000.0


@dataclass
class Started:
    """A run, and what is to be told of it: `given` is its input, and `program` what its task does."""

    arn: str
    job: str
    program: str
    given: dict[str, Any]
    stopped: bool = False
    redrives: int = 0


@dataclass
class Operators:
    """Operators, who note what they have done to the jobs of a stack whose schedules are HOURLY."""

    stack: Operated
    runs: list[Started] = field(default_factory=list)
    paused: dict[str, PauseNote] = field(default_factory=dict)
    due: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Lines of the ledger have their times in whole seconds.
        self.began = datetime.fromtimestamp(self.stack.local_aws.clock.now() // 1, UTC)
        self.before = {job.name: job for job in self.stack.found().jobs}
        self._everything = {job: self._all_of(job) for job in self.before}

    def start(self, job: str, program: str) -> None:
        self._start(job, program, {"input": program})

    def stop(self, which: int) -> None:
        """Stop one of the runs that go on for long."""
        if run := _one([run for run in self.runs if run.program == GOES_ON and not run.stopped], which):
            stop_execution(self.stack.aws, run.arn, "of a test")
            run.stopped = True
            stopped = see_tasks_stopped(self.stack.aws, run.arn, "of a test")
            assert stopped.left == ()
            assert live_tasks(self.stack.aws, run.arn) == []

    def rerun(self, which: int) -> None:
        """Do one of the runs again that have ended, or are about to."""
        ended = [run for run in self.runs if run.stopped or run.program != GOES_ON]
        if run := _one(ended, which):
            self.until_ended([run])
            old = self.told(run)
            due = old.scheduled_time or _text(old.started)
            expected = {"trigger": "rerun", "rerunOf": run.arn, "scheduledTime": due, "input": run.program}
            assert rerun_input(old) == expected
            self._start(run.job, run.program, expected)

    def redrive(self, which: int) -> None:
        """Continue one of the runs that were stopped."""
        if run := _one([run for run in self.runs if run.stopped], which):
            assert redrivable(self.stack.aws, run.arn).why_not is None
            redrive(self.stack.aws, run.arn)
            run.stopped, run.redrives = False, run.redrives + 1

    def pause(self, job: str) -> None:
        """Pause it, also where another one has."""
        note = PauseNote(when="2026-11-29T14:00:00Z", who=f"user/jane{len(self.runs)}", reason="disk full")
        pause(self.stack.aws, self.trigger(job), note)
        self.paused[job] = note

    def resume(self, job: str) -> None:
        """Resume it, also where it is on."""
        resume(self.stack.aws, self.trigger(job))
        self.paused.pop(job, None)

    def pass_time(self, minutes: int) -> None:
        """Let time pass; the schedules of the stack fire."""
        begin = datetime.fromtimestamp(self.stack.local_aws.clock.now(), UTC)
        end = begin + timedelta(minutes=minutes)
        prefix = f"{self.stack.project}-{self.stack.name}-"
        with only(prefix):
            self._fire(Triggers(self.stack.local_aws, after=begin, until=end), prefix, end)
        hour = begin.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        while hour <= end:
            for job in self.before.keys() - self.paused.keys():
                self.due.setdefault(job, []).append(_text(hour))
            hour += timedelta(hours=1)

    def until_ended(self, runs: Iterable[Started]) -> None:
        """Wait for the ends of runs."""
        for run in runs:
            while self.told(run).status == "RUNNING":
                pass

    def told(self, run: Started) -> Run:
        return read_run(self.stack.aws, run.job, run.arn)

    def trigger(self, job: str) -> Trigger:
        found = self.stack.job(job).trigger
        assert found is not None
        return found

    def check_triggers(self) -> None:
        """That each trigger is off or on as it was left, tells who paused it, and is in all else as it was deployed."""
        for job, deployed in self.before.items():
            found, note = self.trigger(job), self.paused.get(job)
            assert (found.enabled, pause_note(found)) == (note is None, note)
            assert deployed.trigger is not None
            words = deployed.trigger.description
            if note and found.kind == "schedule":
                words += f" [paused {note.when} by {note.who}: {note.reason}]"
            assert found.description == words
            assert self._all_of(job) == self._everything[job]

    def _fire(self, triggers: Triggers, prefix: str, end: datetime) -> None:
        while True:
            due = triggers.next_time()
            # ECS forgets a task an hour after its end, and Step Functions has to see that.
            self.until_ended([run for run in self.runs if run.program != GOES_ON])
            self._go_to(due or end)
            if due is None:
                return
            for delivery in triggers.fire(due):
                job = delivery.trigger.removeprefix(prefix)
                given = {"trigger": "schedule", "scheduledTime": _text(delivery.scheduled_time), "input": OWN}
                self.runs.append(Started(arn=delivery.started_arn, job=job, program=OWN, given=given))

    def _start(self, job: str, program: str, given: dict[str, Any]) -> None:
        arn = start_run(self.stack.aws, self.before[job], new_name("manual"), given)
        self.runs.append(Started(arn=arn, job=job, program=program, given=given))

    def _go_to(self, moment: datetime) -> None:
        clock = self.stack.local_aws.clock
        if not clock.advance_to(moment.timestamp()):
            clock.speed = _FAST
            while clock.now() < moment.timestamp():
                pass
            clock.speed = 1.0

    def _all_of(self, job: str) -> tuple[Any, ...]:
        """All that AWS says of a trigger but what pausing changes."""
        found = self.trigger(job)
        if found.kind == "schedule":
            told = self.stack.local_aws.client("scheduler").get_schedule(GroupName=found.group, Name=found.name)
            changes = ("State", "Description", "LastModificationDate", "ResponseMetadata")
            return ({key: told[key] for key in told if key not in changes},)
        events = self.stack.local_aws.client("events")
        told = events.describe_rule(Name=found.name)
        tags = events.list_tags_for_resource(ResourceARN=found.arn)["Tags"]
        return (
            {key: told[key] for key in told if key not in ("State", "ResponseMetadata")},
            events.list_targets_by_rule(Rule=found.name)["Targets"],
            sorted(tag["Key"] for tag in tags if tag["Key"] != TAG or job not in self.paused),
        )


def _one(found: list[Started], which: int) -> Started | None:
    return found[which % len(found)] if found else None


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
