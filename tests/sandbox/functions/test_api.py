"""What Lambda takes and refuses of a function of a container image, and what its versions keep.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.conftest import policy, trust
from tests.sandbox.functions.conftest import Place, lets_lambda_in

INVALID = "InvalidParameterValueException"


def refusal(call: Callable[[], object]) -> tuple[str, str]:
    """The code and the message of an error."""
    with pytest.raises(ClientError) as refused:
        call()
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def test_it_is_pending_when_it_is_made_and_active_when_it_is_looked_at(functions: Place) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html"""
    answer = functions.client.create_function(**functions.request(Timeout=900, MemorySize=10240))
    functions.made.append(answer["FunctionName"])
    assert (answer["State"], answer["StateReasonCode"], answer["LastUpdateStatus"]) == (
        "Pending",
        "Creating",
        "InProgress",
    )
    told = functions.client.get_function_configuration(FunctionName=answer["FunctionName"])
    assert (told["State"], told["LastUpdateStatus"]) == ("Active", "Successful")
    assert (told["Timeout"], told["MemorySize"], told["Architectures"]) == (900, 10240, ["x86_64"])


def test_it_keeps_to_its_image_wherever_the_tag_moves(functions: Place) -> None:
    name = functions.make()
    told = functions.client.get_function(FunctionName=name)
    digest = told["Code"]["ResolvedImageUri"].partition("@")[2]
    assert digest == f"sha256:{told['Configuration']['CodeSha256']}"
    assert told["Code"]["ImageUri"].endswith(":latest")
    functions.image('ENTRYPOINT ["false"]')
    assert functions.invoke(name).error is None
    assert functions.client.get_function(FunctionName=name)["Code"] == told["Code"]


@pytest.mark.parametrize(
    ("request_of_it", "code", "message"),
    [
        ({"Timeout": 901}, "ValidationException", "'timeout' failed to satisfy.*less than or equal to 900"),
        ({"MemorySize": 10241}, "ValidationException", "'memorySize' failed to satisfy.*less than or equal to 10240"),
        ({"EphemeralStorage": {"Size": 10241}}, "ValidationException", "less than or equal to 10240"),
        ({"Runtime": "python3.12"}, INVALID, "do not provide Runtime"),
        ({"Architectures": ["arm64", "x86_64"]}, "ValidationException", "one of x86_64 and arm64"),
        ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, INVALID, "reserved keys.*AWS_REGION"),
        ({"Environment": {"Variables": {"A1": "x" * 4088}}}, INVALID, "exceeded the 4KB limit"),
        ({"LoggingConfig": {"LogFormat": "JSON"}}, INVALID, "logs of functions as text only"),
        ({"ImageConfig": {"WorkingDirectory": "/x"}}, INVALID, "cannot change the working"),
        ({"PackageType": "Zip", "Runtime": "python3.12", "Handler": "a.b"}, INVALID, "ImageUri"),
        ({"Code": {}}, INVALID, "provide ImageUri"),
    ],
)  # fmt: skip
def test_what_is_out_of_bounds_is_refused(
    functions: Place, request_of_it: dict[str, Any], code: str, message: str
) -> None:
    found = refusal(lambda: functions.client.create_function(**functions.request(**request_of_it)))
    assert found[0] == code
    assert re.search(message, found[1])


def test_a_role_that_lambda_cannot_assume_is_refused(functions: Place, role: Callable[..., str]) -> None:
    expected = (INVALID, "The role defined for the function cannot be assumed by Lambda.")
    of_tasks = role("ecs-tasks.amazonaws.com")
    assert refusal(lambda: functions.make(Role=of_tasks)) == expected
    assert refusal(lambda: functions.make(Role=f"{of_tasks}-none")) == expected
    # Lambda says nothing of whom it assumes a role for.
    bound = trust("lambda.amazonaws.com", StringEquals={"aws:SourceAccount": functions.aws.account})
    assert refusal(lambda: functions.make(Role=role("", trusted=bound))) == expected
    name = functions.make()
    configure = functions.client.update_function_configuration
    assert refusal(lambda: configure(FunctionName=name, Role=of_tasks)) == expected


