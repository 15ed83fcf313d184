"""What is read of runs, of real executions of a deployed job in the local AWS."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops.runs import Run, last_log_lines, log_lines, read_run
from sandbox.deploy import deploy
from sandbox.local_aws import LocalAws
from sandbox.play import run_to_end

ROOT = Path(__file__).parents[2]
# Does what its input says: so many lines, then a pause, then an end with that exit code.
OBEYS = """\
import json, os, sys, time
wanted = json.loads(os.environ["LONGHAUL_INPUT"])
for number in range(wanted.get("lines", 0)):
    print(os.environ["LONGHAUL_ATTEMPT"], number)
sys.stdout.flush()
time.sleep(wanted.get("seconds", 0))
sys.exit(wanted.get("exit", 0))
"""
JOBS = {
    "obeys": {
        "image": "example.com/obeys:1",
        "entrypoint": ["python", "-c", OBEYS],
        "input": {"lines": 1},
        "retries": {"attempts": 1, "interval": "1m", "finalExitCodes": [64]},
    },
    "absent": {"image": "example.com/absent:1"},
}


class Stack:
    """A deployed stack of two jobs."""

    def __init__(self, aws: LocalAws, machines: dict[str, str]) -> None:
        self._aws = aws
        self._machines = machines
        self.client = aws.client
        self.states = aws.client("stepfunctions")

    def start(self, execution_input: Any, job: str = "obeys") -> str:
        """StartExecution; the execution's ARN."""
        answer = self.states.start_execution(stateMachineArn=self._machines[job], input=json.dumps(execution_input))
        return answer["executionArn"]

    def read(self, execution_arn: str, job: str = "obeys") -> Run:
        return read_run(self.client, job, execution_arn)

    def run(self, execution_input: Any, job: str = "obeys") -> Run:
        """Start a run and read it at its end."""
        execution_arn = self.start(execution_input, job)
        run_to_end(self._aws, execution_arn)
        return self.read(execution_arn, job)

    def log(self, run: Run) -> tuple[list[str], list[str]]:
        """All lines, and the last two."""
        return list(log_lines(self.client, run)), last_log_lines(self.client, run, 2)


@pytest.fixture(scope="module")
def stack(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    root = tmp_path_factory.mktemp("project")
    for name in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(ROOT / name, root)
    config = {"aws:region": local_aws.region, "longhaul:jobs": JOBS}
    # JSON is YAML too.
    (root / "Pulumi.reads.yaml").write_text(json.dumps({"config": config}))
    deployment = deploy(root, "reads", local_aws)
    yield Stack(local_aws, deployment.outputs["stateMachines"])
    deployment.destroy()


def test_a_run_that_succeeded(stack: Stack) -> None:
    given = {"scheduledTime": "2026-11-24T03:15:00Z", "input": {"lines": 3}}
    run = stack.run(given)
    assert (run.job, run.status, run.exit_code, run.attempts) == ("obeys", "SUCCEEDED", 0, 1)
    assert (run.error, run.cause) == (None, None)
    assert run.scheduled_time == "2026-11-24T03:15:00Z"
    assert run.input == given
    assert run.output["status"] == "SUCCEEDED"
    assert run.stopped is not None
    assert run.duration == run.stopped - run.started > timedelta(0)
    assert stack.log(run) == (["1 0", "1 1", "1 2"], ["1 1", "1 2"])


def test_a_run_that_failed_tells_of_its_last_attempt(stack: Stack) -> None:
    run = stack.run({"input": {"lines": 2, "exit": 3}})
    assert (run.status, run.error, run.exit_code, run.attempts) == ("FAILED", "Job.ExitedNonZero", 3, 2)
    assert run.cause is not None
    assert "exited with code 3" in run.cause
    # The details are in the other fields.
    assert "\n" not in run.cause
    assert "{" not in run.cause
    assert run.output is None
    assert run.scheduled_time is None
    assert run.duration is not None
    assert run.duration >= timedelta(minutes=1)
    assert stack.log(run) == (["2 0", "2 1"], ["2 0", "2 1"])


def test_a_run_that_goes_on(stack: Stack) -> None:
    execution_arn = stack.start({"input": {"seconds": 300}})
    run = stack.read(execution_arn)
    stack.states.stop_execution(executionArn=execution_arn)
    assert (run.status, run.stopped, run.duration, run.output) == ("RUNNING", None, None, None)
    assert stack.log(run) == ([], [])


@pytest.mark.parametrize("cause", ["Wrong day", "Wrong day\nand wrong bucket", 'Wrong day\n["sales"]'])
def test_a_run_that_was_aborted_has_what_was_said_of_it(stack: Stack, cause: str) -> None:
    execution_arn = stack.start({"input": {"lines": 1, "seconds": 300}})
    stack.states.stop_execution(executionArn=execution_arn, error="Operator", cause=cause)
    run = stack.read(execution_arn)
    assert (run.status, run.error, run.cause) == ("ABORTED", "Operator", cause)
    assert (run.exit_code, run.attempts, run.output) == (None, None, None)
    assert run.duration is not None
    assert stack.log(run) == ([], [])


def test_a_run_that_was_aborted_without_a_word(stack: Stack) -> None:
    execution_arn = stack.start({"input": {"seconds": 300}})
    stack.states.stop_execution(executionArn=execution_arn)
    run = stack.read(execution_arn)
    assert (run.status, run.error, run.cause) == ("ABORTED", None, None)


def test_a_run_whose_task_was_refused_has_no_log(stack: Stack) -> None:
    run = stack.run({}, "absent")
    assert (run.status, run.error, run.exit_code) == ("FAILED", "Job.Refused", None)
    assert run.cause is not None
    assert "CannotPullContainerError" in run.cause
    assert stack.log(run) == ([], [])


def test_a_run_that_logged_nothing(stack: Stack) -> None:
    run = stack.run({"input": {}})
    assert (run.status, run.exit_code) == ("SUCCEEDED", 0)
    assert run.log_stream is not None
    assert stack.log(run) == ([], [])


def test_a_log_that_is_gone(stack: Stack) -> None:
    run = stack.run({"input": {"lines": 1}})
    stack.client("logs").delete_log_stream(logGroupName=run.log_group, logStreamName=run.log_stream)
    assert stack.log(run) == ([], [])


def test_a_log_of_more_than_a_page_is_read_whole_and_in_order(stack: Stack) -> None:
    # A page has at most 10,000 events:
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
    run = stack.run({"input": {"lines": 20_001}})
    lines, last = stack.log(run)
    assert lines == [f"1 {number}" for number in range(20_001)]
    assert last == ["1 19999", "1 20000"]


def test_an_input_that_is_no_object_has_no_scheduled_time(stack: Stack) -> None:
    run = stack.run([1])
    assert (run.input, run.scheduled_time) == ([1], None)


def test_an_execution_that_is_not_there(stack: Stack) -> None:
    with pytest.raises(ClientError, match="ExecutionDoesNotExist"):
        stack.read(stack.run({"input": {}}).execution_arn + "0")
