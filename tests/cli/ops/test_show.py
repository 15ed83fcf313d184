"""`longhaul show`, a process that asks the local AWS."""

from __future__ import annotations

import csv
import io
import json
import re

from tests.cli.conftest import Longhaul
from tests.ops.operated import Operated


def test_a_failed_run_for_people(operated: Operated, operate: Longhaul) -> None:
    execution_arn = operated.run("obeys", {"input": {"lines": 12, "exit": 3}})
    done = operate("show", "obeys@failed", "--lines", "3", TZ="Asia/Tokyo")
    assert (done.returncode, done.stderr) == (0, "")
    name = execution_arn.rpartition(":")[2]
    assert done.stdout.startswith(f"obeys  {name}  FAILED, exit code 3\n")
    assert re.search(r"^started     20\S+ \S+ JST by manual$", done.stdout, re.MULTILINE)
    # What took no twentieth of a second, as the job itself may, is left out.
    assert re.search(r"^time        .*waiting to try again 1 min 00 s", done.stdout, re.MULTILINE)
    assert '"exit": 3' in done.stdout
    assert done.stdout.count("it exited with code 3") == 2
    assert done.stdout.count("  to do      Read its log") == 2
    assert "#/v2/executions/details/" + execution_arn in done.stdout
    assert done.stdout.endswith("log         the last lines\n  2 9\n  2 10\n  2 11\n")


def test_json_is_what_the_documentation_says(operated: Operated, operate: Longhaul) -> None:
    execution_arn = operated.run("absent")
    done = operate("show", execution_arn, "--output", "json")
    found = json.loads(done.stdout)
    assert list(found) == [
        *("name", "executionArn", "ranAs", "job", "trigger", "startedBy", "rerunOf", "scheduledTime", "status"),
        *(
            "started",
            "stopped",
            "durationSeconds",
            "attempts",
            "startRetries",
            "redrives",
            "step",
            "exitCode",
            "error",
            "cause",
            "because",
        ),
        *(
            "input",
            "output",
            "result",
            "forgotten",
            "state",
            "stateSince",
            "seconds",
            "steps",
            "tasks",
            "lastLogLines",
            "consoleLink",
        ),
    ]
    (only,) = found["tasks"]
    assert list(only) == [
        *("attempt", "outcome", "inWords", "advice", "exitCode", "stopCode", "reason", "startError", "taskArn"),
        *("requested", "started", "ended", "seconds", "logGroup", "logStream", "taskLink", "logLink", "step", "index"),
        *("kubernetesJob", "functionArn", "requestId"),
    ]
    assert (only["outcome"], only["stopCode"], only["started"]) == ("Job.Refused", "TaskFailedToStart", None)
    task_id = only["taskArn"].rpartition("/")[2]
    assert only["logStream"] == f"run/job/{task_id}"
    listed = operate("show", execution_arn, "--output", "csv")
    (row,) = csv.DictReader(io.StringIO(listed.stdout))
    assert list(row) == ["run", *only]
    texts = {key: "" if value is None else value for key, value in only.items()}
    assert row == {"run": found["name"], **texts, "attempt": "1", "seconds": json.dumps(only["seconds"])}
    # As the console's own address bar has a stream: each name percent-encoded twice, with $ for the outer %.
    assert only["logLink"].endswith(f"/log-events/run$252Fjob$252F{task_id}")


def test_a_run_that_is_not_there(operate: Longhaul) -> None:
    done = operate("show", "idle@latest")
    assert (done.returncode, done.stderr) == (2, "longhaul: idle has no run that anybody knows of\n")
