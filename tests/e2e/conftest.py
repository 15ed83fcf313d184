"""The project on Pulumi's real engine, against the sandbox that `./longhaul sandbox serve` starts."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from sandbox.engine.installation import find_cli

ROOT = Path(__file__).parents[2]
# What the program is made of; jobs and stack files are copied, so that a test can change them.
LINKED = ("components", "definitions", "spec", ".venv")
# Far more than any command takes: it ends what hangs.
SECONDS_FOR_A_COMMAND = 120
SECONDS_TO_START = 60
STACK = "dev"
# Steps that change nothing, or that the engine shows beside the replacement that they are part of.
NO_OPERATIONS = ("same", "read", "refresh", "create-replacement", "delete-replaced")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is in this folder where there is no engine to run on."""
    if find_cli() is None:
        reason = "there is neither a Pulumi CLI on PATH nor one that `make engine` built, which needs Go"
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=reason))


@dataclass
class Pulumi:
    """A person's Pulumi, in the project's folder and with the environment that the sandbox printed."""

    project: Path
    environment: dict[str, str]
    # Whether the stack may no longer be what the project's own files say.
    changed: bool = field(default=True)

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
            capture_output=True,
            text=True,
            # A cycle among outputs hangs the engine.
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
        self.changed = True
        return self("up", "--yes", "--skip-preview", "--plan", str(self.project / "plan.json"))[0]

    def apply(self) -> set[str]:
        """Preview, and deploy exactly that; gives the operations."""
        planned = self.preview()
        assert self.up() == planned
        return planned

    def configure(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Change the configuration in the stack's file."""
        file = self.project / f"Pulumi.{STACK}.yaml"
        content = yaml.safe_load(file.read_text())
        change(content["config"])
        file.write_text(yaml.safe_dump(content))
        self.changed = True

    def restore_files(self) -> None:
        """Make the project's files what they are in the repository."""
        shutil.copy(ROOT / f"Pulumi.{STACK}.yaml", self.project)
        shutil.copytree(ROOT / "jobs", self.project / "jobs", dirs_exist_ok=True)

    def restore(self) -> None:
        """Make the project's files, and the stack, what they are in the repository."""
        self.restore_files()
        if self.changed:
            self("up", "--yes", "--skip-preview")
            self.changed = False

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


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository's program and jobs in a folder of their own."""
    folder = tmp_path_factory.mktemp("project")
    for name in LINKED:
        (folder / name).symlink_to(ROOT / name)
    for file in [ROOT / "__main__.py", *ROOT.glob("Pulumi*.yaml")]:
        shutil.copy(file, folder)
    shutil.copytree(ROOT / "jobs", folder / "jobs")
    return folder


@pytest.fixture(scope="session")
def environment(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What `sandbox serve` prints, as a shell takes it, while it serves."""
    printed = tmp_path_factory.mktemp("serve") / "environment"
    # The tests' own Pulumi, if a person has one, is none of the sandbox's.
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PULUMI_"))}
    with printed.open("w") as output:
        serve = subprocess.Popen(
            [sys.executable, "-m", "cli", "--cwd", str(project), "sandbox", "serve"], cwd=ROOT, env=own, stdout=output
        )
    try:
        yield _as_a_shell_takes_it(serve, printed, own) | {"PULUMI_DEBUG_COMMANDS": "true"}
    finally:
        serve.send_signal(signal.SIGTERM)
        assert serve.wait(SECONDS_FOR_A_COMMAND) is not None
    # As it was found: `pulumi` had written into it.
    assert "encryptionsalt" not in (project / f"Pulumi.{STACK}.yaml").read_text()


@pytest.fixture(scope="session")
def before(environment: dict[str, str], project: Path) -> dict[str, set[str]]:
    """What is there before anything is deployed."""
    return inventory(Pulumi(project, environment))


@pytest.fixture(scope="session")
def engine(environment: dict[str, str], project: Path, before: dict[str, set[str]]) -> Pulumi:  # noqa: ARG001
    """Pulumi and the stack, which may be in any state."""
    return Pulumi(project, environment)


@pytest.fixture
def pulumi(engine: Pulumi) -> Pulumi:
    """Pulumi and the stack as it is in the repository, deployed."""
    engine.restore()
    return engine


def inventory(pulumi: Pulumi) -> dict[str, set[str]]:
    """What is in the account, by kind."""
    ec2, ecs, iam = pulumi.client("ec2"), pulumi.client("ecs"), pulumi.client("iam")
    vpcs = {vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"]}
    return {
        "addresses": {one["AllocationId"] for one in ec2.describe_addresses()["Addresses"]},
        "clusters": set(ecs.list_clusters()["clusterArns"]),
        "internet gateways": {one["InternetGatewayId"] for one in ec2.describe_internet_gateways()["InternetGateways"]},
        "log groups": {one["logGroupName"] for one in pulumi.client("logs").describe_log_groups()["logGroups"]},
        "queues": set(pulumi.client("sqs").list_queues().get("QueueUrls", [])),
        "repositories": {one["repositoryName"] for one in pulumi.client("ecr").describe_repositories()["repositories"]},
        "roles": {one["RoleName"] for one in iam.list_roles()["Roles"]},
        "route tables": {one["RouteTableId"] for one in ec2.describe_route_tables()["RouteTables"]},
        "rules": {one["Name"] for one in pulumi.client("events").list_rules()["Rules"]},
        "schedule groups": {one["Name"] for one in pulumi.client("scheduler").list_schedule_groups()["ScheduleGroups"]},
        "security groups": {one["GroupId"] for one in ec2.describe_security_groups()["SecurityGroups"]},
        "state machines": {
            one["name"] for one in pulumi.client("stepfunctions").list_state_machines()["stateMachines"]
        },
        "subnets": {one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]},
        "task definitions": set(ecs.list_task_definitions()["taskDefinitionArns"]),
        "vpcs": vpcs,
    }


def _as_a_shell_takes_it(serve: subprocess.Popen[bytes], printed: Path, own: dict[str, str]) -> dict[str, str]:
    # The last line is a comment that says it is up.
    wait = 'until grep -q "is up" "$0"; do kill -0 "$1" || exit 1; sleep 0.05; done; . "$0"; env -0'
    shell = subprocess.run(
        ["bash", "-c", wait, str(printed), str(serve.pid)],
        env=own,
        capture_output=True,
        text=True,
        timeout=SECONDS_TO_START,
        check=True,
    )
    return dict(line.split("=", 1) for line in shell.stdout.split("\0") if "=" in line)


def _operations(log: Path) -> set[str]:
    """The operations in the engine's event log, as `<operation> <type> <name without the stack's>`."""
    operations = set()
    for line in log.read_text().splitlines() if log.is_file() else []:
        step = json.loads(line).get("resourcePreEvent", {}).get("metadata")
        # The engine's own notes of which plugin it uses are no one's business.
        if step and step["op"] not in NO_OPERATIONS and not step["type"].startswith("pulumi:providers:"):
            kind = step["type"].rpartition(":")[2]
            name = step["urn"].rpartition("::")[2].removeprefix(f"longhaul-{STACK}").removeprefix("-")
            operations.add(f"{step['op']} {kind} {name}".strip())
    return operations
