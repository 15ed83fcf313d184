"""Reads JSONata expressions without evaluating them: do they parse, and what do they refer to."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jsonata.jexception import JException

from sandbox.step_functions.definition.diagnostic import Diagnostic
from sandbox.step_functions.query import is_expression, messages
from sandbox.step_functions.query.evaluator import parse, source
from spec import syntax_tree

# Fields whose strings AWS does not read as expressions.
_PLAIN = frozenset(
    (
        *("Comment", "Type", "QueryLanguage", "Next", "Default", "Resource", "Retry", "ErrorEquals", "Label"),
        *("Branches", "ItemProcessor", "Iterator", "Version", "StartAt", "States", "ReaderConfig", "WriterConfig"),
    )
)
_STATES_FIELDS = ("input", "context")


@dataclass(frozen=True)
class _References:
    """What an expression refers to, each once: see the functions of syntax_tree."""

    top_level_names: tuple[str, ...]
    states_fields: tuple[str, ...]
    variables: tuple[str, ...]
    newer_operators: tuple[str, ...]


@lru_cache(maxsize=4096)
def _references(expression: str) -> _References:
    """Raises JException if the expression does not parse. Kept, because the jobs of a stack share theirs."""
    tree = parse(expression).ast
    return _References(
        top_level_names=tuple(dict.fromkeys(syntax_tree.top_level_names(tree))),
        states_fields=tuple(dict.fromkeys(syntax_tree.states_fields(tree))),
        variables=tuple(dict.fromkeys(syntax_tree.free_variables(tree))),
        newer_operators=tuple(dict.fromkeys(syntax_tree.newer_operators(tree))),
    )


def problems(state: dict[str, Any], at: str) -> Iterator[Diagnostic]:
    """What AWS refuses of the expressions of a JSONata state."""
    for place, expression, extra in _of_state(state):
        location = f"{at}/{place}"
        try:
            references = _references(expression)
        except JException as error:
            yield Diagnostic("INVALID_JSONATA_EXPRESSION", messages.describe(error), location)
            continue
        for operator in references.newer_operators:
            yield Diagnostic("INVALID_JSONATA_EXPRESSION", f"Step Functions has no operator {operator}.", location)
        for reference in references.top_level_names:
            text = (
                "Reference to '$$' is not supported."
                if reference == "$$"
                else f"Reference to '{reference}' at the top level is not supported."
            )
            yield Diagnostic("UNSUPPORTED_JSONATA_EXPRESSION", text, location)
        for field in references.states_fields:
            if field not in (*_STATES_FIELDS, *extra):
                yield Diagnostic("UNSUPPORTED_JSONATA_EXPRESSION", f"Field '$states.{field}' does not exist.", location)


def variables(state: dict[str, Any]) -> list[str]:
    """The workflow variables that a state's expressions refer to, in alphabetical order."""
    names: set[str] = set()
    for _, expression, _ in _of_state(state):
        try:
            names.update(_references(expression).variables)
        except JException:
            continue
    return sorted(names - {"states"})


def _of_state(state: dict[str, Any]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(field, expression, further members of `$states` it may read) of each expression."""
    has_result = state.get("Type") in ("Task", "Parallel", "Map")
    for name, value in state.items():
        if name in _PLAIN:
            continue
        if name == "Catch":
            for at, catcher in enumerate(value if isinstance(value, list) else []):
                yield from _of_entry(catcher, f"Catch[{at}]", ("errorOutput",))
        elif name == "Choices":
            for at, rule in enumerate(value if isinstance(value, list) else []):
                yield from _of_entry(rule, f"Choices[{at}]", ())
        else:
            yield from _of_value(value, name, ("result",) if has_result and name in ("Output", "Assign") else ())


def _of_entry(entry: Any, place: str, extra: tuple[str, ...]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    if isinstance(entry, dict):
        for name, value in entry.items():
            if name not in _PLAIN:
                yield from _of_value(value, f"{place}/{name}", extra)


def _of_value(value: Any, place: str, extra: tuple[str, ...]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _of_value(item, f"{place}/{name}", extra)
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from _of_value(item, f"{place}[{at}]", extra)
    elif is_expression(value):
        yield place, source(value), extra
