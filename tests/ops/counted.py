"""Clients that tell which calls were made."""

from __future__ import annotations

from typing import Any

from ops.aws import Aws


class Counted(Aws):
    """Clients of AWS that count the calls of each operation."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: dict[str, int] = {}
        self._counted: set[str] = set()

    def __call__(self, service: str) -> Any:
        client = super().__call__(service)
        if service not in self._counted:
            self._counted.add(service)
            client.meta.events.register("before-call", self._count)
        return client

    def _count(self, model: Any, **_: Any) -> None:
        self.calls[model.name] = self.calls.get(model.name, 0) + 1
