"""Walks the syntax tree of a JSONata expression, as Step Functions reads it."""

from collections.abc import Iterator
from typing import Any

from jsonata.jsonata import Jsonata
from jsonata.parser import Parser

Node = Any

_LINKS_UPWARD = frozenset({"_outer_instance", "ancestor", "slot", "seeking_parent"})
_BUILT_IN: Any = Jsonata.static_frame
FUNCTIONS = (frozenset(_BUILT_IN.bindings) - {"eval"}) | {"partition", "range", "hash", "random", "uuid", "parse"}
"""The functions of JSONata, of which Step Functions has no `$eval`, and those that it adds, without `$`.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html#jsonata-functions-provided-by-sfn
"""


def top_level_names(node: Node) -> Iterator[str]:
    """The names that the expression reads from the context item, which Step Functions does not give it.

    Only a path's first step reads it. Later steps, predicates, sort terms and groups read what a step before gave; a
    lambda's body reads the context item of where it stands.
    """
    kind = node.type
    if kind == "path":
        yield from top_level_names(node.steps[0])
    elif kind in ("name", "wildcard", "descendant"):
        yield node.value
    elif kind == "variable":
        if node.value in ("", "$"):
            yield f"${node.value}"
    elif kind in ("function", "partial"):
        yield from top_level_names(node.procedure)
        yield from _each(node.arguments)
    elif kind == "lambda":
        yield from top_level_names(node.body)
    elif kind in ("binary", "apply"):
        yield from _each([node.lhs, node.rhs])
    elif kind == "bind":
        yield from top_level_names(node.rhs)
    elif kind == "condition":
        yield from _each([node.condition, node.then, getattr(node, "_else", None)])
    elif kind in ("block", "unary"):
        yield from _each(_parts(node))


def states_fields(node: Node) -> Iterator[str]:
    """The members of `$states` that the expression reads by name."""
    steps = getattr(node, "steps", None) or []
    if node.type == "path" and len(steps) > 1 and _is_variable(steps[0], "states") and steps[1].type == "name":
        yield steps[1].value
    for child in _children(node):
        yield from states_fields(child)


def newer_operators(node: Node) -> Iterator[str]:
    """The operators that the expression has and JSONata 2.0.6 has not, which Step Functions evaluates.

    The parser makes a condition of both: of `a ?? b` with a call of $exists that nobody wrote, of `a ?: b` with an `a`
    for two.
    """
    if node.type == "condition":
        condition = node.condition
        if condition.type == "function" and condition.position == 0:
            yield "??"
        elif _begins_at(condition) == _begins_at(node.then):
            yield "?:"
    for child in _children(node):
        yield from newer_operators(child)


def _begins_at(node: Node) -> int | None:
    steps = getattr(node, "steps", None)
    return steps[0].position if steps else node.position


def whole_contexts(node: Node) -> Iterator[str]:
    """Where the expression reads `$$`, or `$states` other than by a member's name."""
    steps = getattr(node, "steps", None) or []
    is_member = node.type == "path" and len(steps) > 1 and _is_variable(steps[0], "states") and steps[1].type == "name"
    if node.type == "variable" and node.value in ("$", "states"):
        yield "$$" if node.value == "$" else "$states"
    for child in steps[1:] if is_member else _children(node):
        yield from whole_contexts(child)


def free_variables(node: Node, bound: frozenset[str] = frozenset()) -> Iterator[str]:
    """The variables, without `$`, that the expression reads and does not bind; functions of the language are none."""
    if node.type == "variable":
        if node.value not in bound and node.value not in FUNCTIONS and node.value not in ("", "$"):
            yield node.value
        for child in _children(node):
            yield from free_variables(child, bound)
        return
    if node.type == "lambda":
        bound = bound | {argument.value for argument in node.arguments}
        yield from free_variables(node.body, bound)
        return
    if node.type == "block":
        for part in node.expressions:
            yield from free_variables(part, bound)
            if part.type == "bind":
                bound = bound | {part.lhs.value}
        return
    if node.type == "bind":
        yield from free_variables(node.rhs, bound | {node.lhs.value})
        return
    if node.type == "path":
        bound = bound | {name for step in node.steps for name in _bound_by_step(step)}
    for child in _children(node):
        yield from free_variables(child, bound)


def _is_variable(node: Node, name: str) -> bool:
    return node.type == "variable" and node.value == name


def _bound_by_step(step: Node) -> list[str]:
    return [name for name in (getattr(step, "focus", None), getattr(step, "index", None)) if isinstance(name, str)]


def _each(nodes: list[Node]) -> Iterator[str]:
    for node in nodes:
        if node is not None:
            yield from top_level_names(node)


def _parts(node: Node) -> list[Node]:
    if node.value == "{":
        return [part for pair in node.lhs_object for part in pair]
    if node.value == "-":
        return [node.expression]
    return list(node.expressions)


def _children(node: Node) -> Iterator[Node]:
    for name, value in vars(node).items():
        # Most members are texts, numbers and None: they are passed over before anything is called.
        if isinstance(value, Parser.Symbol | list | tuple) and name not in _LINKS_UPWARD:
            yield from _nodes_in(value)


def _nodes_in(value: Any) -> Iterator[Node]:
    if isinstance(value, Parser.Symbol):
        yield value
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _nodes_in(item)
