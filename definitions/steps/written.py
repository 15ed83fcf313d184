"""What people wrote in a step, `{% ... %}`, for the place in the machine where it is evaluated."""

from collections.abc import Mapping
from typing import Any

from definitions.jsonata import expression, literal, text_of
from spec.compact_json import compact
from spec.expressions import is_expression, names_in, source
from spec.job import JobSpec

_COMMA = " & ',' & "
ITEM, INDEX = "$states.context.Map.Item.Value", "$states.context.Map.Item.Index"


def run_input(job: JobSpec) -> str:
    """The run's input, or else the job's own, as JSONata."""
    return f"""(
        $given := $states.context.Execution.Input.input;
        $exists($given) ? $given : {literal(job.input)}
    )"""


def jsonata(text: str, job: JobSpec, results: Mapping[str, str]) -> str:
    """An expression, as JSONata in which its names stand for what they mean.

    Args:
        text: `{% ... %}`.
        job: the job that it belongs to.
        results: the variables of the results that it may read, by the names of their steps.
    """
    meanings = {"input": run_input(job), "item": ITEM, "index": INDEX, "failure": "$whatFailed"}
    meanings |= {name: f"${variable}" for name, variable in results.items()}
    bindings = [f"${name} := {meanings[name]};" for name in names_in(text) if name in meanings]
    return f"({' '.join([*bindings, source(text)])})"


def template(value: Any, job: JobSpec, results: Mapping[str, str]) -> Any:
    """A JSON value with expressions in it, for a field that Step Functions evaluates by itself."""
    if is_expression(value):
        return expression(jsonata(value, job, results))
    if isinstance(value, dict):
        return {key: template(item, job, results) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [template(item, job, results) for item in value]
    return value


def json_text(value: Any, job: JobSpec, results: Mapping[str, str], where: str) -> str:
    """The same as JSONata of its JSON text, in which an expression that gives nothing is an error with its place.

    It is put together as text because JSONata takes a list within a list for one with the items of both.
    """
    if is_expression(value):
        return f"""(
            $value := {jsonata(value, job, results)};
            $exists($value) ? {text_of("$value")} : $error({literal(f"{where} gives nothing")})
        )"""
    if isinstance(value, dict) and value:
        items = [
            f"{literal(compact(key) + ':')} & {json_text(item, job, results, f'{where}.{key}')}"
            for key, item in value.items()
        ]
        return f"('{{' & {_COMMA.join(items)} & '}}')"
    if isinstance(value, list | tuple) and value:
        items = [json_text(item, job, results, f"{where}[{index}]") for index, item in enumerate(value)]
        return f"('[' & {_COMMA.join(items)} & ']')"
    return literal(compact(value))
