"""Writing JSONata into a state machine definition.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

import json
import re


def expression(source: str) -> str:
    """JSONata as the value of a field that takes an expression: `{% ... %}`, on one line."""
    return f"{{% {one_line(source)} %}}"


def one_line(source: str) -> str:
    """JSONata written over several lines, on one. No literal here spans lines, so only layout is lost."""
    return re.sub(r"\s*\n\s*", " ", source.strip())


def literal(value: object) -> str:
    """Any JSON value as a JSONata literal: the two are written alike.

    `%` is escaped inside strings: a `%}` there could be read as the end of the expression.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False).replace("%", "\\u0025")


def default(variable: str, value: object) -> str:
    """A variable's value, or `value` before the first state that assigns it.

    An undefined result is States.QueryEvaluationError, so a variable that may be unassigned is always asked for so.
    """
    return f"$exists(${variable}) ? ${variable} : {literal(value)}"


def text_of(value: str) -> str:
    """The JSON text of a value, both as JSONata.

    $string gives a text back without quotes; inside an object it is quoted, so a text is cut out of one.
    """
    return f"($boxed := $string({{'': {value}}}); $substring($boxed, 4, $length($boxed) - 5))"


ME = "$states.context.Execution.Id"
"""The ARN of the execution itself."""

NAME = "$states.context.Execution.Name"

SAID_OF_ERROR = r"""(
    $whole := $replace($string($states.errorOutput.Cause), /[ \t\r\n]+/, ' ');
    $replace($split($whole, 'threw an error during evaluation')[-1], /^[ .:]+/, '')
)"""
"""In a Catch: the cause, on one line; of an expression that failed, what comes after it, which may be long."""

NOW_SECONDS = "$toMillis($states.context.State.EnteredTime) / 1000"
"""When the present state was entered: seconds since 1970, the same through all retries of the state."""

REDRIVES = "($exists($states.context.Execution.RedriveCount) ? $states.context.Execution.RedriveCount : 0)"
"""How often the execution has been redriven."""

UNCHANGED = expression("$states.input")
"""The Output of a state that hands on what it got: a run's facts are kept in variables."""
