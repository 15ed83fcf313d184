"""What a run does that finds a dead one's lock, or may have left a task of its own over."""

from typing import Any

import pytest

from tests.definitions.in_the_way import (
    ASK,
    DECIDE,
    LOOK,
    ME,
    OTHER,
    RELEASE,
    RUN,
    SCHEDULED,
    SEARCH,
    TAKE,
    TURN,
    Aws,
    MachineOf,
    called,
    entry,
)
from tests.definitions.samples import job, task
from tests.definitions.walker import EXECUTION, Failure, walk


@pytest.mark.parametrize(
    ("told", "dead"),
    [
        ({"Status": "RUNNING"}, False),
        ({"Status": "PENDING_REDRIVE"}, False),
        ({"Status": "ABORTED", "StopDate": "2026-11-24T03:01:00.000Z"}, True),
        ({"Status": "SUCCEEDED", "StopDate": "2026-11-24T03:01:00.000Z"}, True),
        ({"Status": "FAILED", "StopDate": "2026-11-24T03:01:00.000Z"}, True),
        ({"Status": "TIMED_OUT", "StopDate": "2026-11-24T03:01:00.000Z"}, True),
        # Of another life than the entry's: a later one proves the end of that one, an earlier one is an old answer.
        ({"Status": "RUNNING", "RedriveCount": 2, "RedriveDate": "2026-11-24T03:01:00.000Z"}, True),
        ({"Status": "ABORTED", "RedriveCount": 0, "StopDate": "2026-11-24T02:59:00.000Z"}, False),
    ],
)
def test_a_holder_is_dead_when_the_life_that_took_the_lock_has_ended(
    told: dict[str, Any], dead: bool, machine_of: MachineOf
) -> None:
    aws = Aws([entry(OTHER, 1)], [], **{"RedriveCount": 1, **told})

    run = walk(machine_of(job(overlap="skip")), SCHEDULED, [task(0)], aws)

    cleared = [TAKE, LOOK, ASK, TURN, *SEARCH, "Clear the dead run's lock", LOOK, ASK, TURN, TAKE, RUN, DECIDE, RELEASE]
    assert run.states == ([*cleared, "Succeeded"] if dead else [TAKE, LOOK, ASK, TURN, "Skipped"])


@pytest.mark.parametrize(("made", "dead"), [("2026-11-24T03:14:00.000Z", False), ("2026-11-24T03:10:02.999Z", True)])
def test_a_holder_that_cannot_be_found_is_alive_for_five_minutes(made: str, dead: bool, machine_of: MachineOf) -> None:
    aws = Aws([entry(OTHER, 0, made)], [])
    unknown = Failure("Sfn.ExecutionDoesNotExistException", "Execution Does Not Exist")

    run = walk(
        machine_of(job(overlap="skip")),
        SCHEDULED,
        [task(0)],
        lambda integration, arguments: (
            unknown if arguments.get("ExecutionArn") == OTHER else aws(integration, arguments)
        ),
    )

    assert ("Clear the dead run's lock" in run.states) == dead


def test_tasks_of_a_dead_run_are_stopped_and_waited_for(machine_of: MachineOf) -> None:
    aws = Aws([entry(OTHER)], [], status="ABORTED", StopDate="2026-11-24T03:01:00.000Z")
    lives = {"TaskArn": "one", "Group": "0ther", "LastStatus": "RUNNING", "DesiredStatus": "RUNNING"}
    somebody_elses = {**lives, "TaskArn": "two", "Group": "by-hand"}
    stops = {**lives, "DesiredStatus": "STOPPED"}
    stopped = {**stops, "LastStatus": "STOPPED"}
    aws.tasks = [[somebody_elses, lives], [somebody_elses], [stops], [stopped]]

    run = walk(machine_of(job(overlap="skip")), SCHEDULED, [task(0)], aws)

    assert [arguments["Task"] for arguments in called(run, "stopTask")] == ["one"]
    lists = [(arguments["Family"], arguments["DesiredStatus"]) for arguments in called(run, "listTasks")]
    assert lists == [("longhaul-dev-nightly", status) for status in ("RUNNING", "RUNNING", "STOPPED", "STOPPED")]
    order = [action.rpartition(":")[2] for action, _ in run.calls]
    assert order.index("describeTasks") < order.index("updateItem") < order.index("stopTask")
    assert run.states[-1] == "Succeeded"
    # Here each state lasts a second. A minute from the end to the first list, and from that to the second.
    assert [wait for wait in run.waits if wait] == [42, 59, 43]


