"""The variables of a step's states: each step has its own.

In a Parallel or a Map no variable may have the name of one outside. https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html
"""

import re
from collections.abc import Mapping
from typing import Any

from spec.expressions import is_expression

_OF_A_STEP = ("attempt", "startRetries", "lostCapacity", "run", "resultKey", "inputUrl", "timedOut")
_READ = re.compile(rf"\$({'|'.join(_OF_A_STEP)})\b")


def of_step(states: dict[str, Any], step: str, later: Mapping[str, str]) -> dict[str, Any]:
    """States with the step's name behind the names of its variables.

    Args:
        states: the states.
        step: the step.
        later: what is put into expressions after that, in the place of what.
    """

    def changed(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: assigned(item) if key == "Assign" else changed(item) for key, item in value.items()}
        if isinstance(value, list):
            return [changed(item) for item in value]
        if not is_expression(value):
            return value
        text = _READ.sub(rf"$\1_{step}", value)
        for place, content in later.items():
            text = text.replace(place, content)
        return text

    def assigned(variables: dict[str, Any]) -> dict[str, Any]:
        return {f"{name}_{step}" if name in _OF_A_STEP else name: changed(value) for name, value in variables.items()}

    return {name: changed(state) for name, state in states.items()}
