"""The lock of a job that must not overlap: the line of its runs, kept in one item of the stack's DynamoDB table.

The head of the line holds the lock. An entry of the line is `<execution's ARN> <redrive count> <time it was made>`, so
no two entries are alike, and whoever takes one away names exactly the one that was seen. A job on Lambda adds the
seconds that its function may take. Nothing expires: an entry goes when its run is done, or when another run has seen
that it can do nothing any more. A second item, for each scheduled time, or event by its id, is written together with a
run's first entry, so that what is delivered twice starts one run.

Requests are DynamoDB's in Step Functions' PascalCase: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference
"""

from typing import Any

from definitions.jsonata import ME, NAME, NOW_SECONDS, REDRIVES, expression, literal
from definitions.left_over_function import longest_seconds
from definitions.run_task import SCHEDULED_TIME
from spec.job import JobSpec

KEY_ATTRIBUTE = "key"
"""The table's hash key, of type S."""

EXPIRY_ATTRIBUTE = "expires"
"""The table's TTL attribute: seconds since 1970. Only items of scheduled times have it."""

_TIME_KEPT_SECONDS = 7 * 86_400
"""Longer than EventBridge keeps on delivering, which is 24 hours at most."""

OWN = f"{ME} & ' ' & $string({REDRIVES}) & ' '"
"""What the entries begin with that a run has made since its last redrive; older ones are a dead run's."""

_MINE = f"{OWN} & $states.context.State.EnteredTime"

_EVENT = "$states.context.Execution.Input.eventId"

STARTS_ONCE = f"($states.context.Execution.Input.trigger = 'schedule' or $exists({_EVENT}))"
"""Whether the schedule or an event started the run: what a person starts for the same time is no duplicate."""

STARTED_BEFORE = f"""($exists({_EVENT}) ? 'its event ' & $string({_EVENT}) : 'its scheduled time ' & {SCHEDULED_TIME})
    & ' was started before'"""
"""Why a run is left out whose time, or whose event, has started another one."""


def mine(job: JobSpec) -> str:
    """The entry that a run makes in the present state, as JSONata: the same in each of the state's retries."""
    return f"{_MINE} & {literal(f' {longest_seconds(job)}')}" if job.run_on.kind == "lambda" else _MINE


def lock_key(job: JobSpec) -> str:
    """The key of the item that the job's runs hold while they run; jobs of a group share it."""
    return f"lock#group#{job.overlap.group}" if job.overlap.group else f"lock#job#{job.name}"


def time_key_prefix(job: JobSpec) -> str:
    """What the keys of the job's scheduled times begin with."""
    return f"time#{job.name}#"


def take(job: JobSpec, table: str) -> dict[str, Any]:
    """Stand in the line alone, if it is empty: a request of TransactWriteItems."""
    return _change_line(
        job,
        table,
        update="SET line = :line",
        condition="attribute_not_exists(line[0])",
        values="':line': {'L': [{'S': $mine}]}",
    )


def join(job: JobSpec, table: str) -> dict[str, Any]:
    """Stand at the end of the line, if it has room: a request of TransactWriteItems."""
    return _change_line(
        job,
        table,
        update="SET line = list_append(line, :line)",
        condition="size(line) < :limit AND NOT contains(line, :mine)",
        values=f"':line': {{'L': [{{'S': $mine}}]}}, ':mine': {{'S': $mine}}, "
        f"':limit': {{'N': '{job.overlap.queue_limit}'}}",
    )


def displace(job: JobSpec, table: str) -> dict[str, Any]:
    """Stand behind the head that was seen, in the place of all who wait: a request of TransactWriteItems."""
    return _change_line(
        job,
        table,
        update="SET line = :line",
        condition="line[0] = :head",
        values="':line': {'L': [{'S': $seen.head}, {'S': $mine}]}, ':head': {'S': $seen.head}",
    )


def leave(job: JobSpec, table: str, entry: str) -> dict[str, Any]:
    """Take the head away, if it is still `entry` (JSONata): a request of UpdateItem."""
    return {
        "TableName": table,
        "Key": {KEY_ATTRIBUTE: {"S": lock_key(job)}},
        "UpdateExpression": "REMOVE line[0]",
        "ConditionExpression": "line[0] = :entry",
        "ExpressionAttributeValues": {":entry": {"S": expression(entry)}},
    }


