"""Groups of jobs that must not run at the same time: is each name the one that was meant?"""

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher

from spec.job import JobSpec
from spec.model import Problem
from spec.words import shown

_LIKE = 0.8
_DIGITS = re.compile("[0-9]+")


def lone_groups(jobs: Iterable[JobSpec]) -> Iterator[tuple[JobSpec, Problem]]:
    """Jobs alone in a group whose name is nearly that of another job's group: it would hold nothing apart.

    Alone in a group of another name is fine: the others may run in other stacks.
    """
    members: dict[str, list[JobSpec]] = {}
    for job in jobs:
        if job.overlap.group is not None:
            members.setdefault(job.overlap.group, []).append(job)
    known = [group for group, of_group in members.items() if len(of_group) > 1]
    for group, (job, *others) in members.items():
        if others:
            continue
        meant = next((other for other in known if _are_alike(group, other)), None)
        if meant is None:
            known.append(group)
        else:
            message = f"expected a group that another job of the stack names too, found {shown(group)}, which none does"
            yield job, Problem(("overlap", "group"), f"{message}: did you mean {shown(meant)}?")


def mixed_groups(jobs: Iterable[JobSpec]) -> Iterator[tuple[JobSpec, Problem]]:
    """Jobs of a group of which some run as Lambda functions and others do not: neither can tell that the other's run
    has ended.
    """
    first: dict[str, JobSpec] = {}
    for job in jobs:
        if job.overlap.group is None:
            continue
        other = first.setdefault(job.overlap.group, job)
        kinds = (other.run_on.kind, job.run_on.kind)
        if kinds[0] != kinds[1] and "lambda" in kinds:
            message = f"expected {kinds[0]}, where {other.name} of the same overlap group runs, found {kinds[1]}"
            why = "a run of one cannot tell whether the other's has ended"
            yield job, Problem(("runOn",), f"{message}: {why}", (("overlap", "group"),))


def _are_alike(one: str, other: str) -> bool:
    """Whether one may be the other misspelt. Names that differ in a number or a whole word, as load-eu and load-us do,
    are meant to.
    """
    if _DIGITS.findall(one) != _DIGITS.findall(other):
        return False
    words, others = one.split("-"), other.split("-")
    pairs = zip(words, others, strict=True) if len(words) == len(others) else [(one, other)]
    return all(SequenceMatcher(None, word, counterpart).ratio() >= _LIKE for word, counterpart in pairs)