class TestTheImage:
    """https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#configuration-images-permissions"""

    def test_one_that_is_not_there(self, functions: Place) -> None:
        uri = f"{functions.aws.account}.dkr.ecr.{functions.aws.region}.amazonaws.com/{functions.name}:none"
        code, message = refusal(lambda: functions.make(ImageUri=uri))
        assert (code, message) == (
            INVALID,
            f"Source image {uri} does not exist. Provide a valid source image.",
        )
        assert refusal(lambda: functions.make(ImageUri="public.ecr.aws/docker/library/alpine:3"))[0] == code
        assert "Region" in refusal(lambda: functions.make(ImageUri=uri.replace("eu-west-1", "us-east-1")))[1]

    def test_one_for_another_architecture(self, functions: Place) -> None:
        uri = functions.image('ENTRYPOINT ["true"]', platform="linux/arm64")
        assert "is for linux/arm64" in refusal(lambda: functions.make(ImageUri=uri))[1]
        functions.make(ImageUri=uri, Architectures=["arm64"])

    @pytest.mark.parametrize(
        "document",
        [
            None,
            lets_lambda_in("ecr:BatchGetImage"),
            lets_lambda_in(principal="ecs-tasks.amazonaws.com"),
            lets_lambda_in(StringEquals={"aws:SourceAccount": "210987654321"}),
            lets_lambda_in(ArnLike={"aws:SourceArn": "arn:aws:lambda:*:*:function:another-*"}),
        ],
    )
    def test_without_the_repositorys_permission_it_is_refused(self, functions: Place, document: str | None) -> None:
        ecr = functions.aws.client("ecr")
        ecr.delete_repository_policy(repositoryName=functions.name)
        if document:
            ecr.set_repository_policy(repositoryName=functions.name, policyText=document)
        code, message = refusal(functions.make)
        assert code == "AccessDeniedException"
        assert message == "Lambda does not have permission to access the ECR image. Check the ECR permissions."
        arn = f"arn:aws:lambda:{functions.aws.region}:{functions.aws.account}:function:{functions.name}-*"
        bound = lets_lambda_in(ArnLike={"aws:SourceArn": arn})
        ecr.set_repository_policy(repositoryName=functions.name, policyText=bound)
        functions.make()

    def test_of_code_that_changes_too(self, functions: Place) -> None:
        name = functions.make()
        update, uri = functions.client.update_function_code, functions.image('ENTRYPOINT ["true"]', tag="next")
        functions.aws.client("ecr").delete_repository_policy(repositoryName=functions.name)
        assert refusal(lambda: update(FunctionName=name, ImageUri=uri))[0] == "AccessDeniedException"


