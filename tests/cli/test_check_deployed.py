"""`longhaul check --deployed`, a process that finds AWS by its environment alone, as the AWS SDKs do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.deploy import deploy
from sandbox.local_aws import LocalAws
from tests.cli.conftest import Longhaul
from tests.waiting import until, until_left

WAITS = {"image": "example.com/waits:1", "command": ["sleep", "300"]}


@dataclass
class Project:
    """A deployed project, whose stack's file can be changed."""

    aws: LocalAws
    machines: dict[str, str]
    stack_file: Path

    def start(self, job: str) -> str:
        return self.aws.client("stepfunctions").start_execution(stateMachineArn=self.machines[job])["executionArn"]

    def jobs(self, *names: str, **moved: dict[str, Any]) -> None:
        """Have the file ask for these jobs, and for those with what else they have."""
        content = yaml.safe_load(self.stack_file.read_text())
        elsewhere = {name: {**WAITS, **more} for name, more in moved.items()}
        content["config"]["longhaul:jobs"] = {**dict.fromkeys(names, WAITS), **elsewhere}
        self.stack_file.write_text(yaml.safe_dump(content))


@pytest.fixture
def deployed(local_aws: LocalAws, project: Path) -> Iterator[Project]:
    """The jobs `first` and `second`."""
    found = Project(local_aws, {}, project / "Pulumi.dev.yaml")
    found.jobs("first", "second")
    deployment = deploy(project, "dev", local_aws)
    found.machines = deployment.outputs["stateMachines"]
    yield found
    states = local_aws.client("stepfunctions")
    for machine in found.machines.values():
        for run in states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]:
            states.stop_execution(executionArn=run["executionArn"])
            until_left(run["name"])
    # While a task goes on, its cluster's capacity providers cannot be taken away.
    until(local_aws.clock, lambda: not _working(local_aws, deployment.outputs["cluster"]), lambda: "the tasks' end")
    deployment.destroy()


def _working(aws: LocalAws, cluster: str) -> list[str]:
    ecs = aws.client("ecs")
    tasks = [
        arn
        for desired in ("RUNNING", "STOPPED")
        for arn in ecs.list_tasks(cluster=cluster, desiredStatus=desired)["taskArns"]
    ]
    told = ecs.describe_tasks(cluster=cluster, tasks=tasks)["tasks"] if tasks else []
    return [task["taskArn"] for task in told if task["lastStatus"] != "STOPPED"]


def test_a_running_job_is_not_removed(deployed: Project, longhaul: Longhaul) -> None:
    run = deployed.start("first")

    deployed.jobs("second", "renamed")
    refused = longhaul("check", "dev", "--deployed", **deployed.aws.environment)

    assert (refused.returncode, refused.stdout) == (1, "dev: 2 jobs, no mistakes\n")
    assert "dev: first would be removed, and 1 run of it goes on:" in refused.stderr
    assert f"  {run} since 20" in refused.stderr
    assert "./longhaul stop ARN --stack dev\n" in refused.stderr
    assert refused.stderr.endswith("./longhaul pause JOB --stack dev\n")
    assert "second" not in refused.stderr
    # The way through.
    stopped = longhaul("stop", run, "--stack", "dev", "--yes", **deployed.aws.environment)
    assert stopped.returncode == 0, stopped.stderr
    passed = longhaul("check", "dev", "--deployed", **deployed.aws.environment)
    assert (passed.returncode, passed.stderr) == (0, "")
    assert passed.stdout.splitlines()[-1] == "dev: no run is in the way (first would go)"


def test_a_running_job_is_not_moved(deployed: Project, longhaul: Longhaul) -> None:
    run = deployed.start("first")

    deployed.jobs("second", first={"runOn": {"kind": "ec2", "capacityProvider": "warehouse"}})
    refused = longhaul("check", "dev", "--deployed", **deployed.aws.environment)

    assert refused.returncode == 1
    assert "dev: first would move from fargate to ec2, and 1 run of it goes on:" in refused.stderr
    assert f"  {run} since 20" in refused.stderr
    assert "terminates" not in refused.stderr
    deployed.aws.client("stepfunctions").stop_execution(executionArn=run)
    passed = longhaul("check", "dev", "--deployed", **deployed.aws.environment)
    assert passed.stdout.splitlines()[-1] == "dev: no run is in the way (first would move from fargate to ec2)"


def test_a_running_function_is_not_made_from_something_else(deployed: Project, longhaul: Longhaul) -> None:
    states = deployed.aws.client("stepfunctions")
    tags = {"longhaul:runOn": "lambda", "longhaul:package": "zip"}
    states.tag_resource(
        resourceArn=deployed.machines["first"], tags=[{"key": key, "value": value} for key, value in tags.items()]
    )
    deployed.start("first")

    deployed.jobs("second", first={"runOn": "lambda", "entrypoint": ["sleep"], "timeout": "5m"})
    refused = longhaul("check", "dev", "--deployed", **deployed.aws.environment)

    assert refused.returncode == 1
    assert "dev: first would move from lambda with package: zip to lambda, and 1 run of it goes on:" in refused.stderr
    assert "a run that tries again finds its version gone" in refused.stderr
    assert "loses the permissions" not in refused.stderr


def test_a_running_job_does_not_lose_its_state_machine(deployed: Project, longhaul: Longhaul) -> None:
    deployed.start("first")
    deployed.jobs("second", first={"runOn": "task", "overlap": "allow", "schedule": "rate(1 day)"})
    refused = longhaul("check", "dev", "--deployed", **deployed.aws.environment)
    assert refused.returncode == 1
    assert "dev: first would move from fargate to task, and 1 run of it goes on:" in refused.stderr
    assert "AWS deletes a state machine when its runs have ended" in refused.stderr


def test_a_running_job_that_stays_is_in_nobody_s_way(deployed: Project, longhaul: Longhaul) -> None:
    deployed.start("first")
    passed = longhaul("check", "dev", "--deployed", **deployed.aws.environment)
    assert (passed.returncode, passed.stdout.splitlines()[-1]) == (0, "dev: no run is in the way")


def test_a_mistake_is_said_before_aws_is_asked(project: Path, longhaul: Longhaul) -> None:
    (project / "Pulumi.dev.yaml").write_text(json.dumps({"config": {"longhaul:jobs": {"hello": {"cpu": 300}}}}))
    refused = longhaul("check", "dev", "--deployed")
    assert refused.returncode == 2
    assert "longhaul:jobs.hello.cpu" in refused.stderr


def test_without_credentials_it_is_one_clear_line(longhaul: Longhaul) -> None:
    refused = longhaul("check", "dev", "--deployed", AWS_EC2_METADATA_DISABLED="true")
    assert refused.returncode == 3
    assert refused.stderr == (
        "longhaul: there are no credentials for AWS: log in, set AWS_PROFILE, or set what `./longhaul sandbox serve` "
        "prints\n"
    )


def test_the_stack_must_be_named(longhaul: Longhaul) -> None:
    refused = longhaul("check", "--deployed")
    assert refused.returncode == 2
    assert "name the stacks" in refused.stderr
