"""What AWS refuses of a definition at CreateStateMachine, UpdateStateMachine and ValidateStateMachineDefinition."""

from collections.abc import Iterator
from typing import Any

from sandbox.step_functions.definition import expressions, fields, graph, jackson, map_fields, resources, scopes, values
from sandbox.step_functions.definition.diagnostic import Diagnostic, schema
from sandbox.step_functions.definition.nesting import has_express_children, nested_machines

MAX_STATE_NAME = 80


def validate(text: str, machine_type: str = "STANDARD") -> list[Diagnostic]:
    """The problems of a definition in AWS's order; `machine_type` is STANDARD or EXPRESS."""
    if not text.strip():
        return [Diagnostic("SCHEMA_VALIDATION_FAILED", "Definition must be a valid JSON object", None)]
    try:
        machine = jackson.loads(text)
    except ValueError:
        return [Diagnostic("INVALID_JSON_DESCRIPTION", jackson.describe(text), jackson.location(text))]
    if not isinstance(machine, dict):
        return [Diagnostic("SCHEMA_VALIDATION_FAILED", "Definition must be a valid JSON object", None)]
    language = _language(machine, "JSONPath")
    found = [
        *values.field_values(machine, fields.TOP_LEVEL_VALUES, "", jsonata=False),
        *values.unknown_fields(machine, fields.TOP_LEVEL, ""),
        *values.required_fields(machine, ("States", "StartAt"), ""),
        *_states(machine, "", language, machine_type),
    ]
    if not found:
        found = [
            *_names(machine, "", set()),
            *_graphs(machine, "", top_level=True),
            *scopes.problems(machine),
            *map_fields.same_labels(machine),
        ]
    return found


def _language(holder: dict[str, Any], inherited: str) -> str:
    # AWS takes every value but the exact "JSONPath" for JSONata, and reports the value apart.
    if "QueryLanguage" not in holder:
        return inherited
    return "JSONPath" if holder["QueryLanguage"] == "JSONPath" else "JSONata"


def _states(machine: dict[str, Any], at: str, language: str, machine_type: str) -> Iterator[Diagnostic]:
    states = machine.get("States")
    if not isinstance(states, dict):
        return
    if not states:
        yield schema("Value cannot be empty", f"{at}/States")
    for name, state in states.items():
        place = f"{at}/States/{name}"
        if not isinstance(state, dict):
            yield schema("Expected value of type [OBJECT]", place)
        else:
            yield from _state(state, place, language, machine_type)


def _state(state: dict[str, Any], at: str, machine_language: str, machine_type: str) -> Iterator[Diagnostic]:
    kind = state.get("Type")
    if kind is None:
        yield schema("These fields are required: [Type]", at)
        return
    if kind not in fields.STATE_TYPES:
        yield schema(f"Value should be one of the following: [{', '.join(fields.STATE_TYPES)}]", f"{at}/Type")
        return
    language = _language(state, machine_language)
    jsonata = language == "JSONata"
    yield from _query_language(state, at, language, machine_language)
    yield from values.unknown_fields(state, fields.ALLOWED[kind], at)
    yield from values.required_fields(state, fields.REQUIRED.get(kind, ()), at)
    yield from values.exclusive_fields(state, fields.EXCLUSIVE.get(kind, ()), fields.ONE_OF.get(kind, ()), at)
    yield from values.field_values(state, fields.VALUES, at, jsonata=jsonata)
    if kind == "Wait":
        yield from values.timestamp(state.get("Timestamp"), f"{at}/Timestamp")
    if kind == "Parallel":
        yield from _branches(state, at)
    if kind == "Map":
        yield from map_fields.problems(state, at, machine_type, jsonata=jsonata)
    if kind == "Choice":
        yield from _choices(state, at, jsonata=jsonata)
    if kind == "Task":
        yield from resources.problems(state, at, machine_type, jsonata=jsonata)
    yield from _handlers(state, at)
    if jsonata:
        yield from expressions.problems(state, at)
    for place, nested in nested_machines(state):
        nested_type = "EXPRESS" if has_express_children(state) else machine_type
        yield from _nested(nested, f"{at}/{place}", machine_language, nested_type)


