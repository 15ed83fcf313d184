"""`longhaul history`, a process that asks the local AWS."""

from __future__ import annotations

import csv
import io
import json
import re

from tests.cli.conftest import Longhaul
from tests.ops.operated import Operated


def test_runs_in_every_form(operated: Operated, operate: Longhaul) -> None:
    failed = operated.run(
        "obeys", {"trigger": "schedule", "scheduledTime": "2026-11-24T03:15:00Z", "input": {"exit": 64}}
    )
    operated.run("obeys", {"trigger": "rerun", "rerunOf": failed, "input": {}})
    name = failed.rpartition(":")[2]

    table = operate("history", "obeys", "--limit", "2", TZ="Asia/Tokyo")
    assert (table.returncode, table.stderr) == (0, "")
    rerun, first = [line for line in table.stdout.splitlines() if re.search("SUCCEEDED|FAILED", line)]
    assert f"rerun of {name}" in rerun
    assert re.search(
        rf"{name} +schedule +2026-11-24 12:15:00 JST +FAILED +\S+ \S+ JST +\S+ s +1 +0 +0 +64 +Job.ExitedNonZero", first
    )

    of_json = json.loads(operate("history", "obeys", "--limit", "2", "--output", "json").stdout)
    assert of_json[0]["rerunOf"] == of_json[1]["executionArn"] == failed
    assert of_json[1]["scheduledTime"] == "2026-11-24T03:15:00Z"
    assert "exited with code 64" in of_json[1]["cause"]
    of_csv = list(csv.DictReader(io.StringIO(operate("history", "obeys", "--limit", "2", "--output", "csv").stdout)))
    assert [list(row) for row in of_csv] == [list(row) for row in of_json]
    assert [row["exitCode"] for row in of_csv] == ["0", "64"]


def test_what_started_runs_beside_their_schedule(operated: Operated, operate: Longhaul) -> None:
    other = "arn:aws:states:eu-west-1:123456789012:execution:acme-night-absent:1"
    operated.run("obeys", {"trigger": "job", "startedBy": other, "input": {}})
    operated.run("obeys", {"trigger": "object", "input": {"bucket": "sales", "object": {"key": "in/[1].csv"}}})
    table = operate("history", "obeys", "--limit", "2").stdout
    assert "object s3://sales/in/[1].csv" in table
    assert "job acme-night-absent:1" in table
    of_json = json.loads(operate("history", "obeys", "--limit", "2", "--output", "json").stdout)
    assert [run["startedBy"] for run in of_json] == ["s3://sales/in/[1].csv", other]


def test_what_is_looked_for(operated: Operated, operate: Longhaul) -> None:
    operated.run("obeys", {"input": {"exit": 64}})
    found = json.loads(operate("history", "obeys", "--status", "succeeded", "--output", "json").stdout)
    assert {run["status"] for run in found} <= {"SUCCEEDED"}
    none = operate("history", "idle")
    assert (none.returncode, none.stdout) == (0, "idle has no such run.\n")
    wrong = operate("history", "obeys", "--status", "broken")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "'broken' is none of RUNNING, SUCCEEDED, SKIPPED, FAILED, TIMED_OUT, ABORTED" in " ".join(
        wrong.stderr.split()
    )
    future = operate("history", "obeys", "--since", "2199-01-01", "--output", "json")
    assert json.loads(future.stdout) == []
