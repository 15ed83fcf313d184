"""What goes wrong between the operator and AWS ends in another try or in one clear line, never in a traceback.

A proxy stands between the command and the local AWS and spoils some answers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.cli.conftest import Longhaul
from tests.cli.ops.way import Answer, Spoil, Way, broken, cut, throttled
from tests.ops.operated import Operated


@pytest.fixture
def way(operated: Operated) -> Iterator[Way]:
    with Way(operated.local_aws.endpoint).open() as way:
        yield way


def no_json(answer: Answer) -> Answer:
    return answer._replace(content=b"<html>Sign in to the hotel's network</html>")


def without(key: str) -> Spoil:
    def spoil(answer: Answer) -> Answer:
        found = json.loads(answer.content)
        for execution in found["executions"]:
            del execution[key]
        return answer._replace(content=json.dumps(found).encode())

    return spoil


@pytest.mark.parametrize("how", [broken, throttled, cut])
def test_what_passes_is_tried_again(operated: Operated, operate: Longhaul, way: Way, how: Spoil) -> None:
    operated.run("obeys")
    expected = operate("history", "obeys", "--limit", "1", "--no-ledger", "--output", "json")
    way.spoil("ListExecutions", how, 1)
    done = operate("history", "obeys", "--limit", "1", "--no-ledger", "--output", "json", AWS_ENDPOINT_URL=way.url)
    assert (done.returncode, done.stdout, done.stderr) == (0, expected.stdout, "")
    assert way.met["ListExecutions"] == 2


@pytest.mark.parametrize(
    ("how", "says"),
    [
        (broken, "longhaul: AWS refused ListExecutions: InternalFailure: Oh"),
        (no_json, "longhaul: an answer of AWS lacks 'executions'"),
        (without("startDate"), "longhaul: an answer of AWS lacks 'startDate'"),
    ],
)
def test_what_stays_is_one_clear_line(operated: Operated, operate: Longhaul, way: Way, how: Spoil, says: str) -> None:
    operated.run("obeys")
    way.spoil("ListExecutions", how, 100)
    done = operate("history", "obeys", "--no-ledger", AWS_ENDPOINT_URL=way.url, AWS_MAX_ATTEMPTS="2")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(says)
    assert done.stderr.count("\n") == 1
