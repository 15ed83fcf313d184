"""What is read of the ledger that a deployed stack's real runs have written, whole and with lines lost or doubled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.history import read_history
from ops.ledger import Ledger, find_ledger
from ops.runs import Run
from ops.status import JobStatus, read_status
from tests.ops.counted import Counted
from tests.ops.ledger_copy import Copy, lines
from tests.ops.operated import Operated


def ledger(operated: Operated) -> Ledger:
    found = find_ledger(operated.aws, operated.found())
    assert found is not None
    return found


def statuses(operated: Operated, book: Ledger | None, now: datetime) -> dict[str, JobStatus]:
    jobs = [job for job in operated.found().jobs if job.state_machine_arn is not None]
    found = read_status(operated.aws, jobs, now=now, runs=2, ledger=book)
    return {status.job.name: status for status in found}


@pytest.fixture(scope="module")
def ran(operated: Operated) -> Iterator[Operated]:
    """The stack after some runs of every kind, one of which goes on."""
    operated.run("obeys", {"input": {"exit": 64}})
    operated.run("obeys")
    operated.run("absent")
    # The lock is free after it, which a run for a time that was started before does not see to.
    operated.run("obeys-alone")
    operated.run("obeys-alone", {"trigger": "schedule", "scheduledTime": "2026-11-24T05:00:00Z"})
    goes_on = operated.start("obeys-alone", {"input": {"seconds": 100_000}})
    operated.until_submitted(goes_on)
    operated.run("obeys-alone", {"trigger": "schedule", "scheduledTime": "2026-11-25T05:00:00Z"})
    yield operated
    operated.stop(goes_on)


def test_status_by_the_ledger_is_that_by_step_functions(ran: Operated) -> None:
    now = ran.now
    by_ledger, by_states = statuses(ran, ledger(ran), now), statuses(ran, None, now)
    for name, expected in by_states.items():
        told = by_ledger[name]
        assert (told.last, told.running, told.attention) == (expected.last, expected.running, expected.attention), name
    last = by_ledger["obeys-alone"].last
    assert last is not None
    assert last.status == "SKIPPED"


def test_a_job_that_ran_costs_no_call_of_step_functions(ran: Operated) -> None:
    counted = Counted()
    (told,) = read_status(counted, [ran.job("obeys")], now=ran.now, runs=1, ledger=ledger(ran))
    assert told.last is not None
    assert counted.calls == {}
    read_status(counted, [ran.job("obeys")], now=ran.now, runs=1)
    assert counted.calls == {"ListExecutions": 1, "DescribeExecution": 1}


@settings(max_examples=12)
@given(data=st.data())
def test_lines_that_are_lost_doubled_and_out_of_order_change_nothing(ran: Operated, data: st.DataObject) -> None:
    """Of each run one of its two lines may be lost, and any may come again, in any order."""
    written = lines(ran)
    by_run: dict[str, list[dict[str, Any]]] = {}
    for line in written:
        by_run.setdefault(line["message"].split('"executionArn":')[1].split('"')[1], []).append(line)
    kept = []
    for of_run in by_run.values():
        lost = data.draw(st.sampled_from([None, 0, 1])) if len(of_run) == 2 else None
        kept += [line for number, line in enumerate(of_run) if number != lost]
    again = data.draw(st.lists(st.sampled_from(kept), max_size=3))
    order = data.draw(st.permutations(kept + again))
    # So late that no run is believed to go on whose end is not written.
    now = ran.now + timedelta(minutes=20)
    expected = statuses(ran, None, now)
    with Copy(ran, order) as copy:
        for name, told in statuses(ran, copy, now).items():
            assert told.last == expected[name].last, name
            assert told.running == expected[name].running, name
            assert told.attention == expected[name].attention, name


def test_a_scheduled_run_that_is_not_written_at_all_is_asked_for(ran: Operated) -> None:
    yesterday, now = ran.now - timedelta(days=1), ran.now
    with Copy(ran, []) as empty:
        # As if its last run had been yesterday's.
        told = read_status(ran.aws, [ran.job("obeys")], now=now, runs=2, ledger=empty)[0]
    assert told.last == statuses(ran, None, now)["obeys"].last
    assert told.last is not None
    assert told.last.started > yesterday


def history(operated: Operated, job: str, book: Ledger | None, **more: Any) -> list[Run]:
    return read_history(operated.aws, operated.job(job), ledger=book, limit=more.pop("limit", 20), **more)


@pytest.mark.parametrize("job", ["obeys", "obeys-alone", "absent", "idle"])
def test_history_by_the_ledger_is_that_by_step_functions(ran: Operated, job: str) -> None:
    assert history(ran, job, ledger(ran)) == history(ran, job, None)
    assert history(ran, job, ledger(ran), limit=1) == history(ran, job, None, limit=1)
    for status in ("FAILED", "SKIPPED", "RUNNING", "SUCCEEDED"):
        assert history(ran, job, ledger(ran), statuses=[status]) == history(ran, job, None, statuses=[status])


def test_history_asks_nothing_of_runs_that_are_written(ran: Operated) -> None:
    counted = Counted()
    found = read_history(counted, ran.job("obeys"), limit=2, ledger=ledger(ran))
    assert len(found) == 2
    assert counted.calls == {"ListExecutions": 1}


def test_history_asks_for_an_input_that_is_too_large_for_an_event(ran: Operated) -> None:
    # https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html: 248 KiB.
    ran.run("absent", {"input": "x" * 250_000})
    (run,) = history(ran, "absent", ledger(ran), limit=1)
    assert run == history(ran, "absent", None, limit=1)[0]
    assert len(run.input["input"]) == 250_000


def test_history_asks_for_what_is_not_written(ran: Operated) -> None:
    with Copy(ran, []) as empty:
        assert history(ran, "obeys", empty) == history(ran, "obeys", None)


def test_the_ledger_remembers_what_step_functions_has_forgotten(ran: Operated) -> None:
    name = ran.run("absent").rpartition(":")[2]
    while len(written := [line for line in lines(ran) if name in line["message"]]) < 2:
        pass
    # The same, of a run that Step Functions knows nothing of.
    forgotten = [line | {"message": line["message"].replace(name, "forgotten")} for line in written]
    with Copy(ran, forgotten) as copy:
        found = history(ran, "absent", copy, limit=1000)
    assert [run.error for run in found if run.name == "forgotten"] == ["Job.Refused"]
    assert len(found) == len(history(ran, "absent", None, limit=1000)) + 1


def test_lines_that_are_no_event_change_nothing(ran: Operated) -> None:
    written, now = lines(ran), ran.now
    event = json.loads(written[0]["message"])
    odd = ["no JSON", "[]", "null", '{"detail": 7}', '{"detail": {}}', "[" * 100_000]
    odd += [
        json.dumps({**event, "detail": {**event["detail"], "status": "FAILED", key: value}})
        for key in ("executionArn", "stateMachineArn", "status", "startDate", "redriveCount", "input", "inputDetails")
        for value in ([], {"odd": 7}, 1e300, -0.5, "odd", None)
        # What may be so.
        if not (isinstance(value, str) and key in ("executionArn", "status", "input"))
        and not (value is None and key in ("redriveCount", "input", "inputDetails"))
        and not (isinstance(value, dict) and key == "inputDetails")
    ]
    spoilt = [written[0] | {"message": text} for text in odd]
    with Copy(ran, [*spoilt, *written, *spoilt]) as copy:
        assert statuses(ran, copy, now) == statuses(ran, ledger(ran), now)