def _query_language(state: dict[str, Any], at: str, language: str, machine_language: str) -> Iterator[Diagnostic]:
    if machine_language == "JSONata" and language == "JSONPath":
        yield schema("'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine", at)
        return
    other, foreign = ("JSONPath", fields.JSONPATH_ONLY) if language == "JSONata" else ("JSONata", fields.JSONATA_ONLY)
    for name in foreign:
        if name in state and name in fields.ALLOWED[state["Type"]]:
            yield schema(
                f"The QueryLanguage is set to '{language}', but field '{name}' is only supported for the "
                f"'{other}' QueryLanguage",
                at,
            )


def _choices(state: dict[str, Any], at: str, *, jsonata: bool) -> Iterator[Diagnostic]:
    rules = state.get("Choices")
    if not isinstance(rules, list):
        return
    if not rules:
        yield schema("Value cannot be empty", f"{at}/Choices")
    for number, rule in enumerate(rules):
        place = f"{at}/Choices[{number}]"
        if not isinstance(rule, dict):
            yield schema("Expected value of type [OBJECT]", place)
        elif jsonata:
            yield from values.unknown_fields(rule, fields.CHOICE_RULE, place)
            yield from values.required_fields(rule, ("Condition", "Next"), place)
            yield from values.field_values(rule, fields.RULE_VALUES, place, jsonata=True)
        else:
            yield from values.required_fields(rule, ("Next",), place)


def _branches(state: dict[str, Any], at: str) -> Iterator[Diagnostic]:
    branches = state.get("Branches")
    for number, branch in enumerate(branches if isinstance(branches, list) else []):
        if not isinstance(branch, dict):
            yield schema("Expected value of type [OBJECT]", f"{at}/Branches[{number}]")


def _handlers(state: dict[str, Any], at: str) -> Iterator[Diagnostic]:
    for field, allowed, required, types in (
        ("Retry", fields.RETRIER, ("ErrorEquals",), fields.RETRIER_VALUES),
        ("Catch", fields.CATCHER, ("ErrorEquals", "Next"), fields.CATCHER_VALUES),
    ):
        entries = state.get(field)
        entries = entries if isinstance(entries, list) else []
        for number, entry in enumerate(entries):
            place = f"{at}/{field}[{number}]"
            if not isinstance(entry, dict):
                yield schema("Expected value of type [OBJECT]", place)
                continue
            yield from values.unknown_fields(entry, allowed, place)
            yield from values.required_fields(entry, required, place)
            yield from values.field_values(entry, types, place, jsonata=False)
            yield from _error_names(entry.get("ErrorEquals"), f"{place}/ErrorEquals", number == len(entries) - 1)


def _error_names(names: Any, at: str, is_last: bool) -> Iterator[Diagnostic]:
    if not isinstance(names, list):
        return
    if not names:
        yield schema("Value cannot be empty", at)
    for number, name in enumerate(names):
        if not isinstance(name, str):
            yield schema("Expected value of type [STRING]", f"{at}[{number}]")
    if "States.ALL" in names and (len(names) > 1 or not is_last):
        yield schema("States.ALL must appear alone and at end of list", at)


def _nested(machine: dict[str, Any], at: str, language: str, machine_type: str) -> Iterator[Diagnostic]:
    yield from values.unknown_fields(machine, fields.NESTED_MACHINE, at)
    yield from values.required_fields(machine, ("States", "StartAt"), at)
    yield from _states(machine, at, language, machine_type)


def _names(machine: dict[str, Any], at: str, seen: set[str]) -> Iterator[Diagnostic]:
    for name, state in machine["States"].items():
        place = f"{at}/States/{name}"
        if name in seen:
            yield Diagnostic("DUPLICATE_STATE_NAME", f"Duplicate State name: {name}", place)
        if len(name) > MAX_STATE_NAME:
            yield Diagnostic(
                "INVALID_STATE_NAME",
                f"The state name '{name}' exceeds the {MAX_STATE_NAME}-character limit allowed by the service",
                place,
            )
        seen.add(name)
        for field, nested in nested_machines(state):
            yield from _names(nested, f"{place}/{field}", seen)


def _graphs(machine: dict[str, Any], at: str, *, top_level: bool) -> Iterator[Diagnostic]:
    yield from graph.problems(machine["StartAt"], machine["States"], at, top_level=top_level)
    for name, state in machine["States"].items():
        for field, nested in nested_machines(state):
            yield from _graphs(nested, f"{at}/States/{name}/{field}", top_level=False)
