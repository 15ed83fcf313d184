"""What becomes of the runs of jobs without a state machine: each row of the page's table, with real processes."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.faults import (
    DeliverTwice,
    FailPull,
    Fault,
    InterruptSpot,
    LoseHost,
    LoseSecret,
    RefuseCapacity,
    RetireTask,
    RunOutOfMemory,
    SpoilChange,
    Throttle,
)
from tests.scenarios.lone.conftest import NAME, World

PAGE = (Path(__file__).parents[3] / "docs" / "run-on-task.md").read_text()

ENDINGS: dict[str, tuple[str, Fault | None, str, str, int | None]] = {
    # What happens: the job, the fault, stopCode, how stoppedReason or the container's reason begins, exit code.
    "it exits with something else than 0": ("fails", None, "EssentialContainerExited", "Essential", 3),
    "it needs more memory than it has": (
        "waits",
        RunOutOfMemory(first=1),
        "EssentialContainerExited",
        "OutOfMemoryError",
        137,
    ),
    "its image is missing": (
        "works",
        FailPull(first=1, because="missing"),
        "TaskFailedToStart",
        "CannotPullContainerError",
        None,
    ),
    "a secret of it is missing": (
        "secretive",
        LoseSecret(first=1),
        "TaskFailedToStart",
        "ResourceInitializationError",
        None,
    ),
    "Spot takes its capacity away": (
        "spotty",
        InterruptSpot(first=1, once_said="ready"),
        "SpotInterruption",
        "Your Spot Task",
        0,
    ),
    "AWS retires the task": (
        "waits",
        RetireTask(first=1, once_said="ready"),
        "TerminationNotice",
        "ECS is performing",
        0,
    ),
    "its machine is lost": ("waits", LoseHost(first=1), "InfrastructureHealth", "The underlying", None),
}


@pytest.mark.parametrize("row", ENDINGS)
def test_a_task_that_did_not_do_its_work_is_told_of_and_not_started_again(world: World, row: str) -> None:
    job, fault, stop_code, reason, exit_code = ENDINGS[row]
    if fault is not None:
        fault.of = world.name(job)
        world.aws.faults.add(fault)

    (run,) = world.play(job)

    assert (run.status, run.error) == ("FAILED", stop_code)
    assert run.cause.startswith(reason)
    ended = world.ledger(run.task_arn)[-1]
    assert (ended["lastStatus"], ended["stopCode"]) == ("STOPPED", stop_code)
    assert ended["containers"][0].get("exitCode") == exit_code
    assert ("startedAt" in ended) is (stop_code != "TaskFailedToStart")
    (alert,) = world.alerts()
    assert alert["error"] == stop_code
    (container,) = alert["containers"]
    assert container.get("exitCode") == exit_code
    assert alert["job"] == f"family:{world.name(job)}"
    assert alert["to look"] == f"./longhaul show {run.task_arn} --stack dev --region eu-west-1"
    assert reason in f"{alert['what happened']} {container.get('reason')}"
    assert world.dead_letters() == []


def test_a_task_that_did_its_work_is_no_alert(world: World) -> None:
    (run,) = world.play("works")

    assert run.status == "SUCCEEDED"
    assert [(each["lastStatus"], each["desiredStatus"]) for each in world.ledger(run.task_arn)] == [
        ("PROVISIONING", "RUNNING"),
        ("RUNNING", "RUNNING"),
        ("RUNNING", "STOPPED"),
        ("STOPPED", "STOPPED"),
    ]
    job, due, attempt, given, event = world.lines("works", run.task_arn)[0].split()
    assert (job, due, attempt, given) == ("works", f"{run.scheduled_time:%Y-%m-%dT%H:%M:%SZ}", "1", '{"shop":"<all>"}')
    assert len(event) == 36
    assert world.alerts() == []


def test_a_schedule_tells_its_task_the_same(world: World) -> None:
    delivery = world.fire_zoned()

    job, due, attempt, given, _ = world.lines("zoned", delivery.started_arn)[0].split()
    assert (job, due, attempt, given) == ("zoned", "2199-01-01T03:15:00Z", "1", "{}")
    ended = world.ledger(delivery.started_arn)[-1]
    assert (ended["group"], ended["startedBy"]) == (f"family:{NAME}-zoned", f"chronos-schedule/{NAME}-zoned")


def test_there_is_no_room(world: World) -> None:
    """Nothing was started, and nobody is told: EventBridge takes RunTask's answer for a start."""
    fault = world.aws.faults.add(RefuseCapacity(of=world.name("works")))

    (run,) = world.play("works")

    assert (run.status, run.error, fault.struck) == ("NOT_STARTED", "RunTask", 1)
    assert world.alerts() == []
    assert world.dead_letters() == []


def test_it_is_throttled(world: World) -> None:
    """A second start in the same second waits for the next."""
    world.aws.faults.add(Throttle(of=world.name("works"), a_second=1))
    world.aws.faults.add(DeliverTwice(of=world.name("works"), first=1))

    runs = world.play("works")

    assert [run.status for run in runs] == ["SUCCEEDED"] * 2
    assert world.dead_letters() == []


