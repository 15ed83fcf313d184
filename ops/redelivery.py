"""Delivers what lies in the dead-letter queue again, as its trigger or its rule would have."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ops.aws import Aws, refusals
from ops.dead_letters import Letter
from ops.errors import AwsError, OpsError
from ops.history import read_history
from ops.input_transformer import input_of
from ops.ledger import Ledger
from ops.runs import Run
from ops.stack import DeployedJob, DeployedStack, is_cluster
from ops.starting import start_run
from spec.compact_json import compact

_MOST_RUNS = 10_000
_DONE = ("SUCCEEDED", "RUNNING")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a letter.

    Attributes:
        letter: the letter.
        settled: whether it need not lie there any longer; in a dry run, whether it would not need to.
        said: what was done, what would be done, or why nothing could be.
    """

    letter: Letter
    settled: bool
    said: str


class _Undeliverable(OpsError):  # noqa: N818 - names what the letter is
    """Why a letter stays where it is."""


class Redelivery:
    """Delivers letters of one stack, one after another.

    Args:
        aws: where the stack is.
        stack: the stack.
        ledger: what tells of runs beside Step Functions, if anything does.
        dry_run: only say what would be done.
    """

    def __init__(self, aws: Aws, stack: DeployedStack, *, ledger: Ledger | None = None, dry_run: bool = False) -> None:
        self._aws = aws
        self._jobs = {job.state_machine_arn: job for job in stack.machine_jobs}
        self._task_jobs = {job.name: job for job in stack.task_jobs}
        self._ledger = ledger
        self._dry_run = dry_run
        self._runs: dict[str, tuple[datetime, list[Run]]] = {}
        self._started: set[tuple[str, str]] = set()
        self._targets: dict[str, list[dict[str, Any]]] = {}

    def deliver(self, letter: Letter) -> Outcome:
        """Deliver a letter; what AWS refuses of it is said in the outcome.

        Again does no harm to a start: all that are for one time of a job make one execution, by its name. An alert is
        published again, and a line of the ledger written again, which its readers are prepared for.

        Raises AwsError where AWS cannot be reached.
        """
        ways = {"start": self._start, "alert": self._publish, "ledger": self._write}
        try:
            with refusals():
                if letter.kind not in ways:
                    raise _Undeliverable("nothing of this stack sent it")
                return Outcome(letter=letter, settled=True, said=ways[letter.kind](letter))
        except AwsError as error:
            # What is no answer would be no answer to the next letter either.
            if not hasattr(error.__cause__, "response"):
                raise
            return Outcome(letter=letter, settled=False, said=str(error))
        except OpsError as error:
            return Outcome(letter=letter, settled=False, said=str(error))

    def _start(self, letter: Letter) -> str:
        if is_cluster(letter.target_arn):
            job = self._task_jobs.get(letter.job or "")
            if job is None:
                raise _Undeliverable(f"its job is not there, or runs elsewhere by now: {letter.job}")
            given = _input_of_task(letter)
        else:
            job = self._jobs.get(letter.target_arn)
            if job is None:
                raise _Undeliverable(f"its state machine is not there: {letter.target_arn}")
            given = self._input(letter)
        name = f"dead-letter-{letter.id}"
        if given.get("trigger") == "schedule":
            # A time starts once; what other events start is meant each time.
            due = _moment(given.get("scheduledTime"))
            if due is None:
                raise _Undeliverable("it does not say for which time it is")
            run = self._run_for(job, due)
            if run is not None:
                return f"left out, {job.name} has run for that time: {run.name} ({run.status})"
            # The same name for whoever asks for this time.
            name = f"dead-letter-{due:%Y%m%dT%H%M%SZ}"
        if (job.name, name) in self._started:
            return f"left out, another letter was for that time of {job.name}"
        said = f"would start {job.name}" if self._dry_run else f"started {start_run(self._aws, job, name, given)}"
        self._started.add((job.name, name))
        return said

    def _run_for(self, job: DeployedJob, due: datetime) -> Run | None:
        """A run for that time by the schedule, however it ended, or another that has done it or is doing it."""
        since, runs = self._runs.get(job.name, (None, []))
        if since is None or due < since:
            # None for that time can have been started before it was due.
            runs = read_history(self._aws, job, since=due, limit=_MOST_RUNS, ledger=self._ledger)
            self._runs[job.name] = due, runs
        return next(
            (
                run
                for run in runs
                if _moment(run.scheduled_time) == due and (run.trigger == "schedule" or run.status in _DONE)
            ),
            None,
        )

    def _input(self, letter: Letter) -> Mapping[str, Any]:
        """The input that the trigger would have given.

        Where that of a schedule is not known any more it is left to the state machine, which gives the job's own.
        """
        given = None
        if letter.rule_arn:
            target = self._target_now(letter)
            given = input_of(target, letter.content) if target else None
        elif letter.content:
            # The request of StartExecution, or its input alone: AWS's page has an example of another target only.
            request = {key[:1].lower() + key[1:]: value for key, value in letter.content.items()}
            given = _read(request["input"]) if "input" in request and "stateMachineArn" in request else letter.content
        if isinstance(given, Mapping) and "trigger" in given:
            return given
        if letter.scheduled_time is None:
            raise _Undeliverable("nobody knows any more with which input it would have been started")
        return {"trigger": "schedule", "scheduledTime": letter.scheduled_time}

    def _publish(self, letter: Letter) -> str:
        """https://docs.aws.amazon.com/sns/latest/api/API_Publish.html"""
        target = self._needed_target(letter)
        message = compact(input_of(target, letter.content))
        if self._dry_run:
            return f"would publish to {target['Arn']}"
        self._aws("sns").publish(TopicArn=target["Arn"], Message=message)
        return f"published to {target['Arn']}"

    def _write(self, letter: Letter) -> str:
        """Write a line into a stream of the letter's own.

        https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
        """
        target = self._needed_target(letter)
        moment = _moment(letter.content.get("time"))
        if moment is None:
            raise _Undeliverable("it does not say of which time it is")
        group = target["Arn"].removesuffix(":*").partition(":log-group:")[2]
        if self._dry_run:
            return f"would write to {group}"
        logs, place = self._aws("logs"), {"logGroupName": group, "logStreamName": f"dead-letter-{letter.id}"}
        with suppress(logs.exceptions.ResourceAlreadyExistsException):
            logs.create_log_stream(**place)
        line = {"timestamp": int(moment.timestamp() * 1000), "message": compact(input_of(target, letter.content))}
        # A line that it does not take is no error of the call.
        if logs.put_log_events(**place, logEvents=[line]).get("rejectedLogEventsInfo"):
            raise _Undeliverable(
                "CloudWatch Logs takes no line that is older than 14 days, or than the log group keeps: discard it"
            )
        return f"written to {group}"

    def _needed_target(self, letter: Letter) -> Mapping[str, Any]:
        target = self._target_now(letter)
        if target is None or not letter.content:
            lacks = "its rule has no such target any more" if letter.content else "its event cannot be read"
            raise _Undeliverable(f"{lacks}: nobody knows what would have been delivered")
        return target

    def _target_now(self, letter: Letter) -> Mapping[str, Any] | None:
        """The target of a letter's rule as it is now, which may have moved since; None where there is none.

        https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListTargetsByRule.html
        """
        events, name = self._aws("events"), letter.rule_arn.rpartition("/")[2]
        if name not in self._targets:
            try:
                self._targets[name] = events.list_targets_by_rule(Rule=name)["Targets"]
            except events.exceptions.ResourceNotFoundException:
                self._targets[name] = []
        service = letter.target_arn.split(":")[2]
        return next((target for target in self._targets[name] if target["Arn"].split(":")[2] == service), None)


def _input_of_task(letter: Letter) -> dict[str, Any]:
    """What a task is started with again: that of a schedule with the input of the request that the letter holds, and
    otherwise with the one that its trigger gives now."""
    given: dict[str, Any] = {"trigger": "schedule", "scheduledTime": letter.scheduled_time}
    request = {key[:1].lower() + key[1:]: value for key, value in letter.content.items()}
    overrides = request.get("overrides", request)
    try:
        pairs = overrides["containerOverrides"][0]["environment"]
        given["input"] = json.loads({pair["name"]: pair["value"] for pair in pairs}["LONGHAUL_INPUT"])
    except (AttributeError, LookupError, TypeError, ValueError):
        return given
    return given


def _moment(text: Any) -> datetime | None:
    """A time of an event or an input; None for what is none, or has no zone."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None


def _read(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return None
