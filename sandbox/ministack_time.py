"""Puts a clock into MiniStack's modules in the place of the names `time` and `datetime`.

Timestamps of objects, events, tasks and executions then follow the clock. The modules that check signatures and the
expiry of sessions stay on real time: clients sign by their own, real clock. `time.sleep`, `time.monotonic` and asyncio
are left alone.
"""

from __future__ import annotations

import datetime
import importlib.abc
import importlib.machinery
import sys
import time
import types
from collections.abc import Callable, Sequence

REAL_TIME_MODULES = frozenset({"ministack.core.sigv4", "ministack.core.iam_evaluator", "ministack.services.sts"})

_now: Callable[[], float] = time.time


def _read() -> float:
    return _now()


class _AnyDatetime(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, datetime.datetime)


class _Datetime(datetime.datetime, metaclass=_AnyDatetime):
    """A datetime class that reads the clock; instances of the real class pass as its own."""

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(_read(), tz)

    @classmethod
    def utcnow(cls) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(_read(), datetime.UTC).replace(tzinfo=None)


class _Overlay(types.ModuleType):
    """A module with a few names replaced, everything else read from the real one."""

    def __init__(self, real: types.ModuleType, **replaced: object) -> None:
        super().__init__(real.__name__)
        self._real = real
        self.__dict__.update(replaced)

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)


_TIME = _Overlay(
    time,
    time=_read,
    time_ns=lambda: int(_read() * 1e9),
    gmtime=lambda seconds=None: time.gmtime(_read() if seconds is None else seconds),
)
_DATETIME = _Overlay(datetime, datetime=_Datetime)
_REPLACEMENTS = ((time, _TIME), (datetime, _DATETIME), (datetime.datetime, _Datetime), (time.time, _read))


def install(now: Callable[[], float]) -> None:
    """Have every MiniStack module, loaded or yet to load, read `now` (epoch seconds); again replaces the first."""
    global _now
    _now = now
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    for name, module in list(sys.modules.items()):
        if _follows_the_clock(name):
            _replace_names(module)


def _follows_the_clock(module_name: str) -> bool:
    return module_name.startswith("ministack.") and module_name not in REAL_TIME_MODULES


def _replace_names(module: types.ModuleType) -> None:
    for attribute, value in list(vars(module).items()):
        for real, replacement in _REPLACEMENTS:
            if value is real:
                setattr(module, attribute, replacement)


class _Loader(importlib.machinery.SourceFileLoader):
    def exec_module(self, module: types.ModuleType) -> None:
        super().exec_module(module)
        _replace_names(module)


class _Finder(importlib.abc.MetaPathFinder):
    """MiniStack loads most of its services when they are first asked for."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not _follows_the_clock(fullname):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None:
            spec.loader = _Loader(fullname, spec.origin)
        return spec
