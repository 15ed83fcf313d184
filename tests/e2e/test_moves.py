"""A job that moves to another place to run in, does its work there, and comes back."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.seed import seed
from spec.load import load_stack
from tests.e2e.jobs_of_dev import JOB, jobs
from tests.e2e.pulumi_command import ROOT, SECONDS_FOR_A_COMMAND, STACK, Pulumi

PROVIDER = "warehouse"
PLACES: dict[str, Any] = {
    "lambda": "lambda",
    "task": "task",
    "ec2": {"kind": "ec2", "capacityProvider": PROVIDER},
}
GROUP = "arn:aws:autoscaling:eu-west-1:123456789012:autoScalingGroup:0a1b:autoScalingGroupName/warehouse"


@pytest.fixture(scope="module", autouse=True)
def flights(engine: Pulumi) -> None:
    """What the job adds up, and where it writes to, today."""
    now = datetime.now(UTC)
    seed(engine.client, {JOB: load_stack(ROOT, STACK).job(JOB).environment}, now, now, lambda _moment: True)


@pytest.mark.parametrize("place", PLACES)
def test_a_job_moves_by_one_line_runs_there_and_comes_back(pulumi: Pulumi, place: str) -> None:
    if place == "ec2":
        pulumi.client("ecs").create_capacity_provider(
            name=PROVIDER, autoScalingGroupProvider={"autoScalingGroupArn": GROUP}
        )
    pulumi.configure(lambda config: jobs(config)[JOB].update(runOn=PLACES[place]))

    moved = pulumi.apply()

    assert pulumi.preview("--expect-no-changes") == set()
    machine = f"{'delete' if place == 'task' else 'update'} StateMachine {JOB}"
    assert machine in moved
    # The rule goes on under its name, and nothing of another job is touched.
    assert not {one for one in moved if one.startswith(("replace", "delete")) and " EventRule " in one}
    assert not {one for one in moved if one.endswith(("weekly-report", "bucket-inventory", "snapshot-cleanup"))}
    # The provider has no instance in this account.
    if place != "ec2":
        run(pulumi)

    pulumi.configure(lambda config: jobs(config)[JOB].pop("runOn"))
    back = pulumi.apply()

    assert machine.replace("delete", "create") in back
    if place == "lambda":
        assert not pulumi.client("lambda").list_functions()["Functions"]


def test_a_function_is_made_anew_from_an_archive_which_then_changes_in_place(pulumi: Pulumi) -> None:
    """The old function goes first, as both have one name; its numbers are not used again."""
    pulumi.configure(lambda config: jobs(config)[JOB].update(runOn="lambda"))
    pulumi.apply()
    (last,) = versions(pulumi)

    pulumi.configure(lambda config: jobs(config)[JOB].update(runOn={"kind": "lambda", "package": "zip"}))
    moved = pulumi.apply()

    pulumi("refresh", "--yes", "--skip-preview")
    assert pulumi.preview("--expect-no-changes") == set()
    assert {f"replace Function {JOB}", f"update StateMachine {JOB}"} <= moved
    assert versions(pulumi) == [last + 1]
    run(pulumi)

    main = next((pulumi.project / "jobs" / JOB).rglob("__main__.py"))
    main.write_text(main.read_text() + "# Changed.\n")
    assert pulumi.apply() == {f"update Function {JOB}", f"update StateMachine {JOB}"}
    assert versions(pulumi) == [last + 1, last + 2]

    pulumi.configure(lambda config: jobs(config)[JOB].pop("runOn"))
    pulumi.apply()


def versions(pulumi: Pulumi) -> list[int]:
    """The numbers of the versions of the job's function."""
    told = pulumi.client("lambda").list_versions_by_function(FunctionName=f"longhaul-{STACK}-{JOB}")
    return [int(version["Version"]) for version in told["Versions"] if version["Version"] != "$LATEST"]


def run(pulumi: Pulumi) -> None:
    """Start the job as a person does, and see it do its work."""
    command = [sys.executable, "-m", "cli", "--cwd", str(pulumi.project), "start", JOB, "--stack", STACK, "--follow"]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env=pulumi.environment,
        capture_output=True,
        text=True,
        timeout=SECONDS_FOR_A_COMMAND,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
