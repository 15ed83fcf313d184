"""The deploying role can do what a deployment does in the sandbox, where every call is checked against its policies."""

import json
import shutil
from collections.abc import Iterator
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
from tests.bootstrap.templates import policies, roles

ROOT = Path(__file__).parents[2]
PRINCIPAL = "ecs-tasks.amazonaws.com"
"""Stands for GitHub, whose tokens the sandbox cannot check."""


# Where the sandbox asks for a permission on something else than AWS does: it asks for these on no cluster, alarm or
# alias, and knows the tags of no network and no key when it checks a condition.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
DIFFERS = ("ecs:CreateCluster", "cloudwatch:DeleteAlarms", "kms:CreateAlias", "kms:DeleteAlias")
UNKNOWN_CONDITIONS = ("aws:ResourceTag/longhaul:stack", "ec2:CreateAction")

WITH_ALERTS = """
config:
  aws:region: eu-west-1
  longhaul:alerts: {email: [ops@example.com]}
  longhaul:jobs:
    report: {image: "public.ecr.aws/docker/library/alpine:3", command: ["true"]}
"""

WITH_RESULTS = """
config:
  aws:region: eu-west-1
  longhaul:jobs:
    report: {image: "public.ecr.aws/docker/library/alpine:3", command: ["true"], results: true}
"""


AS_A_FUNCTION = """
config:
  aws:region: eu-west-1
  longhaul:network: {nat: single}
  longhaul:jobs:
    report:
      image: "public.ecr.aws/docker/library/alpine:3"
      entrypoint: ["true"]
      timeout: 5m
      runOn: lambda
"""

ALONE = """
config:
  aws:region: eu-west-1
  longhaul:jobs:
    report:
      image: "public.ecr.aws/docker/library/alpine:3"
      overlap: allow
      schedule: cron(0 3 * * ? *)
      runOn: task
"""


def as_the_sandbox_asks(policy: dict[str, Any]) -> dict[str, Any]:
    statements = [
        {key: value for key, value in statement.items() if key != "Condition" or not _is_unknown(value)}
        for statement in policy["Statement"]
    ]
    differing = [action for action in DIFFERS if _grants(policy, action)]
    on_anything = [{"Effect": "Allow", "Action": differing, "Resource": "*"}] if differing else []
    return {**policy, "Statement": [*statements, *on_anything]}


def _is_unknown(condition: dict[str, dict[str, Any]]) -> bool:
    return any(key in UNKNOWN_CONDITIONS for keys in condition.values() for key in keys)


def _grants(policy: dict[str, Any], action: str) -> bool:
    return any(action in statement["Action"] for statement in policy["Statement"])


class As:
    """The local AWS as someone with a role sees it."""

    def __init__(self, aws: LocalAws, role_arn: str) -> None:
        self._aws, self._role_arn = aws, role_arn

    def __getattr__(self, name: str) -> Any:
        return getattr(self._aws, name)

    def client(self, service: str) -> Any:
        return self._aws.identity.client(service, self._role_arn, PRINCIPAL)


@pytest.fixture(scope="module")
def role_arns(local_aws: LocalAws) -> Iterator[dict[str, str]]:
    iam = local_aws.client("iam")
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": PRINCIPAL}, "Action": "sts:AssumeRole"}]}
    made = {}
    for name, role in roles().items():
        created = iam.create_role(RoleName=role["RoleName"], AssumeRolePolicyDocument=json.dumps(trust))["Role"]
        made[name] = created["Arn"]
        for policy in role["ManagedPolicyArns"]:
            iam.put_role_policy(
                RoleName=role["RoleName"],
                PolicyName=policy,
                PolicyDocument=json.dumps(as_the_sandbox_asks(policies()[policy])),
            )
    yield made
    for name, role in roles().items():
        for policy in role["ManagedPolicyArns"]:
            iam.delete_role_policy(RoleName=roles()[name]["RoleName"], PolicyName=policy)
        iam.delete_role(RoleName=role["RoleName"])


def test_it_deploys_and_destroys_its_stack(local_aws: LocalAws, role_arns: dict[str, str]) -> None:
    deployment = deploy(ROOT, "dev", cast(LocalAws, As(local_aws, role_arns["DeployRole"])))

    jobs = ["bucket-inventory", "daily-rollup", "snapshot-cleanup", "weekly-report"]
    assert sorted(deployment.outputs["stateMachines"]) == jobs
    # What `longhaul check --deployed` asks before the next deployment.
    deployer = cast(Aws, As(local_aws, role_arns["DeployRole"]).client)
    removed = jobs_to_be_disturbed(deployer, "longhaul", "dev", {"daily-rollup": "fargate"})
    assert [job.name for job in removed] == [name for name in jobs if name != "daily-rollup"]
    deployment.destroy()


