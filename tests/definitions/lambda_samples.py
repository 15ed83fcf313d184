"""What Step Functions says of invocations, and jobs that are run by them."""

import json
from typing import Any

from spec.job import JobSpec
from spec.plain_dockerfile import read_plain
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

PLAIN_DOCKERFILE = """\
FROM python:3.13-slim
ENV PYTHONUNBUFFERED=1 SHOP=none
WORKDIR /app
COPY requirements.txt .
RUN pip install -r requirements.txt
COPY nightly/ nightly/
ENTRYPOINT ["python", "-m", "nightly"]
CMD ["--all"]
"""


def plain_build(dockerfile: str = PLAIN_DOCKERFILE) -> dict[str, Any]:
    """What the loader makes of a build whose Dockerfile is plain Python."""
    plain, mistakes = read_plain(dockerfile, None)
    assert plain is not None
    assert mistakes == []
    return {"context": "jobs/nightly", "dockerfile": "jobs/nightly/Dockerfile", "starts": plain.start, "plain": plain}


def archived(**fields: Any) -> dict[str, Any]:
    """The fields of a job on Lambda that is made into an archive, and these."""
    run_on = {"kind": "lambda", "package": "zip"}
    return {"image": None, "build": plain_build(), "runOn": run_on, "timeout": "10m", **fields}


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
