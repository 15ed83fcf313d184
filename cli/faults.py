"""`--fault` of `longhaul sandbox`: what goes wrong, as text.

KIND[:SETTING...][@TIME]      capacity:2   spot:daily-rollup@30s   pull:timeout:10%   deliver-twice
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import typer

from cli.console import notices
from sandbox.faults import (
    DeliverLate,
    DeliverTwice,
    FailPull,
    Fault,
    InterruptSpot,
    LoseHost,
    LoseSecret,
    RefuseCapacity,
    RefuseInvoke,
    RetireTask,
    RunOutOfMemory,
    SpoilCause,
    SpoilChange,
    TaskStop,
    Throttle,
    TimeOutFunction,
)
from spec.durations import parse_duration

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

_COUNT = re.compile(r"[0-9]{1,9}")
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)%")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of fault on the command line.

    Attributes:
        name: how it is called.
        summary: what happens, in one line.
        make: its class.
        meets: what it meets, in the plural.
        words: the settings that are its own, by name, and what each says to `make`.
        count: what a number is to `make`.
        time: what a time is to `make`; empty for one that takes none.
        everywhere: it cannot be limited to some of what it meets.
    """

    name: str
    summary: str
    make: Callable[..., Fault | Lag]
    meets: str
    words: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    count: str = "first"
    time: str = ""
    everywhere: bool = False


@dataclass(kw_only=True)
class Lag:
    """What is told of executions and tasks lies behind, by virtual seconds; see sandbox.stale_reads."""

    seconds: float = 10


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            name="capacity",
            summary="RunTask finds no room; spot: on Spot only; error: as an error",
            make=RefuseCapacity,
            meets="calls of RunTask",
            words={"spot": {"spot_only": True}, "error": {"as_error": True}},
        ),
        Kind(
            name="throttle",
            summary="RunTask takes so many calls a second, else 20; ec2: EC2 does",
            make=Throttle,
            meets="calls of RunTask",
            words={"ec2": {"by_ec2": True}},
            count="a_second",
        ),
        Kind(
            name="pull",
            summary="the image is not pulled: timeout or missing, else timeout",
            make=FailPull,
            meets="starts",
            words={"timeout": {"because": "timeout"}, "missing": {"because": "missing"}},
        ),
        Kind(
            name="secret",
            summary="a secret is missing, or its service throttled, else missing",
            make=LoseSecret,
            meets="starts with a secret, and functions' reads of one",
            words={"missing": {"because": "missing"}, "throttled": {"because": "throttled"}},
        ),
        Kind(name="host", summary="the machine under a task is gone", make=LoseHost, meets="tasks", time="after"),
        Kind(name="retire", summary="Fargate retires a task", make=RetireTask, meets="tasks", time="after"),
        Kind(
            name="spot",
            summary="a task on Spot gets SIGTERM, and SIGKILL after stopTimeout",
            make=InterruptSpot,
            meets="tasks on Spot",
            time="after",
        ),
        Kind(
            name="memory",
            summary="a task's containers, or a function, have used up its memory",
            make=RunOutOfMemory,
            meets="tasks and invocations",
            time="after",
        ),
        Kind(
            name="invoke",
            summary="Lambda throttles; error: its own; runs-on: and runs it",
            make=RefuseInvoke,
            meets="calls of Invoke",
            words={"error": {"throttled": False}, "runs-on": {"throttled": False, "runs_on": True}},
        ),
        Kind(
            name="out-of-time",
            summary="a function's time is up before it is",
            make=TimeOutFunction,
            meets="invocations",
            time="after",
        ),
        Kind(
            name="cause",
            summary="a failed task's Cause is text, no-containers or no-exit-code",
            make=SpoilCause,
            meets="failed tasks",
            words={into: {"into": into} for into in ("text", "no-containers", "no-exit-code")},
        ),
        Kind(
            name="task-event",
            summary="no event tells of a change of a task's state; twice: two do",
            make=SpoilChange,
            meets="changes of tasks' states",
            words={into: {"into": into} for into in ("lost", "twice")},
        ),
        Kind(
            name="deliver-twice",
            summary="a scheduled time is delivered twice, the time given apart",
            make=DeliverTwice,
            meets="scheduled times",
            time="after",
        ),
        Kind(
            name="deliver-late",
            summary="a scheduled time is delivered so late, else after the next",
            make=DeliverLate,
            meets="scheduled times",
            time="by",
        ),
        Kind(
            name="stale-reads",
            summary="what is told of executions and tasks is so old, else 10s",
            make=Lag,
            meets="",
            time="seconds",
            everywhere=True,
        ),
    )
}

