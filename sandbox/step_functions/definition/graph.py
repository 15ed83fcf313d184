"""Checks where a machine's states lead."""

from collections.abc import Iterator
from typing import Any

from sandbox.step_functions.definition.diagnostic import Diagnostic

States = dict[str, Any]


def transitions(state: Any) -> Iterator[tuple[str, str]]:
    """(field, name of the state) of each transition out of a state."""
    if not isinstance(state, dict):
        return
    for field in ("Next", "Default"):
        if isinstance(state.get(field), str):
            yield field, state[field]
    for field in ("Choices", "Catch"):
        entries = state.get(field)
        for at, entry in enumerate(entries if isinstance(entries, list) else []):
            if isinstance(entry, dict) and isinstance(entry.get("Next"), str):
                yield f"{field}[{at}]/Next", entry["Next"]


def problems(start: Any, states: States, at: str, *, top_level: bool) -> Iterator[Diagnostic]:
    """Missing targets; then either that nothing ends the workflow, or the states that nothing leads to."""
    yield from _missing_targets(start, states, at)
    if top_level and not any(_is_terminal(state) for state in states.values()):
        yield Diagnostic("MISSING_END_STATE", "Workflow has no terminal state", None)
    elif top_level or any(_is_terminal(state) for state in states.values()):
        reached = _reachable(start, states)
        for name in states:
            if name not in reached:
                yield Diagnostic(
                    "MISSING_TRANSITION_TARGET", f'State "{name}" is not reachable.', f"{at}/States/{name}"
                )


def _missing_targets(start: Any, states: States, at: str) -> Iterator[Diagnostic]:
    if isinstance(start, str) and start not in states:
        yield _missing(start, f"{at}/StartAt")
    for name, state in states.items():
        for field, target in transitions(state):
            if target not in states:
                yield _missing(target, f"{at}/States/{name}/{field}")


def _missing(target: str, location: str) -> Diagnostic:
    return Diagnostic("MISSING_TRANSITION_TARGET", f"Missing 'Next' target: {target}", location)


def _is_terminal(state: Any) -> bool:
    return isinstance(state, dict) and (state.get("End") is True or state.get("Type") in ("Succeed", "Fail"))


def _reachable(start: Any, states: States) -> set[str]:
    reached: set[str] = set()
    pending = [start] if isinstance(start, str) and start in states else []
    while pending:
        name = pending.pop()
        if name not in reached:
            reached.add(name)
            pending.extend(target for _, target in transitions(states[name]) if target in states)
    return reached
