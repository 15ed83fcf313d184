"""What lets Lambda run a job's own program puts the job's secrets into its environment: real processes, over HTTP."""

from __future__ import annotations

import hashlib
import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.components.lambda_image.function import Start, answer, error_of, python
from tests.components.lambda_image.runtime_api import RuntimeApi
from tests.components.lambda_image.secret_stores import Answer, SecretStores, json_answer, parameter

TOKEN = "canary-in-the-mine"
REFERENCE = "arn:aws:ssm:eu-west-1:123456789012:parameter/sales/token"


@pytest.fixture
def stores() -> Iterator[SecretStores]:
    """SSM, which keeps the token; a test may have it answer otherwise."""
    made = SecretStores(lambda *_call: parameter(TOKEN))
    yield made
    made.close()


def with_secrets(stores: SecretStores, **names: str) -> dict[str, str]:
    """The variables of a function that has these secrets."""
    return {
        "LONGHAUL_SECRETS": json.dumps(names or {"TOKEN": REFERENCE}),
        "AWS_ENDPOINT_URL": stores.url,
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI",
        "AWS_SESSION_TOKEN": "of the session",
    }


PRINTS_TOKEN = python(
    "import hashlib, os; token = os.environ['TOKEN'].encode(); "
    "print(hashlib.sha256(token).hexdigest(), os.environ.get('LONGHAUL_SECRETS'), flush=True)"
)


def printed(process: subprocess.Popen[str], token: str) -> bool:
    """Whether PRINTS_TOKEN has found this one, and nothing of where it came from."""
    assert process.stdout is not None
    return process.stdout.readline() == f"{hashlib.sha256(token.encode()).hexdigest()} None\n"


# PYTHONSAFEPATH keeps Python from looking beside the file that it runs.
@pytest.mark.parametrize("more", [{}, {"PYTHONSAFEPATH": "1"}], ids=["", "safe path"])
def test_a_program_has_its_secrets_as_they_are_at_each_start(
    api: RuntimeApi, start: Start, stores: SecretStores, more: dict[str, str]
) -> None:
    process = start(*PRINTS_TOKEN, **with_secrets(stores), **more)
    for number, token in enumerate((TOKEN, "another")):
        stores.answer = lambda *_call, token=token: parameter(token)
        api.invoke(f"request-{number}", {})
        _, kind, facts, _ = answer(api)
        assert kind == "response", facts
        assert TOKEN not in str(facts)
        assert printed(process, token)
    assert stores.headers["x-amz-security-token"] == "of the session"


def test_what_a_run_is_given_goes_over_a_secret(api: RuntimeApi, start: Start, stores: SecretStores) -> None:
    process = start(*PRINTS_TOKEN, **with_secrets(stores))
    api.invoke("request-1", {"environment": {"TOKEN": "of a person"}})
    assert answer(api)[1] == "response"
    assert printed(process, "of a person")


def test_a_secret_may_be_called_as_no_variable_of_a_function_is(
    api: RuntimeApi, start: Start, stores: SecretStores
) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_Environment.html"""
    process = start("sh", "-c", "echo ${#X}", **with_secrets(stores, X=REFERENCE))
    api.invoke("request-1", {})
    assert answer(api)[1] == "response"
    assert process.stdout is not None
    assert int(process.stdout.readline()) == len(TOKEN)


@pytest.mark.parametrize(
    ("said", "error", "reason"),
    [
        (json_answer(200, Parameters=[], InvalidParameters=["x"]), "Job.NotStarted", "InvalidParameters: "),
        (json_answer(400, __type="AccessDeniedException", Message="no"), "Job.NotStarted", "AccessDeniedException: no"),
        (parameter(f"{TOKEN}\0"), "Job.NotStarted", "it has a character that no environment variable can have"),
        (json_answer(400, __type="ThrottlingException"), "Job.NeverStarted", "ThrottlingException"),
        ((200, TOKEN.encode()), "Job.NeverStarted", "HTTP status 200, and no JSON"),
    ],
)
def test_without_a_secret_nothing_is_started(
    api: RuntimeApi, start: Start, stores: SecretStores, said: Answer, error: str, reason: str
) -> None:
    stores.answer = lambda *_call: said
    process = start("echo", "started", **with_secrets(stores))
    api.invoke("request-1", {})
    found, facts = error_of(api)
    assert found == error
    assert facts["reason"].startswith(f"cannot read the secret TOKEN from {REFERENCE}: {reason}")
    assert "exitCode" not in facts
    assert TOKEN not in str(facts)
    # And the environment is fit for the next one.
    stores.answer = lambda *_call: parameter(TOKEN)
    api.invoke("request-2", {})
    assert answer(api)[1] == "response"
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"


@pytest.mark.parametrize("trusted", [True, False])
def test_secrets_are_asked_for_where_the_image_has_certificates(
    api: RuntimeApi, start: Start, certificate: Path, tmp_path: Path, trusted: bool
) -> None:
    stores = SecretStores(lambda *_call: parameter(TOKEN), certificate)
    try:
        start("true", **with_secrets(stores), SSL_CERT_FILE=str(certificate if trusted else tmp_path / "none.pem"))
        api.invoke("request-1", {})
        if trusted:
            assert answer(api)[1] == "response"
        else:
            error, facts = error_of(api)
            assert error == "Job.NotStarted"
            assert "is not trusted, as where the image has no certificates" in facts["reason"]
        assert len(stores.calls) == trusted
    finally:
        stores.close()


def test_secrets_that_nobody_tells_may_be_told_later(api: RuntimeApi, start: Start, stores: SecretStores) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{unused.getsockname()[1]}"
        start("true", **with_secrets(stores) | {"AWS_ENDPOINT_URL_SSM": nobody})
        api.invoke("request-1", {})
        error, facts = error_of(api)
    assert error == "Job.NeverStarted"
    assert "cannot be reached: [Errno" in facts["reason"]
    assert stores.calls == []
