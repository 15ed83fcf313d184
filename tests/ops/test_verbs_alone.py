"""What operators do to jobs without a state machine: real tasks of a deployed stack."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ops.backfilling import backfill, plan
from ops.errors import AwsError, NotFoundError
from ops.executions import newest_executions
from ops.history import read_history
from ops.pausing import pause, pause_note, resume
from ops.redriving import redrivable
from ops.rerunning import failed_runs, rerun_input
from ops.starting import UnfitInputError, check_input, new_name, start_run
from ops.step_reruns import beginning
from ops.stopping import live_tasks, see_tasks_stopped, stop_execution
from ops.waiting import wait_for_end
from sandbox.faults import RefuseCapacity
from spec.pause_note import PauseNote
from tests.ops.alone import Alone, going_on, ran, started, told


def test_a_start_is_as_the_schedule_would_have_made_it(alone: Alone) -> None:
    alone.fire("ruled")
    by_rule = alone.described(newest_executions(alone.aws, alone.job("ruled"), 1)[0].arn)
    by_hand = alone.described(ran(alone, "ruled"))
    own = {"LONGHAUL_EXECUTION", "LONGHAUL_SCHEDULED_TIME"}

    def variables(task: dict[str, Any]) -> dict[str, str]:
        pairs = task["overrides"]["containerOverrides"][0]["environment"]
        return {pair["name"]: pair["value"] for pair in pairs}

    one, other = variables(by_rule), variables(by_hand)
    assert one.keys() == other.keys() >= own
    assert {key: one[key] for key in one.keys() - own} == {key: other[key] for key in other.keys() - own}
    assert other["LONGHAUL_EXECUTION"].startswith("manual-")
    for key in ("group", "launchType", "taskDefinitionArn", "platformVersion", "enableExecuteCommand", "cpu"):
        assert by_rule[key] == by_hand[key], key
    assert by_hand["startedBy"] == "longhaul/manual"
    assert by_hand["attachments"][0]["details"] == by_rule["attachments"][0]["details"]
    (tagged,) = alone.local_aws.client("ecs").describe_tasks(
        cluster=by_hand["clusterArn"], tasks=[by_hand["taskArn"]], include=["TAGS"]
    )["tasks"]
    assert {"key": "longhaul:job", "value": "ruled"} in tagged["tags"]
    spot = alone.described(ran(alone, "on-spot"))
    assert spot["capacityProviderName"] == "FARGATE_SPOT"


def test_a_start_takes_an_input_a_command_and_variables(alone: Alone) -> None:
    task_arn = ran(
        alone,
        "by-hand",
        {"exit": 1},
        command=["-c", "import os; raise SystemExit(int(os.environ['CODE']))"],
        environment={"CODE": "9"},
    )
    run = told(alone, "by-hand", task_arn)
    assert (run.status, run.exit_code, run.trigger, run.scheduled_time) == ("FAILED", 1, "manual", None)
    again = rerun_input(run)
    assert again["environment"] == {"CODE": "9"}
    assert again["command"][0] == "-c"


def test_a_start_that_is_waited_for(alone: Alone) -> None:
    job = alone.job("by-hand")
    run = wait_for_end(alone.aws, job, started(alone, "by-hand", {"exit": 8}))
    assert (run.status, run.exit_code) == ("FAILED", 8)


def test_what_no_task_can_be_started_with_is_refused(alone: Alone) -> None:
    job = alone.job("by-hand")
    with pytest.raises(UnfitInputError, match="of the 8,192 characters that ECS takes"):
        check_input(alone.aws, alone.found(), job, "manual-1", {"input": "x" * 8000})
    check_input(alone.aws, alone.found(), job, "manual-1", {"input": "x", "command": ["x"]})
    with pytest.raises(UnfitInputError, match="has no steps to begin with"):
        beginning(alone.aws, job, told(alone, "by-hand", ran(alone, "by-hand")), "first")


def test_a_start_that_is_asked_for_again_under_its_name_is_made_once(alone: Alone) -> None:
    job, name = alone.job("by-hand"), new_name("manual")
    first = start_run(alone.aws, job, name, {"trigger": "manual", "input": {}})
    alone.wait(first)
    assert start_run(alone.aws, job, name, {"trigger": "manual", "input": {"exit": 1}}) == first
    assert told(alone, "by-hand", first).status == "SUCCEEDED"


def test_a_start_for_which_there_is_no_room_is_told_of(alone: Alone) -> None:
    alone.local_aws.faults.add(RefuseCapacity())
    try:
        with pytest.raises(AwsError, match="ECS started no task of by-hand: "):
            started(alone, "by-hand")
    finally:
        alone.local_aws.faults.clear()


def test_a_job_whose_trigger_starts_no_task_cannot_be_started(alone: Alone) -> None:
    events, name = alone.local_aws.client("events"), "acme-alone-absent"
    (target,) = events.list_targets_by_rule(Rule=name)["Targets"]
    events.remove_targets(Rule=name, Ids=[target["Id"]])
    try:
        with pytest.raises(NotFoundError, match="what starts absent has no target that runs a task"):
            started(alone, "absent")
    finally:
        events.put_targets(Rule=name, Targets=[target])


def test_a_rerun_has_the_input_and_the_time_of_the_old_run(alone: Alone) -> None:
    since = alone.now
    due = alone.fire("scheduled")
    job = alone.job("scheduled")
    (old,) = failed_runs(alone.aws, job, since)
    given = rerun_input(old)
    assert given == {
        "trigger": "rerun", "rerunOf": old.execution_arn, "scheduledTime": due, "input": {"exit": 3},
    }  # fmt: skip
    alone.wait(start_run(alone.aws, job, new_name("rerun"), given | {"input": {}}))
    (again, _) = read_history(alone.aws, job, limit=2)
    assert (again.trigger, again.rerun_of, again.scheduled_time) == ("rerun", old.execution_arn, due)
    assert (again.status, again.input["input"]) == ("SUCCEEDED", {})
    assert failed_runs(alone.aws, job, since) == []


def test_a_backfill_runs_the_times_that_none_has_done(alone: Alone) -> None:
    due = datetime.fromisoformat(alone.fire("ruled"))
    job, leap_day = alone.job("ruled"), datetime(2024, 2, 29, 3, 7, tzinfo=UTC)
    assert (plan(alone.aws, job, due, due).due, plan(alone.aws, job, due, due).done) == ((), 1)
    planned = plan(alone.aws, job, leap_day, leap_day + timedelta(hours=1))
    assert [each.name for each in planned.due] == ["backfill-20240229T030700Z-1", "backfill-20240229T040700Z-1"]
    runs = list(backfill(alone.aws, job, planned.due, concurrency=2, max_failures=1))
    assert {(run.status, run.trigger, run.due) for run in runs} == {
        ("SUCCEEDED", "backfill", leap_day),
        ("SUCCEEDED", "backfill", leap_day + timedelta(hours=1)),
    }
    assert plan(alone.aws, job, leap_day, leap_day + timedelta(hours=1)).due == ()


def test_a_stop_ends_the_task_and_says_who(alone: Alone) -> None:
    with going_on(alone, "by-hand") as (task_arn,):
        assert [task.status for task in live_tasks(alone.aws, task_arn)] == ["RUNNING"]
        stop_execution(alone.aws, task_arn, "disk full (stopped by user/jane with longhaul stop)")
        stopped = see_tasks_stopped(alone.aws, task_arn, "why")
        assert (stopped.left, stopped.by_hand) == ((), frozenset())
        assert [task.arn for task in stopped.tasks] == [task_arn]
        assert live_tasks(alone.aws, task_arn) == []
    run = told(alone, "by-hand", task_arn)
    assert (run.status, run.error) == ("FAILED", "Job.Stopped")
    assert "disk full (stopped by user/jane with longhaul stop)" in (run.cause or "")


def test_there_is_nothing_to_redrive(alone: Alone) -> None:
    found = redrivable(alone.aws, ran(alone, "by-hand", {"exit": 1}))
    assert "no state machine ran it" in (found.why_not or "")


@pytest.mark.parametrize("job", ["ruled", "scheduled"])
def test_a_trigger_is_switched_off_and_on_and_starts_the_same(alone: Alone, job: str) -> None:
    before = alone.job(job).trigger
    assert before is not None
    pause(alone.aws, before, PauseNote(when="2026-11-29T14:00:00Z", who="user/jane", reason="disk full"))
    paused = alone.job(job).trigger
    assert paused is not None
    note = pause_note(paused)
    assert note is not None
    assert (paused.enabled, note.who) == (False, "user/jane")
    resume(alone.aws, paused)
    assert alone.job(job).trigger == before
    alone.wait(started(alone, job))
