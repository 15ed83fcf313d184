"""Functions of container images, and what lets Lambda have their images."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from sandbox.errors import SandboxError
from tests.sandbox.conftest import trust

FUNCTION = "aws:lambda/function:Function"
IMAGE = "docker-build:index:Image"
REPOSITORY = "aws:ecr/repository:Repository"
REPOSITORY_POLICY = "aws:ecr/repositoryPolicy:RepositoryPolicy"
ROLE = "aws:iam/role:Role"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        }
    ],
}


@pytest.fixture
def repository(make, unique):
    return make(REPOSITORY, {"name": unique, "forceDelete": True})


@pytest.fixture
def image(make, repository, tmp_path: Path):
    """Builds and pushes an image; its URI by digest."""
    url = repository.outputs["repositoryUrl"]

    def build(word: str = "one") -> str:
        folder = tmp_path / word
        folder.mkdir()
        (folder / "Dockerfile").write_text(f'FROM python:3.12\nENTRYPOINT ["echo", "{word}"]\n')
        made = make(IMAGE, {"tags": [f"{url}:{word}"], "context": {"location": word}}, word)
        return f"{url}@{made.outputs['digest']}"

    return build


@pytest.fixture
def inputs(make, unique, image):
    make(REPOSITORY_POLICY, {"repository": unique, "policy": json.dumps(POLICY)}, "policy")
    role = make(ROLE, {"name": unique, "assumeRolePolicy": trust("lambda.amazonaws.com")}, "role")
    return {"name": unique, "packageType": "Image", "imageUri": image(), "role": role.outputs["arn"], "publish": True}


def test_a_function_is_made_as_asked_and_deleted(aws, make, delete, inputs, unique):
    made = make(
        FUNCTION,
        {
            **inputs,
            "architectures": ["arm64"],
            "description": "what it is for",
            "environment": {"variables": {"COLOUR": "red"}},
            "ephemeralStorage": {"size": 1024},
            "imageConfig": {"entryPoints": ["python3"], "commands": ["job.py", "now"]},
            "loggingConfig": {"logFormat": "Text", "logGroup": "/jobs/one"},
            "memorySize": 256,
            "timeout": 60,
            "tags": {"a": "b"},
        },
    )
    found = aws.client("lambda").get_function(FunctionName=unique)
    config = found["Configuration"]
    assert config["ImageConfigResponse"] == {"ImageConfig": {"EntryPoint": ["python3"], "Command": ["job.py", "now"]}}
    assert config["Environment"] == {"Variables": {"COLOUR": "red"}}
    assert config["EphemeralStorage"] == {"Size": 1024}
    assert config["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/jobs/one"}
    assert (config["MemorySize"], config["Timeout"], config["Architectures"]) == (256, 60, ["arm64"])
    assert found["Tags"] == {"a": "b"}
    assert made.outputs["arn"] == aws.arn("lambda", f"function:{unique}")
    assert made.outputs["version"] == "1"
    assert made.outputs["qualifiedArn"] == f"{made.outputs['arn']}:1"
    delete(FUNCTION, made)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        aws.client("lambda").get_function(FunctionName=unique)


def test_a_change_is_published_and_the_old_version_stays(aws, make, change, inputs, image):
    made = make(FUNCTION, inputs)
    client, arn = aws.client("lambda"), made.outputs["arn"]
    outputs = change(FUNCTION, made, {**inputs, "timeout": 30, "environment": {"variables": {"A1": "x"}}})
    assert (outputs["qualifiedArn"], outputs["timeout"]) == (f"{arn}:2", 30)
    made = made._replace(outputs=outputs)
    outputs = change(FUNCTION, made, {**inputs, "imageUri": image("two")})
    assert (outputs["qualifiedArn"], outputs["timeout"], outputs.get("environment")) == (f"{arn}:3", 3, None)
    told = {version: client.get_function(FunctionName=f"{arn}:{version}") for version in (1, 2, 3)}
    assert [told[version]["Configuration"]["Timeout"] for version in (1, 2, 3)] == [3, 30, 3]
    images = [told[version]["Code"]["ImageUri"] for version in (1, 2, 3)]
    assert images == [inputs["imageUri"], inputs["imageUri"], outputs["imageUri"]]


def test_tags_alone_make_no_version(aws, make, change, inputs, unique):
    made = make(FUNCTION, {**inputs, "tags": {"a": "b", "c": "d", "e": "f"}})
    outputs = change(FUNCTION, made, {**inputs, "tags": {"a": "x"}})
    assert (outputs["version"], outputs["tags"]) == ("1", {"a": "x"})
    assert aws.client("lambda").get_function(FunctionName=unique)["Tags"] == {"a": "x"}


def test_one_that_is_not_published_has_no_version_of_its_own(make, inputs):
    made = make(FUNCTION, {**inputs, "publish": False})
    assert made.outputs["qualifiedArn"] == f"{made.outputs['arn']}:$LATEST"


def test_concurrency_is_reserved_and_given_back(aws, make, change, inputs, unique):
    made = make(FUNCTION, {**inputs, "reservedConcurrentExecutions": 5})
    reserved = aws.client("lambda").get_function(FunctionName=unique)["Concurrency"]
    assert reserved == {"ReservedConcurrentExecutions": 5}
    assert change(FUNCTION, made, inputs)["reservedConcurrentExecutions"] == -1
    assert "Concurrency" not in aws.client("lambda").get_function(FunctionName=unique)


def test_it_is_in_a_network_and_out_of_it_again(aws, make, change, inputs, unique):
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName=unique, Description="x", VpcId=vpc)["GroupId"]
    rights = {"Statement": [{"Effect": "Allow", "Action": "ec2:*NetworkInterface*", "Resource": "*"}]}
    aws.client("iam").put_role_policy(RoleName=unique, PolicyName="network", PolicyDocument=json.dumps(rights))
    network = {"subnetIds": [subnet], "securityGroupIds": [group]}
    made = make(FUNCTION, {**inputs, "vpcConfig": network})
    assert made.outputs["vpcConfig"] == network
    assert "vpcConfig" not in change(FUNCTION, made, inputs)
    aws.client("iam").delete_role_policy(RoleName=unique, PolicyName="network")


def test_what_lambda_refuses_is_refused(make, inputs):
    with pytest.raises(ClientError, match=r"less than or equal to 900"):
        make(FUNCTION, {**inputs, "timeout": 901})


@pytest.mark.usefixtures("repository")
def test_a_repositorys_policy_is_put_changed_and_taken_away(aws, make, change, delete, unique):
    made = make(REPOSITORY_POLICY, {"repository": unique, "policy": json.dumps(POLICY)})
    ecr = aws.client("ecr")
    assert json.loads(ecr.get_repository_policy(repositoryName=unique)["policyText"]) == POLICY
    less = {**POLICY, "Statement": [{**POLICY["Statement"][0], "Action": "ecr:BatchGetImage"}]}
    change(REPOSITORY_POLICY, made, {"repository": unique, "policy": json.dumps(less)})
    assert json.loads(ecr.get_repository_policy(repositoryName=unique)["policyText"]) == less
    delete(REPOSITORY_POLICY, made)
    with pytest.raises(ClientError, match="RepositoryPolicyNotFoundException"):
        ecr.get_repository_policy(repositoryName=unique)


def test_an_image_that_is_made_from_another_has_what_that_has(local_aws, make, repository, image, tmp_path: Path):
    base, url = image(), repository.outputs["repositoryUrl"]
    folder = tmp_path / "on-top"
    folder.mkdir()
    (folder / "extra.py").write_text("")
    (folder / "Dockerfile").write_text("ARG BASE\nFROM ${BASE}\nCOPY --chmod=0755 extra.py /opt/extra.py\n")
    build = {"tags": [f"{url}:top"], "context": {"location": "on-top"}, "buildArgs": {"BASE": base}}
    made = make(IMAGE, build, "top")
    found = local_aws.images.find(f"{url}@{made.outputs['digest']}")
    assert (found.folder, found.entry_point) == (tmp_path / "one", ("echo", "one"))
    assert found.here("/opt/extra.py") == str(folder / "extra.py")
    # Another image below makes another one on top.
    other = make(IMAGE, {**build, "buildArgs": {"BASE": image("two")}}, "other")
    assert other.outputs["digest"] != made.outputs["digest"]
    missing = f"{url}@sha256:{'0' * 64}"
    with pytest.raises(SandboxError, match=f"FROM {missing}: there is no such image"):
        make(IMAGE, {**build, "buildArgs": {"BASE": missing}}, "missing")
