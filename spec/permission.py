"""Statements of the policy of a job's own role, in IAM's grammar.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from spec.forms import Form, choice, text
from spec.model import Spec
from spec.words import UnexpectedValueError, nearest, shown

_OPERATORS = (
    *(
        f"String{test}"
        for test in ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike")
    ),
    *(
        f"{kind}{test}"
        for kind in ("Numeric", "Date")
        for test in ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
    ),
    *(
        "Bool",
        "BinaryEquals",
        "IpAddress",
        "NotIpAddress",
        "ArnEquals",
        "ArnLike",
        "ArnNotEquals",
        "ArnNotLike",
        "Null",
    ),
)
_SET_PREFIXES = ("ForAllValues:", "ForAnyValue:")
_IF_EXISTS = "IfExists"


def _action() -> Form:
    return text(
        "an IAM action as service:Action, such as s3:GetObject or s3:Get*", pattern=r"[a-z0-9-]+:[A-Za-z0-9*?]+"
    )


def _resource() -> Form:
    pattern = r"\*|arn:(?:\*|aws(?:-[a-z]+)*):(?:\*|[a-z0-9-]+):(?:\*|[a-z0-9-]*):(?:\*|[0-9]{12})?:\S+"
    return text('the ARN of a resource, such as arn:aws:s3:::bucket/*, or "*"', pattern=pattern)


def _operator() -> Form:
    expects = "an IAM condition operator such as StringEquals or ForAnyValue:StringLike"

    def read(value: Any) -> str:
        if not isinstance(value, str):
            raise UnexpectedValueError(expects, shown(value))
        prefix = next((prefix for prefix in _SET_PREFIXES if value.startswith(prefix)), "")
        suffix = _IF_EXISTS if value.endswith(_IF_EXISTS) else ""
        operator = value[len(prefix) : len(value) - len(suffix)]
        # AWS defines no NullIfExists: Null is the test for existence itself.
        if operator not in _OPERATORS or (operator == "Null" and suffix):
            known = None if operator == "Null" else nearest(operator, _OPERATORS)
            hint = f'did you mean "{prefix}{known}{suffix}"?' if known else ""
            raise UnexpectedValueError(expects, shown(value), hint)
        return value

    return Form(expects, read, {"type": "string"})


def _condition_values() -> Form:
    expects = "text, or a list of texts"

    def read(value: Any) -> tuple[str, ...]:
        values = value if isinstance(value, list | tuple) and value else [value]
        for item in values:
            if not isinstance(item, str | bool | int):
                raise UnexpectedValueError(expects, "an empty list" if item == [] else shown(item))
        return tuple(item if isinstance(item, str) else str(item).lower() for item in values)

    scalar = {"type": ["string", "boolean", "integer"]}
    return Form(expects, read, {"anyOf": [scalar, {"type": "array", "items": scalar, "minItems": 1}]})


class PermissionSpec(Spec):
    """One IAM statement of the job's own role."""

    actions: tuple[Annotated[str, _action()], ...] = Field(
        min_length=1, description="IAM actions, as `service:Action`; `*` and `?` stand for letters within the action."
    )
    resources: tuple[Annotated[str, _resource()], ...] = Field(
        min_length=1, description='ARNs the actions are for; `"*"` for actions that IAM grants on everything only.'
    )
    effect: Annotated[Literal["Allow", "Deny"], choice("Allow", "Deny")] = Field(
        default="Allow", description="What the statement does; a `Deny` beats every `Allow`."
    )
    conditions: dict[
        Annotated[str, _operator()],
        dict[
            Annotated[str, text("a condition key such as aws:ResourceTag/team", pattern=r"[A-Za-z0-9-]+:\S+")],
            Annotated[tuple[str, ...], _condition_values()],
        ],
    ] = Field(
        default_factory=dict,
        description="IAM conditions: operator, then condition key, then a value or a list of values. "
        "`StringEquals: {aws:ResourceTag/team: data}`.",
    )
