"""What ECS refuses on Fargate, and with which permissions it lets whom do what."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.local_aws import LocalAws
from tests.sandbox.conftest import TaskPlace, policy, trust


def refusal(call: Callable[..., object], *args: Any, **kwargs: Any) -> tuple[str, str]:
    """The code and the message with which a call is refused."""
    with pytest.raises(ClientError) as raised:
        call(*args, **kwargs)
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


def network(*subnets: str, **more: Any) -> dict[str, Any]:
    return {"awsvpcConfiguration": {"subnets": list(subnets), **more}}


@pytest.mark.parametrize(
    ("cpu", "memory"),
    [("256", "512"), ("512", "4096"), ("1024", "8192"), ("2048", "16384"), ("4096", "30720"), ("8192", "61440"),
     ("16384", "122880"), (".25 vCPU", "0.5 GB"), ("1 vCPU", "2 GB")],
)  # fmt: skip
def test_a_size_of_fargate_is_accepted(place: TaskPlace, cpu: str, memory: str) -> None:
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size
    assert place.register("true", task={"cpu": cpu, "memory": memory})


@pytest.mark.parametrize(
    ("cpu", "memory"),
    [("256", "4096"), ("512", "512"), ("1024", "1024"), ("4096", "4096"), ("8192", "18432"), ("300", "512")],
)
def test_any_other_size_is_refused(place: TaskPlace, cpu: str, memory: str) -> None:
    code, message = refusal(place.register, "true", task={"cpu": cpu, "memory": memory})
    assert code == "ClientException"
    assert message.startswith("No Fargate configuration exists for given values")


@pytest.mark.parametrize(
    ("task", "container", "message"),
    [
        ({"cpu": None}, {}, "Fargate requires that 'cpu' be defined at the task level."),
        ({"networkMode": "bridge"}, {}, "Fargate only supports network mode 'awsvpc'."),
        ({"executionRoleArn": None}, {}, "execution role ARN to support log driver awslogs"),
        ({"family": "a.b"}, {}, "Family"),
        ({"ephemeralStorage": {"sizeInGiB": 20}}, {}, "Ephemeral storage"),
        ({"requiresCompatibilities": ["EXTERNAL"]}, {}, "The sandbox runs tasks on Fargate and EC2 only"),
        ({"volumes": [{"name": "v"}]}, {}, "The sandbox does not simulate volumes"),
        ({}, {"essential": False}, "At least one container must be marked as essential"),
        ({}, {"stopTimeout": 121}, "stopTimeout"),
        ({}, {"logConfiguration": {"logDriver": "splunk"}}, "log driver awslogs only"),
        ({}, {"logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "g", "awslogs-region": "r"}}},
         "awslogs-stream-prefix"),
        ({}, {"environment": [{"name": "A", "value": "1"}], "secrets": [{"name": "A", "valueFrom": "x"}]},
         "The secret name must be unique"),
    ],
)  # fmt: skip
def test_a_task_definition_that_fargate_could_not_run_is_refused(
    place: TaskPlace, task: dict[str, Any], container: dict[str, Any], message: str
) -> None:
    code, said = refusal(place.register, "true", task=task, **container)
    assert code == "ClientException"
    assert message in said


def test_an_unknown_cluster_is_refused(place: TaskPlace) -> None:
    ecs, nowhere = place.aws.client("ecs"), f"{place.cluster}-nowhere"
    assert refusal(place.run, place.register("true"), cluster=nowhere)[0] == "ClusterNotFoundException"
    for call in (ecs.list_tasks, lambda cluster: ecs.stop_task(cluster=cluster, task="x")):
        assert refusal(call, cluster=nowhere)[0] == "ClusterNotFoundException"
    clusters = ecs.describe_clusters(clusters=[nowhere])
    assert (clusters["clusters"], clusters["failures"][0]["reason"]) == ([], "MISSING")


def test_an_unknown_task_is_refused(place: TaskPlace) -> None:
    ecs, other = place.aws.client("ecs"), f"arn:aws:ecs:{place.aws.region}:{place.aws.account}:task/{place.cluster}/x"
    assert refusal(ecs.stop_task, cluster=place.cluster, task=other)[0] == "InvalidParameterException"
    assert ecs.describe_tasks(cluster=place.cluster, tasks=[other])["failures"][0]["reason"] == "MISSING"


def test_a_task_definition_must_be_there_and_active(place: TaskPlace) -> None:
    assert refusal(place.run, f"{place.cluster}:1")[0] == "ClientException"
    definition = place.register("true")
    place.aws.client("ecs").deregister_task_definition(taskDefinition=definition)
    assert refusal(place.run, definition) == ("InvalidParameterException", "TaskDefinition is inactive")


def test_a_family_means_its_latest_active_revision(place: TaskPlace) -> None:
    first, second = place.register("echo", "first"), place.register("echo", "second")
    place.aws.client("ecs").deregister_task_definition(taskDefinition=second)
    assert place.finish(place.run(place.cluster))["taskDefinitionArn"] == first


def test_overrides_may_have_8192_characters(place: TaskPlace) -> None:
    definition = place.register("true")

    def overrides(length: int) -> dict[str, Any]:
        empty = {"containerOverrides": [{"name": "job", "environment": [{"name": "A", "value": ""}]}]}
        filler = length - len(json.dumps(empty, separators=(",", ":")))
        return {"containerOverrides": [{"name": "job", "environment": [{"name": "A", "value": "x" * filler}]}]}

    assert place.finish(place.run(definition, overrides=overrides(8192)))["containers"][0]["exitCode"] == 0
    expected = ("InvalidParameterException", "Container Overrides length must be at most 8192")
    assert refusal(place.run, definition, overrides=overrides(8193)) == expected


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"overrides": {"containerOverrides": [{"name": "other"}]}}, "Override for container named other is not a "),
        ({"networkConfiguration": None}, "Network Configuration must be provided when networkMode 'awsvpc' is spec"),
        ({"networkConfiguration": network()}, "subnets can not be empty."),
        ({"networkConfiguration": network("subnet-0")}, "The subnet ID 'subnet-0' does not exist"),
        ({"launchType": "EC2"}, "No Container Instances were found in your cluster."),
        ({"launchType": None}, "No Container Instances were found in your cluster."),
        ({"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]}, "capacity provider strategy"),
        ({"launchType": None, "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT"}]}, "not associated"),
        ({"count": 11}, "Count must be between 1 and 10."),
    ],
)
def test_a_task_that_could_not_be_placed_is_refused(place: TaskPlace, request_: dict[str, Any], message: str) -> None:
    code, said = refusal(place.run, place.register("true"), **request_)
    assert code == "InvalidParameterException"
    assert message in said


def test_an_unknown_security_group_is_refused(place: TaskPlace) -> None:
    where = network(place.subnet_id, securityGroups=["sg-0"])
    code, message = refusal(place.run, place.register("true"), networkConfiguration=where)
    assert code == "InvalidParameterException"
    assert "The security group 'sg-0' does not exist" in message


@pytest.mark.parametrize("of_another", ["subnet", "security group"])
def test_subnets_and_security_groups_of_several_networks_are_refused(place: TaskPlace, of_another: str) -> None:
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_NetworkConfiguration.html"""
    ec2 = place.aws.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    if of_another == "subnet":
        where = network(place.subnet_id, ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.1.0.0/24")["Subnet"]["SubnetId"])
    else:
        group = ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc_id)["GroupId"]
        where = network(place.subnet_id, securityGroups=[group])
    code, message = refusal(place.run, place.register("true"), networkConfiguration=where)
    assert code == "InvalidParameterException"
    assert message == "All specified subnets and security groups must be from the same VPC."


