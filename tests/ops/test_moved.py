"""What operators are told of a job that has moved to a state machine, or away from one: one history of both.

`by-hand`, whose runs are tasks, is looked at as if it had a state machine by now; and `machine` as if it had none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from secrets import token_hex
from typing import Any, NamedTuple

import pytest

from ops.backfilling import plan
from ops.errors import NotFoundError
from ops.history import read_history
from ops.job_runs import read_job_run
from ops.ledger import Ledger, find_ledger
from ops.logs import read_lines, runs_since
from ops.names import NamedRun, find_run
from ops.redriving import redrivable
from ops.rerunning import failed_runs, own_input, rerun_input
from ops.runs import Run
from ops.show import read_shown_run
from ops.stack import DeployedJob, DeployedStack
from ops.starting import UnfitInputError, new_name, start_run
from ops.status import read_status
from ops.stopping import live_tasks, see_tasks_stopped, stop_execution
from sandbox.local_aws import LocalAws
from tests.ops.alone import Alone, alone_stack, end_event, going_on, ran, write_line
from tests.ops.counted import Counted

_NOTHING = {"QueryLanguage": "JSONata", "StartAt": "Nothing", "States": {"Nothing": {"Type": "Pass", "End": True}}}
_FORGOTTEN = "forgotten"
_BESIDE = "00000001"


class Moved(NamedTuple):
    """The stack, the two jobs where they have moved to, and their runs of before, the oldest first."""

    alone: Alone
    to_machine: DeployedJob
    to_task: DeployedJob
    tasks: list[str]
    executions: list[str]

    @property
    def ledger(self) -> Ledger:
        found = find_ledger(self.alone.aws, self.alone.found())
        assert found is not None
        return found

    def stack_with(self, job: DeployedJob) -> DeployedStack:
        """The stack as it is with a job that has moved."""
        found = self.alone.found()
        return replace(found, jobs=tuple(job if each.name == job.name else each for each in found.jobs))

    def history(self, job: DeployedJob, **more: Any) -> list[Run]:
        return read_history(self.alone.aws, job, limit=more.pop("limit", 1000), ledger=self.ledger, **more)

    def execution(self) -> str:
        """Run the state machine that `by-hand` has got; the execution's ARN."""
        return self.start({"trigger": "manual", "input": {}})

    def start(self, execution_input: dict[str, Any]) -> str:
        """The same with an input."""
        arn = start_run(self.alone.aws, self.to_machine, new_name("run"), execution_input)
        while self.alone.states.describe_execution(executionArn=arn)["status"] == "RUNNING":
            pass
        return arn

    def events(self, arn: str) -> list[dict[str, Any]]:
        """What the ledger has of an execution, once it has its end."""
        while True:
            pages = self.alone.local_aws.client("logs").get_paginator("filter_log_events")
            lines = [line for page in pages.paginate(logGroupName=self.ledger.log_group) for line in page["events"]]
            told = (json.loads(line["message"]) for line in lines)
            # Its name is in what is told of its reruns too.
            found = [event for event in told if event["detail"].get("executionArn") == arn]
            if any(event["detail"]["status"] != "RUNNING" for event in found):
                return found

    def forget(self, arn: str, name: str, **changed: Any) -> str:
        """Write of an execution of another name what the ledger has of one: Step Functions does not know that."""
        for event in self.events(arn):
            event["detail"] |= changed
            text = json.dumps(event).replace(arn.rpartition(":")[2], name)
            write_line(self.alone, self.ledger.log_group, text)
        return f"{arn.rpartition(':')[0]}:{name}"


@pytest.fixture(scope="module")
def prepared(local_aws: LocalAws) -> Iterator[Moved]:
    alone = alone_stack(local_aws)
    tasks = [ran(alone, "by-hand", {"exit": 4, "lines": 1}), ran(alone, "by-hand", {})]
    given = ({"input": {"exit": 3, "lines": 2}}, {"input": {}})
    executions = [alone.run("machine", each, name=new_name("manual")) for each in given]
    events = local_aws.client("events")
    rule = events.put_rule(Name="acme-alone-machine", ScheduleExpression="rate(1 day)", State="DISABLED")["RuleArn"]
    (target,) = events.list_targets_by_rule(Rule="acme-alone-by-hand")["Targets"]
    events.put_targets(Rule="acme-alone-machine", Targets=[target])
    yield Moved(
        alone=alone,
        to_machine=replace(alone.job("by-hand"), task_trigger_arn=None, run_on="fargate"),
        to_task=replace(alone.job("machine"), state_machine_arn=None, task_trigger_arn=rule, run_on="task"),
        tasks=tasks,
        executions=executions,
    )
    events.remove_targets(Rule="acme-alone-machine", Ids=[target["Id"]])
    events.delete_rule(Name="acme-alone-machine")


