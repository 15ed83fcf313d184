"""Answers of the Step Functions API, as MiniStack's handlers return them."""

import re
from typing import Any

from ministack.core.responses import error_response_json, json_response

Answer = tuple[int, dict[str, str], bytes]


class ApiError(Exception):
    """An error that the API answers with, under AWS's code."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(f"{code}: {message}")


def answer(members: dict[str, Any]) -> Answer:
    """A successful answer; members that are None are left out."""
    return json_response({name: value for name, value in members.items() if value is not None})


def error_answer(error: ApiError) -> Answer:
    """The answer for an error."""
    return error_response_json(error.code, error.message, 400)


def check_arn(arn: object, *kinds: str) -> str:
    """The ARN, if it is one of these kinds (`stateMachine`, `execution` ...); raises InvalidArn otherwise."""
    if not isinstance(arn, str) or not arn.startswith("arn:"):
        raise ApiError("InvalidArn", f"Invalid Arn: 'Invalid ARN prefix: {arn}'")
    parts = arn.split(":")
    if len(parts) < 7 or parts[2] != "states":
        raise ApiError("InvalidArn", f"Invalid Arn: 'Malformed ARN: {arn}'")
    if parts[5] not in kinds:
        raise ApiError("InvalidArn", f"Invalid Arn: 'Resource type not valid in this context: {parts[5]}'")
    return arn


_BAD_NAME_CHARACTERS = re.compile(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]")


def check_name(name: object) -> str:
    """The name of a machine or an execution; raises InvalidName.

    https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
    """
    if not isinstance(name, str) or not 1 <= len(name) <= 80 or _BAD_NAME_CHARACTERS.search(name):
        raise ApiError("InvalidName", f"Invalid Name: '{name}'")
    return name


def check_member(value: object, path: str, allowed: tuple[str, ...]) -> None:
    """Raise ValidationException for a member outside its enum."""
    if value is not None and value not in allowed:
        raise ApiError(
            "ValidationException",
            f"1 validation error detected: Value '{value}' at '{path}' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(allowed)}]",
        )
