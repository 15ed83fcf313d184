"""What is told of runs with steps: real ones, side by side, for many items, in map runs, of other jobs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ops.advice import in_words
from ops.course import read_course, remembered_children
from ops.errors import NotFoundError
from ops.history import read_history
from ops.logs import LogLine, read_lines
from ops.names import NamedRun, find_run
from ops.runs import read_run
from ops.show import ShownRun, read_shown_run
from sandbox.local_aws import LocalAws
from tests.ops.stepped import Stepped, stepped_stack

LINE = {"list": {"result": {"items": [{"result": 1, "lines": 1}, {"result": 2, "lines": 1}]}}, "last": {"lines": 1}}


@pytest.fixture(scope="module")
def stepped(local_aws: LocalAws) -> Stepped:
    return stepped_stack(local_aws)


def shown(stepped: Stepped, execution_arn: str) -> ShownRun:
    named = find_run(stepped.aws, stepped.found(), execution_arn)
    now = datetime.fromtimestamp(stepped.local_aws.clock.now(), UTC)
    return read_shown_run(stepped.aws, named, now=now, lines=2)


def statuses(found: ShownRun) -> dict[str, str]:
    return {step.name: step.status for step in found.course.steps}


def attempts(found: ShownRun) -> list[tuple[str | None, int | None, int, str]]:
    told = [(each.step, each.index, each.number, each.outcome) for each in found.course.attempts]
    return sorted(told, key=lambda attempt: (str(attempt[0]), attempt[1] or 0, attempt[2]))


def lines(stepped: Stepped, job: str, execution_arn: str, **more: Any) -> Iterator[LogLine]:
    return read_lines(stepped.aws, NamedRun(job=stepped.job(job), execution_arn=execution_arn), **more)


def test_steps_one_after_the_other(stepped: Stepped) -> None:
    execution_arn = stepped.run("line", {"input": {**LINE, "last": {"exit": 3, "lines": 3}}})
    found = shown(stepped, execution_arn)
    assert statuses(found) == {"list": "SUCCEEDED", "fetch": "SUCCEEDED", "extra": "NOT_NEEDED", "last": "FAILED"}
    assert attempts(found) == [
        ("fetch", 0, 1, "SUCCEEDED"),
        ("fetch", 1, 1, "SUCCEEDED"),
        ("last", None, 1, "Job.ExitedNonZero"),
        ("last", None, 2, "Job.ExitedNonZero"),
        ("list", None, 1, "SUCCEEDED"),
    ]
    listed, fetch, extra, last = found.course.steps
    assert json.loads(listed.result or "") == LINE["list"]["result"]
    assert (fetch.result, extra.result, last.result) == ("[1,2]", None, None)
    assert fetch.items is not None
    assert (fetch.items.total, fetch.items.succeeded, fetch.items.pending) == (2, 2, 0)
    assert (extra.started, last.error, last.items) == (None, "Job.ExitedNonZero", None)
    # The minute before its second attempt.
    assert last.started is not None
    assert last.ended is not None
    assert last.ended - last.started > timedelta(minutes=1)
    assert (found.run.step, found.run.exit_code, found.run.attempts) == ("last", 3, 2)
    assert found.last_lines == ("last - 2 1", "last - 2 2")
    assert sum(found.time.values(), timedelta(0)) == found.run.duration
    assert found.time["between"] > timedelta(minutes=1)
    (listed_run,) = read_history(stepped.aws, stepped.job("line"), limit=1)
    assert (listed_run.step, listed_run.exit_code, listed_run.attempts) == ("last", 3, 2)


def test_each_attempt_has_its_own_log(stepped: Stepped) -> None:
    execution_arn = stepped.run("line", {"input": LINE})
    found = shown(stepped, execution_arn)
    streams = {found.logs[attempt.key].stream for attempt in found.course.attempts}
    assert streams == {f"run/job/{attempt.task_id}" for attempt in found.course.attempts}
    assert len(streams) == 4
    told = [(line.step, line.index, line.attempt, line.message) for line in lines(stepped, "line", execution_arn)]
    assert told == [
        ("fetch", 0, 1, "fetch 0 1 0"),
        ("fetch", 1, 1, "fetch 1 1 0"),
        ("last", None, 1, "last - 1 0"),
    ]
    only = list(lines(stepped, "line", execution_arn, step="fetch", index=1))
    assert [line.message for line in only] == ["fetch 1 1 0"]


def test_what_is_asked_of_logs_and_not_there(stepped: Stepped) -> None:
    execution_arn = stepped.run("line", {"input": LINE})
    for chosen, says in (
        ({"step": "fecht"}, "no task of a step 'fecht'; did you mean fetch"),
        ({"step": "extra"}, "it has tasks of list, fetch, last"),
        ({"step": "fetch", "index": 2}, "no task of an item 2"),
        ({"step": "last", "attempt": 2}, "no attempt 2: it has 1"),
    ):
        with pytest.raises(NotFoundError, match=says):
            list(lines(stepped, "line", execution_arn, **chosen))


def test_lines_of_all_steps_come_while_the_run_goes_on(stepped: Stepped) -> None:
    given = {"left": {"lines": 1, "seconds": 300}, "first": {"lines": 1, "seconds": 300}}
    execution_arn = stepped.start("sides", {"input": given})
    following = lines(stepped, "sides", execution_arn, follow=True, wait=lambda: None)
    assert {next(following).message for _ in range(2)} == {"left - 1 0", "first - 1 0"}
    stepped.stop(execution_arn)
    assert list(following) == []


@pytest.fixture
def held(tmp_path: Path) -> Path:
    """A file: what has it as its `while` does not end before it is gone."""
    file = tmp_path / "held"
    file.touch()
    return file


def let_go(stepped: Stepped, execution_arn: str, held: Path, beside: tuple[str, int | None]) -> None:
    """Have what is held end once the first attempt of a step, or of its item, goes on beside it."""
    while (*beside, 1, "RUNNING") not in attempts(shown(stepped, execution_arn)):
        pass
    held.unlink()


def test_a_failure_side_by_side(stepped: Stepped, held: Path) -> None:
    fails = {"while": str(held), "exit": 4, "lines": 1}
    given = {"left": {"seconds": 300}, "first": {"lines": 1}, "second": fails, "clean": {"lines": 1}}
    execution_arn = stepped.start("sides", {"input": given})
    let_go(stepped, execution_arn, held, ("left", None))
    stepped.to_end(execution_arn)
    found = shown(stepped, execution_arn)
    assert statuses(found) == {
        "both": "FAILED",
        "left": "ABORTED",
        "first": "SUCCEEDED",
        "second": "FAILED",
        "clean": "SUCCEEDED",
    }
    assert {step.name: step.within for step in found.course.steps} == {
        "both": None,
        "left": "both",
        "first": "both",
        "second": "both",
        "clean": None,
    }
    assert attempts(found) == [
        ("clean", None, 1, "SUCCEEDED"),
        ("first", None, 1, "SUCCEEDED"),
        ("left", None, 1, "ABORTED"),
        ("second", None, 1, "Job.ExitedNonZero"),
    ]
    stopped = next(attempt for attempt in found.course.attempts if attempt.step == "left")
    assert "beside" in in_words(stopped)
    # Not of what ran last.
    assert found.last_lines == ("second - 1 0",)
    assert (found.run.step, found.run.exit_code) == ("second", 4)


def test_what_ran_beside_a_failure_has_ended_while_the_run_goes_on(stepped: Stepped, held: Path) -> None:
    given = {"left": {"seconds": 300}, "first": {"while": str(held), "exit": 4}, "clean": {"seconds": 300}}
    execution_arn = stepped.start("sides", {"input": given})
    let_go(stepped, execution_arn, held, ("left", None))
    while statuses(found := shown(stepped, execution_arn)).get("clean") != "RUNNING":
        pass
    assert statuses(found) == {"both": "FAILED", "left": "ABORTED", "first": "FAILED", "clean": "RUNNING"}
    assert ("left", None, 1, "ABORTED") in attempts(found)
    stepped.stop(execution_arn)


def test_side_by_side_the_farthest_counts(stepped: Stepped) -> None:
    given = {name: {"result": 5} for name in ("left", "first", "second", "last")}
    found = shown(stepped, stepped.run("sides", {"input": given}))
    assert set(statuses(found).values()) == {"SUCCEEDED"}
    assert found.course.step("left") is not None
    assert found.course.results == {"left": "5"}
    assert sum(found.time.values(), timedelta(0)) == found.run.duration


def test_one_item_of_several_fails(stepped: Stepped, held: Path) -> None:
    items = [{"seconds": 300}, {"while": str(held), "exit": 5}]
    execution_arn = stepped.start("line", {"input": {"list": {"result": {"items": items}}}})
    let_go(stepped, execution_arn, held, ("fetch", 0))
    stepped.to_end(execution_arn)
    found = shown(stepped, execution_arn)
    (fetch,) = [step for step in found.course.steps if step.name == "fetch"]
    assert fetch.items is not None
    assert (fetch.status, fetch.items.failed, fetch.items.aborted, fetch.items.running) == ("FAILED", 1, 1, 0)
    assert attempts(found)[:2] == [("fetch", 0, 1, "ABORTED"), ("fetch", 1, 1, "Job.ExitedNonZero")]
    assert found.run.step == "fetch"


def test_a_count_is_one_step(stepped: Stepped) -> None:
    execution_arn = stepped.run("counted", {"input": {"lines": 1}})
    found = shown(stepped, execution_arn)
    assert statuses(found) == {"task": "SUCCEEDED"}
    assert attempts(found) == [("task", index, 1, "SUCCEEDED") for index in range(3)]
    assert [line.message for line in lines(stepped, "counted", execution_arn)] == [
        f"task {index} 1 0" for index in range(3)
    ]
    assert (found.run.exit_code, found.run.attempts) == (None, None)


def test_items_that_are_executions_of_their_own(stepped: Stepped) -> None:
    items = [{"lines": 1}, {"exit": 3, "lines": 1}, {"lines": 1}]
    execution_arn = stepped.run("spread", {"input": {"items": items, "last": {"lines": 1}}})
    found = shown(stepped, execution_arn)
    one, last = found.course.steps
    assert one.items is not None
    assert (one.status, last.status, one.items.total, one.items.failed) == ("SUCCEEDED", "SUCCEEDED", 3, 1)
    assert attempts(found) == [
        ("last", None, 1, "SUCCEEDED"),
        ("one", 0, 1, "SUCCEEDED"),
        ("one", 1, 1, "Job.ExitedNonZero"),
        ("one", 2, 1, "SUCCEEDED"),
    ]
    children = {attempt.child for attempt in found.course.attempts if attempt.step == "one"}
    assert len(children) == 3
    assert all(f"{execution_arn.rpartition(':')[0]}/one:" in str(child) for child in children)
    told = [(line.step, line.index, line.message) for line in lines(stepped, "spread", execution_arn)]
    assert told == [*(("one", index, f"one {index} 1 0") for index in range(3)), ("last", None, "last - 1 0")]


def test_of_many_executions_those_that_failed_are_looked_at(stepped: Stepped) -> None:
    items = [{}, {"exit": 3}, {}, {"lines": 1}]
    execution_arn = stepped.run("spread", {"input": {"items": items, "last": {}}})
    course = read_course(stepped.aws, execution_arn, remembered_children(most=2))
    assert [attempt.index for attempt in course.attempts if attempt.step == "one"] == [1]
    one = course.step("one")
    assert one is not None
    assert one.items is not None
    assert (one.items.total, one.items.succeeded, one.items.failed) == (4, 3, 1)
    # The one that is asked for is found among them all.
    course = read_course(stepped.aws, execution_arn, remembered_children(3, most=2))
    assert [attempt.index for attempt in course.attempts if attempt.step == "one"] == [3]


def test_a_step_that_runs_another_job(stepped: Stepped) -> None:
    execution_arn = stepped.run("outer", {"input": {"inner": {"exit": 5}}})
    found = shown(stepped, execution_arn)
    assert found.time["running"] > timedelta(0)
    (inner,) = found.course.steps
    (run,) = inner.runs
    assert (inner.status, inner.error, run.status, run.index) == ("FAILED", "Job.ExitedNonZero", "FAILED", None)
    assert run.arn is not None
    other = read_run(stepped.aws, "plain", run.arn)
    assert (other.trigger, other.started_by, other.exit_code) == ("step", execution_arn, 5)
    assert shown(stepped, run.arn).course.steps == ()

    succeeded = shown(stepped, stepped.run("outer", {"input": {"inner": {"result": 7}, "last": {}}}))
    assert statuses(succeeded) == {"inner": "SUCCEEDED", "last": "SUCCEEDED"}
    assert succeeded.course.steps[0].runs[0].status == "SUCCEEDED"
    assert succeeded.course.steps[0].result == "7"


def test_a_run_that_goes_on_and_is_stopped_and_redriven(stepped: Stepped) -> None:
    given = {"left": {"seconds": 2, "result": 1}, "first": {}, "second": {"seconds": 300}, "last": {}}
    execution_arn = stepped.start("sides", {"input": given})

    def are_there(found: ShownRun) -> bool:
        """Either may be the first."""
        return statuses(found).get("left") == "SUCCEEDED" and ("second", None, 1, "RUNNING") in attempts(found)

    while not are_there(goes_on := shown(stepped, execution_arn)):
        pass
    assert statuses(goes_on) == {"both": "RUNNING", "left": "SUCCEEDED", "first": "SUCCEEDED", "second": "RUNNING"}
    stepped.stop(execution_arn)
    aborted = statuses(shown(stepped, execution_arn))
    assert aborted == {"both": "ABORTED", "left": "SUCCEEDED", "first": "SUCCEEDED", "second": "ABORTED"}
    stepped.states.redrive_execution(executionArn=execution_arn)
    while len(again := [each for each in attempts(shown(stepped, execution_arn)) if each[0] == "second"]) < 2:
        pass
    assert [(number, outcome) for _, _, number, outcome in again] == [(1, "ABORTED"), (2, "RUNNING")]
    assert statuses(shown(stepped, execution_arn))["both"] == "RUNNING"
    stepped.stop(execution_arn)
