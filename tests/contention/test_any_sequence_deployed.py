"""As test_any_sequence.py, on deployed machines: real processes, roles, locks and threads, and fewer examples."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.contention.conftest import JOBS
from tests.contention.crowd import Crowd
from tests.contention.witness import Witness
from tests.scenarios.scene import Scene
from tests.scenarios.stack import Stack
from tests.scenarios.steps import time_passes

TIME = "2096-10-02T03:15:00Z"
ENDS = {
    "SUCCEEDED",
    "SKIPPED",
    "ABORTED Operator",
    "ABORTED Job.Replaced",
    "FAILED Job.Stopped",
    "FAILED Job.ExitedNonZero",
}

which = st.integers(0, 3)
actions = st.one_of(
    st.tuples(st.just("start")),
    st.tuples(st.just("deliver")),
    st.tuples(st.just("stop"), which),
    st.tuples(st.just("redrive"), which),
    st.tuples(st.just("kill")),
    st.tuples(st.just("stop task")),
    st.tuples(st.just("let go")),
    st.tuples(st.just("pass"), st.sampled_from((5, 20, 130))),
)


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[Path]:
    """New folders."""
    return (folder for number in range(1_000) if not (folder := tmp_path / str(number)).mkdir())


def act(runs: Crowd, action: str, *how: Any) -> None:
    """Do one thing, if it can be done now."""
    scene, name = runs.scene, f"run {len(runs.scene.runs)}"

    def one(status: str) -> str | None:
        found = [run for run in scene.runs if scene.describe(run)["status"] == status]
        return found[how[0] % len(found)] if found else None

    match action:
        case "start":
            runs.start(name)
        case "deliver":
            runs.start(name, trigger="schedule", scheduledTime=TIME)
        case "stop":
            if run := one("RUNNING"):
                runs.kill(run)
        case "redrive":
            if run := one("ABORTED"):
                runs.redrive(run)
        case "kill":
            if task := runs.running_task():
                # It may be ending by itself.
                with suppress(ProcessLookupError):
                    os.killpg(int(task["containers"][0]["runtimeId"].rpartition("-")[2]), signal.SIGKILL)
        case "stop task":
            if task := runs.running_task():
                scene.aws.client("ecs").stop_task(cluster=task["clusterArn"], task=task["taskArn"])
        case "let go":
            for run in scene.runs:
                runs.let_go(run)
        case "pass":
            # What a run that has ended still asks for comes within the minute that others give it, also of this clock.
            for run in scene.runs:
                if scene.describe(run)["status"] != "RUNNING":
                    scene.until_left(run)
            time_passes(how[0])(scene)


@settings(max_examples=20, phases=[Phase.generate])
@given(
    policy=st.sampled_from(sorted(JOBS)),
    lag_seconds=st.sampled_from((0, 20)),
    sequence=st.lists(actions, min_size=8, max_size=16),
)
def test_no_two_tasks_meet_and_no_lock_is_lost(
    stack: Stack, folders: Iterator[Path], policy: str, lag_seconds: float, sequence: list[tuple[Any, ...]]
) -> None:
    scene = Scene(stack, JOBS, next(folders))
    scene.begin()
    with ExitStack() as over:
        patched = over.enter_context(pytest.MonkeyPatch.context())
        runs = Crowd(scene, policy, Witness(stack.aws.tasks, patched))
        over.callback(runs.end)
        stack.aws.stale_reads.seconds = lag_seconds
        runs.start("first")
        for action, *how in sequence:
            act(runs, action, *how)
        runs.all_end()
        assert {*runs.ends().values()} <= ENDS
        # As long as an execution that is not known may be about to appear.
        runs.pass_time(300)
        runs.start("last")
        runs.all_end()

        assert runs.witness.meetings == []
        assert runs.ends()["last"] == "SUCCEEDED"
        assert runs.line() == []
        delivered = {run for run in runs.ran() if "schedule" in scene.describe(run)["input"]}
        assert len(delivered) <= 1
