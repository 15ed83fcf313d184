"""`longhaul pause` and `longhaul resume`, processes that switch real triggers of the local AWS."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.conftest import Longhaul
from tests.ops.operated import Operated


@pytest.mark.parametrize(("job", "kind"), [("obeys", "rule"), ("obeys-alone", "schedule")])
def test_a_job_is_paused_and_resumed(operated: Operated, operate: Longhaul, job: str, kind: str) -> None:
    def is_on() -> bool:
        trigger = operated.job(job).trigger
        return trigger is not None and trigger.enabled

    dry = operate("pause", job, "--dry-run")
    assert (dry.returncode, dry.stdout) == (0, f"Would switch off the {kind} acme-night-{job}.\n")
    assert is_on()

    done = operate("pause", job, "--reason", "disk full")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{job} is paused: its {kind} acme-night-{job} is switched off.\n")
    assert f"until `longhaul resume {job}`" in done.stdout
    assert not is_on()
    again = operate("pause", job, "--reason", "other")
    assert again.returncode == 0
    words = r"\(paused 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ by \S+: disk full\)"
    assert re.fullmatch(rf"{job} is off already {words}\.\n", again.stdout), again.stdout

    table, listed = (operate("status", job, *options).stdout for options in ((), ("--output", "json")))
    assert re.search(rf"{job} .*paused by \S+: disk full", table), table
    paused = next(row for row in json.loads(listed) if row["job"] == job)["paused"]
    assert (set(paused), paused["reason"]) == ({"when", "who", "reason"}, "disk full")

    assert not is_on()
    resumed = operate("resume", job)
    assert resumed.returncode == 0, resumed.stderr
    assert re.fullmatch(rf"{job} is resumed: its {kind} acme-night-{job} is switched on {words}\.\n", resumed.stdout), (
        resumed.stdout
    )
    assert is_on()
    assert operate("resume", job).stdout == f"{job} is on already.\n"


def test_what_events_start_is_said_to_go_on(operated: Operated, operate: Longhaul) -> None:
    events, rule = operated.local_aws.client("events"), "acme-night-obeys.0a1b2c3d"
    events.put_rule(Name=rule, EventPattern='{"source": ["aws.s3"]}')
    try:
        done = operate("pause", "obeys")
    finally:
        events.delete_rule(Name=rule)
    assert operate("resume", "obeys").returncode == 0
    last = done.stdout.splitlines()[-1]
    assert last == "Other jobs' ends or objects start it all the same: by the rules acme-night-obeys.*, which stay on."
    assert events.list_rules(NamePrefix=rule)["Rules"] == []


def test_what_the_stack_switched_off_is_asked_about(operated: Operated, operate: Longhaul) -> None:
    unasked = operate("resume", "idle")
    assert (unasked.returncode, unasked.stdout) == (2, "")
    assert "its stack's file may say `enabled: false`" in unasked.stderr
    assert operate("pause", "idle").stdout == "idle is off already.\n"
    trigger = operated.job("idle").trigger
    assert trigger is not None
    assert not trigger.enabled


def test_a_job_that_only_people_start_has_nothing_to_pause(operate: Longhaul) -> None:
    for verb in ("pause", "resume"):
        done = operate(verb, "obeys-in-line")
        assert (done.returncode, done.stderr) == (
            2,
            "longhaul: obeys-in-line has no schedule: there is nothing to switch off\n",
        )
