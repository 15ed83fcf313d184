"""Runs that are stopped, and whose tasks have stopped with them."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest

from ops.run_tasks import Asked, last_asked, task_place, tasks_of
from ops.runs import read_run
from ops.stopping import live_tasks, see_tasks_stopped, stop_execution
from tests.ops.denied import may_not
from tests.ops.operated import Operated
from tests.ops.slow_request import Hold
from tests.ops.tasks import tasks

LONG = {"input": {"seconds": 600}}


def test_a_run_s_task_has_stopped_when_it_is_said_to(operated: Operated) -> None:
    other, execution_arn = operated.start("obeys", LONG), operated.start("obeys", LONG)
    for started in (other, execution_arn):
        operated.until_working(started)
    (live,) = live_tasks(operated.aws, execution_arn)
    assert live.should_run

    stop_execution(operated.aws, execution_arn, "because")
    stopped = see_tasks_stopped(operated.aws, execution_arn, "because")

    (task,) = tasks(operated, execution_arn)
    assert (task["taskArn"], task["lastStatus"]) == (live.arn, "STOPPED")
    assert [(one.arn, one.status) for one in stopped.tasks] == [(live.arn, "STOPPED")]
    # SIGTERM ends the program, which has no handler: https://docs.docker.com/reference/cli/docker/container/stop/
    assert (stopped.left, stopped.tasks[0].exit_code) == ((), 143)
    run = read_run(operated.aws, "obeys", execution_arn)
    assert (run.status, run.cause) == ("ABORTED", "because")
    # Its neighbour of the same family is nobody's business.
    assert len(live_tasks(operated.aws, other)) == 1
    operated.stop(other)


def test_a_task_that_step_functions_leaves_running_is_stopped(operated: Operated) -> None:
    execution_arn = operated.start("obeys", LONG)
    operated.until_submitted(execution_arn)
    with may_not(operated, "obeys", "ecs:StopTask"):
        stop_execution(operated.aws, execution_arn, "because")
        stopped = see_tasks_stopped(operated.aws, execution_arn, "somebody asked for it")
    (task,) = tasks(operated, execution_arn)
    assert (task["lastStatus"], task["stoppedReason"]) == ("STOPPED", "somebody asked for it")
    assert (stopped.left, stopped.by_hand) == ((), {task["taskArn"]})


def test_a_task_that_does_not_stop_is_told_of(operated: Operated) -> None:
    execution_arn = operated.start("obeys", LONG)
    operated.until_working(execution_arn)
    with may_not(operated, "obeys", "ecs:StopTask"):
        stop_execution(operated.aws, execution_arn, "because")
        stopped = see_tasks_stopped(operated.aws, execution_arn, "because", patience_seconds=0)
    assert [(task.status, task.should_run) for task in stopped.left] == [("RUNNING", True)]
    assert see_tasks_stopped(operated.aws, execution_arn, "because").left == ()


def test_a_run_that_waits_has_no_task_to_wait_for(operated: Operated) -> None:
    first = operated.start("obeys-in-line", LONG)
    operated.until_submitted(first)
    waits = operated.start("obeys-in-line", LONG)
    while not any(event["type"] == "WaitStateEntered" for event in operated.events(waits)):
        pass
    stop_execution(operated.aws, waits, "because")
    assert see_tasks_stopped(operated.aws, waits, "because").tasks == ()
    stop_execution(operated.aws, first, "because")
    assert see_tasks_stopped(operated.aws, first, "because").left == ()


def test_a_task_that_was_being_asked_for_is_looked_for_until_lists_can_be_believed(
    operated: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, faults = operated.job("obeys"), operated.local_aws.faults
    hold = faults.add(Hold(job.resource_name))
    execution_arn = operated.start("obeys", LONG)
    hold.reached.wait()
    seconds = itertools.count(step=7)

    def sleep(_seconds: float) -> None:
        # The task comes after the first look.
        hold.go_on.set()
        while not any(task.arn for task in tasks_of(operated.aws, execution_arn, place)):
            pass

    with may_not(operated, "obeys", "ecs:StopTask"):
        stop_execution(operated.aws, execution_arn, "because")
        assert last_asked(operated.aws, execution_arn, several=False) == Asked(
            over=True, submitted=frozenset(), unanswered=True
        )
        place = task_place(operated.aws, execution_arn)
        monkeypatch.setattr("ops.stopping.time", SimpleNamespace(monotonic=lambda: next(seconds), sleep=sleep))
        stopped = see_tasks_stopped(operated.aws, execution_arn, "because", patience_seconds=10_000)
    faults.clear()
    assert [task.status for task in stopped.tasks] == ["STOPPED"]
    assert stopped.by_hand == {stopped.tasks[0].arn}
    assert next(seconds) >= 60


@pytest.mark.parametrize("several", [False, True])
def test_what_was_asked_for_last(operated: Operated, several: bool) -> None:
    ended = operated.run("obeys")
    assert last_asked(operated.aws, ended, several=several) == Asked(over=True, submitted=frozenset(), unanswered=False)
    goes_on = operated.start("obeys", LONG)
    operated.until_submitted(goes_on)
    (task,) = tasks(operated, goes_on)
    assert last_asked(operated.aws, goes_on, several=several) == Asked(
        over=False, submitted=frozenset({task["taskArn"]}), unanswered=False
    )
    operated.stop(goes_on)
