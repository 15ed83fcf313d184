"""Evaluates the JSONata expressions of a state's fields."""

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.utils import Utils

from sandbox.step_functions.errors import EvaluationError
from sandbox.step_functions.json_text import to_text
from sandbox.step_functions.query import functions, messages

MAX_DEPTH = 100
"""Nested evaluations an expression may need before AWS calls it a stack overflow."""
MAX_STEPS = 500_000
"""Evaluations within an expression, which is some seconds of them. Not time: a thousand executions share a machine's
cores, and a look for garbage, which falls to any one of them, takes seconds with a large stack."""


def is_expression(value: object) -> bool:
    """Whether a field's value is a JSONata expression: a string that begins with `{%` and ends with `%}`."""
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}")


def source(text: str) -> str:
    """The JSONata between `{%` and `%}`."""
    return text[2:-2].strip()


@functools.lru_cache(maxsize=4096)
def parse(expression: str) -> Jsonata:
    """A parsed expression; JException if it does not parse. Evaluating it does not change it."""
    try:
        # The parser reads one character behind a comment.
        compiled = Jsonata(f"{expression}\n")
    except KeyError as unknown:  # How it takes an operator that it does not know.
        raise JException("S0204", 0, str(unknown).strip("'")) from None
    # So that null and undefined stay apart: the first is a value, the second an error.
    compiled.set_output_convert_nulls(False)
    return compiled


class Evaluator:
    """Evaluates templates for one execution; `now_seconds` is the sandbox's clock (epoch seconds)."""

    def __init__(self, now_seconds: Callable[[], float]) -> None:
        self._functions = functions.bindings(now_seconds)

    def template(self, value: Any, location: str, names: Mapping[str, Any]) -> Any:
        """A JSON value with every expression in it replaced by its result.

        `names` are the variables, `states` among them; `location` is the field's name for error texts.
        Raises EvaluationError for an expression that fails, is undefined or gives what JSON cannot hold.
        """
        if isinstance(value, dict):
            return {key: self.template(item, f"{location}/{key}", names) for key, item in value.items()}
        if isinstance(value, list):
            return [self.template(item, f"{location}[{index}]", names) for index, item in enumerate(value)]
        if is_expression(value):
            return self._expression(source(value), location, names)
        return value

    def typed(self, value: Any, expected: str, location: str, names: Mapping[str, Any]) -> Any:
        """As `template`, for a field whose expression must give one JSON type: boolean, number, string, array."""
        result = self.template(value, location, names)
        if is_expression(value) and (actual := json_type(result)) != expected:
            raise EvaluationError(
                f"{_subject(source(value), location)} returned an unexpected result type. "
                f"Expected '{expected}', but was '{actual}' for value: {to_text(result)}",
                location,
            )
        return result

    def _expression(self, expression: str, location: str, names: Mapping[str, Any]) -> Any:
        subject = _subject(expression, location)
        bounds = _Bounds()
        frame = {
            "__evaluate_entry": bounds.enter,
            "__evaluate_exit": bounds.leave,
            **{name: Utils.NULL_VALUE if value is None else value for name, value in names.items()},
            **self._functions,
        }
        try:
            result = parse(expression).evaluate(None, frame)
            if result is None:
                raise EvaluationError(f"{subject} returned nothing (undefined).", location)
            return _to_json(result)
        except _LimitError as error:
            raise EvaluationError(f"{subject} threw an error during evaluation: {error}", location) from None
        except _NotJsonError:
            raise EvaluationError(f"{subject} returned an unsupported result type.", location) from None
        except JException as error:
            text = f"{error.error}: {messages.describe(error)}"
            raise EvaluationError(f"{subject} threw an error during evaluation. {text}", location) from None
        except ArithmeticError:
            # A division by zero: the reference goes on with a number that JSON cannot hold.
            text = f"D1001: {messages.describe(JException('D1001', -1))}"
            raise EvaluationError(f"{subject} threw an error during evaluation. {text}", location) from None
        except (ValueError, TypeError, LookupError, AttributeError, RuntimeError) as error:
            # The port lets Python's own errors out where the reference has an error of its own.
            raise EvaluationError(f"{subject} threw an error during evaluation. {error}", location) from None


def json_type(value: Any) -> str:
    """The JSON type of a value, in JSONata's words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return {str: "string", list: "array", dict: "object"}[type(value)]


def _subject(expression: str, location: str) -> str:
    return f"The JSONata expression '{expression}' specified for the field '{location}'"


class _LimitError(Exception):
    """An evaluation went beyond what AWS allows one."""


class _NotJsonError(Exception):
    """An evaluation gave a function."""


class _Bounds:
    def __init__(self) -> None:
        self._depth = 0
        self._steps = 0

    def enter(self, _expression: Any, _input: Any, frame: Any) -> None:
        if frame.is_parallel_call:
            return
        self._depth += 1
        self._steps += 1
        if self._depth > MAX_DEPTH:
            raise _LimitError(
                "Stack overflow error: Check for non-terminating recursive function. "
                f"Consider rewriting as tail-recursive. Depth={self._depth} max={MAX_DEPTH}"
            )
        if self._steps > MAX_STEPS:
            raise _LimitError("Expression evaluation timeout: Check for infinite loop")

    def leave(self, _expression: Any, _input: Any, frame: Any, _result: Any) -> None:
        if not frame.is_parallel_call:
            self._depth -= 1


def _to_json(value: Any) -> Any:
    """A new value of plain Python types: results share structure with inputs, which must not change."""
    if value is None or value is Utils.NULL_VALUE:
        return None
    if isinstance(value, bool | str | int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() and abs(value) < 1e21 else value
    if isinstance(value, dict):
        return {key: _to_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_to_json(item) for item in value]
    raise _NotJsonError
