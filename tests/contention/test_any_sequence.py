"""Whatever happens to the runs of jobs that must not overlap, in any order: their tasks never do, and no lock is lost.

The machines are the rendered ones, in an AWS in memory (world.py), so that anything may happen between two calls, and
an answer may be as old as the protocol allows for. What must never be is asserted there, at the call that would do it.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from definitions.overlap import YOUNG_SECONDS
from sandbox.local_aws import LocalAws
from tests.contention.world import Lags, Run, Task, World
from tests.definitions.lock_model.aws import DynamoDb
from tests.definitions.lock_model.model import Policy
from tests.definitions.lock_model.replay import rendered

POLICIES: tuple[Policy, ...] = ("skip", "queue", "replace")
TIME = "2096-10-02T03:15:00Z"
# How long a task runs, and how long it takes to stop.
RUNS_SECONDS, STOPS_SECONDS = 200, 150

which = st.integers(0, 7)
# A call that is under way comes some seconds late; together with that, a list is not older than a minute.
some_lags = st.sampled_from((Lags(), Lags(5, 5), Lags(0, 40), Lags(40, 0), Lags(40, 40)))
policies = st.sampled_from(POLICIES)
starts = st.tuples(st.just("start"), policies, st.sampled_from(("", "", TIME)))
steps = st.tuples(st.just("step"), which, st.integers(1, 5), some_lags)
rounds = st.tuples(st.just("go on"), st.integers(1, 20), some_lags)
moves = st.one_of(
    starts,
    steps,
    steps,
    rounds,
    rounds,
    st.tuples(st.just("conflict"), which),
    st.tuples(st.just("lose the answer"), which),
    st.tuples(st.just("stop"), which, st.booleans(), st.booleans()),
    st.tuples(st.just("redrive"), which),
    st.tuples(st.just("forget"), which),
    st.tuples(st.just("deliver again"), which),
    st.tuples(st.just("time out"), which, st.booleans()),
    st.tuples(st.just("end task"), which, st.sampled_from((0, 1, 137))),
    st.tuples(st.just("stop task"), which),
    st.tuples(st.just("pass"), st.sampled_from((1, 10, 30, 61, 301))),
)


@pytest.fixture(scope="module")
def dynamodb(local_aws: LocalAws) -> DynamoDb:
    # Only a sandbox loads MiniStack as it has to be.
    del local_aws
    from ministack.services import dynamodb

    return DynamoDb(dynamodb.handle_request)


def move(world: World, action: str, *how: Any) -> None:
    """Do one thing, if it can be done now."""

    def one(found: list[Any]) -> Any:
        return found[how[0] % len(found)] if found else None

    match action:
        case "start":
            policy, scheduled_time = how
            world.start(policy, scheduled_time)
        case "pass":
            world.arrive_late()
            world.clock.now += how[0]
        case "step":
            _, count, lags = how
            run = one([run for run in world.runs if world.is_ready(run)])
            while run and count and world.is_ready(run):
                world.step(run, lags=lags)
                count -= 1
        case "go on":
            count, lags = how
            for _ in range(count):
                go_on(world, lags)
        case "conflict" | "lose the answer":
            if run := one([run for run in world.runs if world.is_ready(run)]):
                world.step(run, conflict=action == "conflict", lost=action != "conflict")
        case "stop":
            _, tells_task, under_way = how
            if run := one([run for run in world.runs if run.is_running]):
                world.stop_execution(run, tells_task=tells_task, under_way=under_way)
        case "redrive":
            if run := one([run for run in world.runs if run.status == "ABORTED" and run.is_known]):
                world.redrive(run)
        case "forget":
            if run := one([run for run in world.runs if not run.is_running]):
                world.forget(run)
        case "deliver again":
            if run := one([run for run in world.runs if run.scheduled_time]):
                world.start(run.policy, run.scheduled_time)
        case "time out":
            if run := one([run for run in world.runs if run.task is not None and run.task.stopped is None]):
                world.time_out(run, tells_task=how[1])
        case "end task":
            if found := one(world.live_tasks()):
                world.end_task(found, how[1])
        case "stop task":
            if found := one(world.live_tasks()):
                world.stop_task(found)


def come_to_rest(world: World, lags: Lags) -> None:
    """Let all runs and tasks go on to their ends."""
    for _ in range(2_000):
        if not go_on(world, lags):
            return
    raise AssertionError("the runs come to no end")


def go_on(world: World, lags: Lags) -> bool:
    """Let each run that has something to do make one call, or time pass to what comes next; whether anything does."""
    for found in world.live_tasks():
        if end_of(found) <= world.clock.now:
            world.end_task(found, 0)
    if ready := [run for run in world.runs if world.is_ready(run)]:
        for run in ready:
            if world.is_ready(run):
                world.step(run, lags=lags)
        return True
    waiting = [run.machine.waits_until for run in world.runs if run.is_running and run.task is None]
    if not (coming := [*waiting, *map(end_of, world.live_tasks())]):
        return False
    move(world, "pass", min(coming) - world.clock.now)
    return True


def end_of(found: Task) -> float:
    """When a task ends if nothing more happens to it."""
    return found.created + RUNS_SECONDS if found.stopping is None else found.stopping + STOPS_SECONDS


def check_end(run: Run) -> None:
    """That a run was not lost: it ran, or says why not, or was stopped, or failed in the job's own way."""
    if run.status == "SUCCEEDED" and run.machine.state == "Skipped":
        assert run.machine.skipped["reason"]
        assert run.machine.skipped["because"] != run.machine.arn
    elif run.status == "SUCCEEDED":
        assert run.tasks
    else:
        assert run.status == "ABORTED" or run.machine.state in ("Exited non-zero", "Stopped", "Timed out")


def play(world: World, sequence: list[tuple[Any, ...]], lags: Lags, last: Policy) -> None:
    for action, *how in sequence:
        move(world, action, *how)
    come_to_rest(world, lags)
    for run in world.runs:
        check_end(run)
    started = [run for run in world.runs if run.scheduled_time and run.tasks]
    for run in started[:1]:
        again = world.start(run.policy, run.scheduled_time)
        come_to_rest(world, lags)
        assert again.machine.state == "Skipped"
    world.clock.now += YOUNG_SECONDS
    # Of whatever dead runs have left in the line, the next start leaves nothing.
    following = world.start(last)
    come_to_rest(world, lags)
    assert (following.status, following.machine.state, following.tasks) == ("SUCCEEDED", "Succeeded", 1)
    assert world.line() == []


@settings(max_examples=150)
@given(
    first=st.lists(starts, min_size=1, max_size=5),
    sequence=st.lists(moves, min_size=5, max_size=40),
    lags=some_lags,
    last=policies,
)
def test_no_two_tasks_meet_and_no_lock_is_lost(
    dynamodb: DynamoDb,
    first: list[tuple[Any, ...]],
    sequence: list[tuple[Any, ...]],
    lags: Lags,
    last: Policy,
) -> None:
    play(World(rendered, dynamodb), [*first, *sequence], lags, last)
