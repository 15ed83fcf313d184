"""Map runs: the executions that a step has for its items, or for several of them each.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar

from ops.aws import CALLS_AT_ONCE, Aws
from ops.execution import FAILED_STATUSES, Execution
from ops.executions import listed_execution
from ops.step_runs import Items

MOST_CHILDREN = 100
"""Of how many executions of a map run the histories are read: all where there are no more, and else those that did not
succeed."""
_MOST_LOOKED_AT, _MOST_LISTED = 1_000, 10_000


class _Told(Protocol):
    @property
    def index(self) -> int | None: ...


_ToldT = TypeVar("_ToldT", bound=_Told)


class Children(Generic[_ToldT]):
    """The executions of map runs, the histories of those that have ended read once however often they are asked for.

    Args:
        read: what reads a history.
        index: the item that is looked for, where only one is: of many executions, among those that began nearest to it.
        most: how many histories of a map run are read at most; 0: none.
    """

    def __init__(
        self, read: Callable[[Aws, str], _ToldT], *, index: int | None = None, most: int = MOST_CHILDREN
    ) -> None:
        self._read = read
        self._index, self._most = index, most
        self._ended: dict[str, _ToldT] = {}

    def items(self, aws: Aws, map_run_arn: str) -> Items:
        """How it went with the items of a map run. Raises botocore's errors."""
        counts = aws("stepfunctions").describe_map_run(mapRunArn=map_run_arn)["itemCounts"]
        return Items(
            total=counts["total"],
            succeeded=counts["succeeded"],
            failed=counts["failed"] + counts["timedOut"],
            running=counts["running"],
            aborted=counts["aborted"],
        )

    def of(self, aws: Aws, map_run_arn: str) -> list[tuple[str, _ToldT]]:
        """Executions of a map run by their ARNs, and what was read of each. Raises botocore's errors."""
        if not self._most:
            return []
        found = list(islice(_listed(aws, map_run_arn), self._most + 1))
        if len(found) <= self._most:
            return self._told(aws, found)
        if self._index is not None:
            return self._of_item(aws, map_run_arn, self._index)
        failed = (each for status in FAILED_STATUSES for each in _listed(aws, map_run_arn, status))
        return self._told(aws, list(islice(failed, self._most)))

    def _of_item(self, aws: Aws, map_run_arn: str, index: int) -> list[tuple[str, _ToldT]]:
        """The execution of an item, of many: they begin in the order of their items, more or less."""
        several = sorted(islice(_listed(aws, map_run_arn), _MOST_LISTED), key=lambda child: child.started)
        nearest = sorted(range(len(several)), key=lambda place: abs(place - index))[:_MOST_LOOKED_AT]
        for first in range(0, len(nearest), self._most):
            told = self._told(aws, [several[place] for place in nearest[first : first + self._most]])
            if found := [each for each in told if each[1].index == index]:
                return found
        return []

    def _told(self, aws: Aws, children: list[Execution]) -> list[tuple[str, _ToldT]]:
        def of_one(child: Execution) -> _ToldT:
            if child.arn in self._ended:
                return self._ended[child.arn]
            found = self._read(aws, child.arn)
            if not child.goes_on:
                self._ended[child.arn] = found
            return found

        with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
            return [(child.arn, told) for child, told in zip(children, pool.map(of_one, children), strict=True)]


def _listed(aws: Aws, map_run_arn: str, status: str | None = None) -> Iterator[Execution]:
    """The executions of a map run, the newest first."""
    more: dict[str, Any] = {"statusFilter": status} if status else {}
    pages = (
        aws("stepfunctions")
        .get_paginator("list_executions")
        .paginate(mapRunArn=map_run_arn, PaginationConfig={"PageSize": 1000}, **more)
    )
    for page in pages:
        yield from map(listed_execution, page["executions"])
