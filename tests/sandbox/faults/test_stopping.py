"""Tasks from which AWS takes what they run on, as real processes, seen with DescribeTasks."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from sandbox.faults import Faults, InterruptSpot, LoseHost, RetireTask, RunOutOfMemory
from tests.sandbox.conftest import TaskPlace

PATIENCE_SECONDS = 120
SPOT = {"launchType": None, "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]}
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
INTERRUPTED = ("SpotInterruption", "Your Spot Task was interrupted.")
IGNORES = "trap '' TERM; echo ready; while :; do sleep 0.01; done"


def ends_on_sigterm(code: int) -> str:
    return f"trap 'exit {code}' TERM; echo ready; while :; do sleep 0.01; done"


def stopped(task: dict[str, Any]) -> tuple[str, str]:
    return task["stopCode"], task["stoppedReason"]


def play(place: TaskPlace, task_arn: str) -> dict[str, Any]:
    """The task once it has stopped, with the clock moved from one deadline to the next."""
    clock, over = place.aws.clock, time.monotonic() + PATIENCE_SECONDS
    while not place.aws.tasks.stopped(task_arn).is_set():
        assert time.monotonic() < over
        if clock.wait_idle(0.05) and (deadline := clock.next_deadline()) is not None:
            clock.advance_to(deadline)
    return place.describe(task_arn)


def test_a_lost_host_takes_the_processes_and_every_exit_code(place: TaskPlace, faults: Faults) -> None:
    """https://github.com/apache/airflow/pull/4039"""
    fault = faults.add(LoseHost(of=place.cluster, once_said="ready"))
    task_arn = place.run(place.register("sh", "-c", IGNORES, stopTimeout=120))
    task = place.finish(task_arn)
    assert task["stopCode"] == "InfrastructureHealth"
    assert (task["lastStatus"], task["desiredStatus"]) == ("STOPPED", "STOPPED")
    assert task["containers"][0]["lastStatus"] == "STOPPED"
    assert "exitCode" not in task["containers"][0]
    assert "startedAt" in task
    assert place.lines(task_arn) == ["ready"]
    assert (fault.struck, fault.stopped) == (1, 1)


def test_a_stop_code_may_be_missing(place: TaskPlace, faults: Faults) -> None:
    faults.add(LoseHost(of=place.cluster, stop_code=""))
    assert "stopCode" not in place.finish(place.run(place.register("sleep", "1000")))


@pytest.mark.parametrize("code", [0, 143])
def test_spot_that_is_interrupted_gives_the_exit_code_of_what_sigterm_did(
    place: TaskPlace, faults: Faults, code: int
) -> None:
    faults.add(InterruptSpot(of=place.cluster, once_said="ready"))
    task = place.finish(place.run(place.register("sh", "-c", ends_on_sigterm(code)), **SPOT))
    assert stopped(task) == INTERRUPTED
    assert task["containers"][0]["exitCode"] == code


def test_a_task_shows_its_notice_while_it_still_runs(place: TaskPlace, faults: Faults, tmp_path: Path) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html, the event"""
    faults.add(InterruptSpot(of=place.cluster, once_said="ready"))
    done = tmp_path / "done"
    cleans = f"trap 'echo cleaning; until [ -e {done} ]; do sleep 0.01; done; exit 5' TERM"
    definition = place.register("sh", "-c", f"{cleans}; echo ready; while :; do sleep 0.01; done", stopTimeout=120)
    task_arn = place.run(definition, **SPOT)
    while not place.describe(task_arn).get("startedAt") or "cleaning" not in place.lines(task_arn):
        assert place.describe(task_arn)["lastStatus"] != "STOPPED"
    during = place.describe(task_arn)
    assert (during["lastStatus"], during["desiredStatus"], stopped(during)) == ("RUNNING", "STOPPED", INTERRUPTED)
    done.touch()
    assert place.finish(task_arn)["containers"][0]["exitCode"] == 5


@pytest.mark.parametrize("stop_timeout_seconds", [30, 120])
def test_who_ignores_sigterm_is_killed_when_its_notice_is_over_on_the_clock(
    place: TaskPlace, faults: Faults, stop_timeout_seconds: int
) -> None:
    faults.add(InterruptSpot(of=place.cluster, once_said="ready", patience_seconds=0.1))
    definition = place.register("sh", "-c", IGNORES, stopTimeout=stop_timeout_seconds)
    task = play(place, place.run(definition, **SPOT))
    assert stopped(task) == INTERRUPTED
    assert task["containers"][0]["exitCode"] == 137
    assert (task["stoppedAt"] - task["stoppingAt"]).total_seconds() >= stop_timeout_seconds


def test_only_spot_is_interrupted(place: TaskPlace, faults: Faults) -> None:
    fault = faults.add(InterruptSpot(of=place.cluster))
    definition = place.register("true")
    on_demand = [{"capacityProvider": "FARGATE", "weight": 1}]
    for request in ({}, {"launchType": None, "capacityProviderStrategy": on_demand}):
        assert place.finish(place.run(definition, **request))["stopCode"] == "EssentialContainerExited"
    assert fault.met == 0


def test_a_retired_task_gets_sigterm(place: TaskPlace, faults: Faults) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-maintenance.html"""
    faults.add(RetireTask(of=place.cluster, once_said="ready"))
    task = place.finish(place.run(place.register("sh", "-c", ends_on_sigterm(7))))
    reason = "ECS is performing maintenance on the underlying infrastructure hosting the task"
    assert stopped(task) == ("TerminationNotice", reason)
    assert task["containers"][0]["exitCode"] == 7