HELP = "\n\n".join(
    (
        "\b\nFaults, each KIND[:SETTING...][@TIME]:\n"
        + "\n".join(f"  {kind.name:14} {kind.summary}" for kind in KINDS.values()),
        "\b\nSettings: a job, which alone meets it; a number, for the first so many; a\n"
        "share, such as 10%; the words above. The time, such as 30s or 25h, is counted\n"
        "from a task's start, or from when a delivery is due. For example:\n"
        "  --fault capacity:2 --fault spot:daily-rollup@30s --fault deliver-twice:50%",
    )
)
"""For `--help`."""


@dataclass(frozen=True, kw_only=True)
class AskedFault:
    """A fault as it was asked for, the kind that it is of, and the job that alone meets it, if one does."""

    text: str
    kind: Kind
    job: str | None
    fault: Fault | Lag


def parse_fault(text: str, jobs: Collection[str]) -> AskedFault:
    """The fault that a text asks for, in a stack of these jobs. Raises typer.BadParameter, naming what is nearest."""
    head, at, time = text.partition("@")
    name, *settings = head.split(":")
    if name not in KINDS:
        raise _wrong(text, f"there is no fault {name!r}; {_nearest(name, KINDS)}")
    kind = KINDS[name]
    if kind.everywhere and settings:
        raise _wrong(text, f"{name} is everywhere or nowhere: it takes no setting")
    given: dict[str, Any] = {}
    for setting in settings:
        said = _setting(text, kind, setting, jobs)
        if given.keys() & said.keys():
            raise _wrong(text, f"{setting!r} says again what another setting says")
        given |= said
    job = given.pop("job", None)
    if at:
        given |= _time(text, kind, time)
    return AskedFault(text=text, kind=kind, job=job, fault=kind.make(**given))


def add_faults(asked: Iterable[AskedFault], aws: LocalAws, name_of: Callable[[str], str]) -> None:
    """Have them happen from now on; `name_of` gives the name that a job's resources share."""
    for each in asked:
        fault = each.fault
        if isinstance(fault, Lag):
            aws.stale_reads.seconds = fault.seconds
            continue
        if each.job is not None:
            fault.of = name_of(each.job)
        aws.faults.add(fault)


def say_what_they_did(asked: Iterable[AskedFault]) -> None:
    """Say of each that is counted how often it happened, on standard error."""
    for each in asked:
        fault = each.fault
        if isinstance(fault, Lag):
            continue
        count = fault.stopped if isinstance(fault, TaskStop) else fault.struck
        notices().print(f"Fault {each.text}: {count} of {fault.met} {each.kind.meets}", markup=False)


def _setting(text: str, kind: Kind, setting: str, jobs: Collection[str]) -> Mapping[str, Any]:
    if setting in kind.words:
        return kind.words[setting]
    if setting in jobs:
        return {"job": setting}
    if _COUNT.fullmatch(setting):
        if int(setting) < 1:
            raise _wrong(text, "a number is 1 or more")
        return {kind.count: int(setting)}
    if share := _SHARE.fullmatch(setting):
        if not 0 < float(share[1]) <= 100:
            raise _wrong(text, "a share is above 0% and at most 100%")
        return {"share": float(share[1]) / 100}
    choices = _nearest(setting, [*kind.words, *jobs], "a number", "a share such as 10%")
    raise _wrong(text, f"{setting!r} is neither a job nor another setting of {kind.name}; {choices}")


def _time(text: str, kind: Kind, time: str) -> dict[str, int]:
    if not kind.time:
        raise _wrong(text, f"{kind.name} takes no time")
    seconds = parse_duration(time)
    if seconds is None:
        raise _wrong(text, f"expected a time such as 30s or 25h after the @, found {time!r}")
    return {kind.time: seconds}


def _nearest(word: str, choices: Iterable[str], *more: str) -> str:
    choices = list(choices)
    nearest = difflib.get_close_matches(word, choices, n=1)
    return f"did you mean {nearest[0]}?" if nearest else f"it is one of {', '.join([*more, *choices])}"


def _wrong(text: str, what: str) -> typer.BadParameter:
    return typer.BadParameter(f"--fault {text}: {what}")
