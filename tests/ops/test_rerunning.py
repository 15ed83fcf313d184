"""Runs that do earlier ones again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ops.rerunning import Change, changes, failed_runs, own_input, rerun_input, with_value
from ops.runs import read_run
from ops.starting import UnfitInputError
from ops.waiting import wait_for_end
from tests.ops.operated import Operated
from tests.ops.tasks import tasks


def variables(operated: Operated, execution_arn: str) -> dict[str, str]:
    """What the run's first task had in its environment."""
    (container,) = tasks(operated, execution_arn)[0]["overrides"]["containerOverrides"]
    return {pair["name"]: pair["value"] for pair in container["environment"]}


def test_the_job_sees_what_it_saw(operated: Operated) -> None:
    given: dict[str, Any] = {
        "trigger": "schedule",
        "scheduledTime": "2026-11-24T03:15:00Z",
        "input": {"exit": 64},
        "command": ["x"],
        "environment": {"A": "1"},
        "more": "that nothing reads",
    }
    first = operated.run("obeys", given)
    again = rerun_input(read_run(operated.aws, "obeys", first))
    assert again == {
        "trigger": "rerun",
        "rerunOf": first,
        "scheduledTime": "2026-11-24T03:15:00Z",
        "input": {"exit": 64},
        "command": ["x"],
        "environment": {"A": "1"},
    }
    second = operated.run("obeys", again)
    run = read_run(operated.aws, "obeys", second)
    assert (run.trigger, run.rerun_of, run.exit_code) == ("rerun", first, 64)
    own = {"LONGHAUL_EXECUTION"}
    before, after = variables(operated, first), variables(operated, second)
    assert {name for name in before if before[name] != after.get(name)} == own


def test_a_run_without_a_scheduled_time_was_due_when_it_started(operated: Operated) -> None:
    first = operated.run("obeys")
    again = rerun_input(read_run(operated.aws, "obeys", first))
    assert again["scheduledTime"] == variables(operated, first)["LONGHAUL_SCHEDULED_TIME"]
    assert "input" not in again


def test_the_job_s_own_input_is_what_its_task_got(operated: Operated) -> None:
    run = read_run(operated.aws, "obeys", operated.run("obeys"))
    assert own_input(operated.aws, run) == {}
    goes_on = operated.start("obeys-alone", {"input": {"seconds": 600}})
    operated.until_submitted(goes_on)
    skipped = wait_for_end(operated.aws, operated.job("obeys-alone"), operated.start("obeys-alone"))
    assert skipped.status == "SKIPPED"
    operated.stop(goes_on)
    # Gives the lock back.
    operated.run("obeys-alone")
    with pytest.raises(UnfitInputError, match="give all of it with --input"):
        own_input(operated.aws, skipped)


@pytest.mark.parametrize(
    ("value", "path", "changed"),
    [
        ({"a": 1, "b": 2}, "a", {"a": "new", "b": 2}),
        ({}, "a.b", {"a": {"b": "new"}}),
        ({"days": [{"n": 1}, {"n": 2}]}, "days.1.n", {"days": [{"n": 1}, {"n": "new"}]}),
        ([1], "0", ["new"]),
    ],
)
def test_one_place_is_changed(value: Any, path: str, changed: Any) -> None:
    before = json.dumps(value)
    assert with_value(value, path, "new") == changed
    assert json.dumps(value) == before


@pytest.mark.parametrize(
    ("value", "path", "says"),
    [
        ([1], "1", "a place from 0 to 0"),
        ([1], "x", "a place from 0 to 0"),
        ({"a": "text"}, "a.b", "nothing in which 'b'"),
        ({}, "a..b", "an empty part"),
        ({}, "", "an empty part"),
    ],
)
def test_places_that_are_none(value: Any, path: str, says: str) -> None:
    with pytest.raises(UnfitInputError, match=says):
        with_value(value, path, "new")


def test_differences() -> None:
    before = {"a": 1, "b": {"c": [1, 2]}, "gone": None, "same": True}
    after = {"a": True, "b": {"c": [1, 3, 4]}, "same": True, "new": "é"}
    assert changes(before, after) == [
        Change(path="a", before="1", after="true"),
        Change(path="b.c.1", before="2", after="3"),
        Change(path="b.c.2", before=None, after="4"),
        Change(path="gone", before="null", after=None),
        Change(path="new", before=None, after='"é"'),
    ]
    assert changes(before, before) == []


def test_failures_that_nothing_made_up_for(operated: Operated) -> None:
    since = datetime.now(UTC) - timedelta(days=1)
    job = operated.job("obeys")
    known = {run.execution_arn for run in failed_runs(operated.aws, job, since)}

    def failing(time: str, **more: Any) -> str:
        return operated.run("obeys", {"scheduledTime": time, "input": {"exit": 64}, **more})

    first = failing("2026-11-01T00:00:00Z")
    made_up = failing("2026-11-02T00:00:00Z")
    chained = failing("2026-11-03T00:00:00Z")
    last = failing("2026-11-03T00:00:00Z", trigger="rerun", rerunOf=chained)
    by_backfill = failing("2026-11-04T00:00:00Z")
    operated.run("obeys", {"scheduledTime": "2026-11-02T00:00:00Z", "trigger": "rerun", "rerunOf": made_up})
    operated.run("obeys", {"scheduledTime": "2026-11-04T00:00:00Z", "trigger": "backfill"})
    replaced = operated.start("obeys", {"input": {"seconds": 600}})
    operated.stop(replaced, error="Job.Replaced")

    found = [run.execution_arn for run in failed_runs(operated.aws, job, since)]
    assert [arn for arn in found if arn not in known] == [first, last]
    assert by_backfill not in found
    assert failed_runs(operated.aws, job, datetime(2199, 1, 1, tzinfo=UTC)) == []