@pytest.fixture
def moved(prepared: Moved) -> Iterator[Moved]:
    """The two jobs; `by-hand` has moved after all of its tasks so far, and its state machine has run nothing yet."""
    alone, name = prepared.alone, f"acme-alone-by-hand-{token_hex(4)}"
    role = alone.states.describe_state_machine(stateMachineArn=alone.job("machine").machine_arn)["roleArn"]
    made = alone.states.create_state_machine(name=name, definition=json.dumps(_NOTHING), roleArn=role)
    arn = made["stateMachineArn"]
    yield prepared._replace(to_machine=replace(prepared.to_machine, state_machine_arn=arn))
    alone.states.delete_state_machine(stateMachineArn=arn)


def test_the_tasks_of_before_are_in_the_history_of_a_job_that_has_a_state_machine_by_now(moved: Moved) -> None:
    known = read_history(moved.alone.aws, moved.alone.job("by-hand"), limit=1000)
    # Another test writes of a task beside the state machine.
    before = [run for run in known if not run.execution_arn.endswith(_BESIDE)]
    newest = moved.execution()
    found = moved.history(moved.to_machine)
    assert [run.execution_arn for run in found[:1]] == [newest]
    assert found[1:] == before
    assert {run.execution_arn for run in before} >= set(moved.tasks)
    assert moved.history(moved.to_machine, limit=1) == found[:1]
    assert moved.history(moved.to_machine, limit=2) == found[:2]
    assert moved.history(moved.to_machine, statuses=["FAILED"]) == [run for run in found if run.status == "FAILED"]
    since = found[1].started
    assert moved.history(moved.to_machine, since=since) == [run for run in found if run.started >= since]


def test_the_executions_of_before_are_in_the_history_of_a_job_that_has_no_state_machine_any_more(moved: Moved) -> None:
    before = read_history(moved.alone.aws, moved.alone.job("machine"), limit=1000)
    for arn in moved.executions:
        moved.events(arn)
    found = moved.history(moved.to_task)
    assert [run for run in found if run in before] == before
    assert {run.ran_as for run in found} == {"execution"}
    assert moved.history(moved.to_task, statuses=["FAILED"], limit=1)[0].error == "Job.ExitedNonZero"


def test_a_task_that_goes_on_after_its_job_has_moved_is_told_and_stopped(moved: Moved) -> None:
    with going_on(moved.alone, "by-hand") as (task_arn,):
        moved.execution()
        (running,) = moved.history(moved.to_machine, statuses=["RUNNING"])
        assert running.execution_arn == task_arn
        (status,) = read_status(moved.alone.aws, [moved.to_machine], now=moved.alone.now, runs=5, ledger=moved.ledger)
        assert [execution.arn for execution in status.running] == [task_arn]
        assert [task.arn for task in live_tasks(moved.alone.aws, task_arn)] == [task_arn]
        stop_execution(moved.alone.aws, task_arn, "it has moved")
        assert see_tasks_stopped(moved.alone.aws, task_arn, "why").left == ()
    assert read_job_run(moved.alone.aws, moved.to_machine, task_arn).error == "Job.Stopped"


def test_an_execution_whose_end_nobody_knows_is_left_out(moved: Moved) -> None:
    (_, end) = moved.events(moved.executions[1])
    started = {**end["detail"], "status": "RUNNING", "stopDate": None, "output": None}
    text = json.dumps({**end, "detail": started}).replace(moved.executions[1].rpartition(":")[2], "endless")
    write_line(moved.alone, moved.ledger.log_group, text)
    assert "endless" not in [run.name for run in moved.history(moved.to_task)]
    with pytest.raises(NotFoundError, match="machine has no run 'endless', or nobody knows how it ended"):
        find_run(moved.alone.aws, moved.stack_with(moved.to_task), "machine@endless")


def test_a_task_that_somebody_ran_beside_the_state_machine_is_no_run(moved: Moved) -> None:
    event = end_event(moved.alone, moved.tasks[1])
    beside = moved.tasks[1][: -len(_BESIDE)] + _BESIDE
    event["detail"]["overrides"] = {"containerOverrides": [{"name": "job"}]}
    write_line(moved.alone, moved.ledger.log_group, json.dumps(event).replace(moved.tasks[1], beside))
    assert beside not in [run.execution_arn for run in moved.history(moved.to_machine)]
    # Of a job without a state machine it is one.
    assert beside in [run.execution_arn for run in moved.history(moved.alone.job("by-hand"))]


