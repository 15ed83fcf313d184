"""`longhaul logs`, a process that asks the local AWS."""

from __future__ import annotations

import json
import re
import signal
import subprocess

from tests.cli.conftest import COMMAND, ENVIRONMENT, Longhaul
from tests.ops.operated import Operated


def test_lines_alone_go_to_standard_output(operated: Operated, operate: Longhaul) -> None:
    name = operated.run("obeys", {"input": {"lines": 2, "exit": 3}}).rpartition(":")[2]
    for what in ("obeys", "obeys@failed", name):
        done = operate("logs", what)
        assert (done.returncode, done.stdout) == (0, "1 0\n1 1\n2 0\n2 1\n")
        assert done.stderr == f"{name}, attempt 1:\n{name}, attempt 2:\n"

    chosen = operate("logs", "obeys", "--attempt", "2", "--grep", "1$", "--timestamps", TZ="Asia/Tokyo")
    assert re.fullmatch(r"20\S+ \S+ JST  2 1\n", chosen.stdout)


def test_json_is_an_object_a_line(operated: Operated, operate: Longhaul) -> None:
    name = operated.run("obeys", {"input": {"lines": 1}}).rpartition(":")[2]
    done = operate("logs", "obeys", "--output", "json")
    (line,) = map(json.loads, done.stdout.splitlines())
    assert list(line) == ["run", "attempt", "time", "message", "step", "index"]
    assert (line["run"], line["attempt"], line["message"]) == (name, 1, "1 0")
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
    assert operate("logs", "obeys", "--output", "csv").stdout.startswith("run,attempt,time,message,step,index\n")


def test_all_runs_of_a_job_since(operated: Operated, operate: Longhaul) -> None:
    first = operated.run("obeys", {"input": {"lines": 1}})
    second = operated.run("obeys", {"input": {"lines": 1}})
    started = operated.states.describe_execution(executionArn=first)["startDate"]
    done = operate("logs", "obeys", "--since", started.isoformat(), "--output", "json")
    runs = [json.loads(line)["run"] for line in done.stdout.splitlines()]
    assert runs == [first.rpartition(":")[2], second.rpartition(":")[2]]


def test_following_can_be_interrupted(operated: Operated) -> None:
    execution_arn = operated.start("obeys", {"input": {"lines": 1, "seconds": 300}})
    following = subprocess.Popen(
        [*COMMAND, "-C", str(operated.root), "logs", "obeys", "--follow"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT | operated.local_aws.environment,
    )
    assert following.stdout is not None
    assert following.stdout.readline() == "1 0\n"
    following.send_signal(signal.SIGINT)
    following.communicate(timeout=300)
    operated.stop(execution_arn)
    assert following.returncode == 130


def test_wrong_use(operate: Longhaul) -> None:
    nearest = operate("logs", "oebys")
    assert (nearest.returncode, nearest.stdout) == (2, "")
    assert "did you mean obeys?" in nearest.stderr
    broken = operate("logs", "obeys", "--grep", "(")
    assert (broken.returncode, broken.stdout) == (2, "")
    assert "is no regular expression" in " ".join(broken.stderr.split())
