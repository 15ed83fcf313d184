"""Faults of functions, and of tasks: whom each of them meets."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.clock import Clock
from sandbox.faults import Faults, LoseHost, RefuseInvoke, RetireTask, RunOutOfMemory, TimeOutFunction


@pytest.mark.parametrize(
    ("kind", "tasks", "functions"),
    [(TimeOutFunction, 0, 1), (RunOutOfMemory, 1, 1), (LoseHost, 1, 0), (RetireTask, 1, 0)],
)
def test_a_stop_meets_tasks_or_functions_or_both(kind: Any, tasks: int, functions: int) -> None:
    faults = Faults(Clock())
    fault = faults.add(kind(of="acme-dev-*"))
    assert len(faults.stops("acme-dev-rollup", "FARGATE")) == tasks
    assert len(faults.function_stops("acme-dev-rollup")) == functions
    assert (fault.met, fault.struck) == (tasks + functions, tasks + functions)
    assert faults.function_stops("other") == []


def test_an_invocation_is_refused_as_often_as_it_says() -> None:
    faults = Faults(Clock())
    faults.add(RefuseInvoke(of="acme-dev-rollup", first=1))
    faults.add(RefuseInvoke(of="acme-dev-rollup", first=1, throttled=False))
    answers = [faults.invoke("acme-dev-rollup") for _ in range(3)]
    assert [answer and (answer.error_code, answer.status) for answer in answers] == [
        ("TooManyRequestsException", 429),
        ("ServiceException", 500),
        None,
    ]
    assert faults.invoke("acme-dev-other") is None
