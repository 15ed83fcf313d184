"""Runs with steps that are stopped, with every task of theirs."""

from __future__ import annotations

import pytest

from ops.run_tasks import last_asked, task_place, tasks_of
from ops.stopping import live_tasks, see_tasks_stopped, stop_execution
from sandbox.local_aws import LocalAws
from tests.ops.denied import may_not
from tests.ops.stepped import Stepped, stepped_stack

LONG = {"seconds": 600}


@pytest.fixture(scope="module")
def stepped(local_aws: LocalAws) -> Stepped:
    return stepped_stack(local_aws)


def until_live(stepped: Stepped, execution_arn: str, count: int) -> None:
    while len([task for task in live_tasks(stepped.aws, execution_arn) if task.status == "RUNNING"]) < count:
        pass


def test_tasks_side_by_side_have_stopped(stepped: Stepped) -> None:
    other = stepped.start("sides", {"input": {"left": LONG, "first": LONG}})
    execution_arn = stepped.start("sides", {"input": {"left": LONG, "first": LONG}})
    for started in (other, execution_arn):
        until_live(stepped, started, 2)
    # A task may work before Step Functions has noted that there is one.
    while stepped.submitted(execution_arn) < 2:
        pass
    place = task_place(stepped.aws, execution_arn)
    steps = ("left", "first", "second", "last", "clean")
    assert set(place.families) == {f"acme-stepped-sides_{step}" for step in steps}
    asked = last_asked(stepped.aws, execution_arn, several=place.several)
    assert asked.submitted == {task.arn for task in live_tasks(stepped.aws, execution_arn)}
    assert (asked.over, asked.unanswered) == (False, False)
    # ECS lists them all, each in its step's family.
    assert {task.arn for task in tasks_of(stepped.aws, execution_arn, place)} == asked.submitted

    stop_execution(stepped.aws, execution_arn, "because")
    stopped = see_tasks_stopped(stepped.aws, execution_arn, "because")
    assert sorted(task.status for task in stopped.tasks) == ["STOPPED", "STOPPED"]
    assert len(live_tasks(stepped.aws, other)) == 2
    stepped.stop(other)


def test_tasks_that_step_functions_leaves_running_are_stopped(stepped: Stepped) -> None:
    execution_arn = stepped.start("counted", {"input": LONG})
    until_live(stepped, execution_arn, 3)
    with may_not(stepped, "counted", "ecs:StopTask"):
        stop_execution(stepped.aws, execution_arn, "because")
        stopped = see_tasks_stopped(stepped.aws, execution_arn, "because")
    assert (len(stopped.tasks), stopped.left) == (3, ())
    assert stopped.by_hand == {task.arn for task in stopped.tasks}


def test_tasks_of_a_map_run_have_stopped(stepped: Stepped) -> None:
    execution_arn = stepped.start("spread", {"input": {"items": [LONG, LONG], "last": {}}})
    until_live(stepped, execution_arn, 2)
    with may_not(stepped, "spread", "ecs:StopTask"):
        stop_execution(stepped.aws, execution_arn, "because")
        place = task_place(stepped.aws, execution_arn)
        # Nobody tells whether an execution of it was asking for a task.
        while not (asked := last_asked(stepped.aws, execution_arn, several=place.several)).over:
            pass
        assert asked.unanswered
        stopped = see_tasks_stopped(stepped.aws, execution_arn, "because", settle_seconds=0)
    assert [task.status for task in stopped.tasks] == ["STOPPED", "STOPPED"]
    assert len(stopped.by_hand) == 2


def test_a_run_of_other_jobs_has_tasks_of_its_own_only(stepped: Stepped) -> None:
    execution_arn = stepped.start("outer", {"input": {"inner": LONG}})
    while not stepped.submitted(execution_arn):
        pass
    assert live_tasks(stepped.aws, execution_arn) == []
    stop_execution(stepped.aws, execution_arn, "because")
    assert see_tasks_stopped(stepped.aws, execution_arn, "because").tasks == ()
