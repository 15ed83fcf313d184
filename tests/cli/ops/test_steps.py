"""The verbs on jobs with steps, processes that ask the local AWS."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable

import pytest

from ops.runs import read_run
from sandbox.local_aws import LocalAws
from tests.cli.conftest import COMMAND, ENVIRONMENT
from tests.ops.stepped import Stepped, stepped_stack

Steps = Callable[..., "subprocess.CompletedProcess[str]"]
LIST = {"result": {"items": [{"result": 1, "lines": 1}, {"result": "two"}]}}


@pytest.fixture(scope="module")
def stepped(local_aws: LocalAws) -> Stepped:
    return stepped_stack(local_aws)


@pytest.fixture
def operate(stepped: Stepped) -> Steps:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, "-C", str(stepped.root), *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            env=ENVIRONMENT | stepped.local_aws.environment,
        )

    return run


def test_a_failed_run_and_what_to_do_about_it(stepped: Stepped, operate: Steps) -> None:
    given = {"input": {"list": LIST, "last": {"exit": 3, "lines": 1}}}
    execution_arn = stepped.run("line", given)
    name = execution_arn.rpartition(":")[2]

    shown = operate("show", name).stdout
    assert shown.startswith(f"line  {name}  FAILED, exit code 3\n")
    assert re.search(r"^step list  SUCCEEDED, 1 attempt, \S+ s\n  result    \{\"items\":", shown, re.MULTILINE)
    assert re.search(r"^step fetch  SUCCEEDED, 2 of 2 succeeded, \S+ s\n  result    \[1,\"two\"\]", shown, re.MULTILINE)
    assert re.search(r"^  index 1, attempt 1  it succeeded after \S+ s, task [0-9a-f]{32}$", shown, re.MULTILINE)
    assert "\nstep extra  not needed\n" in shown
    assert re.search(
        r"^step last  FAILED, 2 attempts, 1 min 0\d s\n  error     Job.ExitedNonZero$", shown, re.MULTILINE
    )
    assert shown.count("it exited with code 3") == 2
    assert shown.endswith("log         the last lines\n  last - 2 0\n")

    logs = operate("logs", name)
    assert logs.stdout == "fetch 0 1 0\nlast - 1 0\nlast - 2 0\n"
    assert logs.stderr.splitlines() == [
        f"{name}, step fetch, index 0, attempt 1:",
        f"{name}, step last, attempt 1:",
        f"{name}, step last, attempt 2:",
    ]
    chosen = operate("logs", name, "--step", "fetch", "--index", "0", "--output", "json")
    line = json.loads(chosen.stdout)
    assert (line["step"], line["index"], line["attempt"], line["message"]) == ("fetch", 0, 1, "fetch 0 1 0")
    wrong = operate("logs", name, "--step", "lost")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "did you mean" in wrong.stderr

    not_redriven = operate("redrive", name)
    assert not_redriven.returncode == 1
    assert not_redriven.stderr.endswith(f"Instead: longhaul rerun line@{name} --from last\n")

    again = operate("rerun", f"line@{name}", "--from", "last", "--set", 'last={"result": 7}', "--wait")
    assert again.returncode == 0, again.stderr
    assert "input.last.exit: 3 -> nothing\n" in again.stderr
    assert f"Begins with last; left out: list, fetch, extra.\nlist: {json.dumps(LIST['result'])}" in again.stderr
    assert f'\nfetch: [1, "two"], of {name}\n' in again.stderr
    run = read_run(stepped.aws, "line", again.stdout.strip())
    assert (run.rerun_of, run.input["from"], run.result) == (execution_arn, "last", 7)
    shown = operate("show", run.execution_arn).stdout
    assert "\nbegins      with last, with the results of list, fetch\n" in shown
    assert '"results"' not in shown


def test_json_is_what_the_documentation_says(stepped: Stepped, operate: Steps) -> None:
    execution_arn = stepped.run("spread", {"input": {"items": [{"result": 1}, {"exit": 3}], "last": {}}})
    found = json.loads(operate("show", execution_arn, "--output", "json").stdout)
    one, last = found["steps"]
    assert list(one) == [
        *("step", "within", "status", "error", "attempts", "started", "ended", "durationSeconds", "items"),
        *("mapRunArn", "runs", "result"),
    ]
    assert one["items"] == {"total": 2, "succeeded": 1, "failed": 1, "running": 0, "aborted": 0, "pending": 0}
    assert (one["status"], one["attempts"], one["result"][0]) == ("SUCCEEDED", None, 1)
    assert ":mapRun:acme-stepped-spread/one:" in one["mapRunArn"]
    assert (last["step"], last["attempts"], last["items"], last["mapRunArn"]) == ("last", 1, None, None)
    tasks = [(task["step"], task["index"], task["attempt"], task["outcome"]) for task in found["tasks"]]
    assert sorted(tasks, key=str) == [
        ("last", None, 1, "SUCCEEDED"),
        ("one", 0, 1, "SUCCEEDED"),
        ("one", 1, 1, "Job.ExitedNonZero"),
    ]
    assert (found["step"], found["exitCode"], found["attempts"]) == (None, None, None)


def test_a_step_s_run_of_another_job(stepped: Stepped, operate: Steps) -> None:
    execution_arn = stepped.run("outer", {"input": {"inner": {"exit": 5}}})
    shown = operate("show", execution_arn).stdout
    run = re.search(r"^  run       FAILED  (\S+)$", shown, re.MULTILINE)
    assert run is not None
    (row,) = json.loads(operate("history", "plain", "--limit", "1", "--output", "json").stdout)
    assert (row["executionArn"], row["trigger"], row["startedBy"]) == (run[1], "step", execution_arn)
    table = operate("history", "plain", "--limit", "1").stdout
    assert f"step acme-stepped-outer:{execution_arn.rpartition(':')[2]}" in table
    dry = operate("redrive", execution_arn, "--dry-run")
    assert dry.returncode == 0
    assert dry.stderr == "It goes on with inner; steps that succeeded are not repeated.\n"


def test_a_run_is_stopped_with_all_its_tasks(stepped: Stepped, operate: Steps) -> None:
    long = {"seconds": 600}
    execution_arn = stepped.start("sides", {"input": {"left": long, "first": long}})
    while stepped.submitted(execution_arn) < 2:
        pass
    done = operate("stop", execution_arn, "--yes")
    assert done.returncode == 0, done.stderr
    assert len(re.findall(r"^task [0-9a-f]{32} STOPPED", done.stdout, re.MULTILINE)) == 2
    other = stepped.start("outer", {"input": {"inner": long}})
    while not stepped.submitted(other):
        pass
    told = operate("stop", other, "--yes")
    assert re.search(
        r"^Its step inner ran plain@\S+, which is stopped with it; .*: longhaul stop plain@", told.stderr, re.M
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("start", "line", "--command", "x"), "line has steps or a count, and takes no other command"),
        (("rerun", "--failed", "line", "--since", "1h", "--from", "last"), "--failed takes --since and no other input"),
    ],
)
def test_wrong_use(operate: Steps, arguments: tuple[str, ...], says: str) -> None:
    done = operate(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in " ".join(done.stderr.replace("│", " ").split())