def test_the_last_run_is_one_of_before_until_there_is_another(moved: Moved) -> None:
    stack = moved.stack_with(moved.to_task)
    aws = moved.alone.aws
    for arn in moved.executions:
        moved.events(arn)
    newest = moved.history(moved.to_task, limit=2)
    assert find_run(aws, stack, "machine@latest").execution_arn == newest[0].execution_arn
    assert find_run(aws, stack, "machine@-2").execution_arn == newest[1].execution_arn
    assert find_run(aws, stack, "machine@failed").execution_arn == moved.executions[0]
    (status,) = read_status(aws, [moved.to_task], now=moved.alone.now, runs=5, ledger=moved.ledger)
    assert status.last is not None
    assert status.last.arn == newest[0].execution_arn


def test_a_job_that_has_missed_a_time_is_told_of_with_its_runs_of_before(moved: Moved) -> None:
    hourly, later = replace(moved.to_machine, trigger=moved.alone.job("ruled").trigger), timedelta(hours=6)
    newest = moved.execution()
    moved.events(newest)
    now = moved.alone.now + later
    (status,) = read_status(moved.alone.aws, [hourly], now=now, runs=1000, ledger=moved.ledger)
    assert "missed" in status.attention
    assert status.last is not None
    assert status.last.arn == newest
    assert status.ended == len(moved.history(moved.to_machine))


def test_a_run_of_before_is_called_by_its_name_its_arn_and_its_place_in_the_list(moved: Moved) -> None:
    aws, newest = moved.alone.aws, moved.execution()
    stack, (failed, succeeded) = moved.stack_with(moved.to_machine), moved.tasks
    for task_arn in (failed, succeeded):
        task_id = task_arn.rpartition("/")[2]
        for text in (task_arn, task_id, f"by-hand@{task_id}"):
            assert find_run(aws, stack, text) == NamedRun(job=moved.to_machine, execution_arn=task_arn)
    assert find_run(aws, stack, "by-hand@latest").execution_arn == newest
    ended = [run.execution_arn for run in moved.history(moved.to_machine)]
    for place in (2, len(ended)):
        assert find_run(aws, stack, f"by-hand@-{place}").execution_arn == ended[place - 1]
    with pytest.raises(NotFoundError, match=r"by-hand has only [0-9]+ runs that anybody knows of"):
        find_run(aws, stack, f"by-hand@-{len(ended) + 1}")
    latest_failed = next(run for run in moved.history(moved.to_machine) if run.status == "FAILED")
    assert find_run(aws, stack, "by-hand@failed").execution_arn == latest_failed.execution_arn

    stack = moved.stack_with(moved.to_task)
    for arn in moved.executions:
        moved.events(arn)
        for text in (arn, f"machine@{arn.rpartition(':')[2]}"):
            assert find_run(aws, stack, text) == NamedRun(job=moved.to_task, execution_arn=arn)
    with pytest.raises(NotFoundError, match="before its job moved, is found as JOB@"):
        find_run(aws, stack, moved.executions[0].rpartition(":")[2])


def test_who_never_moved_asks_the_ledger_of_nothing_for_a_run_that_is_there(moved: Moved) -> None:
    newest, stack = moved.execution(), moved.stack_with(moved.to_machine)
    for text in ("by-hand@latest", f"by-hand@{newest.rpartition(':')[2]}"):
        counted = Counted()
        assert find_run(counted, stack, text).execution_arn == newest
        assert counted.calls.keys() <= {"ListExecutions", "DescribeExecution"}
    counted = Counted()
    read_history(counted, moved.to_machine, limit=1, ledger=moved.ledger)
    assert counted.calls["ListExecutions"] == 1


def test_a_task_of_before_is_shown_with_its_log(moved: Moved) -> None:
    named = NamedRun(job=moved.to_machine, execution_arn=moved.tasks[0])
    shown = read_shown_run(moved.alone.aws, named, now=moved.alone.now, lines=5)
    assert (shown.run.error, shown.run.exit_code, shown.last_lines) == ("Job.ExitedNonZero", 4, ("1 0",))
    assert not shown.course.forgotten
    assert [line.message for line in read_lines(moved.alone.aws, named)] == ["1 0"]


def test_an_execution_of_before_that_step_functions_knows_is_shown_whole(moved: Moved) -> None:
    named = NamedRun(job=moved.to_task, execution_arn=moved.executions[0])
    of_machine = NamedRun(job=moved.alone.job("machine"), execution_arn=moved.executions[0])
    now = moved.alone.now
    shown = read_shown_run(moved.alone.aws, named, now=now, lines=5)
    assert shown == read_shown_run(moved.alone.aws, of_machine, now=now, lines=5)
    assert not shown.course.forgotten


