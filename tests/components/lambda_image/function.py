"""A function as its tests know it: how it is started, and what it tells of an invocation."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.components.lambda_image.runtime_api import RuntimeApi

BOOTSTRAP = Path(__file__).parents[3] / "components" / "lambda_image" / "bootstrap.py"
PATIENCE_SECONDS = 120
Start = Callable[..., "subprocess.Popen[str]"]


def answer(api: RuntimeApi) -> tuple[str, str, dict[str, Any], dict[str, str]]:
    return api.answers.get(timeout=PATIENCE_SECONDS)


def error_of(api: RuntimeApi) -> tuple[str, dict[str, Any]]:
    """The type of an invocation's error, and its message's facts."""
    _, kind, document, headers = answer(api)
    assert kind == "error"
    assert headers["Lambda-Runtime-Function-Error-Type"] == document["errorType"]
    return document["errorType"], json.loads(document["errorMessage"])


def python(program: str) -> tuple[str, ...]:
    return sys.executable, "-c", program
