"""The stack's dead-letter queue: starts of jobs, alerts and lines of the ledger that could not be delivered."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from ops.aws import Aws
from ops.errors import AmbiguousError, NotFoundError
from ops.stack import DeployedStack, is_cluster
from ops.task_changes import resource_of_task

Kind = Literal["start", "alert", "ledger", "unknown"]
_KINDS: dict[str, Kind] = {"states": "start", "ecs": "start", "sns": "alert", "logs": "ledger"}
_SHORTEST_ID = 8


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What could not be delivered, and why, by the attributes with which EventBridge and EventBridge Scheduler keep it.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html

    Attributes:
        id: of the message in the queue.
        sent: when it was given up.
        kind: a start of a job, an alert, a line of the ledger, or something else.
        job: which is started, or of whose run it tells; None where that cannot be read.
        scheduled_time: of a start by a schedule, `2026-11-24T03:15:00Z`; None for others, and where it cannot be read.
        execution_arn, status: of an alert and a line: the run that it tells of, and what it says of it; of a task ECS's
            own status.
        error_code, error_message: AWS's own.
        gave_up: the limit that ended the attempts, `MaximumEventAgeInSeconds` or `MaximumRetryAttempts`; "" where the
            error was none that is tried again.
        attempts: how often it was tried.
        rule_arn, schedule_arn: what was to deliver it; "" for the other of the two.
        target_arn: where to.
        body: of a rule the event as it was, before the target's transformer; of a schedule the request that was made of
            the target.
    """

    id: str
    sent: datetime
    kind: Kind
    job: str | None
    scheduled_time: str | None
    execution_arn: str | None
    status: str | None
    error_code: str
    error_message: str
    gave_up: str
    attempts: int
    rule_arn: str
    schedule_arn: str
    target_arn: str
    body: str = field(repr=False)

    @property
    def content(self) -> dict[str, Any]:
        """The body; empty where it is no JSON object."""
        return _object(self.body)


def queue_of(aws: Aws, stack: DeployedStack) -> str | None:
    """The URL of a stack's dead-letter queue, found by its name; None where there is none.

    ListQueues needs one permission and tells the URL. It is eventually consistent: a queue that is gone may be listed
    for a minute, so of several the one that was made last is taken. Raises botocore's errors.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListQueues.html
    """
    sqs, prefix = aws("sqs"), f"{stack.resource_name}-dead-letters-"
    pages = sqs.get_paginator("list_queues").paginate(QueueNamePrefix=prefix, PaginationConfig={"PageSize": 1000})
    # The stack `dev-dead-letters` has one that begins so too.
    urls = [
        url
        for page in pages
        for url in page.get("QueueUrls", ())
        if re.fullmatch(r"[0-9a-f]+", url.rpartition("/")[2].removeprefix(prefix))
    ]
    if len(urls) < 2:
        return urls[0] if urls else None
    made = {}
    for url in urls:
        try:
            answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["CreatedTimestamp"])
        except sqs.exceptions.QueueDoesNotExist:
            continue
        made[url] = int(answer["Attributes"]["CreatedTimestamp"])
    return max(made, key=lambda url: made[url], default=None)


def letter_count(aws: Aws, queue_url: str) -> int:
    """How many letters lie in a queue, those included that somebody has in hand; SQS counts approximately.

    Raises botocore's errors.
    """
    return sum(_counts(aws, queue_url))


def in_hand_count(aws: Aws, queue_url: str) -> int:
    """How many letters nobody else can see, as somebody reads them; SQS counts approximately.

    Raises botocore's errors.
    """
    return _counts(aws, queue_url)[1]


