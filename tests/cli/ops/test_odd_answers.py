"""Whatever AWS answers, each verb ends with an exit code that is documented, and never with a traceback.

The verbs run in this process, and a proxy gives them AWS's own answers again: a place of one is missing, null or of
another kind, or it is an error, or breaks off.
"""

from __future__ import annotations

import contextlib
import copy
import io
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cli.app import main
from ops.aws import Aws
from tests.cli.ops.way import Answer, Spoil, Way, broken, cut, throttled
from tests.ops.operated import Operated
from tests.ops.test_pace import Still

VERBS = (
    "status",
    "status --no-ledger --output json",
    "history obeys",
    "history obeys --no-ledger --output csv",
    "show obeys@failed",
    "show obeys@latest --output json",
    "show obeys@stopped",
    "logs obeys@failed --timestamps",
    "logs obeys --since 1h --output json",
    "logs obeys@-2 --follow",
    "start obeys --wait",
    "stop obeys@stopped --yes",
    "stop obeys@goes-on --yes",
    "rerun obeys@failed --set a=1 --wait",
    # No other test has one of this job fail for an input that is refused again.
    "rerun --failed obeys-alone --since 1d --yes",
    "redrive obeys@stopped",
    "pause obeys --reason x",
    "pause obeys-alone",
    "resume idle --yes",
    "backfill obeys --from 2026-01-01 --to 2026-01-02 --yes",
    "status tick --no-ledger",
    "history tick --output json",
    "show tick@failed",
    "show tock@latest --output json",
    "logs tick@latest",
    "start tick --wait",
    "rerun tick@failed --set exit=0",
    "stop tock@latest --yes",
    "backfill tick --from 2024-02-29 --to 2024-03-01 --yes",
)
GONE = object()
KINDS = (GONE, None, 7, -1e300, True, "odd", "", [], {}, [7], {"odd": 7})


class Ended(NamedTuple):
    code: Any
    out: str
    err: str


class Asked(NamedTuple):
    """Runs verbs in this process, with a proxy on the way to the local AWS."""

    verb: Callable[[str], Ended]
    way: Way


class Hand:
    """A clock that only sleeping moves, and that nobody may sleep by for ever."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept = 0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.slept += 1
        assert self.slept < 1000, "it waits for ever"
        self.now += max(seconds, 60)


@pytest.fixture(scope="module")
def asked(operated: Operated) -> Iterator[Asked]:
    operated.run("obeys", {"input": {"exit": 64, "lines": 2}})
    operated.run("obeys", {"input": {"exit": 1, "lines": 1}})
    operated.run("obeys-alone", {"input": {"exit": 1, "lines": 1}})
    stopped = operated.start("obeys", {"input": {"seconds": 100_000}}, name="stopped")
    operated.until_submitted(stopped)
    operated.stop(stopped)
    ended = operated.run("obeys", {"input": {"lines": 1}})
    goes_on = operated.start("obeys", {"input": {"seconds": 100_000}}, name="goes-on")
    operated.until_submitted(goes_on)
    operated.run_task("tick", {"exit": 64, "lines": 1})
    ticked = operated.run_task("tick", {"lines": 1})
    works = operated.run_task("tock", {"seconds": 100_000}, waited_for=False)
    trigger = operated.job("obeys-alone").trigger
    assert trigger is not None
    # So nothing is changed.
    given = {
        "StartExecution": {"executionArn": ended, "startDate": 1.0},
        "StopExecution": {"stopDate": 1.0},
        "RedriveExecution": {"redriveDate": 1.0},
        "StopTask": {"task": {}},
        "RunTask": {"tasks": [{"taskArn": ticked}], "failures": []},
        "PUT schedules": {"ScheduleArn": trigger.arn},
        **{key: {} for key in ("TagResource", "UntagResource", "EnableRule", "DisableRule")},
    }
    with pytest.MonkeyPatch.context() as patched, Way(operated.local_aws.endpoint, given).open() as way:
        patched.setenv("AWS_ENDPOINT_URL", way.url)
        patched.setenv("AWS_MAX_ATTEMPTS", "1")
        # To make clients takes longer than all else.
        aws = Aws(clock=Still())
        patched.setattr("ops.aws.Aws", lambda **_: aws)

        def ask(verb: str) -> Ended:
            hand = Hand()
            for module in ("stopping", "waiting", "backfilling", "logs"):
                patched.setattr(f"ops.{module}.time", hand)
            patched.setattr(sys, "argv", ["longhaul", "-C", str(operated.root), *verb.split()])
            out, err = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as ended:
                main()
            return Ended(ended.value.code, out.getvalue(), err.getvalue())

        yield Asked(ask, way)
    operated.stop(goes_on)
    operated.stop_task(works)


def places(value: Any) -> Iterator[tuple[Any, ...]]:
    """The paths of all that is in a value of JSON, in JSON that is text in it too."""
    inside = _inside(value)
    for key in inside if isinstance(inside, dict) else range(len(inside or ())):
        yield (key,)
        yield from ((key, *path) for path in places(inside[key]))


def changed(value: Any, path: tuple[Any, ...], to: Any) -> Any:
    """A value of JSON with another one at a path, or without it."""
    if not path:
        return to
    inside = copy.copy(_inside(value))
    new = changed(inside[path[0]], path[1:], to)
    if new is GONE:
        del inside[path[0]]
    else:
        inside[path[0]] = new
    return json.dumps(inside) if isinstance(value, str) else inside


def _inside(value: Any) -> Any:
    """What has an inside: an object, an array, or the text of one; None for anything else."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        with contextlib.suppress(ValueError):
            value = json.loads(value)
    return value if isinstance(value, dict | list) else None


def odd(path: tuple[Any, ...], to: Any) -> Spoil:
    """Changes one place of an answer, where it has that."""

    def spoil(answer: Answer) -> Answer:
        with contextlib.suppress(ValueError, LookupError, TypeError):
            return answer._replace(content=json.dumps(changed(json.loads(answer.content), path, to)).encode())
        return answer

    return spoil


which = st.integers(0, 10_000)


@settings(max_examples=30, phases=[Phase.generate])
@given(
    verb=st.sampled_from(VERBS),
    spoilt=st.lists(
        st.tuples(
            which, which, which, st.sampled_from(KINDS), st.sampled_from((None, None, None, broken, throttled, cut))
        ),
        min_size=1,
        max_size=3,
    ),
)
def test_an_odd_answer_ends_in_a_documented_exit_code(
    asked: Asked, verb: str, spoilt: list[tuple[int, int, int, Any, Spoil | None]]
) -> None:
    asked.way.forget()
    assert asked.verb(verb).code in (0, 1)
    answers = {operation: list(found) for operation, found in asked.way.answers.items()}
    for of_operations, of_answers, of_places, to, how in spoilt:
        operation = _one(sorted(answers), of_operations)
        path = _one(_places_in(_one(answers[operation], of_answers)), of_places)
        asked.way.forget()
        asked.way.spoil(operation, how or odd(path, to), times=1000)
        ended = asked.verb(verb)
        assert ended.code in (0, 1, 2, 3), ended
        assert "Traceback" not in ended.err
        # What AWS is to blame for is said in a line.
        assert ended.code != 3 or ended.err.strip().splitlines()[-1].startswith("longhaul: ")


def _places_in(answer: Answer) -> list[tuple[Any, ...]]:
    try:
        return [(), *places(json.loads(answer.content))]
    except ValueError:  # That of STS is XML.
        return [()]


def _one(found: list[Any], which: int) -> Any:
    return found[which % len(found)]
