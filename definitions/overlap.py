"""The part of a state machine that lets one run of a job, or of a group of jobs, through at a time. See lock.py.

Who holds the lock is told by DynamoDB; whether the holder is alive, by Step Functions; whether it still does something,
by ECS, and of a Lambda function by the time alone. A holder is dead when DescribeExecution says that it has ended, and
says so of the very redrive that the entry names: the answer may be an old one. An execution that cannot be found may be
too new to be; after a few minutes it is gone.

Variables: `entry` and `redrive` (the run's own entry, and the redrive it was made in), `seen` (see lock.seen), `other`
(what DescribeExecution said of the head's execution), `skipped` (why the run is left out). See also
left_over_task.py and left_over_function.py.
"""

from typing import Any

from definitions import lock, names
from definitions.calls import CONDITION_FAILED, TRANSACTION_CANCELLED, call, rule
from definitions.jsonata import ME, NOW_SECONDS, REDRIVES, UNCHANGED, expression, literal
from definitions.left_over import left_over, left_over_states
from definitions.place import Place
from definitions.run_task import RunTarget
from spec.job import JobSpec

REPLACED = "Job.Replaced"
"""The error of an execution that another run of its job was told to replace."""

YOUNG_SECONDS = 300
"""How long an execution that cannot be found is taken for one that is about to appear."""

_ENDED = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
_UNKNOWN_EXECUTION = "Sfn.ExecutionDoesNotExistException"

# A redrive may have come since the look.
_IN_LINE = f"$substring($seen.mine, 0, $length({lock.OWN})) = {lock.OWN}"

OWN_HAVE_STOPPED = {"run": expression("$merge([$run, {'mayRunOn': false}])")}
"""What to assign when the search for the run's own tasks has found that the last one has stopped."""


def _own(job: JobSpec) -> dict[str, Any]:
    return {"entry": expression(lock.mine(job)), "redrive": expression(REDRIVES)}


def turn_states(
    job: JobSpec,
    place: Place,
    target: RunTarget,
    *,
    start: str = names.RUN,
    when_self: str = names.DECIDE,
    when_self_assign: dict[str, Any] | None = OWN_HAVE_STOPPED,
) -> dict[str, Any]:
    """The states from the start of a run until it may start its task, the first one first; none where it always may.

    Args:
        job: the job.
        place: its stack.
        target: where its tasks run, and the table of locks.
        start: the state that follows when it may.
        when_self: the state that follows when no task is left of an attempt of the run itself.
        when_self_assign: what to assign on the way there.
    """
    if job.overlap.is_exclusive:
        return _exclusive_states(job, place, target, start, when_self, when_self_assign)
    return _once_per_time_state(job, _lock_table(target), start) if job.overlap.once_per_time else {}


def _lock_table(target: RunTarget) -> str:
    """The name of the stack's lock table."""
    assert target.lock_table_name is not None, "a stack with such a job has a lock table"
    return target.lock_table_name


def _once_per_time_state(job: JobSpec, table: str, start: str) -> dict[str, Any]:
    """The first state of a job whose runs may overlap, but start once for a scheduled time."""
    started = {"skipped": {"reason": expression(lock.STARTED_BEFORE)}}
    return {
        names.NOTE_TIME: call(
            "A scheduled time may be delivered twice; the second one stops here.",
            "dynamodb:putItem",
            lock.note_time(job, table),
            start,
            expected=((CONDITION_FAILED, names.SKIPPED, {"Comment": "started before", "Assign": started}),),
        )
    }


