"""What people are told of a job that ran elsewhere before: its runs of then, by the ledger alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.cli.conftest import Longhaul
from tests.ops.ledger_copy import Copy, all_lines
from tests.ops.operated import Operated


class Before(NamedTuple):
    """Runs of before, by their names."""

    task: str
    execution: str


@pytest.fixture(scope="module")
def before(operated: Operated) -> Iterator[Before]:
    """As if a task of `tick` had been one of `obeys`, and Step Functions had forgotten an execution of that."""
    task_id = operated.run_task("tick", {"exit": 5}).rpartition("/")[2]
    name = operated.run("obeys", {"input": {"exit": 64, "lines": 1}}).rpartition(":")[2]
    written: list[dict[str, str]] = []
    while {"STOPPED", "FAILED"} - _statuses(written):
        written = [line for line in all_lines(operated) if task_id in line["message"] or name in line["message"]]
    texts = [line["message"].replace("acme-night-tick", "acme-night-obeys") for line in written]
    copied = [{**line, "message": text.replace(name, "forgotten")} for line, text in zip(written, texts, strict=True)]
    with Copy(operated, copied):
        yield Before(task=task_id, execution="forgotten")


def _statuses(written: list[dict[str, str]]) -> set[str]:
    """What the lines say of a task or an execution."""
    details = [json.loads(line["message"])["detail"] for line in written]
    return {detail.get("lastStatus") or detail["status"] for detail in details}


def test_history_says_what_was_a_task_and_what_an_execution(before: Before, operate: Longhaul) -> None:
    runs = json.loads(operate("history", "obeys", "--limit", "1000", "--output", "json").stdout)
    told = {run["name"]: (run["ranAs"], run["status"], run["exitCode"]) for run in runs}
    assert told[before.task] == ("task", "FAILED", 5)
    assert told[before.execution] == ("execution", "FAILED", 64)
    assert "ran as" in operate("history", "obeys", "--limit", "1000").stdout
    assert "ran as" not in operate("history", "obeys-alone").stdout


def test_show_and_logs_say_what_is_not_known_any_more(before: Before, operate: Longhaul) -> None:
    shown = operate("show", f"obeys@{before.execution}")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "obeys  forgotten  FAILED, exit code 64" in shown.stdout
    assert "the ledger alone: Step Functions knows it no more" in shown.stdout
    assert "  1 0" in shown.stdout.splitlines()
    for told in ("asked for", "console  "):
        assert told not in shown.stdout
    told = json.loads(operate("show", f"obeys@{before.execution}", "--output", "json").stdout)
    assert (told["forgotten"], told["consoleLink"], told["seconds"]) == (True, None, None)
    (attempt,) = told["tasks"]
    assert (attempt["attempt"], attempt["exitCode"], attempt["requested"], attempt["seconds"]) == (1, 64, None, None)
    logs = operate("logs", f"obeys@{before.execution}")
    assert (logs.returncode, logs.stdout) == (0, "1 0\n")
    assert logs.stderr.startswith("Step Functions knows forgotten no more: ")


def test_what_cannot_be_done_to_it_is_refused(before: Before, operate: Longhaul) -> None:
    name = f"obeys@{before.execution}"
    stopped = operate("stop", name)
    assert (stopped.returncode, stopped.stdout) == (2, "")
    assert stopped.stderr.endswith("Step Functions knows it no more: nobody tells which tasks it had\n")
    redriven = operate("redrive", name)
    assert (redriven.returncode, redriven.stdout) == (1, "")
    assert "knows it no more. Instead: longhaul rerun obeys@forgotten\n" in redriven.stderr
    again = operate("rerun", name, "--dry-run")
    assert json.loads(again.stdout)["input"] == {"exit": 64, "lines": 1}


def test_a_task_of_before_is_run_again_by_the_state_machine(before: Before, operate: Longhaul) -> None:
    again = operate("rerun", f"obeys@{before.task}", "--set", "exit=0", "--wait")
    assert again.returncode == 0
    assert f"rerun of {before.task}" in operate("show", again.stdout.strip()).stdout