def test_an_execution_that_step_functions_knows_no_more_is_shown_by_what_its_end_tells(moved: Moved) -> None:
    arn, aws = moved.forget(moved.executions[0], _FORGOTTEN), moved.alone.aws
    known = read_job_run(aws, moved.to_task, moved.executions[0])
    for job in (moved.to_task, moved.alone.job("machine")):
        named = find_run(aws, moved.stack_with(job), f"machine@{_FORGOTTEN}")
        assert named == NamedRun(job=job, execution_arn=arn)
        run = read_job_run(aws, job, arn)
        assert run == replace(known, execution_arn=arn)
        assert run in moved.history(job)
        shown = read_shown_run(aws, named, now=moved.alone.now, lines=5)
        (attempt,) = shown.course.attempts
        assert shown.course.forgotten
        assert (attempt.number, attempt.outcome, attempt.exit_code) == (known.attempts, "Job.ExitedNonZero", 3)
        assert attempt.number == 1
        assert shown.last_lines == ("1 0", "1 1")
        assert shown.time == {}
        said: list[str] = []
        lines = list(read_lines(aws, named, say=said.append))
        assert [(line.attempt, line.message) for line in lines] == [(1, "1 0"), (1, "1 1")]
        assert said == [
            f"Step Functions knows {_FORGOTTEN} no more: the lines of its last attempt are all that is left."
        ]
        with pytest.raises(NotFoundError, match="has no such attempt that anything is left of"):
            list(read_lines(aws, named, attempt=7))
        with pytest.raises(NotFoundError, match="nobody tells which tasks it had"):
            live_tasks(aws, arn)
        assert redrivable(aws, arn).why_not == "Step Functions does not know it, or knows it no more"


def test_the_logs_since_then_are_those_of_both(moved: Moved) -> None:
    newest, since = moved.execution(), moved.history(moved.to_machine)[-1].started
    named = runs_since(moved.alone.aws, moved.to_machine, since)
    expected = [run.execution_arn for run in reversed(moved.history(moved.to_machine))]
    assert [run.execution_arn for run in named] == expected
    assert expected[-1] == newest


def test_a_run_of_before_is_run_again_where_the_job_runs_now(moved: Moved) -> None:
    aws = moved.alone.aws
    of_task = rerun_input(read_job_run(aws, moved.to_machine, moved.tasks[0]))
    assert of_task["rerunOf"] == moved.tasks[0]
    again = moved.start(of_task)
    run = read_job_run(aws, moved.to_machine, again)
    assert (run.trigger, run.rerun_of, run.input["input"]) == ("rerun", moved.tasks[0], {"exit": 4, "lines": 1})
    failed = [run.execution_arn for run in failed_runs(aws, moved.to_machine, datetime.fromtimestamp(0, UTC))]
    assert moved.tasks[0] not in failed

    # The target of its rule is that of `by-hand`, whose run it is then.
    job = moved.alone.job("by-hand")
    old = moved.executions[0].replace("acme-alone-machine", job.resource_name)
    given = rerun_input(read_job_run(aws, moved.to_task, moved.executions[0])) | {"rerunOf": old}
    task_arn = start_run(aws, job, new_name("rerun"), given)
    moved.alone.wait(task_arn)
    run = read_job_run(aws, job, task_arn)
    assert (run.trigger, run.rerun_of, run.exit_code) == ("rerun", old, 3)
    assert run.scheduled_time == given["scheduledTime"]


def test_a_run_whose_input_nobody_knows_is_not_run_again(moved: Moved) -> None:
    arn = moved.forget(moved.executions[0], "large", input=None, inputDetails={"included": False})
    run = read_job_run(moved.alone.aws, moved.to_task, arn)
    assert (run.input, run.has_input) == (None, False)
    with pytest.raises(UnfitInputError, match="its input was too large for the ledger"):
        rerun_input(run)


def test_the_input_of_the_job_itself_is_not_changed_in_a_run_that_is_not_known_any_more(moved: Moved) -> None:
    forgotten = moved.forget(moved.executions[1], "own")
    for arn in (forgotten, moved.tasks[1]):
        run = read_job_run(moved.alone.aws, moved.to_task if arn == forgotten else moved.to_machine, arn)
        with pytest.raises(UnfitInputError, match="give all of it with --input"):
            own_input(moved.alone.aws, run)


def test_a_time_that_a_task_has_done_is_not_run_again_by_the_state_machine(moved: Moved) -> None:
    hourly = replace(moved.to_machine, trigger=moved.alone.job("ruled").trigger)
    due = datetime(2024, 2, 29, 3, 7, tzinfo=UTC)
    given = {"trigger": "backfill", "scheduledTime": f"{due:%Y-%m-%dT%H:%M:%SZ}", "input": {}}
    following = due + timedelta(hours=1)
    assert [each.time for each in plan(moved.alone.aws, hourly, due, following).due] == [due, following]
    ran(moved.alone, "by-hand", **given)
    assert [each.time for each in plan(moved.alone.aws, hourly, due, following).due] == [following]
