"""Whatever operators do to a deployed stack, in any order: triggers and runs are as they left them, and all that tells
of them tells the same.

Tasks are real processes, and while time passes the schedules fire. What cannot be done now is left out.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ops.executions import executions
from ops.history import read_history
from ops.ledger import Ledger, find_ledger, latest, told_run
from ops.pausing import resume
from ops.status import read_status
from sandbox.local_aws import LocalAws
from tests.ops.operated import Operated, deployed
from tests.ops.operators import ENDS, GOES_ON, HOURLY, OWN, Operators, Started
from tests.ops.test_ledger import Copy, lines

_JOB = {
    "image": "example.com/obeys:1",
    # Both evaluations are needed, since the input is JSON text, in quotes.
    "entrypoint": ["sh", "-c", 'eval "eval $LONGHAUL_INPUT"'],
    "input": OWN,
    "overlap": "allow",
    "timeout": "30d",
    "schedule": HOURLY,
}
JOBS = {"by-rule": _JOB, "by-schedule": {**_JOB, "timezone": "Europe/Paris"}}

jobs = st.sampled_from(sorted(JOBS))
which = st.integers(0, 5)
actions = st.one_of(
    st.tuples(st.just("start"), jobs, st.sampled_from(tuple(ENDS))),
    st.tuples(st.just("start"), jobs, st.just(GOES_ON)),
    st.tuples(st.just("stop"), which),
    st.tuples(st.just("stop"), which),
    st.tuples(st.just("redrive"), which),
    st.tuples(st.just("rerun"), which),
    st.tuples(st.just("pause"), jobs),
    st.tuples(st.just("resume"), jobs),
    st.tuples(st.just("pass_time"), st.sampled_from((20, 70, 130))),
)


class Sequence(Operated):
    """The stack that the sequences are played on."""

    name = "sequence"


class Hand:
    """A clock that only sleeping moves: see_tasks_stopped has a minute pass where it cannot know of a task."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(scope="module")
def stack(local_aws: LocalAws) -> Iterator[Operated]:
    stack = deployed(local_aws, Sequence, JOBS)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("ops.stopping.time", Hand())
        yield stack
    stack.deployment.destroy()


def begun(stack: Operated) -> Operators:
    """Operators whose stack has no job that is paused, and no run that goes on."""
    for job in stack.found().jobs:
        if job.trigger and not job.trigger.enabled:
            resume(stack.aws, job.trigger)
        for execution in executions(stack.aws, job, "RUNNING"):
            stack.stop(execution.arn)
    return Operators(stack)


def check_run(operators: Operators, run: Started) -> None:
    """That a run has the input that it was given, and ended as it had to."""
    told = operators.told(run)
    assert told.input == run.given
    assert (told.trigger, told.rerun_of) == (run.given.get("trigger", "manual"), run.given.get("rerunOf"))
    assert told.redrives == run.redrives
    assert (told.status, told.exit_code) == (("ABORTED", None) if run.stopped else ENDS[run.program])


def tells_all(book: Ledger, operators: Operators) -> bool:
    """Whether a ledger tells the end of every run."""
    found = latest(book.changes(list(operators.before.values()), operators.began))
    told = [operators.told(run) for run in operators.runs]
    return all(
        run.execution_arn in found and told_run(run.job, found[run.execution_arn]).stopped == run.stopped
        for run in told
    )


@settings(max_examples=6, phases=[Phase.generate])
@given(sequence=st.lists(actions, min_size=14, max_size=20), seed=st.integers(0, 2**32 - 1))
def test_all_is_as_it_was_left_and_told(stack: Operated, sequence: list[tuple[Any, ...]], seed: int) -> None:
    order = random.Random(seed)
    operators = begun(stack)
    earlier = {each.arn for job in operators.before.values() for each in executions(stack.aws, job)}
    for action, *how in sequence:
        getattr(operators, action)(*how)
        operators.check_triggers()
    while any(run.program == GOES_ON and not run.stopped for run in operators.runs):
        operators.stop(0)
    operators.until_ended(operators.runs)
    for run in operators.runs:
        check_run(operators, run)

    book = find_ledger(stack.aws, stack.found())
    assert book is not None
    # The last lines may be about to be written.
    assert any(tells_all(book, operators) for _ in range(300))
    for job in operators.before.values():
        expected = [run.arn for run in operators.runs if run.job == job.name]
        assert sorted(each.arn for each in executions(stack.aws, job) if each.arn not in earlier) == sorted(expected)
        told = read_history(stack.aws, job, limit=1000)
        assert told == read_history(stack.aws, job, limit=1000, ledger=book)
        new = [run for run in told if run.execution_arn not in earlier]
        assert sorted(run.execution_arn for run in new) == sorted(expected)
        due = sorted(str(run.scheduled_time) for run in new if run.trigger == "schedule")
        assert due == operators.due.get(job.name, [])

    now, found = stack.now, stack.found().jobs
    told = read_status(stack.aws, found, now=now, runs=20)
    assert {each.job.name for each in told if "off" in each.attention} == operators.paused.keys()
    assert read_status(stack.aws, found, now=now, runs=20, ledger=book) == told
    # Nor does the ledger tell anything else where its lines come in another order, and some twice.
    all_lines = lines(stack)
    shuffled = all_lines + all_lines[::3]
    order.shuffle(shuffled)
    with Copy(stack, shuffled) as copy:
        assert tells_all(copy, operators)
        assert read_status(stack.aws, found, now=now, runs=20, ledger=copy) == told
