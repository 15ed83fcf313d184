"""`--fault`: what it may say, and what a user sees of what it did."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer

from cli.faults import KINDS, Lag, add_faults, parse_fault
from sandbox.faults import (
    DeliverLate,
    DeliverTwice,
    FailPull,
    Fault,
    InterruptSpot,
    LoseHost,
    LoseSecret,
    RefuseCapacity,
    RefuseInvoke,
    RetireTask,
    RunOutOfMemory,
    SpoilCause,
    SpoilChange,
    Throttle,
    TimeOutFunction,
)
from sandbox.local_aws import LocalAws
from tests.cli.conftest import Longhaul

JOBS = ("daily-rollup", "hello")
DOCS = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text()


@pytest.mark.parametrize(
    ("text", "job", "expected"),
    [
        ("capacity", None, RefuseCapacity()),
        ("capacity:2", None, RefuseCapacity(first=2)),
        ("capacity:10%:spot", None, RefuseCapacity(share=0.1, spot_only=True)),
        ("capacity:error:hello", "hello", RefuseCapacity(as_error=True)),
        ("throttle", None, Throttle(a_second=20)),
        ("throttle:5:ec2", None, Throttle(a_second=5, by_ec2=True)),
        ("pull", None, FailPull(because="timeout")),
        ("pull:timeout", None, FailPull(because="timeout")),
        ("pull:missing:hello", "hello", FailPull(because="missing")),
        ("secret:hello", "hello", LoseSecret()),
        ("secret:throttled:2", None, LoseSecret(because="throttled", first=2)),
        ("host:2.5%", None, LoseHost(share=0.025)),
        ("retire@1h30m", None, RetireTask(after=5400)),
        ("spot:daily-rollup:1@30s", "daily-rollup", InterruptSpot(first=1, after=30)),
        ("memory@10m", None, RunOutOfMemory(after=600)),
        ("invoke:2", None, RefuseInvoke(first=2)),
        ("invoke:error:hello", "hello", RefuseInvoke(throttled=False)),
        ("invoke:runs-on", None, RefuseInvoke(throttled=False, runs_on=True)),
        ("out-of-time:hello@30s", "hello", TimeOutFunction(after=30)),
        ("cause", None, SpoilCause(into="text")),
        ("cause:no-exit-code", None, SpoilCause(into="no-exit-code")),
        ("cause:no-containers", None, SpoilCause(into="no-containers")),
        ("task-event", None, SpoilChange()),
        ("task-event:hello:twice:50%", "hello", SpoilChange(into="twice", share=0.5)),
        ("deliver-twice", None, DeliverTwice()),
        ("deliver-twice:hello@2h", "hello", DeliverTwice(after=7200)),
        ("deliver-late", None, DeliverLate()),
        ("deliver-late@25h", None, DeliverLate(by=90_000)),
        ("stale-reads", None, Lag(seconds=10)),
        ("stale-reads@1m", None, Lag(seconds=60)),
    ],
)
def test_a_text_is_a_fault(text: str, job: str | None, expected: Fault | Lag) -> None:
    def arguments(fault: Fault | Lag) -> dict[str, Any]:
        return {name: value for name, value in vars(fault).items() if not name.startswith("_")}

    asked = parse_fault(text, JOBS)
    assert type(asked.fault) is type(expected)
    assert arguments(asked.fault) == arguments(expected)
    assert (asked.job, asked.text) == (job, text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("spto", "there is no fault 'spto'; did you mean spot?"),
        ("", "there is no fault ''; it is one of capacity, throttle,"),
        ("pull:mising", "did you mean missing?"),
        ("capacity:daly-rollup", "did you mean daily-rollup?"),
        (
            "secret:1x",
            "'1x' is neither a job nor another setting of secret; it is one of a number, a share such as 10%, missing",
        ),
        ("capacity:timeout", "'timeout' is neither a job nor another setting of capacity"),
        ("capacity:2:3", "'3' says again what another setting says"),
        ("host:hello:daily-rollup", "'daily-rollup' says again what another setting says"),
        ("capacity:0", "a number is 1 or more"),
        ("capacity:0%", "a share is above 0% and at most 100%"),
        ("capacity:101%", "a share is above 0% and at most 100%"),
        ("capacity@30s", "capacity takes no time"),
        ("spot@soon", "expected a time such as 30s or 25h after the @, found 'soon'"),
        ("spot@", "found ''"),
        ("stale-reads:hello", "stale-reads is everywhere or nowhere: it takes no setting"),
    ],
)
def test_a_wrong_text_is_refused_with_the_nearest_choice(text: str, problem: str) -> None:
    with pytest.raises(typer.BadParameter) as refused:
        parse_fault(text, JOBS)
    assert problem in str(refused.value)
    assert str(refused.value).startswith(f"--fault {text}: ")


def test_a_fault_of_a_job_meets_its_resources_and_a_lag_is_the_sandboxs() -> None:
    aws = LocalAws()
    asked = [parse_fault(text, JOBS) for text in ("capacity:hello", "spot", "stale-reads@20s")]
    add_faults(asked, aws, "acme-dev-{}".format)
    assert [each.fault.of for each in asked if isinstance(each.fault, Fault)] == ["acme-dev-hello", "*"]
    assert aws.stale_reads.seconds == 20
    assert aws.faults.run_task("acme-dev-hello", None, []) is not None
    assert aws.faults.run_task("acme-dev-other", None, []) is None


def test_the_documentation_has_a_row_for_each_kind() -> None:
    assert re.findall(r"^\| `([a-z-]+)` \|", DOCS.partition("## What can go wrong")[2], re.MULTILINE) == list(KINDS)


@pytest.mark.parametrize("command", ["run", "serve"])
def test_help_lists_every_kind(longhaul: Longhaul, command: str) -> None:
    shown = longhaul("sandbox", command, "--help")
    assert re.findall(r"^    ([a-z-]+)  +\S", shown.stdout, re.MULTILINE) == list(KINDS)
    assert max(map(len, shown.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["run", "--fault", "capacity:helo"], "did you mean hello?"),
        (["run", "--job", "hello", "--fault", "spto"], "did you mean spot?"),
        (["serve", "--stack", "dev", "--fault", "capacity:helo"], "did you mean hello?"),
        (["serve", "--fault", "capacity:hello"], "'hello' is neither a job nor"),
    ],
)
def test_wrong_use_is_exit_code_2_before_anything_is_deployed(
    longhaul: Longhaul, arguments: list[str], word: str
) -> None:
    refused = longhaul("sandbox", *arguments)
    assert refused.returncode == 2
    assert word in refused.stderr
    assert "Deployed" not in refused.stderr
    assert "Traceback" not in refused.stderr


DAY = ["--from", "2026-03-27T12:00:00Z", "--hours", "24", "--output", "json"]


def test_a_run_meets_its_faults_and_the_user_is_told(longhaul: Longhaul) -> None:
    played = longhaul("sandbox", "run", *DAY, "--fault", "capacity:hello:1", "--fault", "pull:missing")
    assert played.returncode == 1, played.stderr
    assert re.search(r"^Fault capacity:hello:1: 1 of [1-9][0-9]* calls of RunTask$", played.stderr, re.MULTILINE)
    assert re.search(r"^Fault pull:missing: [1-9][0-9]* of [1-9][0-9]* starts$", played.stderr, re.MULTILINE)
    (run,) = json.loads(played.stdout)
    assert run["status"] == "FAILED"
    assert "CannotPullContainerError" in run["cause"]


def test_a_second_delivery_is_a_line_of_its_own(longhaul: Longhaul) -> None:
    played = longhaul("sandbox", "run", *DAY, "--fault", "deliver-twice:hello@1h", "--fault", "spot")
    assert "Fault deliver-twice:hello@1h: 1 of 1 scheduled times\n" in played.stderr
    assert "Fault spot: 0 of 0 tasks on Spot\n" in played.stderr
    runs = json.loads(played.stdout)
    assert [run["scheduledTime"] for run in runs] == ["2026-03-28T02:15:00Z"] * 2
    assert len({run["executionArn"] for run in runs}) == 2


def test_a_job_that_is_started_by_hand_meets_them_too(longhaul: Longhaul) -> None:
    run = longhaul("sandbox", "run", "--job", "hello", "--fault", "secret", "--fault", "host:hello:1")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Fault secret: 0 of 0 starts with a secret, and functions' reads of one\n" in run.stderr
    assert re.search(r"^Fault host:hello:1: 1 of [1-9][0-9]* tasks$", run.stderr, re.MULTILINE)
