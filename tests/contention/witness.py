"""Sees every task start, and which others had not stopped by then: as ECS has them, whatever any list says."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest

from sandbox.task_placement import Room
from sandbox.tasks import Tasks


class Witness:
    """Watches the tasks of a sandbox from now on.

    Attributes:
        tasks: what ECS has of each task that was started, the first first; it changes as the task does.
        meetings: the families and groups of two tasks of one family that were there at the same time.
    """

    def __init__(self, tasks: Tasks, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tasks: list[dict[str, Any]] = []
        self.meetings: list[tuple[str, str, str]] = []
        self._lock = threading.Lock()
        self._start = tasks.start
        monkeypatch.setattr(tasks, "start", self._see)

    def groups(self, *, family: str) -> list[str]:
        """The groups of the family's tasks, which are the names of the executions that started them."""
        return [task["group"] for task in self.tasks if family_of(task) == family]

    def running(self, family: str) -> list[str]:
        """The groups of the family's tasks that are RUNNING."""
        with self._lock:
            return [task["group"] for task in self.tasks if family_of(task) == family and is_in(task, "RUNNING")]

    def _see(self, task: dict[str, Any], definition: Mapping[str, Any], room: Room | None = None) -> None:
        with self._lock:
            for other in self.tasks:
                if family_of(other) == family_of(task) and not is_in(other, "STOPPED"):
                    self.meetings.append((family_of(task), other["group"], task["group"]))
            self.tasks.append(task)
        self._start(task, definition, room)


def family_of(task: Mapping[str, Any]) -> str:
    return task["taskDefinitionArn"].rpartition("/")[2].partition(":")[0]


def is_in(task: Mapping[str, Any], status: str) -> bool:
    return task["lastStatus"] == status
