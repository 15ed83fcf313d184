"""The verbs on a job that runs as a Lambda function."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable

import pytest

from sandbox.local_aws import LocalAws
from tests.cli.conftest import COMMAND, ENVIRONMENT
from tests.ops.functions import Functions, functions_stack

Operate = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def functions(local_aws: LocalAws) -> Functions:
    return functions_stack(local_aws)


@pytest.fixture
def operate(functions: Functions) -> Operate:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, "-C", str(functions.root), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            env=ENVIRONMENT | functions.local_aws.environment,
        )

    return run


def test_a_run_is_shown_and_its_lines_are_printed(functions: Functions, operate: Operate) -> None:
    functions.run("obeys", {"input": {"lines": 2, "exit": 64}})
    shown = operate("show", "obeys@failed", "--output", "json")
    (attempt,) = json.loads(shown.stdout)["tasks"]
    assert (attempt["outcome"], attempt["exitCode"], attempt["taskArn"]) == ("Job.ExitedNonZero", 64, None)
    assert attempt["functionArn"].endswith(":function:acme-functions-obeys:1")
    assert attempt["taskLink"].endswith("#/functions/acme-functions-obeys/versions/1")
    assert json.loads(shown.stdout)["lastLogLines"] == ["1 0", "1 1"]
    for_people = operate("show", "obeys@failed").stdout
    assert re.search(rf"^  request +{attempt['requestId']}$", for_people, re.MULTILINE)
    assert operate("logs", "obeys@failed").stdout == "1 0\n1 1\n"


def test_a_run_is_stopped_and_its_function_goes_on(functions: Functions, operate: Operate) -> None:
    execution_arn = functions.start("obeys", {"input": {"seconds": 600}})
    while not any(event["type"] == "TaskStarted" for event in functions.events(execution_arn)):
        pass
    unwritten = operate("logs", "obeys@latest")
    assert (unwritten.returncode, unwritten.stdout) == (0, "")
    assert "on Lambda an attempt's come once it has ended" in unwritten.stderr
    would = operate("stop", "obeys@latest", "--dry-run").stdout
    assert re.fullmatch(r"Would stop \S+ of obeys, running for .*, a function\.\n", would)
    stopped = operate("stop", "obeys@latest", "--yes")
    assert stopped.returncode == 0
    says = r"\S+ of obeys has ended \(ABORTED\)\. Lambda stops no function that was invoked: it may run on, until .+ "
    assert re.fullmatch(f"{says}at the latest\\.\n", stopped.stdout)
    functions.until_cut_off()


def test_a_persons_command_and_variables_reach_the_program(functions: Functions, operate: Operate) -> None:
    done = operate(
        "start", "obeys", "--command", "-c 'import os; print(os.environ[\"DAY\"])'", "--env", "DAY=x", "--wait"
    )
    # Behind the entry point, which is Python with a program of its own: more arguments to that.
    assert done.returncode == 0, done.stderr
    arn = functions.states.list_executions(stateMachineArn=functions.job("obeys").machine_arn, maxResults=1)[
        "executions"
    ][0]["executionArn"]
    (asked,) = [event for event in functions.events(arn) if event["type"] == "TaskScheduled"]
    payload = json.loads(asked["taskScheduledEventDetails"]["parameters"])["Payload"]
    assert payload["environment"]["DAY"] == "x"
    assert payload["command"][-2:] == ["-c", 'import os; print(os.environ["DAY"])']