def test_a_list_of_tasks_is_read_to_its_end(machine_of: MachineOf) -> None:
    aws = Aws([entry(OTHER)], [], status="ABORTED", StopDate="2026-11-24T03:01:00.000Z")
    pages = {None: "second", "second": "third", "third": None}

    def paged(integration: str, arguments: Any) -> Any:
        if not integration.endswith("listTasks"):
            return aws(integration, arguments)
        following = pages[arguments.get("NextToken")]
        return {"TaskArns": []} if following is None else {"TaskArns": [], "NextToken": following}

    run = walk(machine_of(job(overlap="skip")), SCHEDULED, [task(0)], paged)

    tokens = [arguments.get("NextToken") for arguments in called(run, "listTasks")]
    assert tokens == [None, "second", "third"] * 2


def test_a_lock_that_somebody_else_cleared_is_not_cleared_twice(machine_of: MachineOf) -> None:
    aws = Aws([entry(OTHER)], [], status="ABORTED", StopDate="2026-11-24T03:01:00.000Z")
    failed_condition = Failure("DynamoDB.ConditionalCheckFailedException", "The conditional request failed")

    def late(integration: str, arguments: Any) -> Any:
        mine = "ExpressionAttributeValues" in arguments and ME in str(arguments["ExpressionAttributeValues"])
        return failed_condition if integration.endswith("updateItem") and not mine else aws(integration, arguments)

    run = walk(machine_of(job(overlap="skip")), SCHEDULED, [task(0)], late)

    assert run.states[-9:] == ["Clear the dead run's lock", LOOK, ASK, TURN, TAKE, RUN, DECIDE, RELEASE, "Succeeded"]


def test_a_former_life_of_its_own_is_cleared_and_never_stopped(machine_of: MachineOf) -> None:
    aws = Aws([entry(ME)], [])

    run = walk(machine_of(job(overlap="replace")), {}, [task(0)], aws, redrives=1)

    look = [LOOK, ASK, TURN]
    cleared = [*SEARCH, "Clear the dead run's lock"]
    assert run.states == [TAKE, *look, *cleared, *look, TAKE, RUN, DECIDE, RELEASE, "Succeeded"]


@pytest.mark.parametrize("failure", [Failure("States.Timeout", ""), Failure("States.TaskFailed", "no JSON")])
def test_the_lock_of_a_task_that_may_run_on_is_left_to_the_next_run(failure: Failure, machine_of: MachineOf) -> None:
    run = walk(machine_of(job(overlap="skip")), SCHEDULED, [failure])

    assert run.states[:-1] == [TAKE, RUN, DECIDE, "What failed?"]
    assert called(run, "updateItem") == []


@pytest.mark.parametrize(
    ("failure", "wait"),
    [
        (Failure("States.Timeout", ""), "Wait before the next attempt"),
        (Failure("States.TaskFailed", "no JSON"), "Wait before the next attempt"),
        (Failure("ECS.ServerException", "Service Unavailable"), "Wait before starting again"),
    ],
)
def test_before_another_attempt_a_task_that_may_run_on_is_waited_for(
    failure: Failure, wait: str, machine_of: MachineOf
) -> None:
    aws = Aws([])
    aws.takes = []
    live = {"TaskArn": "one", "Group": EXECUTION["Name"], "LastStatus": "RUNNING", "DesiredStatus": "STOPPED"}
    aws.tasks = [[live], [], [{**live, "LastStatus": "STOPPED"}]]

    run = walk(
        machine_of(job(overlap="skip", retries={"attempts": 1, "onTimeout": True})), SCHEDULED, [failure, task(0)], aws
    )

    asked = [state for state in run.states if state == "Look for tasks left over"]
    assert len(asked) == 3
    assert run.states[-6:] == [DECIDE, wait, RUN, DECIDE, RELEASE, "Succeeded"]
    assert called(run, "stopTask") == []
