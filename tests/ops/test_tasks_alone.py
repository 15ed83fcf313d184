"""What operators are told of jobs without a state machine: real tasks of a deployed stack."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, cast

import pytest

from definitions.tags import RUN_ON_TAG
from ops import stack
from ops.aws import Aws
from ops.calendar import read_calendar
from ops.console_links import run_link
from ops.deployed import jobs_to_be_disturbed
from ops.errors import NotFoundError
from ops.executions import newest_executions
from ops.expected import read_expected
from ops.history import read_history
from ops.ledger import find_ledger
from ops.logs import read_lines, runs_since
from ops.names import NamedRun, find_run
from ops.show import read_shown_run
from ops.stack import find_stack
from ops.starting import start_run
from ops.status import read_status
from ops.task_start import read_start
from sandbox.faults import FailPull, InterruptSpot, RunOutOfMemory
from sandbox.local_aws import LocalAws
from tests.ops.alone import JOBS, Alone, end_event, going_on, ran, told, write_line
from tests.ops.as_role import AsRole


def test_the_tag_is_that_of_the_definitions() -> None:
    assert stack.RUN_ON_TAG == RUN_ON_TAG


def test_each_job_is_found_by_its_rule_or_schedule(alone: Alone) -> None:
    found = alone.found()
    assert [job.name for job in found.jobs] == sorted(JOBS)
    assert [job.name for job in found.machine_jobs] == ["machine"]
    kinds = {job.name: job.trigger.kind for job in found.task_jobs if job.trigger}
    assert kinds == {"absent": "rule", "by-hand": "rule", "on-spot": "rule", "ruled": "rule", "scheduled": "schedule"}
    for job in found.task_jobs:
        assert (job.run_on, job.state_machine_arn, job.has_starting_rules) == ("task", None, False)
        assert job.trigger is not None
        assert job.arn == job.trigger.arn
        with pytest.raises(NotFoundError, match=f"{job.name} has no state machine"):
            job.execution_arn("any")


def test_who_may_not_ask_for_tags_finds_the_same(alone: Alone, local_aws: LocalAws, role: str) -> None:
    actions = [
        *("states:ListStateMachines", "states:ListTagsForResource", "events:ListRules", "events:ListTagsForResource"),
        *("scheduler:ListSchedules", "scheduler:GetSchedule"),
    ]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    local_aws.client("iam").put_role_policy(RoleName="asks", PolicyName="asks", PolicyDocument=json.dumps(policy))
    aws = cast(Aws, AsRole(local_aws, role))
    assert find_stack(aws, "acme", "alone") == alone.found()
    bare = [job.name for job in stack.find_task_jobs(aws, "acme", "alone")]
    assert bare == [job.name for job in stack.find_task_jobs(alone.aws, "acme", "alone")]
    assert bare == [job.name for job in alone.found().task_jobs]


def test_a_run_of_the_schedule_is_told_as_long_as_the_ledger_lasts(alone: Alone) -> None:
    due = {job: alone.fire(job) for job in ("ruled", "scheduled")}
    fresh = {job: read_history(alone.aws, alone.job(job), limit=1)[0] for job in due}
    (ruled, scheduled) = fresh["ruled"], fresh["scheduled"]
    assert (ruled.status, ruled.error, ruled.exit_code, ruled.trigger) == ("SUCCEEDED", None, 0, "schedule")
    assert ruled.input == {"trigger": "schedule", "scheduledTime": due["ruled"], "input": {"lines": 2}}
    assert (scheduled.status, scheduled.error, scheduled.exit_code) == ("FAILED", "Job.ExitedNonZero", 3)
    assert scheduled.cause == "scheduled (alone) exited with code 3"
    assert f"{scheduled.due:%Y-%m-%dT%H:%M:%SZ}" == due["scheduled"]
    # What nobody tells.
    assert (ruled.attempts, ruled.start_retries, ruled.redrives) == (None, None, 0)

    alone.forget()
    for job, run in fresh.items():
        assert told(alone, job, run.execution_arn) == run
        assert read_history(alone.aws, alone.job(job), limit=1) == [run]
        assert read_history(alone.aws, alone.job(job), limit=1, ledger=find_ledger(alone.aws, alone.found())) == [run]
        assert [each.arn for each in newest_executions(alone.aws, alone.job(job), 1)] == [run.execution_arn]


def test_history_is_of_the_statuses_and_the_time_that_are_asked_for(alone: Alone) -> None:
    first = ran(alone, "by-hand", {"exit": 4})
    since = alone.now
    second = ran(alone, "by-hand", {})

    def history(**more: Any) -> list[str]:
        found = read_history(alone.aws, alone.job("by-hand"), limit=more.pop("limit", 2), **more)
        return [run.execution_arn for run in found]

    assert history() == [second, first]
    assert history(statuses=["SUCCEEDED"], limit=1) == [second]
    assert history(statuses=["FAILED"], limit=1) == [first]
    assert history(statuses=["SKIPPED", "ABORTED", "TIMED_OUT"]) == []
    assert history(since=since, limit=10) == [second]


@pytest.mark.parametrize(
    ("job", "fault", "error", "says"),
    [
        ("absent", None, "Job.Refused", "was refused and did not start (CannotPullContainerError"),
        ("by-hand", FailPull(because="timeout"), "Job.NeverStarted", "never started (CannotPullContainerError"),
        ("by-hand", RunOutOfMemory(), "Job.OutOfMemory", "ran out of its memory (exit code 137)"),
        ("on-spot", InterruptSpot(), "Job.Interrupted", "lost its machine before it finished: "),
    ],
)
def test_what_else_ends_a_task_has_the_names_that_a_state_machine_gives_it(
    alone: Alone, job: str, fault: Any, error: str, says: str
) -> None:
    faults = alone.local_aws.faults
    if fault is not None:
        faults.add(fault)
    try:
        run = told(alone, job, ran(alone, job, {"seconds": 600} if error != "Job.NeverStarted" else {}))
    finally:
        faults.clear()
    assert (run.status, run.error) == ("FAILED", error)
    assert (run.cause or "").startswith(f"{job} (alone) {says}")


def test_status_is_that_of_any_job(alone: Alone) -> None:
    book = find_ledger(alone.aws, alone.found())
    alone.fire("scheduled")
    with going_on(alone, "ruled") as (task_arn,):
        for ledger in (book, None):
            jobs = [alone.job(name) for name in ("ruled", "scheduled")]
            found = {each.job.name: each for each in read_status(alone.aws, jobs, now=alone.now, runs=5, ledger=ledger)}
            assert [run.arn for run in found["ruled"].running] == [task_arn]
            assert found["ruled"].last == found["ruled"].running[0]
            assert found["scheduled"].attention == ("failed",)
            assert found["scheduled"].next_run is not None
    (off,) = read_status(alone.aws, [alone.job("by-hand")], now=alone.now, runs=5, ledger=book)
    assert "off" in off.attention


def test_a_task_whose_end_was_never_written_is_not_said_to_go_on(alone: Alone) -> None:
    lost = ran(alone, "by-hand")
    book = find_ledger(alone.aws, alone.found())
    assert book is not None
    changes = [change for change in alone.changes("by-hand") if change["executionArn"] == lost]
    assert [change["status"] for change in changes] == ["SUCCEEDED"]
    # As if only its beginning had been written, of a task that there never was.
    event = end_event(alone, lost)
    detail = event["detail"] | {"lastStatus": "RUNNING", "version": 3}
    never = lost[:-8] + "00000000"
    text = json.dumps(event | {"detail": detail}).replace(lost, never)
    write_line(alone, book.log_group, text)
    alone.forget()
    assert never not in {change["executionArn"] for change in alone.changes("by-hand")}
    with pytest.raises(NotFoundError, match="nobody has kept how it ended"):
        told(alone, "by-hand", never)
    (found,) = read_status(alone.aws, [alone.job("by-hand")], now=alone.now, runs=5, ledger=book)
    assert found.running == ()


def test_lines_that_come_again_or_are_odd_change_nothing(alone: Alone) -> None:
    task_arn = ran(alone, "by-hand", {"exit": 5})
    run, before = told(alone, "by-hand", task_arn), alone.changes("by-hand")
    book = find_ledger(alone.aws, alone.found())
    assert book is not None
    event = end_event(alone, task_arn)
    detail = event["detail"]
    details = [
        detail,
        detail | {"lastStatus": "RUNNING", "desiredStatus": "STOPPED", "version": 4},
        *({**detail, key: odd} for key in ("taskArn", "createdAt", "lastStatus") for odd in (None, 7, [], {})),
        *({**detail, key: odd} for key in ("group", "createdAt") for odd in ("x", 1e300)),
    ]
    lines: list[Any] = [{**event, "detail": each} for each in [*details, 7, {}, None]]
    lines += [{"detail-type": event["detail-type"]}, []]
    # Of no task, whatever it says.
    lines += [{"detail": {"task": "odd", "executionArn": task_arn, "stateMachineArn": alone.job("by-hand").arn}}]
    for line in lines:
        write_line(alone, book.log_group, json.dumps(line))
    after = {change["executionArn"]: change["status"] for change in alone.changes("by-hand")}
    assert after == {change["executionArn"]: change["status"] for change in before}
    alone.forget()
    assert told(alone, "by-hand", task_arn) == run


def test_show_tells_of_the_one_attempt_and_its_log(alone: Alone) -> None:
    task_arn = ran(alone, "ruled", {"lines": 3, "exit": 6})
    named = NamedRun(job=alone.job("ruled"), execution_arn=task_arn)
    shown = read_shown_run(alone.aws, named, now=alone.now, lines=2)
    assert shown.run == told(alone, "ruled", task_arn)
    (attempt,) = shown.course.attempts
    assert (attempt.number, attempt.outcome, attempt.exit_code) == (1, "Job.ExitedNonZero", 6)
    assert attempt.stop_code == "EssentialContainerExited"
    assert attempt.task_arn == task_arn
    assert None not in [attempt.time(key) for key in ("CreatedAt", "PullStartedAt", "StartedAt", "StoppedAt")]
    assert shown.last_lines == ("1 1", "1 2")
    assert shown.course.state is None
    assert sum(shown.time.values(), timedelta(0)) == shown.run.duration
    assert f"/tasks/{task_arn.rpartition('/')[2]}" in run_link(task_arn)

    with going_on(alone, "ruled") as (task_arn,):
        named = NamedRun(job=alone.job("ruled"), execution_arn=task_arn)
        shown = read_shown_run(alone.aws, named, now=alone.now, lines=2)
        assert (shown.run.status, shown.course.state) == ("RUNNING", "RUNNING")
        assert shown.course.state_since is not None


def test_logs_are_those_of_the_task(alone: Alone) -> None:
    since = alone.now
    task_arn = ran(alone, "ruled", {"lines": 2})
    named = NamedRun(job=alone.job("ruled"), execution_arn=task_arn)
    for follow in (False, True):
        lines = list(read_lines(alone.aws, named, follow=follow, wait=lambda: None))
        assert [(line.run, line.attempt, line.message) for line in lines] == [
            (task_arn.rpartition("/")[2], 1, "1 0"),
            (task_arn.rpartition("/")[2], 1, "1 1"),
        ]
    with pytest.raises(NotFoundError, match="has no attempt 2: it has 1"):
        list(read_lines(alone.aws, named, attempt=2))
    assert [run.execution_arn for run in runs_since(alone.aws, named.job, since)] == [task_arn]


def test_the_logs_since_a_time_are_of_what_went_on_then_whatever_ended_before(alone: Alone) -> None:
    with going_on(alone, "ruled") as (task_arn,):
        alone.run_task("ruled", {})
        (found,) = runs_since(alone.aws, alone.job("ruled"), alone.now)
    assert found.execution_arn == task_arn


def test_a_run_is_called_by_its_id_its_arn_and_its_place_in_the_list(alone: Alone) -> None:
    found = alone.found()
    older, newer = ran(alone, "by-hand", {"exit": 7}), ran(alone, "by-hand")
    task_id = newer.rpartition("/")[2]
    for text in (newer, task_id, f"by-hand@{task_id}", "by-hand@latest", "by-hand@-1"):
        named = find_run(alone.aws, found, text)
        assert (named.job.name, named.execution_arn, named.name) == ("by-hand", newer, task_id)
    assert find_run(alone.aws, found, "by-hand@-2").execution_arn == older
    assert find_run(alone.aws, found, "by-hand@failed").execution_arn == older
    alone.forget()
    assert find_run(alone.aws, found, task_id).execution_arn == newer
    assert find_run(alone.aws, found, newer).execution_arn == newer
    for text in (f"ruled@{task_id}", "0" * 32, newer[:-8] + "00000000", newer.rpartition("/")[0], "by-hand@manual-1"):
        with pytest.raises(NotFoundError):
            find_run(alone.aws, found, text)


def test_runs_of_two_jobs_may_have_the_same_name(alone: Alone) -> None:
    # As those for one time have. ECS keeps the tokens of a cluster apart, and not those of families.
    name, given = "backfill-20240301T000000Z-1", {"trigger": "backfill", "input": {}}
    found = {job: start_run(alone.aws, alone.job(job), name, given) for job in ("by-hand", "ruled")}
    for job, task_arn in found.items():
        alone.wait(task_arn)
        assert told(alone, job, task_arn).status == "SUCCEEDED"
    assert len(set(found.values())) == 2


def test_a_task_of_another_group_is_no_run(alone: Alone) -> None:
    # As that of an execution, of a job that has moved here since.
    start = read_start(alone.aws, alone.job("by-hand"))
    ecs = alone.local_aws.client("ecs")
    (task,) = ecs.run_task(
        **start.parameters, cluster=start.cluster, taskDefinition=start.task_definition, group="an-execution"
    )["tasks"]
    try:
        assert task["taskArn"] not in {change["executionArn"] for change in alone.changes("by-hand")}
        with pytest.raises(NotFoundError, match="by-hand has no run "):
            told(alone, "by-hand", task["taskArn"])
    finally:
        ecs.stop_task(cluster=start.cluster, task=task["taskArn"])
        alone.wait(task["taskArn"])


def test_the_calendar_knows_how_long_they_take(alone: Alone) -> None:
    ran(alone, "ruled")
    jobs, book = alone.found().jobs, find_ledger(alone.aws, alone.found())
    lengths = [read_expected(alone.aws, jobs, now=alone.now, ledger=each)["ruled"].length for each in (book, None)]
    assert None not in lengths
    calendar = read_calendar(alone.aws, jobs, alone.now, alone.now + timedelta(hours=2), now=alone.now)
    assert [entry.job for entry in calendar.entries].count("ruled") == 2
    assert "by-hand" in [job.name for job in calendar.off]


def test_a_job_that_would_go_or_move_is_told_of_with_its_tasks(alone: Alone) -> None:
    staying = dict.fromkeys(JOBS, "task") | {"machine": "fargate"}
    with going_on(alone, "by-hand", "scheduled") as (by_hand, scheduled):
        del staying["by-hand"]
        staying["scheduled"] = "fargate"
        gone, moved = jobs_to_be_disturbed(alone.aws, "acme", "alone", staying)
    assert (gone.name, gone.moves_to, [run.arn for run in gone.running]) == ("by-hand", None, [by_hand])
    assert (moved.name, moved.runs_on, moved.moves_to) == ("scheduled", "task", "fargate")
    assert [run.arn for run in moved.running] == [scheduled]
