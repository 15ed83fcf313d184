"""The clock: it never goes back, does not jump while anything works, and loses no wakeup."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.clock import Clock, Wake, Work

START = 1_800_000_000.0
PATIENCE_SECONDS = 120


def in_thread(work: Work, body: Callable[[], None]) -> threading.Thread:
    """Run `body` in a thread that enters the token `work`."""

    def run() -> None:
        with work:
            body()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def test_starts_where_it_is_told() -> None:
    assert START <= Clock(START).now() < START + PATIENCE_SECONDS


def test_jumps_when_idle() -> None:
    clock = Clock(START)
    assert clock.advance_to(START + 86_400)
    assert clock.now() >= START + 86_400


@given(st.lists(st.floats(min_value=-1e6, max_value=1e6, allow_nan=False), max_size=20))
def test_never_goes_back(moves: list[float]) -> None:
    clock = Clock(START)
    before = clock.now()
    for move in moves:
        assert clock.advance_to(START + move)
        assert clock.now() >= max(before, START + move)
        before = clock.now()


@given(st.lists(st.floats(min_value=0.01, max_value=1e4), min_size=1, max_size=10))
def test_never_goes_back_when_its_speed_changes(speeds: list[float]) -> None:
    clock = Clock(START)
    before = clock.now()
    for speed in speeds:
        clock.speed = speed
        assert clock.now() >= before
        before = clock.now()


@pytest.mark.parametrize("speed", [0, -1])
def test_refuses_a_speed_at_which_time_would_stand_still(speed: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Clock(START, speed)


def test_does_not_jump_while_something_works() -> None:
    clock = Clock(START)
    with clock.working():
        assert not clock.advance_to(START + 86_400)
        assert not clock.wait_idle(0)
        assert clock.now() < START + 86_400
    assert clock.advance_to(START + 86_400)


def test_a_time_that_has_passed_is_reached_even_while_something_works() -> None:
    clock = Clock(START)
    with clock.working():
        assert clock.advance_to(START - 1)


def test_work_counts_from_its_creation_and_ends_with_its_thread() -> None:
    clock = Clock(START)
    work = clock.working()
    assert not clock.advance_to(START + 60)
    in_thread(work, lambda: None).join(PATIENCE_SECONDS)
    assert clock.advance_to(START + 60)


def test_released_work_counts_no_more() -> None:
    clock = Clock(START)
    work = clock.working()
    work.release()
    work.release()
    assert clock.wait_idle(0)


def test_a_waiting_thread_does_not_keep_the_clock_from_jumping() -> None:
    clock = Clock(START)
    seen: list[float] = []

    def body() -> None:
        with clock.working():
            clock.wait(START + 3600)
            seen.append(clock.now())
            assert not clock.wait_idle(0)

    thread = in_thread(clock.working(), body)
    assert clock.wait_idle(PATIENCE_SECONDS)
    assert clock.next_deadline() == START + 3600
    assert clock.advance_to(START + 3600)
    thread.join(PATIENCE_SECONDS)
    assert seen
    assert seen[0] >= START + 3600
    assert clock.next_deadline() is None


def test_a_wait_for_neither_time_nor_event_is_refused() -> None:
    with pytest.raises(ValueError, match="a time, an event or both"):
        Clock(START).wait(None)


def test_a_wait_for_a_time_that_has_passed_returns() -> None:
    Clock(START).wait(START - 1)


@pytest.mark.parametrize("speed", [1, 0.001])
def test_a_time_thousands_of_years_ahead_can_be_waited_for(speed: float) -> None:
    clock, wake = Clock(START, speed), Wake()
    year_9999 = 253_402_300_799.0

    def end_the_wait() -> None:
        while clock.next_deadline() != year_9999:
            pass
        wake.set()

    thread = in_thread(clock.working(), end_the_wait)
    clock.wait(year_9999, wake)
    thread.join(PATIENCE_SECONDS)
    assert wake.is_set()


def test_no_jump_between_a_wakeup_and_the_work_that_it_begins() -> None:
    clock, wake, go_on = Clock(START), Wake(), threading.Event()

    def body() -> None:
        clock.wait(START + 3600, wake)
        go_on.wait(PATIENCE_SECONDS)

    thread = in_thread(clock.working(), body)
    assert clock.wait_idle(PATIENCE_SECONDS)
    wake.set()
    # Whether or not the thread has woken up yet.
    assert not clock.advance_to(START + 3600)
    go_on.set()
    thread.join(PATIENCE_SECONDS)
    assert clock.now() < START + 3600


def test_no_jump_past_a_deadline_whose_thread_has_not_woken_up_yet() -> None:
    clock, go_on = Clock(START), threading.Event()

    def body() -> None:
        clock.wait(START + 60)
        go_on.wait(PATIENCE_SECONDS)

    thread = in_thread(clock.working(), body)
    assert clock.wait_idle(PATIENCE_SECONDS)
    assert clock.advance_to(START + 60)
    assert not clock.advance_to(START + 120)
    go_on.set()
    thread.join(PATIENCE_SECONDS)


def test_an_event_that_is_set_already_ends_the_wait() -> None:
    wake = Wake()
    wake.set()
    Clock(START).wait(None, wake)


def test_one_event_wakes_every_thread_that_waits_for_it() -> None:
    clock, wake = Clock(START), Wake()
    threads = [in_thread(clock.working(), lambda: clock.wait(None, wake)) for _ in range(20)]
    assert clock.wait_idle(PATIENCE_SECONDS)
    wake.set()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()


def test_no_wakeup_is_lost_when_threads_wake_each_other() -> None:
    clock = Clock(START)
    rounds, ping, pong = 500, Wake(), Wake()

    def answer() -> None:
        for _ in range(rounds):
            clock.wait(None, ping)
            ping.clear()
            pong.set()

    def ask() -> None:
        for _ in range(rounds):
            ping.set()
            clock.wait(None, pong)
            pong.clear()

    threads = [in_thread(clock.working(), answer), in_thread(clock.working(), ask)]
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()
    assert clock.advance_to(START + 86_400)


@settings(max_examples=30)
@given(st.lists(st.integers(min_value=1, max_value=1_000_000), min_size=1, max_size=12))
def test_waiters_wake_in_the_order_of_their_deadlines(delays: list[int]) -> None:
    # It moves by jumps alone: a thread that is late would else meet the next deadline.
    clock = Clock(START, speed=1e-6)
    woken: list[float] = []

    def body(until: float) -> None:
        clock.wait(until)
        assert clock.now() >= until
        woken.append(until)

    threads = [in_thread(clock.working(), lambda until=START + delay: body(until)) for delay in delays]
    while any(thread.is_alive() for thread in threads):
        assert clock.wait_idle(PATIENCE_SECONDS)
        deadline = clock.next_deadline()
        if deadline is not None:
            clock.advance_to(deadline)
    assert woken == sorted(START + delay for delay in delays)


def test_time_flows_at_its_speed_without_a_jump() -> None:
    clock = Clock(START, speed=1e6)
    clock.wait(START + 20_000)
    assert clock.now() >= START + 20_000


def test_a_change_of_speed_reaches_those_who_wait() -> None:
    clock = Clock(START)
    thread = in_thread(clock.working(), lambda: clock.wait(START + 86_400))
    assert clock.wait_idle(PATIENCE_SECONDS)
    clock.speed = 1e7
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()


@pytest.mark.parametrize("jump_seconds", [3599.9, 3600.0])
def test_after_a_jump_those_who_wait_longer_wake_by_the_flow_of_time(jump_seconds: float) -> None:
    clock = Clock(START)
    threads = [
        in_thread(clock.working(), lambda until=START + 3600 + number / 50: clock.wait(until)) for number in range(5)
    ]
    assert clock.wait_idle(PATIENCE_SECONDS)
    assert clock.advance_to(START + jump_seconds)
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()
