"""The repairs of MiniStack's stores where many threads and many tasks meet in them, as those in `sandbox.repairs`.

`tests/sandbox/test_store_repairs.py` fails when MiniStack changes under them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ministack.core.responses import AccountRegionScopedDict, AccountScopedDict
from ministack.services import ecs

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws


def a_store_may_be_written_to_while_it_is_read(_aws: LocalAws) -> None:
    """As shipped, reading all of a store now and then fails while another thread writes to it.

    `list(store.items())` makes a tuple for each item. Any of them may set off a garbage collection, which closes files
    and so lets another thread run. A copy of the store makes none.
    """

    def of_the_caller(self: Any) -> list[tuple[Any, Any]]:
        return [item for item in self._data.copy().items() if self._is_mine(item[0])]

    def values(self: Any) -> list[Any]:
        return [value for _, value in of_the_caller(self)]

    def items(self: Any) -> list[tuple[Any, Any]]:
        return [(self._unscope(key), value) for key, value in of_the_caller(self)]

    def of_place(self: Any, account_id: str, region: str) -> list[tuple[Any, Any]]:
        return [item for item in self._data.copy().items() if item[0][:2] == (account_id, region)]

    def values_of_place(self: Any, account_id: str, region: str) -> list[Any]:
        return [value for _, value in of_place(self, account_id, region)]

    def items_of_place(self: Any, account_id: str, region: str) -> list[tuple[Any, Any]]:
        return [(self._unscope(key), value) for key, value in of_place(self, account_id, region)]

    stores: tuple[Any, ...] = (AccountScopedDict, AccountRegionScopedDict)
    for store in stores:
        store.values, store.items = values, items
    regional: Any = AccountRegionScopedDict
    regional.values_scoped, regional.items_scoped = values_of_place, items_of_place
    regional.all_items = lambda self: list(self._data.copy().items())


def clusters_are_counted_when_they_are_shown(_aws: LocalAws) -> None:
    """As shipped, all tasks that there are, are looked at whenever one of them gets on."""

    def view(cluster: dict[str, Any], include: set[str]) -> dict[str, Any]:
        _recount_cluster(cluster["clusterName"])
        return _cluster_view(cluster, include)

    ecs._recount_cluster = lambda _name: None
    ecs._cluster_view = view


# What the repairs call in turn.
_recount_cluster = ecs._recount_cluster
_cluster_view = ecs._cluster_view

ALL: tuple[Callable[[LocalAws], None], ...] = (
    a_store_may_be_written_to_while_it_is_read,
    clusters_are_counted_when_they_are_shown,
)
