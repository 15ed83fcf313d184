"""The runs of a job as they are told of afterwards, of real runs in the local AWS."""

from __future__ import annotations

from ops.history import read_history
from ops.rerunning import rerun_input
from ops.runs import Run
from tests.ops.operated import Operated


def history(operated: Operated, job: str, *statuses: str, limit: int = 20) -> list[Run]:
    return read_history(operated.aws, operated.job(job), statuses=statuses, limit=limit)


def test_runs_are_told_of_newest_first_and_by_how_they_ended(operated: Operated) -> None:
    failed = operated.run("obeys-alone", {"input": {"exit": 3}})
    succeeded = operated.run("obeys-alone")
    goes_on = operated.start("obeys-alone", {"input": {"seconds": 300}})
    operated.until_submitted(goes_on)
    skipped = operated.run("obeys-alone", {"trigger": "schedule", "scheduledTime": "2026-11-24T05:00:00Z"})

    def newest(*statuses: str, limit: int = 1) -> list[str]:
        return [run.execution_arn for run in history(operated, "obeys-alone", *statuses, limit=limit)]

    assert newest(limit=4) == [skipped, goes_on, succeeded, failed]
    assert newest("SUCCEEDED") == [succeeded]
    assert newest("SKIPPED") == [skipped]
    assert newest("RUNNING") == [goes_on]
    assert newest("FAILED", "SKIPPED", limit=2) == [skipped, failed]
    operated.stop(goes_on)
    assert newest("RUNNING") == []
    assert newest("ABORTED") == [goes_on]

    of_goes_on = next(run for run in history(operated, "obeys-alone") if run.execution_arn == goes_on)
    since = read_history(operated.aws, operated.job("obeys-alone"), since=of_goes_on.started, limit=20)
    assert [run.execution_arn for run in since] == [skipped, goes_on]


def test_what_each_run_has_to_tell(operated: Operated) -> None:
    first = operated.run("obeys", {"input": {"exit": 3}})
    operated.run("obeys", {"trigger": "rerun", "rerunOf": first, "input": {}})
    rerun, failed = history(operated, "obeys", limit=2)
    assert (rerun.trigger, rerun.rerun_of, rerun.scheduled_time) == ("rerun", first, None)
    assert (rerun.status, rerun.exit_code, rerun.attempts, rerun.start_retries) == ("SUCCEEDED", 0, 1, 0)
    assert (failed.trigger, failed.rerun_of) == ("manual", None)
    assert (failed.status, failed.error, failed.exit_code) == ("FAILED", "Job.ExitedNonZero", 3)
    assert (failed.attempts, failed.start_retries, failed.redrives) == (2, 0, 0)


def test_what_started_a_run_beside_its_schedule(operated: Operated) -> None:
    other = "arn:aws:states:eu-west-1:123456789012:execution:acme-night-absent:1"
    told = {"trigger": "object", "input": {"bucket": "sales", "object": {"key": "in/1.csv"}}}
    arn = operated.run("obeys", told)
    operated.run("obeys", {"trigger": "job", "startedBy": other, "input": {}})
    operated.run("obeys", {"trigger": "manual", "startedBy": "the nightly import", "input": {}})
    # A person may write anything there.
    operated.run("obeys", {"trigger": "object", "startedBy": ["x"], "input": {}})
    found = history(operated, "obeys", limit=4)[::-1]
    assert [(run.trigger, run.started_by) for run in found] == [
        ("object", "s3://sales/in/1.csv"),
        ("job", other),
        ("manual", "the nightly import"),
        ("object", None),
    ]
    again = rerun_input(found[0])
    assert again == {
        "trigger": "rerun",
        "rerunOf": arn,
        "scheduledTime": found[0].started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "input": told["input"],
    }


def test_more_runs_than_are_asked_for_at_once(operated: Operated) -> None:
    started = [operated.start("absent") for _ in range(12)]
    for execution_arn in started:
        operated.to_end(execution_arn)
    assert {run.execution_arn for run in history(operated, "absent", "FAILED", limit=12)} == set(started)
