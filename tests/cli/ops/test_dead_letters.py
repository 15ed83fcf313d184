"""`longhaul dead-letters`, processes that read and empty the real queue of a deployed stack."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from collections.abc import Iterator

import pytest

from ops.dead_letters import in_hand_count, letter_count
from sandbox.local_aws import LocalAws
from tests.cli.conftest import COMMAND, ENVIRONMENT, Longhaul
from tests.ops.undelivered import Undelivered, undelivered_stack

KEYS = [
    "id", "sent", "kind", "job", "scheduledTime", "executionArn", "status", "inWords", "attempts", "advice",
    "errorCode", "errorMessage", "gaveUp", "triggerArn", "targetArn",
]  # fmt: skip


@pytest.fixture
def stack(local_aws: LocalAws) -> Iterator[Undelivered]:
    with undelivered_stack(local_aws) as stack:
        yield stack


@pytest.fixture
def late(stack: Undelivered) -> Longhaul:
    """Runs `dead-letters` on the deployed stack."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, "-C", str(stack.root), "dead-letters", *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            stdin=subprocess.DEVNULL,
            env=ENVIRONMENT | stack.local_aws.environment | environment,
        )

    return run


def test_letters_are_listed_delivered_and_thrown_away(stack: Undelivered, late: Longhaul) -> None:
    time = stack.fire_in_vain("scheduled")
    with stack.nobody_may_publish():
        failed = stack.run("by-hand", 3)
    stray = stack.send("anything")

    table = late("list", "--utc")
    assert (table.returncode, table.stderr) == (0, "")
    start, alert, other = (line for line in table.stdout.splitlines() if re.match(r" *[0-9a-f]{8} ", line))
    missing = "a permission is missing: "
    assert re.search(rf"UTC +start of scheduled for {time} +{missing}states:StartExecution +1 +Let `", start)
    assert re.search(rf"alert: {failed.rpartition(':')[2]} of by-hand FAILED +{missing}sns:Publish +1 ", alert)
    assert re.search(r"nothing of this stack .* discard it\.", other)
    rows = json.loads(late("list", "--output", "json").stdout)
    assert [list(row) for row in rows] == [KEYS] * 3
    assert [row["kind"] for row in rows] == ["start", "alert", "unknown"]
    assert (rows[0]["job"], rows[0]["scheduledTime"], rows[0]["errorCode"]) == (
        "scheduled",
        time,
        "AccessDeniedException",
    )
    assert rows[2] == dict.fromkeys(KEYS) | {
        "id": stray,
        "sent": rows[2]["sent"],
        "kind": "unknown",
        "attempts": 1,
        "inWords": "the target was not reached",
        "advice": rows[2]["advice"],
    }

    unasked = late("retry", "--all")
    assert (unasked.returncode, unasked.stdout) == (2, "")
    assert "Deliver 3 dead letters? Nobody is here to ask: say --yes" in unasked.stderr
    dry = late("retry", "--all", "--dry-run")
    assert dry.returncode == 1
    ids = [row["id"] for row in rows]
    told = f"start of scheduled for {time}"
    assert dry.stdout.splitlines()[0] == f"{ids[0]}  {told}: would start scheduled"
    assert letter_count(stack.aws, stack.queue_url) == 3

    done = late("retry", "--all", "--yes")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    arn = lines[0].removeprefix(f"{ids[0]}  {told}: started ")
    stack.to_end(arn)
    assert lines[1].endswith(f" of by-hand FAILED: published to {stack.topic}")
    assert lines[2] == f"{ids[2]}  nothing of this stack: stays: nothing of this stack sent it"
    assert done.stderr == "1 of 3 letters stay in the queue.\n"
    assert [json.loads(run["input"])["trigger"] for run in stack.runs_for("scheduled", time)] == ["schedule"]

    wrong = late("discard", f"{stray[:6]}xyz", "--yes")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert f"did you mean {stray[:9]}?" in wrong.stderr
    thrown = late("discard", stray[:4], "--yes")
    assert (thrown.returncode, thrown.stdout) == (0, f"{stray}  nothing of this stack: discarded\n")
    assert late("list").stdout == "No dead letter can be seen.\n"


def test_which_letters_is_always_said(late: Longhaul) -> None:
    for which in ([], ["abc", "--all"]):
        done = late("discard", *which, "--yes")
        assert done.returncode == 2
        assert "say which letters: their ids, or --all" in done.stderr


def test_who_is_asked_sees_them_first(stack: Undelivered) -> None:
    first = stack.send("anything")
    asked, terminal = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "-C", str(stack.root), "dead-letters", "discard", "--all"],
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT | stack.local_aws.environment,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        assert process.stderr.readline() == f"{first}  nothing of this stack\n"
        # While a person thinks nothing is in anybody's hand; what comes meanwhile is not meant.
        assert in_hand_count(stack.aws, stack.queue_url) == 0
        second = stack.send("later")
        os.write(asked, b"y\n")
        # The prompt ends in a space there.
        assert process.stdout.read().strip() == f"{first}  nothing of this stack: discarded"
        assert process.wait() == 0
        assert "Throw away 1 dead letter?" in process.stderr.read()
    finally:
        process.kill()
        process.communicate()
        os.close(asked)
        os.close(terminal)
    assert letter_count(stack.aws, stack.queue_url) == 1
    assert second != first