def _exclusive_states(
    job: JobSpec,
    place: Place,
    target: RunTarget,
    start: str,
    when_self: str,
    when_self_assign: dict[str, Any] | None,
) -> dict[str, Any]:
    """Those of a job whose runs do not overlap: the first one is `Take the lock`."""
    table = _lock_table(target)
    states = {
        names.TAKE: call(
            "Takes the lock if it is free, and writes down which scheduled time is being started, both or neither.",
            "aws-sdk:dynamodb:transactWriteItems",
            lock.take(job, table),
            start,
            assign=_own(job),
            expected=((TRANSACTION_CANCELLED, names.LOOK, {"Comment": "not free"}),),
        ),
        names.LOOK: call(
            "Reads who has the lock, who waits, and who was started for the same scheduled time.",
            "aws-sdk:dynamodb:batchGetItem",
            lock.look(job, table),
            names.ASK,
            assign={"seen": expression(lock.seen(job, table))},
        ),
        names.ASK: call(
            "Asks Step Functions whether the run that has the lock is alive.",
            "aws-sdk:sfn:describeExecution",
            {
                "ExecutionArn": expression(f"$exists($seen.holder) ? $seen.holder : {ME}"),
                "IncludedData": "METADATA_ONLY",
            },
            names.TURN,
            assign={
                "other": expression("""(
                    $end := $exists($states.result.StopDate) ? $states.result.StopDate : $states.result.RedriveDate;
                    {
                        'status': $states.result.Status,
                        'redrives': $exists($states.result.RedriveCount) ? $states.result.RedriveCount : 0,
                        'endedAt': $exists($end) ? $toMillis($end) / 1000
                    }
                )""")
            },
            expected=((_UNKNOWN_EXECUTION, names.TURN, {"Assign": {"other": {"status": "NOT_FOUND"}}}),),
        ),
        names.TURN: {
            "Comment": "Tells the run's turn from what was seen and told.",
            "Type": "Choice",
            "Choices": [*_first_rules(start), *_rules_by_policy(job)],
            "Default": names.TAKE,
        },
    }
    match job.overlap.policy:
        case "queue":
            states |= _queue_states(job, table)
        case "replace":
            states |= _replace_states(job, place, table)
        case "skip" | "allow":
            pass
    states |= left_over_states(job, target, table=table, when_self=when_self, when_self_assign=when_self_assign)
    states[names.CLEAR] = call(
        "Takes the entry of a dead run away that nothing is left of, unless somebody else has.",
        "dynamodb:updateItem",
        lock.leave(job, table, "$seen.head"),
        names.LOOK,
        expected=((CONDITION_FAILED, names.LOOK, {}),),
    )
    return states


def release_states(job: JobSpec, target: RunTarget, failed: str = names.WHAT_FAILED) -> dict[str, Any]:
    """The states that give the lock back: after a success, and after a failure that left no task behind, on the
    way to `failed`.

    Where even that fails the run's own end is not touched: the next run finds that the holder is dead.
    """

    def release(comment: str, following: str) -> dict[str, Any]:
        left = {"Comment": "or leaves it to the next run"}
        return call(
            comment,
            "dynamodb:updateItem",
            lock.leave(job, _lock_table(target), "$entry"),
            following,
            expected=((CONDITION_FAILED, following, {}), ("States.ALL", following, left)),
        )

    return {
        names.RELEASE: release("The job is done: the next run may start.", names.SUCCEEDED),
        names.RELEASE_FAILED: release("Its task has stopped: the next run may start.", failed),
    }


def _first_rules(start: str) -> list[dict[str, Any]]:
    return [
        rule(
            "its time was started before",
            f"$exists($seen.startedBy) and $seen.startedBy != {ME}",
            names.SKIPPED,
            _skipped(lock.STARTED_BEFORE, because="$seen.startedBy"),
        ),
        rule(
            "its own",
            f"{_IN_LINE} and $seen.mine = $seen.head",
            start,
            {"entry": expression("$seen.mine"), "redrive": expression(REDRIVES)},
        ),
    ]


def _dead_run(job: JobSpec) -> dict[str, Any]:
    dead = f"""(
        $told := $other.status != 'NOT_FOUND';
        $old := {NOW_SECONDS} - $seen.since > {YOUNG_SECONDS};
        $ended := $other.status in {literal(list(_ENDED))};
        $seen.holder = {ME} or $exists($seen.head) and (
            $told ? $other.redrives > $seen.redrives or ($other.redrives = $seen.redrives and $ended) : $old
        )
    )"""
    # Of a former life of its own, which it is told by the entry, DescribeExecution may not know yet that it is over.
    ended_at = f"$exists($other.endedAt) and $seen.holder != {ME} ? $other.endedAt : {NOW_SECONDS}"
    left = left_over(job)
    return rule("a dead run's", dead, left.first, left.of_dead_run(ended_at))


