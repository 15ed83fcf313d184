"""A person's `pulumi` on one stack: commands in, the engine's operations out."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import yaml

ROOT = Path(__file__).parents[2]
STACK = "dev"
# Far more than any command takes: it ends what hangs, as a cycle among outputs does.
SECONDS_FOR_A_COMMAND = 180
# Steps that change nothing, or that the engine shows beside the replacement that they are part of.
NO_OPERATIONS = ("same", "read", "refresh", "create-replacement", "delete-replaced")


@dataclass
class Pulumi:
    """A person's Pulumi, in the project's folder and with the environment that the sandbox printed."""

    project: Path
    environment: dict[str, str]
    # Whether the stack is deployed, and is what the project's files say.
    settled: bool = False

    def __call__(self, *arguments: str, fails: bool = False) -> tuple[set[str], str]:
        """Run a command on the stack; gives its operations, such as `update StateMachine nightly`, and what it said."""
        log = self.project / "events.json"
        log.unlink(missing_ok=True)
        said = self.run(*arguments, "--event-log", str(log), fails=fails)
        assert "warning" not in said.lower(), said
        return _operations(log), said

    def run(self, *arguments: str, fails: bool = False) -> str:
        """Run any command on the stack; gives what it said."""
        command = shutil.which("pulumi", path=self.environment["PATH"])
        ended = subprocess.run(
            [str(command), *arguments, "--stack", STACK, "--non-interactive"],
            cwd=self.project,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS_FOR_A_COMMAND,
            check=False,
        )
        said = ended.stdout + ended.stderr
        assert (ended.returncode != 0) == fails, said
        return said

    def preview(self, *options: str) -> set[str]:
        """What would be done; the plan is kept."""
        return self("preview", "--save-plan", str(self.project / "plan.json"), *options)[0]

    def up(self) -> set[str]:
        """Do what the last preview planned, and nothing else."""
        self.settled = False
        return self("up", "--yes", "--skip-preview", "--plan", str(self.project / "plan.json"))[0]

    def apply(self) -> set[str]:
        """Preview, and deploy exactly that; gives the operations."""
        planned = self.preview()
        assert self.up() == planned
        self.settled = True
        return planned

    def deploy(self) -> set[str]:
        """Deploy without a preview; gives the operations."""
        self.settled = False
        operations, _ = self("up", "--yes", "--skip-preview")
        self.settled = True
        return operations

    def destroy(self) -> None:
        """Delete the stack's resources."""
        self.settled = False
        self("destroy", "--yes", "--skip-preview")

    def configure(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Change the configuration in the stack's file."""
        self.settled = False
        file = self.project / f"Pulumi.{STACK}.yaml"
        content = yaml.safe_load(file.read_text())
        change(content["config"])
        file.write_text(yaml.safe_dump(content))

    def restore_files(self) -> None:
        """Make the project's files what they are in the repository."""
        self.settled = False
        shutil.copy(ROOT / f"Pulumi.{STACK}.yaml", self.project)
        shutil.copytree(ROOT / "jobs", self.project / "jobs", dirs_exist_ok=True)

    def settle(self) -> None:
        """Deploy the repository's files, unless the stack is what the project's files say already."""
        if not self.settled:
            self.restore_files()
            self.deploy()

    def client(self, service: str) -> Any:
        """A boto3 client with the printed environment."""
        return boto3.client(
            service,
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            region_name=self.environment["AWS_REGION"],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )

    def resources(self) -> list[dict[str, Any]]:
        """The resources in the stack's state."""
        return json.loads(self.run("stack", "export"))["deployment"]["resources"]

    @property
    def state(self) -> Path:
        """The folder with all that Pulumi keeps."""
        return Path(self.environment["PULUMI_BACKEND_URL"].removeprefix("file://"))


def operation(verb: str, token: str, urn: str) -> str:
    """`<operation> <type> <name without the stack's>`."""
    kind = token.rpartition(":")[2]
    name = urn.rpartition("::")[2].removeprefix(f"longhaul-{STACK}").removeprefix("-")
    return f"{verb} {kind} {name}".strip()


def _operations(log: Path) -> set[str]:
    """The operations in the engine's event log."""
    steps = [
        json.loads(line).get("resourcePreEvent", {}).get("metadata")
        for line in (log.read_text().splitlines() if log.is_file() else [])
    ]
    return {
        operation(step["op"], step["type"], step["urn"])
        for step in steps
        # The engine's own notes of which plugin it uses are no one's business.
        if step and step["op"] not in NO_OPERATIONS and not step["type"].startswith("pulumi:providers:")
    }
