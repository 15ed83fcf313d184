"""`longhaul start`, a process that starts real runs in the local AWS."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest

from ops.runs import read_run
from tests.cli.conftest import COMMAND, ENVIRONMENT, Longhaul
from tests.ops.operated import Operated
from tests.ops.tasks import tasks


def test_it_prints_the_arn_of_the_run_that_it_started(operated: Operated, operate: Longhaul) -> None:
    done = operate("start", "obeys-in-line", "--input", '{"lines": 2}')
    assert (done.returncode, done.stderr) == (0, "")
    execution_arn = done.stdout.strip()
    operated.to_end(execution_arn)
    run = read_run(operated.aws, "obeys-in-line", execution_arn)
    assert (run.status, run.input) == ("SUCCEEDED", {"trigger": "manual", "input": {"lines": 2}})


def test_the_exit_code_is_the_job_s(operate: Longhaul, tmp_path: Path) -> None:
    (tmp_path / "input.json").write_text('{"exit": 64}')
    failed = operate("start", "obeys", "--wait", "--input", f"@{tmp_path / 'input.json'}")
    assert failed.returncode == 64
    assert "FAILED" in failed.stderr
    assert "Job.ExitedNonZero: obeys (night) exited with code 64" in failed.stderr

    succeeded = operate("start", "obeys", "--wait", "--input", "-", stdin='{"exit": 0}')
    assert succeeded.returncode == 0, succeeded.stderr
    assert "SUCCEEDED after" in succeeded.stderr

    # It never started: there is no exit code to be had.
    absent = operate("start", "absent", "--wait")
    assert absent.returncode == 1
    assert "FAILED" in absent.stderr


def test_what_it_writes_can_be_followed(operate: Longhaul) -> None:
    done = operate("start", "obeys", "--follow", "--input", '{"lines": 2, "seconds": 1, "exit": 64}')
    assert done.returncode == 64
    execution_arn, *lines = done.stdout.splitlines()
    assert lines == ["1 0", "1 1"]
    assert f"{execution_arn.rpartition(':')[2]}, attempt 1:" in done.stderr
    assert "exit code 64" in done.stderr


def test_a_skipped_run_is_no_success(operated: Operated, operate: Longhaul) -> None:
    goes_on = operated.start("obeys-alone", {"input": {"seconds": 300}})
    operated.until_submitted(goes_on)
    skipped = operate("start", "obeys-alone", "--wait", "--input", "{}")
    operated.stop(goes_on)
    assert skipped.returncode == 1
    assert "SKIPPED" in skipped.stderr
    assert goes_on.rpartition(":")[2] in skipped.stderr


def test_command_and_environment_are_the_run_s(operated: Operated, operate: Longhaul) -> None:
    done = operate("start", "obeys", "--wait", "--command", "--day '24 November'", "--env", "A=1", "--env", "A=b=c")
    assert done.returncode == 0, done.stderr
    (container,) = tasks(operated, done.stdout.strip())[0]["overrides"]["containerOverrides"]
    assert container["command"] == ["--day", "24 November"]
    assert [pair["value"] for pair in container["environment"] if pair["name"] == "A"] == ["b=c"]


def test_a_dry_run_starts_nothing(operated: Operated, operate: Longhaul) -> None:
    arguments = ("start", "absent", "--input", '{"day": "2026-11-24"}', "--env", "PASSWORD=hunter2", "--command", "a b")
    machine = operated.job("absent").machine_arn
    before = operated.states.list_executions(stateMachineArn=machine)["executions"]
    done = operate(*arguments, "--dry-run")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        "trigger": "manual",
        "input": {"day": "2026-11-24"},
        "command": ["a", "b"],
        "environment": {"PASSWORD": "..."},
    }
    assert machine in done.stderr
    assert operated.states.list_executions(stateMachineArn=machine)["executions"] == before


def test_ctrl_c_leaves_the_run_alone(operated: Operated) -> None:
    waiting = subprocess.Popen(
        [*COMMAND, "-C", str(operated.root), "start", "obeys", "--wait", "--input", '{"seconds": 300}'],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT | operated.local_aws.environment,
    )
    assert waiting.stdout is not None
    execution_arn = waiting.stdout.readline().strip()
    operated.until_submitted(execution_arn)
    waiting.send_signal(signal.SIGINT)
    _, errors = waiting.communicate(timeout=300)
    status = read_run(operated.aws, "obeys", execution_arn).status
    operated.stop(execution_arn)
    assert (waiting.returncode, status) == (130, "RUNNING")
    assert f"longhaul stop obeys@{execution_arn.rpartition(':')[2]}" in errors


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--input", "{"), "--input: expected JSON"),
        (("--input", "@/nowhere/x"), "cannot read /nowhere/x: No such file"),
        (("--input", '{"id": 12345678901234567890}'), "numbers of at most 15 digits"),
        (("--input", '{"n": NaN}'), "a number that is not finite"),
        (("--input", json.dumps("x" * 8192)), "of the 8,192 characters that ECS takes"),
        (("--env", "AWS_REGION=eu-west-1"), "the prefix AWS_ is reserved"),
        (("--env", "TOKEN"), "expected NAME=VALUE"),
        (("--command", "'a"), "--command: No closing quotation"),
    ],
)
def test_wrong_use_starts_nothing(operate: Longhaul, arguments: tuple[str, ...], says: str) -> None:
    done = operate("start", "obeys", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in " ".join(done.stderr.replace("│", " ").split())
