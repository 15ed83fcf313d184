"""The JSONata that people write in a job's steps, `{% ... %}`, which Step Functions evaluates.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from spec.forms import Form, text
from spec.model import Loc
from spec.words import shown

_OPENING, _CLOSING = "{%", "%}"


def expression(example: str) -> Form:
    """An expression as the whole value of a field."""

    def check(value: str) -> str | None:
        if not is_expression(value):
            return f"{shown(value)} without {_OPENING} and {_CLOSING} around it"
        return expression_mistake(value)

    form = text(f"a JSONata expression such as {_OPENING} {example} {_CLOSING}", check=check)
    return Form(form.expects, form.read, {"type": "string", "pattern": r"^\{%[\s\S]*%\}$"})


def is_expression(value: object) -> bool:
    """Whether Step Functions evaluates a text. It does so only where the expression is the whole text."""
    return isinstance(value, str) and value.startswith(_OPENING) and value.endswith(_CLOSING)


def source(value: str) -> str:
    """What stands between `{%` and `%}`."""
    return value[len(_OPENING) : -len(_CLOSING)].strip()


def expressions_in(value: Any, loc: Loc = ()) -> Iterator[tuple[Loc, str]]:
    """The expressions within a JSON value, each with its place."""
    if is_expression(value):
        yield loc, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from expressions_in(item, (*loc, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from expressions_in(item, (*loc, index))


def half_expressions_in(value: Any, loc: Loc = ()) -> Iterator[Loc]:
    """The places of texts that hold an expression beside other text, which nothing evaluates."""
    if isinstance(value, str):
        if not is_expression(value) and (_OPENING in value or _CLOSING in value):
            yield loc
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from half_expressions_in(item, (*loc, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from half_expressions_in(item, (*loc, index))


def expression_mistake(value: str) -> str | None:
    """What is wrong with an expression by itself, as the words after "found"; None when nothing is."""
    # Most stacks have no steps, and need not wait for the parser.
    from jsonata.jexception import JException

    from spec import syntax_tree

    if not source(value):
        return "an empty one"
    try:
        tree = _tree(value)
    except JException as error:
        return f"one that is not JSONata ({' '.join(str(error).split())})"
    except (IndexError, KeyError) as error:  # How the parser takes some of what it does not know.
        return f"one that is not JSONata ({error})"
    for operator in syntax_tree.newer_operators(tree):
        return f"the operator {operator}, which Step Functions' JSONata (2.0.6) has not"
    for whole in syntax_tree.whole_contexts(tree):
        return f"{whole} as a whole, which is the machine's own: only $states.context may be read"
    for name in syntax_tree.top_level_names(tree):
        if name in ("$", "$$"):
            return f"{name}, which stands for nothing in Step Functions"
        return f"the name {shown(name)} without a $: write ${name}, or put a text in quotes"
    for member in syntax_tree.states_fields(tree):
        if member != "context":
            return f"$states.{member}, which is the machine's own: only $states.context may be read"
    return None


def names_in(value: str) -> tuple[str, ...]:
    """The names, without `$`, that an expression without mistakes reads from outside of itself, each once."""
    from spec import syntax_tree

    names = dict.fromkeys(syntax_tree.free_variables(_tree(value)))
    return tuple(name for name in names if name != "states")


def is_a_function(name: str) -> bool:
    """Whether JSONata or Step Functions has a function of that name."""
    from spec import syntax_tree

    return name in syntax_tree.FUNCTIONS


@cache
def _tree(value: str) -> Any:
    from jsonata.jsonata import Jsonata

    # The parser reads one character behind a comment.
    return Jsonata(source(value) + "\n").ast
