"""`longhaul rerun`, a process that does real runs again in the local AWS."""

from __future__ import annotations

import json

import pytest

from ops.runs import read_run
from tests.cli.conftest import Longhaul
from tests.ops.operated import Operated


def test_a_changed_run_says_what_is_other(operated: Operated, operate: Longhaul) -> None:
    first = operated.run("obeys", {"input": {"exit": 64, "lines": 1}, "environment": {"PASSWORD": "hunter2"}})
    same = operate("rerun", first, "--wait")
    assert same.returncode == 64
    assert "->" not in same.stderr

    dry = operate("rerun", "obeys@failed", "--set", "exit=0", "--dry-run")
    assert dry.returncode == 0
    assert "input.exit: 64 -> 0" in dry.stderr
    shown = json.loads(dry.stdout)
    assert shown["rerunOf"] == same.stdout.strip()
    assert shown["environment"] == {"PASSWORD": "..."}

    done = operate("rerun", first, "--set", "exit=0", "--set", "day=2026-11-24", "--wait")
    assert done.returncode == 0, done.stderr
    assert 'input.exit: 64 -> 0\ninput.day: nothing -> "2026-11-24"\n' in done.stderr
    run = read_run(operated.aws, "obeys", done.stdout.strip())
    assert (run.trigger, run.rerun_of, run.status) == ("rerun", first, "SUCCEEDED")
    assert run.input["input"] == {"exit": 0, "lines": 1, "day": "2026-11-24"}


def test_the_job_s_own_input_can_be_changed_and_replaced(operated: Operated, operate: Longhaul) -> None:
    first = operated.run("obeys")
    done = operate("rerun", first, "--set", "exit=64", "--wait")
    assert done.returncode == 64
    assert "input.exit: nothing -> 64" in done.stderr
    whole = operate("rerun", first, "--input", '{"exit": 64}', "--dry-run")
    assert """input: the job's own -> {"exit": 64}""" in whole.stderr


def test_all_that_failed_are_run_again_one_after_another(operated: Operated, operate: Longhaul) -> None:
    # The lock is free after it.
    operated.run("obeys-alone")
    runs = [
        operated.run("obeys-alone", {"input": {"exit": 64}, "scheduledTime": f"2026-11-0{number}T00:00:00Z"})
        for number in (1, 2)
    ]
    since = operated.states.describe_execution(executionArn=runs[0])["startDate"].isoformat()
    dry = operate("rerun", "--failed", "obeys-alone", "--since", since, "--dry-run")
    assert dry.stdout == "Would run 2 again, one after another.\n"
    assert "for 2026-11-01T00:00:00Z: Job.ExitedNonZero" in dry.stderr
    unasked = operate("rerun", "--failed", "obeys-alone", "--since", since)
    assert (unasked.returncode, unasked.stdout) == (2, "")

    done = operate("rerun", "--failed", "obeys-alone", "--since", since, "--yes")
    # They fail again, and none is skipped although the job does not overlap.
    assert done.returncode == 1
    again = [read_run(operated.aws, "obeys-alone", arn) for arn in done.stdout.split()]
    assert [run.rerun_of for run in again] == runs
    assert {run.status for run in again} == {"FAILED"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "expected a RUN, or --failed JOB"),
        (("obeys@latest", "--failed", "obeys"), "expected a RUN, or --failed JOB"),
        (("--failed", "obeys"), "--failed takes --since"),
        (("obeys@latest", "--since", "1h"), "--since goes with --failed"),
        (("obeys@latest", "--input", "1", "--set", "a=1"), "expected --input or --set, found both"),
        (("obeys@x", "--set", "a=1"), "obeys has no run 'x'"),
    ],
)
def test_wrong_use(operate: Longhaul, arguments: tuple[str, ...], says: str) -> None:
    done = operate("rerun", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in " ".join(done.stderr.replace("│", " ").split())


def test_what_goes_on_is_not_run_again(operated: Operated, operate: Longhaul) -> None:
    goes_on = operated.start("obeys", {"input": {"seconds": 600}})
    done = operate("rerun", goes_on)
    operated.stop(goes_on)
    assert done.returncode == 2
    assert "still runs" in done.stderr