def confirm(job: JobSpec, table: str, entry: str) -> dict[str, Any]:
    """Change nothing, if the head is `entry` (JSONata): a request of UpdateItem that fails where it is not."""
    return {**leave(job, table, entry), "UpdateExpression": "SET line[0] = :entry"}


def look(job: JobSpec, table: str) -> dict[str, Any]:
    """Read the line, and who was started for the run's scheduled time: a request of BatchGetItem."""
    lock = f"{{'{KEY_ATTRIBUTE}': {{'S': {literal(lock_key(job))}}}}}"
    time = f"{{'{KEY_ATTRIBUTE}': {{'S': {_time_key(job)}}}}}"
    keys = expression(f"{STARTS_ONCE} ? [{lock}, {time}] : [{lock}]")
    return {"RequestItems": {table: {"ConsistentRead": True, "Keys": keys}}}


def seen(job: JobSpec, table: str) -> str:
    """What `look` told, as JSONata.

    Keys: `head` (its entry), `holder` (the head's execution), `newest` (that of the last entry), `redrives` and `since`
    (of the head), `length` (of the line), `mine` (the run's own entry), `ahead` (how many stand before it),
    `startedBy` (the execution that was started for the scheduled time or event), `unread` (whether DynamoDB left
    anything out, as it may when it is busy). What there is not has no key.
    """
    return f"""(
        $items := $lookup($states.result.Responses, {literal(table)});
        $entries := [$items[{KEY_ATTRIBUTE}.S = {literal(lock_key(job))}].line.L.S];
        $own := {OWN};
        $mine := $entries[$substring($, 0, $length($own)) = $own][0];
        $head := $split($entries[0], ' ');
        {{
            'head': $entries[0],
            'holder': $head[0],
            'newest': $split($entries[-1], ' ')[0],
            'redrives': $exists($head) ? $number($head[1]),
            'since': $exists($head) ? $toMillis($head[2]) / 1000,
            'length': $count($entries),
            'unread': $count($keys($states.result.UnprocessedKeys)) > 0,
            'mine': $mine,
            'ahead': $exists($mine) ? $count($split($substringBefore($join($entries, '|'), $mine), '|')) - 1,
            'startedBy': $items[$contains({KEY_ATTRIBUTE}.S, /^time#/)].execution.S
        }}
    )"""


def note_time(job: JobSpec, table: str) -> dict[str, Any]:
    """Write down that the scheduled time is being started, if it was not: a request of PutItem.

    A run that the schedule did not start writes its own name down in the place of a time.
    """
    return {
        "TableName": table,
        "Item": {
            KEY_ATTRIBUTE: {"S": expression(f"{STARTS_ONCE} ? {_time_key(job)} : {_key(job, NAME)}")},
            "execution": {"S": expression(ME)},
            EXPIRY_ATTRIBUTE: {"N": expression(_expiry())},
        },
        "ConditionExpression": "attribute_not_exists(execution) OR execution = :me",
        "ExpressionAttributeValues": {":me": {"S": expression(ME)}},
    }


def _change_line(job: JobSpec, table: str, *, update: str, condition: str, values: str) -> dict[str, Any]:
    line = f"""{{'Update': {{
        'TableName': {literal(table)},
        'Key': {{'{KEY_ATTRIBUTE}': {{'S': {literal(lock_key(job))}}}}},
        'UpdateExpression': {literal(update)},
        'ConditionExpression': {literal(condition)},
        'ExpressionAttributeValues': {{{values}}}
    }}}}"""
    time = f"""{{'Put': {{
        'TableName': {literal(table)},
        'Item': {{
            '{KEY_ATTRIBUTE}': {{'S': {_time_key(job)}}},
            'execution': {{'S': {ME}}},
            '{EXPIRY_ATTRIBUTE}': {{'N': {_expiry()}}}
        }},
        'ConditionExpression': 'attribute_not_exists(execution) OR execution = :me',
        'ExpressionAttributeValues': {{':me': {{'S': {ME}}}}}
    }}}}"""
    return {"TransactItems": expression(f"($mine := {mine(job)}; {STARTS_ONCE} ? [{line}, {time}] : [{line}])")}


def _time_key(job: JobSpec) -> str:
    return _key(job, f"($exists({_EVENT}) ? $string({_EVENT}) : {SCHEDULED_TIME})")


def _key(job: JobSpec, last: str) -> str:
    return f"{literal(time_key_prefix(job))} & {last}"


def _expiry() -> str:
    return f"$string($floor({NOW_SECONDS}) + {_TIME_KEPT_SECONDS})"
