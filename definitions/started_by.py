"""What starts a job beside its schedule: a rule for each end of another job and for each bucket, with its target.

The machine's input is, after another job's end,

    {"trigger": "job", "startedBy": the other execution's ARN, "eventId": the event's id,
     "input": {"job": "daily-rollup", "execution": the ARN again, "status": "SUCCEEDED"}}

and after an object was created

    {"trigger": "object", "eventId": the event's id,
     "input": {"bucket": "sales", "object": {"key": "in/1.csv", "size": 5, "etag": ..., "sequencer": ...}}}

where `object` is as S3 tells it, with a `version-id` where the bucket has versions. Of what the other run put out there
is nothing: it may be larger than what a container can be given, and is not in every event.
"""

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from definitions.place import Place
from definitions.status_changes import FAILED_STATUSES, NOT_REPLACED, status_changes_of
from definitions.trigger import TARGET_ID, retry_policy
from spec.job import JobSpec
from spec.started_by import StartingJobSpec, StartingObjectsSpec

# A run that was skipped is SUCCEEDED too. Its output is small; one of more than 248 KB is not in the event.
# https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
_DID_ITS_WORK = [
    {"output": [{"wildcard": '*"status":"SUCCEEDED"*'}]},
    {"outputDetails": {"included": [False]}},
]


@dataclass(frozen=True, kw_only=True)
class StartingRule:
    """One rule that starts a job, and its one target.

    Attributes:
        name: its name, `<project>-<stack>-<job>.` and what tells it from the job's other rules.
        description: what it is for.
        event_pattern: what it matches on the default bus.
        input_paths, input_template: what the machine is given of the event.
    """

    name: str
    description: str
    event_pattern: dict[str, Any]
    input_paths: dict[str, str]
    input_template: str


def rules(job: JobSpec, place: Place) -> list[StartingRule]:
    """The rules of a job that something starts beside its schedule."""
    by = job.started_by
    return [_after(job, place, each) for each in by.jobs] + [
        _on_objects(job, place, bucket, objects) for bucket, objects in by.buckets.items()
    ]


def rule(started: StartingRule) -> dict[str, Any]:
    """The request of EventBridge's PutRule.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
    """
    return {
        "Name": started.name,
        "EventPattern": json.dumps(started.event_pattern, ensure_ascii=False, separators=(",", ":")),
        "State": "ENABLED",
        "Description": started.description,
    }


def target(started: StartingRule, job: JobSpec, place: Place, *, role_arn: str, dead_letter_arn: str) -> dict[str, Any]:
    """The one target of such a rule, as PutTargets takes it.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html

    Args:
        started: the rule.
        job: the job that it starts.
        place: its stack.
        role_arn: the stack's trigger role.
        dead_letter_arn: the stack's dead-letter queue.
    """
    return {
        "Id": TARGET_ID,
        "Arn": place.state_machine_arn(job.name),
        "RoleArn": role_arn,
        "InputTransformer": {"InputPathsMap": started.input_paths, "InputTemplate": started.input_template},
        "RetryPolicy": retry_policy(job),
        "DeadLetterConfig": {"Arn": dead_letter_arn},
    }


def _after(job: JobSpec, place: Place, other: StartingJobSpec) -> StartingRule:
    succeeded = other.on == "success"
    # Placeholders outside of quotes: EventBridge makes JSON of a text there, and escapes nothing inside of one.
    # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
    given = f'{{"job":{json.dumps(other.job)},"execution":<run>,"status":<status>}}'
    return StartingRule(
        name=_name(job, place, other.on, other.job),
        description=f"Starts {job.name} ({place.stack}) when {other.job} {'succeeded' if succeeded else 'failed'}",
        event_pattern=status_changes_of(
            other.job,
            place,
            status=["SUCCEEDED"] if succeeded else list(FAILED_STATUSES),
            **{"$or": _DID_ITS_WORK if succeeded else NOT_REPLACED},
        ),
        input_paths={"event": "$.id", "run": "$.detail.executionArn", "status": "$.detail.status"},
        input_template=f'{{"trigger":"job","startedBy":<run>,"eventId":<event>,"input":{given}}}',
    )


def _on_objects(job: JobSpec, place: Place, bucket: str, objects: tuple[StartingObjectsSpec, ...]) -> StartingRule:
    keys = [matcher for each in objects if (matcher := _matcher(each)) is not None]
    # One that says nothing of the key matches all of them.
    of_key = {"object": {"key": keys}} if len(keys) == len(objects) else {}
    return StartingRule(
        name=_name(job, place, "object", bucket),
        description=f"Starts {job.name} ({place.stack}) for objects that are created in {bucket}",
        event_pattern={
            "source": ["aws.s3"],
            "detail-type": ["Object Created"],
            "detail": {"bucket": {"name": [bucket]}, **of_key},
        },
        # The object as a whole: a placeholder for a key that an event has not would leave no JSON.
        input_paths={"event": "$.id", "bucket": "$.detail.bucket.name", "object": "$.detail.object"},
        input_template='{"trigger":"object","eventId":<event>,"input":{"bucket":<bucket>,"object":<object>}}',
    )


def _matcher(objects: StartingObjectsSpec) -> dict[str, str] | None:
    """What EventBridge compares a key with; a value is compared with one operator only.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
    """
    if objects.prefix is not None and objects.suffix is not None:
        return {"wildcard": f"{_literal(objects.prefix)}*{_literal(objects.suffix)}"}
    if objects.prefix is not None:
        return {"prefix": objects.prefix}
    return None if objects.suffix is None else {"suffix": objects.suffix}


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("*", "\\*")


def _name(job: JobSpec, place: Place, *what: str) -> str:
    # No job's name has a dot, so that none has a rule of this name on its schedule. Of IAM's limit for the names of a
    # job's roles enough is left: 64 characters, as for rules.
    return f"{place.name(job.name)}.{sha256(' '.join(what).encode()).hexdigest()[:8]}"
