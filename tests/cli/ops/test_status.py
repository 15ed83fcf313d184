"""`longhaul status`, a process that asks the local AWS."""

from __future__ import annotations

import csv
import io
import json
import re
import signal
import subprocess

from tests.cli.conftest import COMMAND, ENVIRONMENT, Longhaul
from tests.ops.operated import Operated


def test_every_job_as_a_table(operated: Operated, operate: Longhaul) -> None:
    operated.run("absent")
    operated.run("obeys-in-line")
    done = operate("status", TZ="Asia/Tokyo")
    assert (done.returncode, done.stderr) == (0, "")
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line.strip()}
    assert re.search(r"absent +failed +started by hand +- +FAILED .* 0% of [0-9]+", lines["absent"])
    assert re.search(r"idle +switched off, never ran +every hour +- +- +- +- +- +-", lines["idle"]), lines["idle"]
    # 15:03 is nowhere the schedule's zone: the next run is in local time, with the zone named.
    assert re.search(r"at 03:15 UTC every day +20\d\d-\d\d-\d\d 12:15:00 JST", lines["obeys"])
    assert re.search(r"obeys-in-line .* SUCCEEDED ", lines["obeys-in-line"])
    assert "\x1b" not in done.stdout

    in_utc = operate("status", "obeys", "--utc", TZ="Asia/Tokyo")
    assert re.search(r"20\d\d-\d\d-\d\d 03:15:00 UTC", in_utc.stdout)
    assert "idle" not in in_utc.stdout


def test_json_is_what_the_documentation_says(operated: Operated, operate: Longhaul) -> None:
    goes_on = operated.start("obeys", {"input": {"seconds": 300}})
    done = operate("status", "obeys", "absent", "--output", "json", TZ="Asia/Tokyo")
    operated.stop(goes_on)
    obeys = next(row for row in json.loads(done.stdout) if row["job"] == "obeys")
    assert list(obeys) == [
        "job",
        "attention",
        "enabled",
        "paused",
        "schedule",
        "timezone",
        "scheduleInWords",
        "nextRun",
        "lastRun",
        "running",
        "successRate",
        "succeeded",
        "ended",
        "missed",
        "stateMachineArn",
        "runOn",
    ]
    assert (obeys["enabled"], obeys["schedule"], obeys["timezone"]) == (True, "cron(15 3 * * ? *)", "UTC")
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT03:15:00Z", obeys["nextRun"])
    assert obeys["lastRun"] == obeys["running"][0]
    assert obeys["lastRun"]["executionArn"] == goes_on
    assert (obeys["lastRun"]["status"], obeys["lastRun"]["stopped"]) == ("RUNNING", None)


def test_csv_has_a_line_a_job(operate: Longhaul) -> None:
    done = operate("status", "--output", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    jobs = ["absent", "cut-off", "idle", "lodger", "many", "obeys", "obeys-alone", "obeys-in-line", "tick", "tock"]
    assert sorted(row["job"] for row in rows) == jobs
    assert next(row["enabled"] for row in rows if row["job"] == "idle") == "false"


def test_watching_goes_on_until_it_is_interrupted(operated: Operated) -> None:
    watching = subprocess.Popen(
        [*COMMAND, "-C", str(operated.root), "status", "idle", "--watch", "--interval", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT | operated.local_aws.environment,
    )
    assert watching.stdout is not None
    seen = 0
    for line in watching.stdout:
        seen += "switched off, never ran" in line
        if seen == 2:
            break
    watching.send_signal(signal.SIGINT)
    _, errors = watching.communicate(timeout=300)
    assert (watching.returncode, errors) == (130, "")


def test_wrong_use_is_one_clear_line(operate: Longhaul) -> None:
    for arguments, code, says in (
        (("status", "oebys"), 2, "longhaul: the stack night has no job 'oebys'; did you mean obeys?"),
        (("status", "--stack", "nigth"), 2, "longhaul: there is no job of the stack nigth of acme in eu-west-1"),
        (("status", "--profile", "nobody"), 3, "longhaul: The config profile (nobody) could not be found"),
        (("status", "--endpoint-url", "nowhere"), 3, "longhaul: Invalid endpoint: nowhere"),
        (("status", "--endpoint-url", "http://127.0.0.1:9"), 3, "longhaul: Could not connect to the endpoint URL"),
    ):
        done = operate(*arguments)
        assert (done.returncode, done.stdout) == (code, ""), done.stderr
        assert done.stderr.startswith(says)
        assert done.stderr.count("\n") == 1
