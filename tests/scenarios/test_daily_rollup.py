"""The same job, unchanged, in every place that it can run in here: it leaves the same object."""

from __future__ import annotations

import json
import secrets
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.sandbox_stack import provide_clusters
from ops.aws import Aws
from ops.stack import find_stack
from ops.starting import start_run
from sandbox.deploy import deploy
from sandbox.instances_of_jobs import provide_instances
from sandbox.local_aws import LocalAws
from sandbox.play import run_to_end
from sandbox.seed import partition_objects, recorded_week
from spec.load import load_stack

ROOT = Path(__file__).parents[2]
JOB = "daily-rollup"
PROVIDER = f"rollup-{secrets.token_hex(4)}"
PLACES: dict[str, Any] = {
    "fargate": "fargate",
    "ec2": {"kind": "ec2", "capacityProvider": PROVIDER},
    "bridge": {"kind": "ec2", "capacityProvider": PROVIDER, "networkMode": "bridge", "placement": ["random"]},
    "lambda": "lambda",
    "zip": {"kind": "lambda", "package": "zip"},
    "task": "task",
    # No Kubernetes runs here: it is the way to one and back that leaves the object unchanged.
    "kubernetes": {"kind": "kubernetes", "cluster": PROVIDER, "namespace": "batch"},
}
DAY = datetime(2026, 3, 27, tzinfo=UTC)
PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Rollups:
    """A project with a stack for each place, and the buckets that they read from and write to."""

    aws: LocalAws
    root: Path
    source: str

    def bucket(self, place: str) -> str:
        """Where the rollups of a place go."""
        return f"{self.source}-{place}"

    def write(self, place: str) -> None:
        """Write the stack's file: beside `runOn`, what any stack says of the job."""
        read, written = f"arn:aws:s3:::{self.source}", f"arn:aws:s3:::{self.bucket(place)}/rollups/*"
        job = {
            "runOn": PLACES[place],
            "schedule": "cron(15 3 * * ? *)",
            "environment": {"SOURCE_BUCKET": self.source, "RESULT_BUCKET": self.bucket(place)},
            "permissions": [
                {"actions": ["s3:ListBucket"], "resources": [read]},
                {"actions": ["s3:GetObject"], "resources": [f"{read}/flights/*"]},
                {"actions": ["s3:PutObject"], "resources": [written]},
            ],
        }
        config = {"aws:region": self.aws.region, "longhaul:network": {"nat": "none"}, "longhaul:jobs": {JOB: job}}
        # JSON is YAML too.
        (self.root / f"Pulumi.{place}.yaml").write_text(json.dumps({"config": config}))

    def run(self, place: str) -> None:
        """Start a run for the day as a person does, and see it to its end."""
        aws = Aws(region=self.aws.region, endpoint_url=self.aws.endpoint)
        (job,) = find_stack(aws, "rollups", place).jobs
        scheduled = f"{DAY + timedelta(days=1, hours=3):%Y-%m-%dT%H:%M:%SZ}"
        # No earlier run may have the name: the same stack may have been here before, and its runs are still known.
        arn = start_run(aws, job, self.bucket(place), {"scheduledTime": scheduled})
        if job.state_machine_arn is None:
            assert self.aws.tasks.stopped(arn).wait(PATIENCE_SECONDS)
            cluster = arn.split("/")[1]
            (task,) = self.aws.client("ecs").describe_tasks(cluster=cluster, tasks=[arn])["tasks"]
            assert task["containers"][0]["exitCode"] == 0, task
            return
        run_to_end(self.aws, arn)
        ended = self.aws.client("stepfunctions").describe_execution(executionArn=arn)
        assert ended["status"] == "SUCCEEDED", ended.get("cause")


@pytest.fixture(scope="module")
def rollups(
    local_aws: LocalAws,
    tmp_path_factory: pytest.TempPathFactory,
    wheels: None,  # noqa: ARG001
) -> Rollups:
    root, s3 = tmp_path_factory.mktemp("rollups"), local_aws.client("s3")
    shutil.copy(ROOT / "__main__.py", root)
    for folder in (f"jobs/{JOB}", "components/lambda_image"):
        shutil.copytree(ROOT / folder, root / folder)
    (root / "Pulumi.yaml").write_text("name: rollups\nruntime: python\n")
    made = Rollups(local_aws, root, f"flights-{secrets.token_hex(4)}")
    for bucket in (made.source, *map(made.bucket, PLACES)):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": local_aws.region})
    for name, body in partition_objects(DAY.date(), recorded_week()):
        s3.put_object(Bucket=made.source, Key=f"flights/{name}", Body=body)
    for place in PLACES:
        made.write(place)
    stacks = [load_stack(root, place) for place in PLACES]
    provide_instances(local_aws, [container for stack in stacks for container in stack.containers])
    for stack in stacks:
        provide_clusters(local_aws, stack)
    return made


@pytest.fixture(scope="module")
def objects(rollups: Rollups) -> dict[str, tuple[bytes, dict[str, str]]]:
    """What the job has left in each place: the object's bytes and what is said of it."""
    found: dict[str, tuple[bytes, dict[str, str]]] = {}
    for place in PLACES:
        deployment = deploy(rollups.root, place, rollups.aws)
        rollups.run(place)
        deployment.destroy()
        (listed,) = rollups.aws.client("s3").list_objects_v2(Bucket=rollups.bucket(place))["Contents"]
        told = rollups.aws.client("s3").get_object(Bucket=rollups.bucket(place), Key=listed["Key"])
        found[place] = told["Body"].read(), {"key": listed["Key"], **told["Metadata"]}
    return found


@pytest.mark.parametrize("place", [place for place in PLACES if place != "fargate"])
def test_it_leaves_the_same_object_as_on_fargate(objects: dict[str, tuple[bytes, dict[str, str]]], place: str) -> None:
    assert objects[place] == objects["fargate"]
    body, told = objects[place]
    assert body.count(b"\n") > 10
    assert told["key"] == f"rollups/day={DAY:%Y-%m-%d}/departures.csv"
