"""What Step Functions says of invocations, and jobs that are run by them."""

import json
from typing import Any

from spec.job import JobSpec
from tests.definitions.samples import job
from tests.definitions.walker import Failure

REQUEST = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
STREAM = "2026/11/24/longhaul-dev-nightly[7]0123456789abcdef0123456789abcdef"
FACTS = {
    "requestId": REQUEST,
    "logGroup": "/longhaul/longhaul/dev/nightly-0a1b2c3",
    "logStream": STREAM,
    "startedAt": "2026-11-24T03:16:00.000Z",
    "stoppedAt": "2026-11-24T03:17:00.000Z",
}


def function_job(**fields: Any) -> JobSpec:
    """A job on Lambda that says nothing beyond what it must, and these fields."""
    return job(**{"runOn": "lambda", "timeout": "5m", "entrypoint": ["python", "-m", "nightly"], **fields})


def invoked(exit_code: int = 0, **fields: Any) -> dict[str, Any]:
    """Invoke's answer as Step Functions hands it over."""
    payload = {**FACTS, "exitCode": exit_code, **fields}
    return {"ExecutedVersion": "7", "Payload": payload, "StatusCode": 200}


def errored(error: str, **facts: Any) -> Failure:
    """An error of the bootstrap: its message is JSON of the facts."""
    payload = {"errorType": error, "errorMessage": json.dumps({**FACTS, **facts}), "stackTrace": []}
    return Failure(error, json.dumps(payload))


def function_error(error: str, message: str) -> Failure:
    """An error that Lambda tells of a function."""
    return Failure(error, json.dumps({"errorType": error, "errorMessage": message}))


def without_type(message: str) -> Failure:
    """An error of a function without a type."""
    payload = json.dumps({"errorMessage": message})
    cause = "The cause could not be determined because Lambda did not return an error type. Returned payload: "
    return Failure("Lambda.Unknown", cause + payload)
