"""A function that is started as Lambda starts it: a real process, and a Runtime API over HTTP."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.components.lambda_image.function import BOOTSTRAP, Start
from tests.components.lambda_image.runtime_api import RuntimeApi


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of localhost that nobody but itself vouches for, with its key."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl makes a certificate")
    path = tmp_path_factory.mktemp("certificate") / "it.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(path), "-out", f"{path}.crt"]
    subprocess.run(command, check=True, capture_output=True)
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


@pytest.fixture
def start(api: RuntimeApi, tmp_path: Path) -> Iterator[Start]:
    """Starts the function with a command; what its programs print goes to its own output, as on Lambda."""
    running: list[subprocess.Popen[str]] = []
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    def begin(*command: str, program: Path | None = None, **variables: str) -> subprocess.Popen[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "TMPDIR": str(scratch),
            "AWS_LAMBDA_RUNTIME_API": api.address,
            "AWS_LAMBDA_LOG_GROUP_NAME": "/longhaul/x",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/30/x[7]abc",
            **variables,
        }
        before = [] if program is None else [str(program)]
        arguments = [sys.executable, *before, str(BOOTSTRAP), *command]
        process = subprocess.Popen(
            arguments, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.wait()
        # Not read to its end: a program that was left behind may hold it open.
        assert process.stdout is not None
        process.stdout.close()
