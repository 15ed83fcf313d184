"""A hundred runs of one job that are started at once, on the deployed machine of each policy, with real processes.

The seed in a test's name chooses who is killed and when; which of the runs that start at once comes first is up to the
machine that the tests run on, and must not matter.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise

import pytest

from sandbox.step_functions.history import MAX_EVENTS
from tests.contention.crowd import Crowd

RUNS = [f"run {number:03}" for number in range(100)]
OPERATOR, REPLACED = "ABORTED Operator", "ABORTED Job.Replaced"


def batches(chance: random.Random, count: int) -> list[list[str]]:
    """The runs in `count` batches of five and more, cut at random."""
    cuts = sorted(chance.sample(range(5, len(RUNS), 5), count - 1))
    return [RUNS[begin:end] for begin, end in pairwise([0, *cuts, len(RUNS)])]


@pytest.mark.parametrize(("seed", "lag_seconds"), [(1, 0), (2, 20)])
def test_skip_lets_one_run_at_a_time_and_loses_no_start(
    crowd: Callable[[str], Crowd], seed: int, lag_seconds: float
) -> None:
    chance, runs = random.Random(seed), crowd("skip")
    runs.scene.aws.stale_reads.seconds = lag_seconds
    first, *others = batches(chance, 6)
    runs.start_at_once(first)
    for *most, last in others:
        runs.start_at_once(most, kills=runs.holder(), at=chance.randrange(len(most) + 1))
        runs.pass_time(lag_seconds)
        # At least this one finds a lock whose holder is dead, and is known to be.
        runs.start_at_once([last])
    runs.holder()
    runs.all_end()

    ends, ran = runs.ends(), runs.ran()
    assert runs.witness.meetings == []
    assert len(runs.killed) == len(others)
    assert {run for run, end in ends.items() if end == OPERATOR} == runs.killed
    succeeded = [run for run in ran if run not in runs.killed]
    assert succeeded
    assert {run for run, end in ends.items() if end == "SUCCEEDED"} == {*succeeded}
    assert sorted(ran) == sorted({*succeeded, *runs.killed})
    reasons = runs.reasons()
    assert {run for run, end in ends.items() if end == "SKIPPED"} == reasons.keys() == {*RUNS} - {*ran}
    assert all(reason.endswith(" still runs") and because in ran for reason, because in reasons.values())
    assert runs.line() == []


def test_queue_lets_all_run_in_the_order_in_which_they_joined(crowd: Callable[[str], Crowd]) -> None:
    chance, runs = random.Random(3), crowd("queue")
    runs.scene.aws.stale_reads.seconds = 10
    runs.start_at_once(RUNS)
    runs.scene.until(lambda: len(runs.line()) == len(RUNS), "all have joined")
    order = runs.line()
    while_waiting, while_running = set(chance.sample(order[1:], 2)), set(chance.sample(order, 4))
    for run in while_waiting:
        runs.kill(run)
    runs.all_end(but_kill=while_running)

    assert runs.witness.meetings == []
    assert runs.ran() == [run for run in order if run not in while_waiting]
    assert runs.killed == while_waiting | while_running
    assert runs.ends() == {run: OPERATOR if run in runs.killed else "SUCCEEDED" for run in RUNS}
    assert runs.line() == []
    assert max(len(runs.scene.events(run)) for run in RUNS) < MAX_EVENTS / 50


def test_replace_lets_the_newest_win(crowd: Callable[[str], Crowd]) -> None:
    chance, runs = random.Random(4), crowd("replace")
    runs.scene.aws.stale_reads.seconds = 10
    *early, newest = RUNS
    first, *others = batches(chance, 4)
    runs.start_at_once(first)
    for batch in others:
        runs.start_at_once([run for run in batch if run in early], kills=runs.holder(), at=chance.randrange(len(batch)))
    holder = runs.holder()
    runs.until_ended({*early} - {holder})
    runs.start_at_once([newest])
    runs.scene.until(lambda: runs.holder() == newest, "the newest runs")
    runs.all_end()

    ends, ran = runs.ends(), runs.ran()
    assert runs.witness.meetings == []
    assert ends.pop(newest) == "SUCCEEDED"
    assert ends[holder] == REPLACED
    # A newer run may have stopped one just before the person did.
    assert {run for run, end in ends.items() if end == OPERATOR} <= runs.killed
    assert {ends[run] for run in runs.killed} <= {OPERATOR, REPLACED}
    assert len(runs.killed) == len(others)
    # Who had a task was stopped; who had none may have been, between its turn and its task.
    assert {ends[run] for run in ran if run != newest} <= {OPERATOR, REPLACED}
    reasons = runs.reasons()
    assert {run for run, end in ends.items() if end == "SKIPPED"} == reasons.keys()
    assert {*ends.values()} - {OPERATOR} == {REPLACED, "SKIPPED"}
    assert all(reason == "a newer run came before it had started" for reason, _ in reasons.values())
    assert all(because != run for run, (_, because) in reasons.items())
    assert runs.line() == []