def test_a_role_that_does_not_trust_tasks_is_refused(place: TaskPlace, role: Callable[..., str]) -> None:
    other = role("lambda.amazonaws.com")
    code, message = refusal(place.run, place.register("true", task={"taskRoleArn": other}))
    assert code == "ClientException"
    assert message.startswith(f"ECS was unable to assume the role '{other}' that was provided for this task.")


def test_what_the_sandbox_has_not_is_refused(place: TaskPlace) -> None:
    ecs = place.aws.client("ecs")
    assert refusal(ecs.create_service, cluster=place.cluster, serviceName="s")[0] == "UnsupportedFeatureException"


class TestPermissions:
    """The caller is a state machine's role, as when an execution runs a task."""

    @pytest.fixture
    def call_as(self, local_aws: LocalAws, role: Callable[..., str]) -> Callable[..., Any]:
        def client(*documents: str) -> Any:
            return local_aws.identity.client("ecs", role("states.amazonaws.com", *documents))

        return client

    def grants(self, place: TaskPlace, *left_out: str) -> list[str]:
        """What a state machine's role needs, as in AWS's page for ECS in Step Functions, less some actions."""
        # https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html
        region, account, cluster = place.aws.region, place.aws.account, place.cluster
        of_cluster = {"ArnEquals": {"ecs:cluster": f"arn:aws:ecs:{region}:{account}:cluster/{cluster}"}}
        to_tasks = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
        by_run_task = {"StringEquals": {"ecs:CreateAction": "RunTask"}}
        task = f"arn:aws:ecs:{region}:{account}:task/{cluster}/*"
        family = f"arn:aws:ecs:{region}:{account}:task-definition/{cluster}:*"
        documents = {
            "ecs:RunTask": policy(("ecs:RunTask", family), **of_cluster),
            "ecs:StopTask": policy((["ecs:StopTask", "ecs:DescribeTasks"], task), **of_cluster),
            "iam:PassRole": policy(
                ("iam:PassRole", place.execution_role), ("iam:PassRole", place.task_role), **to_tasks
            ),
            "ecs:TagResource": policy(("ecs:TagResource", task), **by_run_task),
        }
        return [document for action, document in documents.items() if action not in left_out]

    def test_these_are_enough(self, place: TaskPlace, call_as: Callable[..., Any]) -> None:
        ecs = call_as(*self.grants(place))
        tags = [{"key": "longhaul:job", "value": "x"}]
        definition = place.register("true", task={"tags": tags})
        arns = [place.run(definition, client=ecs, propagateTags="TASK_DEFINITION") for _ in range(2)]
        found = ecs.describe_tasks(cluster=place.cluster, tasks=arns, include=["TAGS"])["tasks"]
        assert [task["tags"] for task in found] == [tags, tags]
        ecs.stop_task(cluster=place.cluster, task=arns[0])

    @pytest.mark.parametrize("action", ["ecs:RunTask", "iam:PassRole", "ecs:TagResource"])
    def test_each_is_needed_to_run(self, place: TaskPlace, call_as: Callable[..., Any], action: str) -> None:
        ecs = call_as(*self.grants(place, action))
        definition = place.register("true", task={"tags": [{"key": "longhaul:job", "value": "x"}]})
        code, message = refusal(place.run, definition, client=ecs, propagateTags="TASK_DEFINITION")
        assert code == "AccessDeniedException"
        resource = {
            "ecs:RunTask": definition,
            "iam:PassRole": place.execution_role,
            "ecs:TagResource": f"arn:aws:ecs:{place.aws.region}:{place.aws.account}:task/{place.cluster}/*",
        }[action]
        assert message.startswith(f"User: arn:aws:sts::{place.aws.account}:assumed-role/role-")
        expected = f"is not authorized to perform: {action} on resource: {resource} because no identity-based policy"
        assert expected in message

    def test_each_is_needed_to_stop_and_look(self, place: TaskPlace, call_as: Callable[..., Any]) -> None:
        ecs = call_as(*self.grants(place, "ecs:StopTask"))
        task_arn = place.run(place.register("true"), client=ecs)
        assert refusal(ecs.stop_task, cluster=place.cluster, task=task_arn)[0] == "AccessDeniedException"
        assert refusal(ecs.describe_tasks, cluster=place.cluster, tasks=[task_arn])[0] == "AccessDeniedException"

    def test_tags_need_no_right_when_there_are_none(self, place: TaskPlace, call_as: Callable[..., Any]) -> None:
        ecs = call_as(*self.grants(place, "ecs:TagResource"))
        assert place.run(place.register("true"), client=ecs, propagateTags="TASK_DEFINITION")

    def test_another_cluster_or_family_is_out_of_reach(self, place: TaskPlace, call_as: Callable[..., Any]) -> None:
        ecs, other = call_as(*self.grants(place)), f"{place.cluster}-other"
        place.aws.client("ecs").create_cluster(clusterName=other)
        assert refusal(place.run, place.register("true"), client=ecs, cluster=other)[0] == "AccessDeniedException"
        elsewhere = place.register("true", task={"family": other})
        assert refusal(place.run, elsewhere, client=ecs)[0] == "AccessDeniedException"

    def test_every_task_that_is_asked_about_is_checked(self, place: TaskPlace, call_as: Callable[..., Any]) -> None:
        ecs = call_as(*self.grants(place))
        mine = place.run(place.register("true"), client=ecs)
        foreign = mine.replace(f"task/{place.cluster}/", "task/other/")
        assert refusal(ecs.describe_tasks, cluster=place.cluster, tasks=[mine, foreign])[0] == "AccessDeniedException"

    def test_a_role_must_trust_tasks_of_this_account(self, place: TaskPlace, role: Callable[..., str]) -> None:
        def trusting(**condition: Any) -> str:
            document = trust("ecs-tasks.amazonaws.com", **condition)
            return place.register("true", task={"taskRoleArn": role("", trusted=document)})

        source = f"arn:aws:ecs:{place.aws.region}:{place.aws.account}:*"
        ours = {"StringEquals": {"aws:SourceAccount": place.aws.account}, "ArnLike": {"aws:SourceArn": source}}
        assert place.run(trusting(**ours))
        for other in (
            {"StringEquals": {"aws:SourceAccount": "210987654321"}},
            {"ArnLike": {"aws:SourceArn": "arn:aws:ecs:us-east-1:*:*"}},
        ):
            assert refusal(place.run, trusting(**other))[0] == "ClientException"