def test_the_start_is_refused(world: World) -> None:
    """It is a dead letter at once, and the alarm on the queue tells of it."""
    world.end_the_alarm()

    with world.holding("works-start", {"Version": "2012-10-17", "Statement": [_ALLOW_NOTHING]}):
        (run,) = world.play("works")

    assert (run.status, run.error) == ("NOT_STARTED", "NO_PERMISSIONS")
    (alarm,) = world.alerts()
    assert (alarm["NewStateValue"], alarm["Trigger"]["MetricName"]) == ("ALARM", "ApproximateNumberOfMessagesVisible")
    (letter,) = world.dead_letters()
    assert (letter["ERROR_CODE"], letter["RETRY_ATTEMPTS"]) == ("NO_PERMISSIONS", "0")
    assert letter["RULE_ARN"].endswith(f":rule/{world.name('works')}")


_ALLOW_NOTHING = {"Effect": "Allow", "Action": "none:None", "Resource": "*"}


def test_somebody_stops_it(world: World) -> None:
    def stop(task_arn: str) -> None:
        ecs = world.aws.client("ecs")
        ecs.stop_task(cluster=world.cluster, task=task_arn, reason="Stopped by an operator")

    (run,) = _during(world, "waits", stop)

    assert (run.status, run.error) == ("FAILED", "UserInitiated")
    # It ended well on SIGTERM, and has not done its work.
    assert run.task is not None
    assert run.task["containers"][0]["exitCode"] == 0
    (alert,) = world.alerts()
    assert (alert["error"], alert["what happened"]) == ("UserInitiated", "Stopped by an operator")


def _during(world: World, job: str, act: Callable[[str], None]) -> list[Any]:
    """The runs of an hour of a job whose task waits, with something done to the task once it obeys."""
    ecs, over = world.aws.client("ecs"), threading.Event()

    def watch() -> None:
        while not over.is_set():
            listed = ecs.list_tasks(cluster=world.cluster, family=world.name(job))["taskArns"]
            tasks = ecs.describe_tasks(cluster=world.cluster, tasks=listed)["tasks"] if listed else []
            running = [task["taskArn"] for task in tasks if task["lastStatus"] == "RUNNING"]
            if running and "ready" in world.lines(job, running[0]):
                act(running[0])
                return

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        return world.play(job)
    finally:
        over.set()
        thread.join()


def test_a_time_is_delivered_twice(world: World) -> None:
    """It runs twice, with one event: nothing tells the two apart but their tasks."""
    world.aws.faults.add(DeliverTwice(of=world.name("works"), first=1))

    first, second = world.play("works")

    assert (first.status, second.status) == ("SUCCEEDED", "SUCCEEDED")
    assert first.task_arn != second.task_arn
    assert world.lines("works", first.task_arn) == world.lines("works", second.task_arn)


def test_it_still_runs_when_the_next_is_due(world: World) -> None:
    """Both run at once: nothing keeps them apart."""
    world.aws.faults.add(DeliverTwice(of=world.name("waits"), first=1))
    together: list[int] = []

    def stop_both(_: str) -> None:
        ecs = world.aws.client("ecs")
        while len(listed := ecs.list_tasks(cluster=world.cluster, family=world.name("waits"))["taskArns"]) < 2:
            pass
        together.append(len(listed))
        for task_arn in listed:
            ecs.stop_task(cluster=world.cluster, task=task_arn)

    runs = _during(world, "waits", stop_both)

    assert together == [2]
    assert [run.error for run in runs] == ["UserInitiated"] * 2


@pytest.mark.parametrize(("into", "told"), [("lost", []), ("twice", ["STOPPED"] * 2)])
def test_an_event_is_lost_or_comes_twice(world: World, into: Any, told: list[str]) -> None:
    """The last change alone: what ECS still tells of the task is more than the ledger then."""
    world.aws.faults.add(SpoilChange(of=world.name("fails"), into=into))

    (run,) = world.play("fails")

    lines = [each["lastStatus"] for each in world.ledger(run.task_arn)]
    assert [line for line in lines if line == "STOPPED"] == told
    assert len(world.alerts()) == len(told)
    assert run.task is not None
    assert run.task["containers"][0]["exitCode"] == 3


def test_paused_it_is_not_started(world: World) -> None:
    """As any job's, its rule is off then."""
    assert world.play_all(hours=2) == []


def test_each_row_of_the_pages_table_is_played() -> None:
    """The page's words are the tests': `there is no room` is test_there_is_no_room."""
    table = PAGE.partition("## What can go wrong")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([^|]+?) \|", table, re.MULTILINE)[2:]
    tests = {name.removeprefix("test_").replace("_", " ") for name in globals() if name.startswith("test_")}

    assert rows
    assert set(rows) <= ENDINGS.keys() | tests
    assert ENDINGS.keys() <= set(rows)
