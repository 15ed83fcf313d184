"""The resources of a job on Lambda."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from definitions.lambda_function import BOOTSTRAP
from tests.components.conftest import Deployment
from tests.components.provider_answers import ACCOUNT

JOBS = """
longhaul:network: {NETWORK}
longhaul:tags: {environment: test}
longhaul:jobs:
  report:
    runOn: lambda
    description: Reports
    build: {context: code}
    entrypoint: [report]
    command: [--all]
    memory: 300
    ephemeralStorage: 2
    architecture: arm64
    timeout: 5m
    environment: {LEVEL: info}
    permissions:
      - {actions: [s3:GetObject], resources: ["arn:aws:s3:::sales/*"]}
"""
NAME = "longhaul-test-report"
READS = ("ReadSecrets", "ReadParameters")
DOCKERFILE = Path(__file__).parents[2] / "components/lambda_image/Dockerfile"
FUNCTION_ARN = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:{NAME}"


@pytest.fixture
def report(deploy: Callable[..., Deployment]) -> Deployment:
    return deploy(JOBS.replace("{NETWORK}", "{nat: single}"))


def test_the_function_is_the_job(report: Deployment) -> None:
    function = report.one("lambda/function:Function", NAME)
    image = report.one("awsx:ecr:Image", f"{NAME}.lambda")
    log_group = report.one("cloudwatch/logGroup:LogGroup", NAME)
    role = report.one("iam/role:Role", f"{NAME}-lambda")

    assert function.inputs["name"] == NAME
    assert function.inputs["packageType"] == "Image"
    assert function.inputs["imageUri"] == image.outputs["imageUri"]
    assert function.inputs["imageConfig"] == {"entryPoints": list(BOOTSTRAP), "commands": ["report", "--all"]}
    assert function.inputs["role"] == role.outputs["arn"]
    assert (function.inputs["memorySize"], function.inputs["timeout"]) == (300, 300)
    assert function.inputs["ephemeralStorage"] == {"size": 2048}
    assert function.inputs["architectures"] == ["arm64"]
    assert function.inputs["environment"] == {"variables": {"LEVEL": "info"}}
    assert function.inputs["loggingConfig"] == {"logFormat": "Text", "logGroup": log_group.outputs["name"]}
    assert function.inputs["tags"]["longhaul:runOn"] == "lambda"
    assert function.inputs["description"] == "Reports"


def test_its_image_is_the_jobs_with_the_bootstrap(report: Deployment) -> None:
    own, image = (report.one("awsx:ecr:Image", name) for name in (NAME, f"{NAME}.lambda"))
    assert own.inputs["context"] == "code"
    assert image.inputs["context"] == "components/lambda_image"
    assert image.inputs["dockerfile"] == "components/lambda_image/Dockerfile"
    assert image.inputs["args"] == {"JOB_IMAGE": own.outputs["imageUri"]}
    assert image.inputs["platform"] == own.inputs["platform"] == "linux/arm64"
    copied = {name for name in DOCKERFILE.read_text().split() if name.endswith(".py")}
    assert copied == {file.name for file in DOCKERFILE.parent.glob("*.py")}
    # The tag of one must not move that of the other.
    assert image.inputs["imageName"] != own.inputs["imageName"]


def test_the_machine_invokes_the_exact_version(report: Deployment) -> None:
    function = report.one("lambda/function:Function", NAME)
    assert function.inputs["publish"] is True
    run = report.one("sfn/stateMachine:StateMachine").document("definition")["States"]["Run the job"]
    assert run["Resource"] == "arn:aws:states:::lambda:invoke"
    assert run["Arguments"]["FunctionName"] == f"{FUNCTION_ARN}:7" == function.outputs["qualifiedArn"]


def test_there_is_nothing_of_a_task(report: Deployment) -> None:
    assert report.all("ecs/taskDefinition:TaskDefinition") == []
    roles = {role.name for role in report.all("iam/role:Role")}
    assert roles == {f"{NAME}-lambda", f"{NAME}-states", "longhaul-test-trigger"}


def test_the_functions_role_is_lambdas_and_holds_what_the_job_asked_for(report: Deployment) -> None:
    role = report.one("iam/role:Role", f"{NAME}-lambda")
    (trusted,) = role.document("assumeRolePolicy")["Statement"]
    assert trusted["Principal"] == {"Service": "lambda.amazonaws.com"}
    statements = report.policy_of(role)["Statement"]
    assert [one["Action"] for one in statements[:2]] == [
        ["s3:GetObject"],
        ["logs:CreateLogStream", "logs:PutLogEvents"],
    ]


def test_the_machine_may_invoke_the_functions_versions_and_do_nothing_on_ecs(report: Deployment) -> None:
    statements = report.policy_of(report.one("iam/role:Role", f"{NAME}-states"))["Statement"]
    (invoke,) = [one for one in statements if one["Action"] == ["lambda:InvokeFunction"]]
    assert invoke["Resource"] == f"{FUNCTION_ARN}:*"
    assert not any(action.startswith(("ecs:", "iam:")) for one in statements for action in one["Action"])


def test_what_a_function_needs_is_there_before_it(report: Deployment) -> None:
    function = report.one("lambda/function:Function", NAME)
    needed = [
        report.one("iam/rolePolicy:RolePolicy", f"{NAME}-lambda"),
        report.one("ecr/repositoryPolicy:RepositoryPolicy"),
    ]
    assert {one.urn for one in needed} <= function.dependencies


def test_lambda_may_read_the_stacks_images_for_the_stacks_functions(report: Deployment) -> None:
    policy = report.one("ecr/repositoryPolicy:RepositoryPolicy")
    assert policy.inputs["repository"] == "longhaul-test-images-1a2b3c4"
    (statement,) = policy.document("policy")["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert statement["Condition"]["ArnLike"] == {
        "aws:SourceArn": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:longhaul-test-*"
    }


@pytest.mark.parametrize(
    ("network", "subnets"),
    [
        ("{nat: none}", None),
        ("{nat: single, availabilityZones: 2}", ["subnet-private1", "subnet-private2"]),
        ("{endpoints: [sqs], availabilityZones: 2}", ["subnet-isolated1", "subnet-isolated2"]),
        ("{vpcId: vpc-0a1b2c3d, subnetIds: [subnet-0a1b2c3d], assignPublicIp: false}", ["subnet-0a1b2c3d"]),
        ("{vpcId: vpc-0a1b2c3d, subnetIds: [subnet-0a1b2c3d], assignPublicIp: true}", None),
    ],
)
def test_a_function_is_in_the_vpc_where_it_finds_a_way_out(
    deploy: Callable[..., Deployment], network: str, subnets: list[str] | None
) -> None:
    deployment = deploy(JOBS.replace("{NETWORK}", network))
    function = deployment.one("lambda/function:Function", NAME)
    statements = deployment.policy_of(deployment.one("iam/role:Role", f"{NAME}-lambda"))["Statement"]
    connects = [one for one in statements if "ec2:CreateNetworkInterface" in one["Action"]]

    if subnets is None:
        assert "vpcConfig" not in function.inputs
        assert connects == []
    else:
        assert function.inputs["vpcConfig"]["subnetIds"] == subnets
        assert len(function.inputs["vpcConfig"]["securityGroupIds"]) == 1
        assert [one["Effect"] for one in connects] == ["Allow", "Deny"]


def test_an_image_that_is_named_gets_the_bootstrap_too(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(
        """
