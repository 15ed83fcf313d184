"""The lock's protocol holds in every order of its steps, and nothing of it is superfluous."""

import pytest

from tests.definitions.lock_model.check import ENDLESS, OUTLIVED, described, search
from tests.definitions.lock_model.model import Faults, Guards, Policy, Scenario
from tests.definitions.lock_model.scenarios import (
    FUNCTIONS,
    KILLED,
    QUEUE,
    REDRIVEN,
    REPLACE,
    SCENARIOS,
    SKIP,
    TRIED_AGAIN,
    UNANSWERED,
)

TWO_RUNS = "tasks of two runs"

WITHOUT: list[tuple[str, tuple[Policy, ...], Faults, str]] = [
    ("entry_is_compared", SKIP, Faults(aborts=1), TWO_RUNS),
    ("redrives_are_compared", SKIP[:2], REDRIVEN, TWO_RUNS),
    ("later_is_dead", SKIP[:2], Faults(aborts=2, redrives=1), OUTLIVED),
    ("running_before_stopped", SKIP[:2], Faults(aborts=1), TWO_RUNS),
    ("settles", SKIP[:2], Faults(aborts=1), TWO_RUNS),
    ("settles_first", SKIP[:2], Faults(aborts=1), TWO_RUNS),
    ("stopped_settles", SKIP[:2], Faults(aborts=1), TWO_RUNS),
    ("young_lives", SKIP[:2], Faults(), TWO_RUNS),
    ("old_is_dead", SKIP[:2], KILLED, OUTLIVED),
    ("forgotten_settles", SKIP[:2], KILLED, TWO_RUNS),
    ("run_is_guarded", SKIP[:2], REDRIVEN, TWO_RUNS),
    ("present_count", SKIP[:2], REDRIVEN._replace(lost=1), TWO_RUNS),
    ("former_is_dead", SKIP[:2], REDRIVEN, "a run was skipped for nothing"),
    ("former_is_dead", REPLACE[:2], REDRIVEN, "a run stopped itself"),
    ("confirms", SKIP[:2], REDRIVEN, "the task of the lock's holder was stopped"),
    ("checks_before_retry", SKIP[:2], TRIED_AGAIN, "two tasks of one run"),
    ("leaves_to_next", SKIP[:2], Faults(timeouts=1), TWO_RUNS),
    ("stops_again", REPLACE[:2], UNANSWERED, ENDLESS),
    ("makes_way", REPLACE, Faults(), "a run came after the newer one that had its turn"),
    ("takes_only_empty", QUEUE[:2], UNANSWERED, "a live run lost its place in the line"),
    ("joins_once", QUEUE[:2], UNANSWERED, "a run left an entry behind"),
    ("head_is_compared", REPLACE, Faults(), TWO_RUNS),
]
"""A guard, runs, what may go wrong, and what does go wrong without the guard."""


WITHOUT_ON_LAMBDA: list[tuple[str, tuple[Policy, ...], Faults, str]] = [
    ("function_ends", SKIP[:2], Faults(aborts=1), TWO_RUNS),
    ("function_ends", REPLACE[:2], Faults(), TWO_RUNS),
    ("function_ends", SKIP[:2], TRIED_AGAIN, "two tasks of one run"),
    ("late_function_ends", SKIP[:2], Faults(aborts=1, late=1), TWO_RUNS),
    ("leaves_to_next", SKIP[:2], Faults(timeouts=1), TWO_RUNS),
]
"""The same of runs on Lambda."""


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_holds_in_every_order_of_the_steps_on_lambda(name: str) -> None:
    found = search(FUNCTIONS[name])
    assert found.violation is None, described(found.trace)


@pytest.mark.parametrize(("guard", "policies", "faults", "violation"), WITHOUT_ON_LAMBDA)
def test_every_guard_is_needed_on_lambda(
    guard: str, policies: tuple[Policy, ...], faults: Faults, violation: str
) -> None:
    scenario = Scenario(policies, faults=faults, guards=Guards(**{guard: False}), functions=True)
    found = search(scenario, only=violation)
    assert found.violation == violation
    assert found.trace


@pytest.mark.parametrize("name", SCENARIOS)
def test_it_holds_in_every_order_of_the_steps(name: str) -> None:
    found = search(SCENARIOS[name])
    assert found.violation is None, described(found.trace)


@pytest.mark.parametrize(("guard", "policies", "faults", "violation"), WITHOUT)
def test_every_guard_is_needed(guard: str, policies: tuple[Policy, ...], faults: Faults, violation: str) -> None:
    found = search(Scenario(policies, faults=faults, guards=Guards(**{guard: False})), only=violation)
    assert found.violation == violation
    assert found.trace


def test_a_scheduled_time_runs_twice_unless_it_is_compared() -> None:
    scheduled = frozenset((0, 1))
    found = search(Scenario(SKIP, scheduled, guards=Guards(time_is_compared=False)))
    assert found.violation == "one scheduled time ran twice"


def test_every_guard_is_taken_away_once() -> None:
    without = {guard for guard, *_ in (*WITHOUT, *WITHOUT_ON_LAMBDA)}
    assert without | {"time_is_compared"} == {*vars(Guards())}
