"""A small reader of state machines: runs a definition with the task results that a test tells it.

It shares no code with the sandbox's engine, so that each is a check of the other.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from jsonata import Jsonata
from jsonata.utils import Utils

EXECUTION = {
    "Id": "arn:aws:states:eu-west-1:123456789012:execution:longhaul-dev-nightly:7f2e",
    "Name": "7f2e",
    "StartTime": "2026-11-24T03:15:02.345Z",
}

REDRIVEN = "2026-11-24T03:14:59.000Z"
"""When an execution was redriven that was."""


@dataclass(frozen=True)
class Failure:
    """What a task state gives its Catch."""

    error: str
    cause: str


class EvaluationError(Exception):
    """A JSONata expression that has no value."""


@dataclass
class Execution:
    """How a machine ran: states passed, arguments of each task of the job, seconds of each wait, and the end.

    `calls`: the other calls of AWS, each the integration and its arguments.
    """

    states: list[str] = field(default_factory=list)
    arguments: list[Any] = field(default_factory=list)
    calls: list[tuple[str, Any]] = field(default_factory=list)
    waits: list[int] = field(default_factory=list)
    output: Any = None
    error: str | None = None
    cause: str = ""

    @property
    def sentence(self) -> str:
        return self.cause.partition("\n")[0]

    @property
    def details(self) -> dict[str, Any]:
        return json.loads(self.cause.partition("\n")[2])

    def environment(self, attempt: int) -> dict[str, str]:
        overrides = self.arguments[attempt]["Overrides"]["ContainerOverrides"]
        return {pair["Name"]: pair["Value"] for pair in overrides[0]["Environment"]}


def evaluate(template: Any, states: Mapping[str, Any], variables: Mapping[str, Any]) -> Any:
    """A field with the JSONata in it evaluated; an undefined result is an error, as it is in Step Functions."""
    if isinstance(template, dict):
        return {key: evaluate(value, states, variables) for key, value in template.items()}
    if isinstance(template, list):
        return [evaluate(value, states, variables) for value in template]
    if not (isinstance(template, str) and template.startswith("{%") and template.endswith("%}")):
        return template
    source = _parsed(template[2:-2])
    source.environment = source.create_frame(Jsonata.static_frame)
    source.register_lambda("parse", _parse_json)
    source.register_lambda("hash", _hash)
    for name, value in {**variables, "states": states}.items():
        source.assign(name, Utils.NULL_VALUE if value is None else value)
    try:
        result = source.evaluate(None)
    except Exception as problem:
        raise EvaluationError(f"{problem}: {template}") from None
    if result is None:
        raise EvaluationError(f"undefined: {template}")
    return _plain(result)


@lru_cache(maxsize=256)
def _parsed(source: str) -> Jsonata:
    parsed = Jsonata(source)
    parsed.set_output_convert_nulls(False)
    return parsed


def _parse_json(text: str) -> Any:
    value = json.loads(text)
    return Utils.NULL_VALUE if value is None else value


def _hash(text: str, algorithm: str) -> str:
    return hashlib.new(algorithm.replace("-", ""), text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """A result of JSONata as Python's json knows it."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return None if value is Utils.NULL_VALUE else value


RUNS_A_JOB = ("ecs:runTask.sync", "lambda:invoke", "eks:runJob.sync")
"""The integrations that run a job's own container."""

World = Callable[[str, Any], Any]
"""Answers a call that is not for the job's own task: integration and arguments to a result or a Failure."""


def all_is_well(integration: str, arguments: Any) -> Any:
    """A world in which the lock is free, every call succeeds, and each result is `{}`."""
    del arguments
    return {"Body": "{}", "ContentLength": 2} if integration == "aws-sdk:s3:getObject" else {}


def walk(
    definition: dict[str, Any],
    execution_input: Any,
    results: list[dict[str, Any] | Failure],
    world: World = all_is_well,
    *,
    redrives: int = 0,
) -> Execution:
    """Runs a machine.

    `results`: the ECS Task that each attempt of the job gets, or its failure. A failure that no Catch takes is the end.
    """
    run = Execution()
    variables: dict[str, Any] = {}
    following: Iterator[dict[str, Any] | Failure] = iter(results)
    context = {"Execution": {**EXECUTION, "Input": execution_input, "RedriveCount": redrives}}
    if redrives:
        context["Execution"]["RedriveTime"] = REDRIVEN
    name, state_input = definition["StartAt"], execution_input
    while True:
        state = definition["States"][name]
        entered = {"Name": name, "EnteredTime": entered_time(len(run.states))}
        states: dict[str, Any] = {"input": state_input, "context": {**context, "State": entered}}
        run.states.append(name)
        chosen = state
        match state["Type"]:
            case "Succeed":
                run.output = evaluate(state["Output"], states, variables)
                return run
            case "Fail":
                run.error = evaluate(state["Error"], states, variables)
                run.cause = evaluate(state["Cause"], states, variables)
                assert isinstance(run.cause, str)
                return run
            case "Task":
                result = _call(state, states, variables, run, following, world)
                if not isinstance(result, Failure):
                    states["result"] = result
                    try:
                        evaluate(state.get("Assign", {}), states, variables)
                    except EvaluationError as problem:
                        result = Failure("States.QueryEvaluationError", str(problem))
                if isinstance(result, Failure):
                    states["errorOutput"] = {"Error": result.error, "Cause": result.cause}
                    names = {result.error, "States.ALL"}
                    catchers = (one for one in state.get("Catch", ()) if names & {*one["ErrorEquals"]})
                    if (chosen := next(catchers, None)) is None:
                        run.error, run.cause = result.error, result.cause
                        return run
            case "Choice":
                chosen = next((rule for rule in state["Choices"] if _holds(rule, states, variables)), None) or {
                    "Next": state["Default"]
                }
            case "Wait":
                seconds = evaluate(state["Seconds"], states, variables)
                assert math.floor(seconds) == seconds >= 0, "Step Functions waits whole seconds"
                run.waits.append(int(seconds))
        assigned = evaluate(chosen.get("Assign", {}), states, variables)
        if "Output" in chosen:
            state_input = evaluate(chosen["Output"], states, variables)
        variables |= assigned
        name = chosen["Next"]


def entered_time(number: int) -> str:
    """When the state of that number (0, 1, ...) was entered."""
    return f"2026-11-24T03:{15 + number // 60:02}:{number % 60:02}.000Z"


def _call(
    state: dict[str, Any],
    states: dict[str, Any],
    variables: dict[str, Any],
    run: Execution,
    following: Iterator[dict[str, Any] | Failure],
    world: World,
) -> Any:
    integration = state["Resource"].removeprefix("arn:aws:states:::")
    try:
        arguments = evaluate(state["Arguments"], states, variables)
    except EvaluationError as problem:
        return Failure("States.QueryEvaluationError", str(problem))
    if integration not in RUNS_A_JOB:
        run.calls.append((integration, arguments))
        return world(integration, arguments)
    run.arguments.append(arguments)
    return next(following)


def _holds(rule: dict[str, Any], states: Mapping[str, Any], variables: Mapping[str, Any]) -> bool:
    result = evaluate(rule["Condition"], states, variables)
    assert isinstance(result, bool), "a Choice rule's condition is true or false"
    return result
