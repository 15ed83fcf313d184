"""docs/results.md, followed: what its lines leave is what the run returns, wherever that is seen."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ops.course import read_course
from ops.runs import read_run
from sandbox.local_aws import LocalAws
from tests.cli.conftest import COMMAND, ENVIRONMENT
from tests.ops.operated import Operated, deployed

PAGE = (Path(__file__).parents[1] / "docs" / "results.md").read_text("utf-8")
PYTHON, SHELL = (re.findall(rf"(?<=```{language}\n).*?(?=```)", PAGE, re.DOTALL)[0] for language in ("python", "sh"))

# The AWS CLI cannot be installed beside the boto3 that the sandbox needs: each wants a botocore of its own. This puts
# what it is given as `aws s3 cp - s3://...` does.
AWS = f"""#!{sys.executable}
import sys
import boto3
assert sys.argv[1:4] == ["s3", "cp", "-"], sys.argv
bucket, _, key = sys.argv[4].removeprefix("s3://").partition("/")
boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=sys.stdin.buffer.read())
"""
IMAGE = {"image": "example.com/returns:1", "results": True, "overlap": "allow"}
JOBS = {
    "in-python": IMAGE | {"entrypoint": ["python", "-c", PYTHON]},
    "in-shell": IMAGE | {"entrypoint": ["sh", "-ec", SHELL]},
    "none": IMAGE | {"entrypoint": ["true"]},
    "ends-at-sigterm": IMAGE
    | {"entrypoint": ["sh", "-c", "trap 'exit 0' TERM; echo ready; while :; do sleep 0.02; done"]},
}


class Returning(Operated):
    """A stack of jobs that leave what the page says, and of one that does not."""

    name = "results"


@pytest.fixture(scope="module")
def returning(local_aws: LocalAws) -> Returning:
    return deployed(local_aws, Returning, JOBS)


@pytest.fixture
def _aws_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = tmp_path / "aws"
    command.write_text(AWS)
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{ENVIRONMENT['PATH']}")


def show(returning: Returning, *arguments: str) -> str:
    done = subprocess.run(
        [*COMMAND, "-C", str(returning.root), "show", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env=ENVIRONMENT | returning.local_aws.environment,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_lines_in_python_return_a_result(returning: Returning) -> None:
    execution_arn = returning.run("in-python")

    expected = {"rows": 896, "partition": "2026-11-23"}
    run = read_run(returning.aws, "in-python", execution_arn)
    assert (run.status, run.result) == ("SUCCEEDED", expected)
    assert json.loads(show(returning, execution_arn, "--output", "json"))["result"] == expected
    text = show(returning, execution_arn)
    assert '\nresult      {\n  "rows": 896,\n  "partition": "2026-11-23"\n}\n' in text
    assert text.count("896") == 1
    assert [attempt.outcome for attempt in read_course(returning.aws, execution_arn).attempts] == ["SUCCEEDED"]


@pytest.mark.usefixtures("_aws_on_path")
def test_the_lines_in_a_shell_return_a_result(returning: Returning) -> None:
    execution_arn = returning.run("in-shell")

    assert read_run(returning.aws, "in-shell", execution_arn).result == {"rows": 896}


def test_a_run_without_one_is_told_so_with_what_to_do(returning: Returning) -> None:
    execution_arn = returning.run("none")

    run = read_run(returning.aws, "none", execution_arn)
    assert (run.error, run.exit_code, run.result, run.has_result) == ("Job.InvalidResult", 0, None, False)
    assert run.cause is not None
    assert " and left no result at s3://acme-results-results-" in run.cause
    text = show(returning, execution_arn)
    assert text.count("\nattempt ") == 1
    assert "attempt 1  it exited with code 0 and left no valid result\n" in text
    assert "  to do      See that the job puts JSON of up to 128 KiB where `LONGHAUL_RESULT_URL` says" in text


def test_a_task_that_was_stopped_and_exited_with_0_is_one_attempt(returning: Returning) -> None:
    execution_arn = returning.start("ends-at-sigterm")
    returning.until_submitted(execution_arn)
    (attempt,) = read_course(returning.aws, execution_arn).attempts
    outputs = returning.deployment.outputs
    cluster, log_group = outputs["cluster"], outputs["logGroups"]["ends-at-sigterm"]
    ecs, logs = returning.local_aws.client("ecs"), returning.local_aws.client("logs")
    while not logs.filter_log_events(logGroupName=log_group, filterPattern="ready")["events"]:
        pass
    ecs.stop_task(cluster=cluster, task=attempt.task_arn)
    returning.to_end(execution_arn)

    (task,) = ecs.describe_tasks(cluster=cluster, tasks=[attempt.task_arn])["tasks"]
    assert task["containers"][0]["exitCode"] == 0
    (stopped,) = read_course(returning.aws, execution_arn).attempts
    assert stopped.outcome == read_run(returning.aws, "ends-at-sigterm", execution_arn).error == "Job.Stopped"


def test_the_ledger_has_it(returning: Returning) -> None:
    execution_arn = returning.run("in-python")

    lines = returning.local_aws.client("logs").filter_log_events(
        logGroupName=returning.deployment.outputs["ledger"], filterPattern='{ $.detail.status = "SUCCEEDED" }'
    )["events"]
    (detail,) = [
        event["detail"]
        for event in (json.loads(line["message"]) for line in lines)
        if event["detail"]["executionArn"] == execution_arn
    ]
    assert json.loads(detail["output"])["result"] == {"rows": 896, "partition": "2026-11-23"}