longhaul:jobs:
  report: {image: "example.com/report:1", entrypoint: [report], timeout: 5m, runOn: lambda}
"""
    )
    (image,) = deployment.all("awsx:ecr:Image")
    assert image.inputs["args"] == {"JOB_IMAGE": "example.com/report:1"}
    assert deployment.one("awsx:ecr:Repository")


def test_steps_have_functions_of_their_own_and_share_image_and_role(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(
        """
longhaul:jobs:
  report:
    image: example.com/report:1
    entrypoint: [report]
    timeout: 5m
    runOn: lambda
    steps:
      - {name: first, memory: 1024}
      - {name: second, permissions: [{actions: [s3:GetObject], resources: ["arn:aws:s3:::sales/*"]}]}
"""
    )
    functions = deployment.all("lambda/function:Function")
    assert [(one.inputs["name"], one.inputs["memorySize"]) for one in functions] == [
        (f"{NAME}_first", 1024),
        (f"{NAME}_second", 512),
    ]
    assert len(deployment.all("awsx:ecr:Image")) == 1
    roles = {role.name for role in deployment.all("iam/role:Role") if role.name.endswith("-lambda")}
    assert roles == {f"{NAME}-lambda", f"{NAME}_second-lambda"}


def test_a_function_may_read_its_secrets_and_no_others(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(
        """
longhaul:jobs:
  report:
    image: example.com/report:1
    entrypoint: [report]
    timeout: 5m
    runOn: lambda
    secrets: {TOKEN: /report/token}
    steps:
      - {name: first}
      - {name: second, secrets: {PASSWORD: {from: database, key: password}}}
"""
    )
    first, second = (deployment.one("lambda/function:Function", f"{NAME}_{step}") for step in ("first", "second"))
    told = {name: json.loads(one.inputs["environment"]["variables"]["LONGHAUL_SECRETS"]) for name, one in
            (("first", first), ("second", second))}  # fmt: skip
    token = f"arn:aws:ssm:eu-west-1:{ACCOUNT}:parameter/report/token"
    password = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:database"
    assert told == {"first": {"TOKEN": token}, "second": {"PASSWORD": f"{password}:password::", "TOKEN": token}}

    def readable(role: str) -> dict[str, list[str]]:
        statements = deployment.policy_of(deployment.one("iam/role:Role", role))["Statement"]
        return {one["Action"][0]: one["Resource"] for one in statements if one.get("Sid") in READS}

    assert readable(f"{NAME}-lambda") == {"ssm:GetParameters": [token]}
    assert readable(f"{NAME}_second-lambda") == {
        "secretsmanager:GetSecretValue": [f"{password}-??????"],
        "ssm:GetParameters": [token],
    }
    assert first.inputs["role"] == deployment.one("iam/role:Role", f"{NAME}-lambda").outputs["arn"]
    assert second.inputs["role"] == deployment.one("iam/role:Role", f"{NAME}_second-lambda").outputs["arn"]


TWINS = """
longhaul:network: {nat: none}
longhaul:jobs:
  report: {runOn: lambda, timeout: 5m, build: {context: code}, entrypoint: [report]}
  report-lambda: {build: {context: code}}
  sales:
    runOn: lambda
    timeout: 5m
    image: alpine
    entrypoint: [load]
    steps: [{name: one}, {name: two, architecture: arm64}]
"""


def test_no_two_images_have_the_same_name(deploy: Callable[..., Deployment]) -> None:
    images = deploy(TWINS).all("awsx:ecr:Image")
    assert len(images) == 5
    assert len({one.urn for one in images}) == 5
    assert len({one.inputs["imageName"] for one in images}) == 5
