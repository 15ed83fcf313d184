"""What AWS says when it refuses a call."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError


def refusal(call: Callable[..., Any], *arguments: Any, **request: Any) -> tuple[str, str]:
    """Code and message of the error that a call answers with."""
    with pytest.raises(ClientError) as caught:
        call(*arguments, **request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]