def letter_of(message: Mapping[str, Any], stack: DeployedStack) -> Letter:
    """The letter that a message of the queue is, as ReceiveMessage tells it with all attributes."""
    attributes = {
        name: value.get("StringValue", "") for name, value in (message.get("MessageAttributes") or {}).items()
    }
    target_arn = attributes.get("TARGET_ARN", "")
    by_rule, by_schedule = attributes.get("RULE_ARN", ""), attributes.get("SCHEDULE_ARN", "")
    kind = _KINDS.get(target_arn.split(":")[2], "unknown") if target_arn.count(":") > 4 else "unknown"
    if not (by_rule or by_schedule):
        kind = "unknown"
    event = _object(message["Body"])
    detail = event.get("detail") if kind in ("alert", "ledger") else None
    told = detail if isinstance(detail, dict) else {}
    machine = target_arn if kind == "start" else _text(told.get("stateMachineArn")) or ""
    name = machine.rpartition(":")[2]
    if is_cluster(target_arn):
        # All such jobs have the same target, and each a trigger of its own name.
        name = (by_rule or by_schedule).rpartition("/")[2]
    elif told.get("taskArn") is not None:
        name = resource_of_task(told) or ""
    retries = attributes.get("RETRY_ATTEMPTS", "")
    return Letter(
        id=message["MessageId"],
        sent=datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC),
        kind=kind,
        job=_job(name, stack),
        scheduled_time=_scheduled_time(kind, attributes, event, by_schedule=bool(by_schedule)),
        execution_arn=_text(told.get("executionArn")) or _text(told.get("taskArn")),
        status=_text(told.get("status")) or _text(told.get("lastStatus")),
        error_code=attributes.get("ERROR_CODE", ""),
        error_message=attributes.get("ERROR_MESSAGE", ""),
        gave_up=attributes.get("EXHAUSTED_RETRY_CONDITION", ""),
        attempts=int(retries) + 1 if retries.isdecimal() else 1,
        rule_arn=by_rule,
        schedule_arn=by_schedule,
        target_arn=target_arn,
        body=message["Body"],
    )


def find_letters(letters: Sequence[Letter], texts: Iterable[str]) -> list[Letter]:
    """The letters of these ids, or the only ones whose ids begin so, the oldest first.

    Raises:
        NotFoundError: there is none; the message has the nearest.
        AmbiguousError: several ids begin so.
    """
    chosen = {_find(letters, text).id for text in texts}
    return [letter for letter in letters if letter.id in chosen]


def short_ids(letters: Iterable[Letter]) -> dict[str, str]:
    """The beginning of each id that no other one has, eight characters or more, by the whole id."""
    ids = [letter.id for letter in letters]
    length = _SHORTEST_ID
    while len({one[:length] for one in ids}) < len(set(ids)):
        length += 1
    return {one: one[:length] for one in ids}


def _counts(aws: Aws, queue_url: str) -> tuple[int, int]:
    """How many messages can be received, and how many are in somebody's hand.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
    """
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = aws("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)["Attributes"]
    return int(attributes[names[0]]), int(attributes[names[1]])


def _find(letters: Sequence[Letter], text: str) -> Letter:
    beginning = [letter for letter in letters if text and letter.id.startswith(text)]
    if len(beginning) == 1:
        return beginning[0]
    if beginning:
        raise AmbiguousError(f"{text!r} may be {' or '.join(letter.id for letter in beginning)}")
    nearest = difflib.get_close_matches(text, _beginnings(letters, len(text)), n=1, cutoff=0)
    hint = f"did you mean {nearest[0]}?" if nearest else "nothing lies there, or somebody else has it in hand"
    raise NotFoundError(f"there is no dead letter {text!r}; {hint}")


def _beginnings(letters: Sequence[Letter], length: int) -> list[str]:
    return [letter.id[: max(length, _SHORTEST_ID)] for letter in letters]


def _job(name: str, stack: DeployedStack) -> str | None:
    """The job whose resources have that name, which may be gone by now."""
    prefix = f"{stack.resource_name}-"
    return name.removeprefix(prefix) if name.startswith(prefix) else None


def _scheduled_time(
    kind: Kind, attributes: Mapping[str, str], event: Mapping[str, Any], *, by_schedule: bool
) -> str | None:
    if kind != "start":
        return None
    if by_schedule:
        return attributes.get("SCHEDULED_TIME") or None
    return _text(event.get("time")) if event.get("detail-type") == "Scheduled Event" else None


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
