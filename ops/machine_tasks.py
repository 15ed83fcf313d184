"""The tasks that a state machine runs, by its definition."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

_RUN_TASK = "ecs:runTask.sync"
_RUN_IN_CLUSTER = "eks:runJob.sync"
_RUN_JOB = "states:startExecution.sync:2"
# As definitions/steps/many.py writes the numbers of a count's tasks.
_NUMBERS = re.compile(r"{% \[0\.\.\(([0-9]+)\) - 1\] %}")

_Kind = TypeVar("_Kind")


def task_arguments(document: Any) -> Iterator[dict[str, Any]]:
    """The arguments of the states that run a task, wherever they are in a definition."""
    return _arguments(document, _RUN_TASK)


def cluster_arguments(document: Any) -> Iterator[dict[str, Any]]:
    """The arguments of the states that run a Job in an EKS cluster, wherever they are in a definition."""
    return _arguments(document, _RUN_IN_CLUSTER)


def _arguments(document: Any, resource: str) -> Iterator[dict[str, Any]]:
    if isinstance(document, list):
        for each in document:
            yield from _arguments(each, resource)
    elif isinstance(document, dict):
        if _calls(document, resource):
            yield document["Arguments"]
        for each in document.values():
            yield from _arguments(each, resource)


def is_task(state: dict[str, Any]) -> bool:
    """Whether a state runs a task of ECS."""
    return _calls(state, _RUN_TASK)


def _calls(state: dict[str, Any], resource: str) -> bool:
    return str(state.get("Resource", "")).endswith(resource) and isinstance(state.get("Arguments"), dict)


def family_of(task_definition_arn: str) -> str:
    """The family of a revision."""
    return task_definition_arn.rpartition("/")[2].rpartition(":")[0]


def machine_of(family: str, stack: str) -> str:
    """The name of the state machine that runs tasks of a family: that of a step has the step's name behind it.

    Args:
        family: such as `acme-dev-rollup_fetch`.
        stack: what the names of the stack's machines begin with, such as `acme-dev-`. No job's name has an underscore.
    """
    return stack + family.removeprefix(stack).partition("_")[0]


def at_once(
    definition: Mapping[str, Any],
    of_task: Callable[[Mapping[str, Any]], dict[_Kind, float]],
    of_run: Callable[[str], dict[_Kind, float]],
) -> dict[_Kind, float]:
    """How much of each kind a run has at once at most: of its largest step, and of steps side by side together.

    Args:
        definition: of its state machine.
        of_task: what a task has, by the arguments that it is started with.
        of_run: what a run of another job has, by the ARN of its machine.
    """
    most: dict[_Kind, float] = {}
    for state in definition["States"].values():
        for kind, amount in _of_state(state, of_task, of_run).items():
            most[kind] = max(most.get(kind, 0.0), amount)
    return most


def _of_state(
    state: dict[str, Any],
    of_task: Callable[[Mapping[str, Any]], dict[_Kind, float]],
    of_run: Callable[[str], dict[_Kind, float]],
) -> dict[_Kind, float]:
    if is_task(state):
        return of_task(state["Arguments"])
    if str(state.get("Resource", "")).endswith(_RUN_JOB):
        return of_run(state["Arguments"]["StateMachineArn"])
    if state["Type"] == "Map":
        width = _width(state)
        return {kind: width * each for kind, each in at_once(state["ItemProcessor"], of_task, of_run).items()}
    found: dict[_Kind, float] = {}
    for branch in state.get("Branches", ()):
        for kind, amount in at_once(branch, of_task, of_run).items():
            found[kind] = found.get(kind, 0.0) + amount
    return found


def _width(state: Mapping[str, Any]) -> int:
    """How many iterations of a Map run at once at most, as far as its definition tells."""
    most, items = int(state.get("MaxConcurrency") or 40), state.get("Items")
    if isinstance(items, list):
        return min(most, len(items))
    found = _NUMBERS.fullmatch(" ".join(str(items).split()))
    return min(most, int(found[1])) if found else most
