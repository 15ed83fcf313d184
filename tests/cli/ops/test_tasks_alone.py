"""Verbs on jobs without a state machine, as people use them: a process each."""

from __future__ import annotations

import json
import re

import yaml

from tests.cli.conftest import Longhaul
from tests.ops.operated import JOBS, Operated


def test_a_run_from_its_start_to_its_rerun(operate: Longhaul) -> None:
    started = operate("start", "tick", "--input", '{"exit": 64, "lines": 2}', "--follow")
    assert (started.returncode, started.stdout.splitlines()[1:]) == (64, ["1 0", "1 1"])
    task_arn = started.stdout.splitlines()[0]
    task_id = task_arn.rpartition("/")[2]
    assert re.search(rf"{task_id} FAILED after \S+ s, exit code 64\n.*Job.ExitedNonZero: tick", started.stderr)

    (row,) = json.loads(operate("history", "tick", "--limit", "1", "--output", "json").stdout)
    assert (row["name"], row["executionArn"], row["status"]) == (task_id, task_arn, "FAILED")
    assert (row["error"], row["exitCode"], row["trigger"]) == ("Job.ExitedNonZero", 64, "manual")
    assert (row["attempts"], row["startRetries"], row["scheduledTime"]) == (None, None, None)

    shown = operate("show", task_id)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert f"tick  {task_id}  FAILED, exit code 64" in shown.stdout
    assert "an ECS task without a state machine: nothing tries it again" in shown.stdout
    assert f"/tasks/{task_id}?region=" in shown.stdout
    assert "  1 1" in shown.stdout.splitlines()

    refused = operate("redrive", "tick@latest")
    assert (refused.returncode, refused.stdout) == (1, "")
    why = "no state machine ran it, and so there is nothing that could go on where it stood"
    instead = f"Instead: longhaul rerun tick@{task_id}\n"
    assert refused.stderr == f"longhaul: {task_id} of tick is not redriven: {why}. {instead}"

    again = operate("rerun", f"tick@{task_id}", "--set", "exit=0", "--wait")
    assert again.returncode == 0
    assert "exit: 64 -> 0" in again.stderr
    (row,) = json.loads(operate("history", "tick", "--limit", "1", "--output", "json").stdout)
    assert (row["executionArn"], row["rerunOf"]) == (again.stdout.strip(), task_arn)
    assert f"rerun of {task_id}" in operate("show", "tick@latest").stdout


def test_a_run_is_stopped_and_is_in_the_way_until_then(operated: Operated, operate: Longhaul) -> None:
    task_arn = operated.run_task("tock", {"seconds": 600}, waited_for=False)
    task_id = task_arn.rpartition("/")[2]
    file = operated.root / "Pulumi.night.yaml"
    text = file.read_text()
    jobs = {name: job for name, job in JOBS.items() if name != "tock"}
    file.write_text(yaml.safe_dump({"config": {"aws:region": operated.local_aws.region, "longhaul:jobs": jobs}}))
    try:
        check = operate("check", "night", "--deployed")
    finally:
        file.write_text(text)
    assert check.returncode == 1
    assert f"night: tock would be removed, and 1 run of it goes on:\n  {task_arn} since 20" in check.stderr
    assert "./longhaul stop ARN --stack night\n" in check.stderr
    assert "state machine" not in check.stderr

    planned = operate("stop", "tock@latest", "--dry-run")
    assert re.match(rf"Would stop {task_id} of tock, running for .*, task {task_id} \(RUNNING\)\.\n", planned.stdout)
    done = operate("stop", task_arn, "--yes", "--reason", "disk full")
    assert (done.returncode, done.stderr) == (0, f"{task_id} is told to stop.\n")
    assert done.stdout.endswith(f"{task_id} of tock has ended (FAILED), and no task of it runs.\n")
    told = json.loads(operate("show", task_id, "--output", "json").stdout)
    assert told["error"] == "Job.Stopped"
    assert "disk full (stopped by " in told["cause"]
    assert operate("stop", task_id).stdout == f"{task_id} of tock has ended (FAILED), and no task of it runs.\n"


def test_a_start_is_shown_before_it_is_made(operate: Longhaul) -> None:
    done = operate("start", "tick", "--env", "COLOUR=red", "--dry-run")
    assert json.loads(done.stdout) == {"trigger": "manual", "environment": {"COLOUR": "..."}}
    assert done.stderr == "Would start a task of acme-night-tick with this.\n"