class TestTheNetwork:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html"""

    RIGHTS = ("ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface")

    @pytest.fixture
    def network(self, functions: Place) -> dict[str, list[str]]:
        ec2 = functions.aws.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        group = ec2.create_security_group(GroupName=functions.name, Description="x", VpcId=vpc)["GroupId"]
        return {"SubnetIds": [subnet], "SecurityGroupIds": [group]}

    def test_it_is_in_it(self, functions: Place, role: Callable[..., str], network: dict[str, list[str]]) -> None:
        name = functions.make(Role=role("lambda.amazonaws.com", policy((list(self.RIGHTS), "*"))), VpcConfig=network)
        told = functions.client.get_function_configuration(FunctionName=name)["VpcConfig"]
        assert told.items() >= network.items()
        assert told["VpcId"].startswith("vpc-")
        assert functions.invoke(name).error is None

    @pytest.mark.parametrize("missing", RIGHTS)
    def test_without_a_right_it_is_refused(
        self, functions: Place, role: Callable[..., str], network: dict[str, list[str]], missing: str
    ) -> None:
        able = role("lambda.amazonaws.com", policy(([right for right in self.RIGHTS if right != missing], "*")))
        code, message = refusal(lambda: functions.make(Role=able, VpcConfig=network))
        assert code == INVALID
        call = missing.partition(":")[2]
        assert message == f"The provided execution role does not have permissions to call {call} on EC2"

    def test_what_is_not_there_is_refused(self, functions: Place, network: dict[str, list[str]]) -> None:
        for field, code in (("SubnetIds", "InvalidSubnetID.NotFound"), ("SecurityGroupIds", "InvalidGroup.NotFound")):
            assert code in refusal(lambda field=field: functions.make(VpcConfig={**network, field: ["x-0"]}))[1]
        assert "coexist" in refusal(lambda: functions.make(VpcConfig={"SubnetIds": network["SubnetIds"]}))[1]


class TestVersions:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-versions.html"""

    def test_a_version_stays_as_it_was_published(self, functions: Place) -> None:
        name = functions.make(Publish=True, ImageConfig={"EntryPoint": ["python3", "runtime.py", "first"]})
        functions.client.update_function_configuration(
            FunctionName=name, ImageConfig={"EntryPoint": ["python3", "runtime.py", "second"]}, Timeout=60
        )
        second = functions.client.publish_version(FunctionName=name)
        assert (second["Version"], second["FunctionArn"].rpartition(":")[2], second["State"]) == ("2", "2", "Active")
        for version, word in (("1", "first"), ("2", "second"), ("$LATEST", "second")):
            told = functions.invoke(f"{name}:{version}")
            assert (told.payload["arguments"], told.version) == ([word], version)
        arn = f"arn:aws:lambda:{functions.aws.region}:{functions.aws.account}:function:{name}"
        first = functions.client.get_function_configuration(FunctionName=f"{arn}:1")
        assert (first["FunctionArn"], first["Timeout"]) == (f"{arn}:1", 3)

    def test_what_has_not_changed_is_not_published_again(self, functions: Place) -> None:
        """https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html"""
        name = functions.make(Publish=True)
        publish, configure = functions.client.publish_version, functions.client.update_function_configuration
        assert publish(FunctionName=name)["Version"] == "1"
        configure(FunctionName=name, Timeout=3)
        assert publish(FunctionName=name)["Version"] == "1"
        configure(FunctionName=name, Timeout=4)
        assert publish(FunctionName=name)["Version"] == "2"

    def test_new_code_is_published_with_its_update(self, functions: Place) -> None:
        name = functions.make(Publish=True)
        (functions.folder / "other.py").write_text("")
        uri = functions.image("WORKDIR /app", "COPY . .", 'CMD ["python3", "runtime.py", "new"]', tag="next")
        answer = functions.client.update_function_code(FunctionName=name, ImageUri=uri, Publish=True)
        assert (answer["Version"], answer["LastUpdateStatus"]) == ("2", "InProgress")
        arguments = [functions.invoke(f"{name}:{version}").payload["arguments"] for version in (1, 2)]
        assert arguments == [[], ["new"]]

    def test_one_that_is_not_there(self, functions: Place) -> None:
        name = functions.make()
        assert refusal(lambda: functions.invoke(f"{name}:1"))[0] == "ResourceNotFoundException"
        with pytest.raises(ClientError, match="ImageUri"):
            functions.client.update_function_code(FunctionName=name, ZipFile=b"")


class TestPermissions:
    """https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html"""

    def client(self, functions: Place, role: Callable[..., str], *grants: Any, **condition: Any) -> Any:
        acting = role("states.amazonaws.com", policy(*grants, **condition))
        return functions.aws.identity.client("lambda", acting)

    def test_invoking_is_checked_on_the_version(self, functions: Place, role: Callable[..., str]) -> None:
        name = functions.make(Publish=True)
        arn = f"arn:aws:lambda:{functions.aws.region}:{functions.aws.account}:function:{name}"
        of_versions = self.client(functions, role, ("lambda:InvokeFunction", f"{arn}:*"))
        of_itself = self.client(functions, role, ("lambda:InvokeFunction", arn))
        for named in (f"{name}:1", f"{arn}:1"):
            assert functions.invoke(named, client=of_versions).error is None
            code, message = refusal(lambda named=named: functions.invoke(named, client=of_itself))
            assert code == "AccessDeniedException"
            assert f"not authorized to perform: lambda:InvokeFunction on resource: {arn}:1 because" in message
        assert functions.invoke(name, client=of_itself).error is None
        assert f"on resource: {arn} because" in refusal(lambda: functions.invoke(name, client=of_versions))[1]
        by_qualifier = {"FunctionName": name, "Qualifier": "1"}
        assert of_versions.invoke(**by_qualifier)["StatusCode"] == 200
        assert f"on resource: {arn}:1 because" in refusal(lambda: of_itself.invoke(**by_qualifier))[1]

    def test_a_role_is_passed(self, functions: Place, role: Callable[..., str]) -> None:
        asked = functions.request()
        arn = f"arn:aws:lambda:{functions.aws.region}:{functions.aws.account}:function:{asked['FunctionName']}"
        makes = ("lambda:CreateFunction", arn)
        code, message = refusal(lambda: self.client(functions, role, makes).create_function(**asked))
        assert code == "AccessDeniedException"
        assert f"iam:PassRole on resource: {functions.role}" in message
        passes = ("iam:PassRole", functions.role)
        acting = self.client(functions, role, makes, passes)
        functions.made.append(acting.create_function(**asked)["FunctionName"])
