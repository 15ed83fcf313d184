"""A clock that can be moved: virtual time flows like real time and jumps forward while nothing works.

Whoever does real work holds a `Work` token; whoever waits for a time or an event waits in `Clock.wait`, which sets the
thread's tokens aside. When no token is held and no waiter is due, the clock is idle and may jump. A waiter whose event
is set already counts as busy, so there is no gap between the end of one piece of work and the start of the next in
which the clock could jump.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType

# A wait without a limit is made of turns: Ctrl-C in the instant before a wait is noticed only after it.
_TURN_SECONDS = 1.0


class Wake(threading.Event):
    """An event that `Clock.wait` can wait for together with a time. Once set it stays set until it is cleared."""

    def __init__(self) -> None:
        super().__init__()
        self._listeners_lock = threading.Lock()
        self._listeners: set[threading.Event] = set()

    def set(self) -> None:
        """Set the event and rouse every thread that waits for it in `Clock.wait`."""
        super().set()
        with self._listeners_lock:
            for listener in self._listeners:
                listener.set()

    def add_listener(self, listener: threading.Event) -> None:
        """Have `listener` set whenever this event is set from now on."""
        with self._listeners_lock:
            self._listeners.add(listener)

    def remove_listener(self, listener: threading.Event) -> None:
        """Stop setting `listener`."""
        with self._listeners_lock:
            self._listeners.discard(listener)


class Work:
    """A token that keeps the clock from jumping, from its creation until it is released.

    To hand work to a new thread, create the token first and enter it there (`with work:`), so that the clock cannot
    jump between the two. Entering ties the token to the thread: `Clock.wait` sets it aside while that thread waits.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._released = False
        clock._add(self)

    def __enter__(self) -> Work:
        self._clock._held().append(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._clock._held().remove(self)
        self.release()

    def release(self) -> None:
        """End the work; a second call does nothing."""
        self._released = True
        self._clock._remove(self)


class _Waiter:
    def __init__(self, until: float | None, wake: Wake | None, tokens: list[Work]) -> None:
        self.until = until
        self.wake = wake
        self.tokens = tokens
        self.roused = threading.Event()

    def is_due(self, now: float) -> bool:
        return (self.until is not None and now >= self.until) or (self.wake is not None and self.wake.is_set())


class Clock:
    """Virtual time in epoch seconds: it starts at `start`, flows at `speed` virtual seconds a second, never goes back.

    Args:
        start: the first reading, in epoch seconds; default: the real time.
        speed: virtual seconds that pass in one real second, above 0.
    """

    def __init__(self, start: float | None = None, speed: float = 1.0) -> None:
        # One tuple, so that `now` reads a consistent reading without a lock.
        self._anchor = (time.time() if start is None else start, time.monotonic(), _checked_speed(speed))
        self._changed = threading.Condition()
        self._active: set[Work] = set()
        self._waiters: set[_Waiter] = set()
        self._thread = threading.local()

    def now(self) -> float:
        """The virtual time in epoch seconds."""
        virtual, real, speed = self._anchor
        return virtual + (time.monotonic() - real) * speed

    @property
    def speed(self) -> float:
        """Virtual seconds that pass in one real second."""
        return self._anchor[2]

    @speed.setter
    def speed(self, speed: float) -> None:
        with self._changed:
            self._anchor = (self.now(), time.monotonic(), _checked_speed(speed))
            self._rouse(self._waiters)

    def advance_to(self, epoch: float) -> bool:
        """Jump to `epoch` (epoch seconds) if the clock is idle.

        Returns:
            True if the clock now reads `epoch` or later, False if something works: then nothing was changed.
        """
        with self._changed:
            now = self.now()
            if epoch <= now:
                return True
            if not self._is_idle(now):
                return False
            self._anchor = (epoch, time.monotonic(), self.speed)
            self._rouse(waiter for waiter in self._waiters if waiter.is_due(epoch))
            self._rouse_next()
            return True

    def working(self) -> Work:
        """A token that keeps the clock from jumping from now until its `with` block ends or it is released."""
        return Work(self)

    def wait(self, until: float | None, wake: Wake | None = None) -> None:
        """Block until the virtual time `until` or until `wake` is set, whichever comes first; counts as idle.

        Args:
            until: epoch seconds, or None for no limit.
            wake: an event that ends the wait early.

        Raises:
            ValueError: neither is given, so that the wait could never end.
        """
        if until is None and wake is None:
            raise ValueError("clock.wait needs a time, an event or both")
        waiter = _Waiter(until, wake, list(self._held()))
        if wake is not None:
            wake.add_listener(waiter.roused)
        with self._changed:
            self._waiters.add(waiter)
            self._active.difference_update(waiter.tokens)
            self._changed.notify_all()
        try:
            self._block(waiter)
        finally:
            with self._changed:
                self._waiters.discard(waiter)
                self._active.update(token for token in waiter.tokens if not token._released)
                self._rouse_next()
                self._changed.notify_all()
            if wake is not None:
                wake.remove_listener(waiter.roused)

    def next_deadline(self) -> float | None:
        """The earliest time (epoch seconds) that a thread waits for; None if none waits for a time."""
        with self._changed:
            return min((waiter.until for waiter in self._waiters if waiter.until is not None), default=None)

    def wait_idle(self, timeout: float | None = None) -> bool:
        """Block until nothing works and no waiter is due, at most `timeout` real seconds; True if it is so."""
        with self._changed:
            while not self._changed.wait_for(
                lambda: self._is_idle(self.now()), _TURN_SECONDS if timeout is None else timeout
            ):
                if timeout is not None:
                    return False
            return True

    def install(self) -> None:
        """Have MiniStack's services read this clock instead of the machine's."""
        from sandbox import ministack_time

        ministack_time.install(self.now)

    def _block(self, waiter: _Waiter) -> None:
        while True:
            # Cleared before the check: whatever becomes true afterwards sets it again.
            waiter.roused.clear()
            now = self.now()
            if waiter.is_due(now):
                return
            # Cut to what a thread can wait for at once: a time may be thousands of years ahead.
            limit = None if waiter.until is None else min((waiter.until - now) / self.speed, threading.TIMEOUT_MAX)
            waiter.roused.wait(limit)

    def _is_idle(self, now: float) -> bool:
        return not self._active and not any(waiter.is_due(now) for waiter in self._waiters)

    def _rouse(self, waiters) -> None:
        for waiter in waiters:
            waiter.roused.set()

    def _rouse_next(self) -> None:
        """Have the waiter with the earliest deadline reckon anew how long it waits.

        A jump makes all of their waits too long. They reckon one after the other, because rousing every one at every
        jump would take a thousand waiters a million times.
        """
        with_deadline = [waiter for waiter in self._waiters if waiter.until is not None]
        if with_deadline:
            min(with_deadline, key=lambda waiter: waiter.until or 0).roused.set()

    def _held(self) -> list[Work]:
        if not hasattr(self._thread, "held"):
            self._thread.held = []
        return self._thread.held

    def _add(self, token: Work) -> None:
        with self._changed:
            self._active.add(token)

    def _remove(self, token: Work) -> None:
        with self._changed:
            self._active.discard(token)
            self._changed.notify_all()


def _checked_speed(speed: float) -> float:
    if speed <= 0:
        raise ValueError(f"the clock's speed must be above 0, not {speed}")
    return speed
