"""The deploying role can do what a deployment does in the sandbox, where every call is checked against its policies."""

from pathlib import Path
from typing import Any, cast

import pytest

from ops.aws import Aws
from ops.deployed import jobs_to_be_disturbed
from sandbox.deploy import deploy
from sandbox.errors import SandboxError
from sandbox.local_aws import LocalAws
from sandbox.resources.handler import Created
from sandbox.resources.lambda_ import Function
from tests.bootstrap.conftest import stack_of
from tests.project import ROOT, new_project

WITH_ALERTS = stack_of({"command": ["true"]}, alerts={"email": ["ops@example.com"]})
WITH_RESULTS = stack_of({"command": ["true"], "results": True})
AS_A_FUNCTION = stack_of({"entrypoint": ["true"], "timeout": "5m", "runOn": "lambda"}, network={"nat": "single"})
ALONE = stack_of({"overlap": "allow", "schedule": "cron(0 3 * * ? *)", "runOn": "task"})


def test_it_deploys_and_destroys_its_stack(deployer: LocalAws) -> None:
    deployment = deploy(ROOT, "dev", deployer)

    jobs = ["bucket-inventory", "daily-rollup", "snapshot-cleanup", "weekly-report"]
    assert sorted(deployment.outputs["stateMachines"]) == jobs
    # What `longhaul check --deployed` asks before the next deployment.
    removed = jobs_to_be_disturbed(cast(Aws, deployer.client), "longhaul", "dev", {"daily-rollup": "fargate"})
    assert [job.name for job in removed] == [name for name in jobs if name != "daily-rollup"]
    deployment.destroy()


def test_it_makes_a_topic_for_alerts_and_its_key(deployer: LocalAws, tmp_path: Path) -> None:
    new_project(tmp_path, "longhaul", WITH_ALERTS)
    deployment = deploy(tmp_path, "dev", deployer)

    assert ":longhaul-dev-alerts-" in deployment.outputs["alertsTopic"]
    deployment.destroy()


@pytest.mark.parametrize("stack", [AS_A_FUNCTION, ALONE], ids=["lambda", "task"])
def test_it_deploys_jobs_that_run_elsewhere(deployer: LocalAws, tmp_path: Path, stack: dict[str, Any]) -> None:
    new_project(tmp_path, "longhaul", stack)

    deployment = deploy(tmp_path, "dev", deployer)

    assert [job.name for job in jobs_to_be_disturbed(cast(Aws, deployer.client), "longhaul", "dev", {})] == ["report"]
    deployment.destroy()


def test_it_changes_a_function_and_publishes_a_version_of_it(deployer: LocalAws, tmp_path: Path) -> None:
    new_project(tmp_path, "longhaul", AS_A_FUNCTION)
    deployment = deploy(tmp_path, "dev", deployer)
    (function,) = [one for one in deployment.resources if one.token == Function.token]

    made = Created(function.id, function.outputs)
    Function().change(deployment.aws, made, {**function.inputs, "timeout": 60})

    # The numbers of a function that was there before under this name are not given again.
    before = int(function.outputs["version"])
    assert Function().look(deployment.aws, made)["version"] == str(before + 1)
    deployment.destroy()


def test_it_deletes_a_network_interface_that_lambda_has_left(local_aws: LocalAws, deployer: LocalAws) -> None:
    """As the provider does before it deletes a security group: Lambda cannot, once the function's role is gone."""
    ec2 = local_aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    left = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]

    deployer.client("ec2").delete_network_interface(NetworkInterfaceId=left)

    assert left not in [one["NetworkInterfaceId"] for one in ec2.describe_network_interfaces()["NetworkInterfaces"]]
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)


def test_it_makes_a_bucket_for_results_and_takes_it_away_with_what_is_in_it(
    local_aws: LocalAws, deployer: LocalAws, tmp_path: Path
) -> None:
    new_project(tmp_path, "longhaul", WITH_RESULTS)
    deployment = deploy(tmp_path, "dev", deployer)
    (bucket,) = [made.id for made in deployment.resources if made.token == "aws:s3/bucket:Bucket"]
    # The policy of the bucket denies it to all but the jobs, and must be gone before what it is about.
    local_aws.client("s3").put_object(Bucket=bucket, Key="report/run/0/1-0.json", Body=b"{}")

    deployment.destroy()
    assert bucket not in [one["Name"] for one in local_aws.client("s3").list_buckets()["Buckets"]]


def test_it_deploys_no_other_stack(deployer: LocalAws) -> None:
    with pytest.raises(SandboxError, match=r"AccessDenied|not authorized|UnauthorizedOperation"):
        deploy(ROOT, "prod", deployer)


def test_the_role_for_pull_requests_deploys_nothing(previewer: LocalAws) -> None:
    with pytest.raises(SandboxError, match=r"AccessDenied|not authorized|UnauthorizedOperation"):
        deploy(ROOT, "dev", previewer)