def _rules_by_policy(job: JobSpec) -> list[dict[str, Any]]:
    """What follows when the lock is another's, or that of a former life of the run."""
    match job.overlap.policy:
        case "queue":
            limit = job.overlap.queue_limit
            full = f"$string($seen.length) & {literal(' runs are there already, of at most ' + str(limit))}"
            return [
                _dead_run(job),
                rule(
                    "the queue is full",
                    f"$not({_IN_LINE}) and $seen.length >= {limit}",
                    names.SKIPPED,
                    _skipped(full),
                ),
                rule("another run's", f"$exists($seen.head) and $not({_IN_LINE})", names.JOIN),
                _waits(names.WAIT_FOR_TURN),
            ]
        case "replace":
            # Dead or alive: a run that first made sure of a dead one's tasks would come after those that are newer.
            others = f"$exists($seen.head) and $seen.holder != {ME} and $not({_IN_LINE})"
            return [
                # Whose next turn is gone, be the newer run at it or done with it, has none.
                rule("not all was read", "$seen.unread", names.WAIT_A_MOMENT),
                rule(
                    "a newer run had the next turn",
                    f"$not({_IN_LINE}) and $exists($entry) and $redrive = {REDRIVES}",
                    names.SKIPPED,
                    {
                        "skipped": expression(
                            "{'reason': 'a newer run came before it had started', 'because': $seen.newest}"
                        )
                    },
                ),
                rule("another run's", others, names.DISPLACE),
                _dead_run(job),
                # Once more, for the first time may have failed.
                _waits(names.STOP_OTHER),
            ]
        case "skip" | "allow":
            return [
                _dead_run(job),
                rule("another run's", "$exists($seen.head)", names.SKIPPED, _skipped(_still_runs())),
            ]


def _waits(following: str) -> dict[str, Any]:
    own = {"entry": expression("$seen.mine"), "redrive": expression(REDRIVES)}
    return rule("it waits already", _IN_LINE, following, own)


def _queue_states(job: JobSpec, table: str) -> dict[str, Any]:
    return {
        names.JOIN: call(
            "Stands at the end of the line.",
            "aws-sdk:dynamodb:transactWriteItems",
            lock.join(job, table),
            names.WAIT_FOR_TURN,
            assign=_own(job),
            expected=((TRANSACTION_CANCELLED, names.WAIT_A_MOMENT, {"Comment": "the line has changed"}),),
        ),
        names.WAIT_A_MOMENT: _wait_a_moment(),
        names.WAIT_FOR_TURN: _wait_for_turn("$max([1, $exists($seen.ahead) ? $seen.ahead : $seen.length])"),
    }


def _replace_states(job: JobSpec, place: Place, table: str) -> dict[str, Any]:
    return {
        names.DISPLACE: call(
            "Stands behind the run that has the lock, in the place of all who wait.",
            "aws-sdk:dynamodb:transactWriteItems",
            lock.displace(job, table),
            names.STOP_OTHER,
            assign=_own(job),
            expected=((TRANSACTION_CANCELLED, names.WAIT_A_MOMENT, {"Comment": "the line has changed"}),),
        ),
        names.WAIT_A_MOMENT: _wait_a_moment(),
        names.STOP_OTHER: call(
            "Stops the run that has the lock; its task ends some time later.",
            "aws-sdk:sfn:stopExecution",
            {
                "ExecutionArn": expression("$seen.holder"),
                "Error": REPLACED,
                "Cause": expression(f"{literal(f'a newer run of {job.name} ({place.stack}) replaced it: ')} & {ME}"),
            },
            names.WAIT_FOR_TURN,
            expected=((_UNKNOWN_EXECUTION, names.WAIT_FOR_TURN, {}),),
        ),
        names.WAIT_FOR_TURN: _wait_for_turn("1"),
    }


def _wait_for_turn(ahead: str) -> dict[str, Any]:
    waited = f"{NOW_SECONDS} - $toMillis($split($entry, ' ')[2]) / 1000"
    return {
        "Comment": "Looks again when it has waited a twentieth longer, later the more runs are ahead.",
        "Type": "Wait",
        "Seconds": expression(f"$max([15, $floor(({waited}) / 20)]) * {ahead}"),
        "Output": UNCHANGED,
        "Next": names.LOOK,
    }


def _wait_a_moment() -> dict[str, Any]:
    return {
        "Comment": "Another run changed the line at the same time.",
        "Type": "Wait",
        "Seconds": expression("$ceil($random() * 5)"),
        "Output": UNCHANGED,
        "Next": names.LOOK,
    }


def _still_runs() -> str:
    return "'the run ' & $split($seen.holder, ':')[7] & ' of ' & $split($seen.holder, ':')[6] & ' still runs'"


def _skipped(reason: str, because: str = "$seen.holder") -> dict[str, Any]:
    return {"skipped": {"reason": expression(reason), "because": expression(because)}}