def test_out_of_memory_is_sigkill_and_a_reason_of_the_container(place: TaskPlace, faults: Faults) -> None:
    """https://repost.aws/knowledge-center/ecs-resolve-outofmemory-errors"""
    faults.add(RunOutOfMemory(of=place.cluster, once_said="ready"))
    task = place.finish(place.run(place.register("sh", "-c", ends_on_sigterm(7), stopTimeout=120)))
    assert stopped(task) == ("EssentialContainerExited", "Essential container in task exited")
    (container,) = task["containers"]
    assert (container["exitCode"], container["lastStatus"]) == (137, "STOPPED")
    assert container["reason"] == "OutOfMemoryError: Container killed due to memory usage"


def test_a_stop_comes_its_time_after_the_start(place: TaskPlace, faults: Faults) -> None:
    faults.add(LoseHost(of=place.cluster, after=1000))
    clock = place.aws.clock
    clock.speed = 10_000
    try:
        task = place.finish(place.run(place.register("sleep", "1000")))
    finally:
        clock.speed = 1
    assert (task["stoppingAt"] - task["startedAt"]).total_seconds() >= 999


def test_a_task_that_ends_before_its_moment_is_left_alone(place: TaskPlace, faults: Faults) -> None:
    later = faults.add(LoseHost(of=place.cluster, after=600))
    unsaid = faults.add(RetireTask(of=place.cluster, once_said="never said"))
    task = place.finish(place.run(place.register("sh", "-c", "exit 3")))
    assert (task["stopCode"], task["containers"][0]["exitCode"]) == ("EssentialContainerExited", 3)
    assert place.aws.clock.wait_idle(PATIENCE_SECONDS)
    place.aws.clock.advance_to(place.aws.clock.now() + 1200)
    assert place.describe(task["taskArn"])["stopCode"] == "EssentialContainerExited"
    assert [(fault.struck, fault.stopped) for fault in (later, unsaid)] == [(1, 0), (1, 0)]


def test_a_text_is_heard_across_two_writes(place: TaskPlace, faults: Faults) -> None:
    faults.add(LoseHost(of=place.cluster, once_said="half and half"))
    writes = "printf 'half and'; sleep 0.2; echo ' half'; sleep 1000"
    assert place.finish(place.run(place.register("sh", "-c", writes)))["stopCode"] == "InfrastructureHealth"


def test_the_next_task_runs(place: TaskPlace, faults: Faults, tmp_path: Path) -> None:
    faults.add(LoseHost(of=place.cluster, first=1))
    lost = tmp_path / "lost"
    definition = place.register("sh", "-c", f"until [ -e {lost} ]; do sleep 0.01; done; exit 3")
    assert place.finish(place.run(definition))["stopCode"] == "InfrastructureHealth"
    lost.touch()
    assert place.finish(place.run(definition))["stopCode"] == "EssentialContainerExited"


def test_a_running_task_can_be_stopped_by_hand_as_a_fault_stops_it(place: TaskPlace) -> None:
    task_arn = place.run(place.register("sleep", "1000"))
    assert place.aws.tasks.stop(task_arn, LoseHost().stop)
    assert not place.aws.tasks.stop(task_arn, RetireTask().stop)
    task = place.finish(task_arn)
    assert task["stopCode"] == "InfrastructureHealth"
    assert "exitCode" not in task["containers"][0]


def test_every_container_of_a_lost_host_is_gone(place: TaskPlace, faults: Faults) -> None:
    faults.add(LoseHost(of=place.cluster, once_said="ready"))
    definition = place.register(task={"containerDefinitions": [
        {"name": "job", "image": "x", "command": ["sh", "-c", "echo ready; sleep 1000"], "essential": True},
        {"name": "beside", "image": "x", "command": ["sleep", "1000"], "essential": False},
    ]})  # fmt: skip
    task = place.finish(place.run(definition))
    assert [("exitCode" in each, each["lastStatus"]) for each in task["containers"]] == [(False, "STOPPED")] * 2