def test_it_makes_a_topic_for_alerts_and_its_key(
    local_aws: LocalAws, role_arns: dict[str, str], tmp_path: Path
) -> None:
    for file in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(ROOT / file, tmp_path)
    (tmp_path / "Pulumi.dev.yaml").write_text(WITH_ALERTS)
    deployment = deploy(tmp_path, "dev", cast(LocalAws, As(local_aws, role_arns["DeployRole"])))

    assert ":longhaul-dev-alerts-" in deployment.outputs["alertsTopic"]
    deployment.destroy()


@pytest.mark.parametrize("stack", [AS_A_FUNCTION, ALONE], ids=["lambda", "task"])
def test_it_deploys_jobs_that_run_elsewhere(
    local_aws: LocalAws, role_arns: dict[str, str], tmp_path: Path, stack: str
) -> None:
    for file in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(ROOT / file, tmp_path)
    # What a function's image is made with.
    (tmp_path / "components").symlink_to(ROOT / "components")
    (tmp_path / "Pulumi.dev.yaml").write_text(stack)

    aws = cast(LocalAws, As(local_aws, role_arns["DeployRole"]))
    deployment = deploy(tmp_path, "dev", aws)

    assert [job.name for job in jobs_to_be_disturbed(cast(Aws, aws.client), "longhaul", "dev", {})] == ["report"]
    deployment.destroy()


def test_it_changes_a_function_and_publishes_a_version_of_it(
    local_aws: LocalAws, role_arns: dict[str, str], tmp_path: Path
) -> None:
    for file in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(ROOT / file, tmp_path)
    (tmp_path / "components").symlink_to(ROOT / "components")
    (tmp_path / "Pulumi.dev.yaml").write_text(AS_A_FUNCTION)
    deployment = deploy(tmp_path, "dev", cast(LocalAws, As(local_aws, role_arns["DeployRole"])))
    (function,) = [one for one in deployment.resources if one.token == Function.token]

    made = Created(function.id, function.outputs)
    Function().change(deployment.aws, made, {**function.inputs, "timeout": 60})

    assert Function().look(deployment.aws, made)["version"] == "2"
    deployment.destroy()


def test_it_deletes_a_network_interface_that_lambda_has_left(local_aws: LocalAws, role_arns: dict[str, str]) -> None:
    """As the provider does before it deletes a security group: Lambda cannot, once the function's role is gone."""
    ec2 = local_aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    left = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]

    As(local_aws, role_arns["DeployRole"]).client("ec2").delete_network_interface(NetworkInterfaceId=left)

    assert left not in [one["NetworkInterfaceId"] for one in ec2.describe_network_interfaces()["NetworkInterfaces"]]
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)


def test_it_makes_a_bucket_for_results_and_takes_it_away_with_what_is_in_it(
    local_aws: LocalAws, role_arns: dict[str, str], tmp_path: Path
) -> None:
    for file in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(ROOT / file, tmp_path)
    (tmp_path / "Pulumi.dev.yaml").write_text(WITH_RESULTS)
    deployment = deploy(tmp_path, "dev", cast(LocalAws, As(local_aws, role_arns["DeployRole"])))
    (bucket,) = [made.id for made in deployment.resources if made.token == "aws:s3/bucket:Bucket"]
    # The policy of the bucket denies it to all but the jobs, and must be gone before what it is about.
    local_aws.client("s3").put_object(Bucket=bucket, Key="report/run/0/1-0.json", Body=b"{}")

    deployment.destroy()
    assert bucket not in [one["Name"] for one in local_aws.client("s3").list_buckets()["Buckets"]]


def test_it_deploys_no_other_stack(local_aws: LocalAws, role_arns: dict[str, str]) -> None:
    with pytest.raises(SandboxError, match=r"AccessDenied|not authorized|UnauthorizedOperation"):
        deploy(ROOT, "prod", cast(LocalAws, As(local_aws, role_arns["DeployRole"])))


def test_the_role_for_pull_requests_deploys_nothing(local_aws: LocalAws, role_arns: dict[str, str]) -> None:
    with pytest.raises(SandboxError, match=r"AccessDenied|not authorized|UnauthorizedOperation"):
        deploy(ROOT, "dev", cast(LocalAws, As(local_aws, role_arns["PreviewRole"])))
