"""Whom a fault meets and whom of those it strikes."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.faults import Fault, LoseHost, Throttle


def struck(fault: Fault, count: int, name: str = "acme-dev-hello") -> list[bool]:
    return [fault.strikes(name) for _ in range(count)]


def test_without_limits_it_strikes_every_time() -> None:
    fault = Fault()
    assert struck(fault, 3) == [True] * 3
    assert (fault.met, fault.struck) == (3, 3)


def test_it_strikes_the_first_that_it_meets() -> None:
    fault = Fault(first=2)
    assert struck(fault, 4) == [True, True, False, False]
    assert (fault.met, fault.struck) == (4, 2)


def test_a_share_is_the_same_for_a_seed_and_another_for_another() -> None:
    tenth = struck(Fault(share=0.1, seed=7), 1000)
    assert tenth == struck(Fault(share=0.1, seed=7), 1000)
    assert tenth != struck(Fault(share=0.1, seed=8), 1000)
    assert 70 < sum(tenth) < 130


def test_a_share_ends_with_the_first_that_it_may_strike() -> None:
    fault = Fault(share=0.5, first=3)
    assert sum(struck(fault, 100)) == fault.struck == 3


@pytest.mark.parametrize(("of", "meets"), [("acme-dev-hello", True), ("*-hello", True), ("hello", False), ("*", True)])
def test_it_meets_those_whose_name_matches(of: str, meets: bool) -> None:
    fault = Fault(of=of)
    assert struck(fault, 1) == [meets]
    assert fault.met == meets


def test_moments_are_drawn_by_the_seed_and_do_not_change_whom_it_strikes() -> None:
    def moments(fault: LoseHost) -> list[float | None]:
        planned = [fault.plan("acme-dev-hello", None) for _ in range(20)]
        return [plan and plan.after_seconds for plan in planned]

    drawn = moments(LoseHost(share=0.5, seed=3, after=(10, 20)))
    assert drawn == moments(LoseHost(share=0.5, seed=3, after=(10, 20)))
    assert [moment is not None for moment in drawn] == struck(Fault(share=0.5, seed=3), 20)
    assert all(10 <= moment <= 20 for moment in drawn if moment is not None)
    assert len({moment for moment in drawn if moment is not None}) > 1


@pytest.mark.parametrize("wrong", [{"first": 0}, {"share": 0}, {"share": 1.5}])
def test_what_is_out_of_bounds_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Fault(**wrong)


def test_a_rate_below_one_call_is_refused() -> None:
    with pytest.raises(ValueError, match="a_second"):
        Throttle(a_second=0)
