"""A job that runs until a test says how it is to end: each attempt calls the test, tells what it is, and waits."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.jobs_of_dev import built_from
from tests.e2e.pulumi_command import Pulumi

# Far more than any step takes: it ends what hangs.
SECONDS = 120
SECONDS_BETWEEN_LOOKS = 0.05
DOCKERFILE = """\
FROM python:3.13-slim
WORKDIR /app
COPY . .
ENTRYPOINT ["python", "held.py"]
"""
# The version is of the code, and so of the image; the greeting is of the task definition.
CODE = """\
import json, os, socket, sys
told = {{"version": {version!r}, "greeting": os.environ["GREETING"], "attempt": os.environ["LONGHAUL_ATTEMPT"]}}
with socket.create_connection(("127.0.0.1", json.loads(os.environ["LONGHAUL_INPUT"])["port"])) as test:
    test.sendall(json.dumps(told).encode() + b"\\n")
    sys.exit(int(test.makefile().readline()))
"""


def held_job(pulumi: Pulumi, version: str, greeting: str, **fields: Any) -> dict[str, Any]:
    """What stands in a stack's file for the job in that version, whose image is made from a folder of its own."""
    folder = Path("held") / version
    (pulumi.project / folder).mkdir(parents=True, exist_ok=True)
    (pulumi.project / folder / "Dockerfile").write_text(DOCKERFILE)
    (pulumi.project / folder / "held.py").write_text(CODE.format(version=version))
    return {"environment": {"GREETING": greeting}, **built_from(str(folder)), **fields}


@dataclass
class Attempt:
    """One process of the job, which waits."""

    connection: socket.socket
    told: dict[str, str]

    def end(self, exit_code: int) -> None:
        """Have it end with that code."""
        self.connection.sendall(f"{exit_code}\n".encode())
        self.connection.close()


class Run:
    """An execution of the job, started by hand."""

    def __init__(self, pulumi: Pulumi, job: str, listener: socket.socket) -> None:
        self._states, self._listener = pulumi.client("stepfunctions"), listener
        self.machine = state_machine(pulumi, job)
        port = listener.getsockname()[1]
        self.arn = self._states.start_execution(
            stateMachineArn=self.machine, input=json.dumps({"input": {"port": port}})
        )["executionArn"]

    def attempt(self) -> Attempt:
        """The next attempt, once it runs."""
        give_up = time.monotonic() + SECONDS
        while True:
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                assert (answer := self._now())["status"] == "RUNNING", answer
                assert time.monotonic() < give_up, answer
            else:
                connection.settimeout(SECONDS)
                return Attempt(connection, json.loads(connection.makefile().readline()))

    def definition(self) -> Any:
        """The machine's definition that this execution goes by."""
        return json.loads(self._states.describe_state_machine_for_execution(executionArn=self.arn)["definition"])

    def ended(self) -> dict[str, Any]:
        """DescribeExecution's answer once it has ended."""
        give_up = time.monotonic() + SECONDS
        while (answer := self._now())["status"] == "RUNNING":
            assert time.monotonic() < give_up, answer
            time.sleep(SECONDS_BETWEEN_LOOKS)
        return answer

    def _now(self) -> dict[str, Any]:
        return self._states.describe_execution(executionArn=self.arn)


@contextmanager
def started(pulumi: Pulumi, job: str) -> Iterator[Run]:
    """Start a run of the job; at the block's end none goes on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(1)
        run = Run(pulumi, job, listener)
        try:
            yield run
        finally:
            pulumi.client("stepfunctions").stop_execution(executionArn=run.arn)


def state_machine(pulumi: Pulumi, job: str) -> str:
    """The ARN of the job's state machine."""
    machines = pulumi.client("stepfunctions").list_state_machines()["stateMachines"]
    return next(one["stateMachineArn"] for one in machines if one["name"] == f"longhaul-dev-{job}")
