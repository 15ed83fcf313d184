"""What a run does that finds another one in its way: which states it passes, what it says of it, what it writes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.definitions.in_the_way import (
    ASK,
    DECIDE,
    EXCLUSIVE,
    LOOK,
    ME,
    OTHER,
    RELEASE,
    RUN,
    SCHEDULED,
    SEARCH,
    TABLE,
    TAKE,
    TIME,
    TURN,
    Aws,
    MachineOf,
    called,
    entry,
)
from tests.definitions.samples import failed, job, task
from tests.definitions.walker import Failure, evaluate, walk


@pytest.mark.parametrize(
    ("overlap", "states"),
    [
        ("allow", [RUN, DECIDE, "Succeeded"]),
        ({"policy": "allow", "oncePerTime": True}, ["Note the scheduled time", RUN, DECIDE, "Succeeded"]),
        *((policy, [TAKE, RUN, DECIDE, RELEASE, "Succeeded"]) for policy in EXCLUSIVE),
    ],
)
def test_a_plain_success_passes_few_states(overlap: Any, states: list[str], machine_of: MachineOf) -> None:
    assert walk(machine_of(job(overlap=overlap)), SCHEDULED, [task(0)]).states == states


@pytest.mark.parametrize("policy", EXCLUSIVE)
def test_a_scheduled_run_takes_the_lock_and_its_time_in_one_write(policy: str, machine_of: MachineOf) -> None:
    scheduled = walk(machine_of(job(overlap=policy)), SCHEDULED, [task(0)])
    by_hand = walk(machine_of(job(overlap=policy)), {"scheduledTime": TIME}, [task(0)])

    (transaction,) = called(scheduled, "transactWriteItems")
    line, time = transaction["TransactItems"]
    assert line["Update"]["Key"] == {"key": {"S": "lock#job#nightly"}}
    assert line["Update"]["ExpressionAttributeValues"] == {":line": {"L": [{"S": f"{ME} 0 2026-11-24T03:15:00.000Z"}]}}
    # 7 days after the state was entered.
    assert time["Put"]["Item"] == {
        "key": {"S": f"time#nightly#{TIME}"},
        "execution": {"S": ME},
        "expires": {"N": "1796094900"},
    }
    (transaction,) = called(by_hand, "transactWriteItems")
    assert len(transaction["TransactItems"]) == 1


def test_a_group_shares_one_lock(machine_of: MachineOf) -> None:
    run = walk(machine_of(job(overlap={"policy": "skip", "group": "sales"})), SCHEDULED, [task(0)])

    (transaction,) = called(run, "transactWriteItems")
    assert transaction["TransactItems"][0]["Update"]["Key"] == {"key": {"S": "lock#group#sales"}}


@pytest.mark.parametrize("policy", EXCLUSIVE)
def test_a_time_that_was_started_is_not_started_again(policy: str, machine_of: MachineOf) -> None:
    machine = machine_of(job(overlap=policy))

    run = walk(machine, SCHEDULED, [], Aws([entry(OTHER)], started_by=OTHER))

    assert run.states == [TAKE, LOOK, ASK, TURN, "Skipped"]
    assert run.output == {
        "job": "nightly",
        "stack": "dev",
        "status": "SKIPPED",
        "reason": f"its scheduled time {TIME} was started before",
        "because": OTHER,
        "scheduledTime": TIME,
    }


def test_a_time_is_started_once_where_runs_may_overlap_but_times_may_not(machine_of: MachineOf) -> None:
    refused = Failure("DynamoDB.ConditionalCheckFailedException", "The conditional request failed")
    machine = machine_of(job(overlap={"policy": "allow", "oncePerTime": True}))

    run = walk(machine, SCHEDULED, [], lambda *_: refused)

    assert run.states == ["Note the scheduled time", "Skipped"]
    assert run.output["reason"] == f"its scheduled time {TIME} was started before"


def test_skip_says_which_run_is_in_the_way(machine_of: MachineOf) -> None:
    run = walk(machine_of(job(overlap="skip")), SCHEDULED, [], Aws([entry(OTHER)]))

    assert run.states == [TAKE, LOOK, ASK, TURN, "Skipped"]
    assert (run.output["reason"], run.output["because"]) == ("the run 0ther of longhaul-dev-nightly still runs", OTHER)


def test_a_lock_that_was_given_back_meanwhile_is_taken(machine_of: MachineOf) -> None:
    run = walk(machine_of(job(overlap="skip")), SCHEDULED, [task(0)], Aws([]))

    assert run.states == [TAKE, LOOK, ASK, TURN, TAKE, RUN, DECIDE, RELEASE, "Succeeded"]


def test_a_queue_is_joined_once_and_waited_in_until_the_run_is_its_head(machine_of: MachineOf) -> None:
    mine = f"{ME} 0 2026-11-24T03:15:04.000Z"
    aws = Aws([entry(OTHER)], [entry(OTHER), mine], [mine])

    run = walk(machine_of(job(overlap="queue")), SCHEDULED, [task(0)], aws)

    look = [LOOK, ASK, TURN]
    waits = ["Wait for its turn", *look]
    assert run.states == [TAKE, *look, "Join the queue", *waits, *waits, RUN, DECIDE, RELEASE, "Succeeded"]
    (_, join) = called(run, "transactWriteItems")
    assert len(join["TransactItems"]) == 2
    assert join["TransactItems"][0]["Update"]["ExpressionAttributeValues"] == {
        ":line": {"L": [{"S": mine}]},
        ":mine": {"S": mine},
        ":limit": {"N": "100"},
    }
    (release,) = called(run, "updateItem")
    assert release["ExpressionAttributeValues"] == {":entry": {"S": mine}}


def test_a_run_far_back_in_the_queue_looks_less_often(machine_of: MachineOf) -> None:
    mine = f"{ME} 0 2026-11-24T03:15:04.000Z"
    others = [entry(f"{OTHER}{number}") for number in range(4)]
    aws = Aws(others, [*others, mine], [others[0], mine], [mine])

    run = walk(machine_of(job(overlap="queue")), SCHEDULED, [task(0)], aws)

    assert run.waits == [60, 60, 15]


def test_a_full_queue_is_not_joined(machine_of: MachineOf) -> None:
    run = walk(
        machine_of(job(overlap={"policy": "queue", "queueLimit": 2})),
        SCHEDULED,
        [],
        Aws([entry(OTHER), entry(f"{OTHER}2")]),
    )

    assert run.states[-1] == "Skipped"
    assert run.output["reason"] == "2 runs are there already, of at most 2"


def test_replace_claims_the_next_turn_stops_the_other_and_waits_for_it(machine_of: MachineOf) -> None:
    mine = f"{ME} 0 2026-11-24T03:15:04.000Z"
    aws = Aws([entry(OTHER)], [entry(OTHER), mine], [mine])

    run = walk(machine_of(job(overlap="replace")), SCHEDULED, [task(0)], aws)

    look, stop = [LOOK, ASK, TURN], ["Stop the run in the way", "Wait for its turn"]
    claim = [TAKE, *look, "Claim the next turn", *stop]
    assert run.states == [*claim, *look, *stop, *look, RUN, DECIDE, RELEASE, "Succeeded"]
    (_, claimed) = called(run, "transactWriteItems")
    assert claimed["TransactItems"][0]["Update"]["ExpressionAttributeValues"] == {
        ":line": {"L": [{"S": entry(OTHER)}, {"S": mine}]},
        ":head": {"S": entry(OTHER)},
    }
    stopped = called(run, "stopExecution")[0]
    assert stopped == {
        "ExecutionArn": OTHER,
        "Error": "Job.Replaced",
        "Cause": f"a newer run of nightly (dev) replaced it: {ME}",
    }


def test_replace_claims_the_turn_after_a_dead_run_before_it_looks_for_its_tasks(machine_of: MachineOf) -> None:
    """Or runs that have found it dead would replace newer ones, one after the other, when they have looked."""
    mine = f"{ME} 0 2026-11-24T03:15:04.000Z"
    behind = [entry(OTHER), mine]
    aws = Aws([entry(OTHER)], behind, [mine], status="ABORTED", StopDate="2026-11-24T03:01:00.000Z")

    run = walk(machine_of(job(overlap="replace")), SCHEDULED, [task(0)], aws)

    look, stop = [LOOK, ASK, TURN], ["Stop the run in the way", "Wait for its turn"]
    claim = [TAKE, *look, "Claim the next turn", *stop]
    cleared = [*SEARCH, "Clear the dead run's lock"]
    assert run.states == [*claim, *look, *cleared, *look, RUN, DECIDE, RELEASE, "Succeeded"]


@pytest.mark.parametrize("status", ["RUNNING", "ABORTED"])
def test_replace_makes_way_for_a_newer_run(status: str, machine_of: MachineOf) -> None:
    newer = f"{OTHER}2"
    aws = Aws([entry(OTHER)], [entry(OTHER), entry(newer)], status=status, StopDate="2026-11-24T03:01:00.000Z")

    run = walk(machine_of(job(overlap="replace")), SCHEDULED, [], aws)

    assert run.states[-4:] == [LOOK, ASK, TURN, "Skipped"]
    assert not called(run, "listTasks")
    assert (run.output["reason"], run.output["because"]) == ("a newer run came before it had started", newer)


def test_replace_makes_way_for_a_newer_run_that_is_done_by_now(machine_of: MachineOf) -> None:
    run = walk(machine_of(job(overlap="replace")), SCHEDULED, [], Aws([entry(OTHER)], []))

    assert run.states[-4:] == [LOOK, ASK, TURN, "Skipped"]
    assert run.output["reason"] == "a newer run came before it had started"
    assert "because" not in run.output


def test_replace_gives_no_turn_up_over_what_dynamodb_left_unread(machine_of: MachineOf) -> None:
    mine = f"{ME} 0 2026-11-24T03:15:04.000Z"
    aws = Aws([entry(OTHER)], [mine])
    answers = iter([{}, {"locks": {"Keys": []}}, {}])

    def busy(integration: str, arguments: Any) -> Any:
        if not integration.endswith("batchGetItem") or not (unread := next(answers)):
            return aws(integration, arguments)
        return {"Responses": {TABLE: []}, "UnprocessedKeys": unread}

    run = walk(machine_of(job(overlap="replace")), SCHEDULED, [task(0)], busy)

    look = [LOOK, ASK, TURN]
    claim = [TAKE, *look, "Claim the next turn", "Stop the run in the way", "Wait for its turn"]
    assert run.states == [*claim, *look, "Wait a moment", *look, RUN, DECIDE, RELEASE, "Succeeded"]


@pytest.mark.parametrize("policy", EXCLUSIVE)
def test_a_failure_gives_the_lock_back_when_its_task_has_stopped(policy: str, machine_of: MachineOf) -> None:
    run = walk(machine_of(job(overlap=policy)), SCHEDULED, [failed(3)])

    assert run.states == [TAKE, RUN, DECIDE, "Give back the failed run's lock", "What failed?", "Exited non-zero"]


@pytest.mark.parametrize("policy", EXCLUSIVE)
def test_what_aws_refuses_of_the_lock_is_the_executions_own_error(policy: str, machine_of: MachineOf) -> None:
    denied = Failure("DynamoDb.DynamoDbException", "User is not authorized to perform: dynamodb:UpdateItem")

    run = walk(machine_of(job(overlap=policy)), SCHEDULED, [], lambda *_: denied)

    assert (run.states, run.error) == ([TAKE], "DynamoDb.DynamoDbException")


@pytest.mark.parametrize("policy", EXCLUSIVE)
def test_a_lock_that_cannot_be_given_back_spoils_no_success(policy: str, machine_of: MachineOf) -> None:
    trouble = Failure("DynamoDB.InternalServerErrorException", "try again")

    run = walk(
        machine_of(job(overlap=policy)),
        SCHEDULED,
        [task(0)],
        lambda integration, _: trouble if integration.endswith("updateItem") else {},
    )

    assert run.states[-2:] == [RELEASE, "Succeeded"]


@pytest.mark.parametrize(("waited_seconds", "looks"), [(2 * 3600, 90), (365 * 86_400, 260)])
def test_even_a_long_wait_in_the_queue_takes_few_looks(waited_seconds: int, looks: int, machine_of: MachineOf) -> None:
    seconds = machine_of(job(overlap="queue"))["States"]["Wait for its turn"]["Seconds"]
    joined = datetime(2026, 11, 24, 3, 15, tzinfo=UTC)
    variables = {"seen": {"ahead": 1}, "entry": entry(ME, 0, f"{joined:%Y-%m-%dT%H:%M:%S}.000Z")}
    waited, count = 0, 0

    while waited < waited_seconds:
        now = f"{joined + timedelta(seconds=waited):%Y-%m-%dT%H:%M:%S}.000Z"
        waited += evaluate(seconds, {"context": {"State": {"EnteredTime": now}}}, variables)
        count += 1

    # docs/state-machine.md says so. Each look is some 14 events, of at most 25,000.
    assert looks * 0.9 < count <= looks
