"""The steps of a deployed job, as its state machine has them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ops.aws import Aws
from ops.stack import DeployedJob
from ops.step_states import COUNTED, FIRST, step_state

_FROM = re.compile(r'Execution\.Input\.from = "([a-z][a-z0-9_]*)"')
_RESULT = re.compile(r"result_([a-z][a-z0-9_]*)")


@dataclass(frozen=True, kw_only=True)
class TopSteps:
    """The steps of a job that a run may begin with.

    Attributes:
        needs: by the step, in their order, the earlier steps whose results it begins with.
        inside: by the name of a step within `parallel`, the one of these that it is in.
        others: the steps that run after a failure.
    """

    needs: Mapping[str, tuple[str, ...]]
    inside: Mapping[str, str]
    others: tuple[str, ...]


def read_top_steps(aws: Aws, job: DeployedJob) -> TopSteps | None:
    """The steps of a job as it is deployed; None of one without steps. Raises botocore's errors."""
    if job.state_machine_arn is None:
        return None
    return top_steps(_states(aws, job))


def takes_a_command(aws: Aws, job: DeployedJob) -> bool:
    """Whether a start may bring another command: not of a job with steps or a count. Raises botocore's errors."""
    if job.state_machine_arn is None:
        return True
    states = _states(aws, job)
    return FIRST not in states and f"Run {COUNTED} for each item" not in states


def top_steps(states: Mapping[str, Any]) -> TopSteps | None:
    """The steps that the states of a machine have; None where they have none."""
    if FIRST not in states:
        return None
    rules = states[FIRST]["Choices"]
    begin = _first_step(states, rules)
    needs: dict[str, tuple[str, ...]] = {begin: ()} if begin else {}
    for rule in rules:
        if found := _FROM.search(str(rule.get("Condition"))):
            needs[found[1]] = tuple(
                result[1] for name in rule.get("Assign", {}) if (result := _RESULT.fullmatch(name)) is not None
            )
    inside = {inner: outer for outer, state in _of_steps(states) for inner, _ in _nested(state) if inner != outer}
    others = {step for step, _ in _of_steps(states)} - needs.keys()
    return TopSteps(needs=needs, inside=inside, others=tuple(sorted(others)))


def _states(aws: Aws, job: DeployedJob) -> dict[str, Any]:
    answer = aws("stepfunctions").describe_state_machine(stateMachineArn=job.machine_arn)
    return json.loads(answer["definition"])["States"]


def _first_step(states: Mapping[str, Any], rules: list[dict[str, Any]]) -> str | None:
    start = states[FIRST].get("Default") or rules[-1]["Next"]
    found = step_state(start)
    return found.step if found else None


def _of_steps(states: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in states.items():
        if (found := step_state(name)) and name != FIRST:
            yield found.step, state


def _nested(state: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The steps with states inside of a state, at any depth."""
    machines = [*state.get("Branches", ()), *([state["ItemProcessor"]] if "ItemProcessor" in state else [])]
    for machine in machines:
        for step, inner in _of_steps(machine["States"]):
            yield step, inner
            yield from _nested(inner)
