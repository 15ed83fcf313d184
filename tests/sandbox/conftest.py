"""A place in the local AWS where tasks can run."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox.faults import Faults
from sandbox.local_aws import LocalAws

PATIENCE_SECONDS = 120


def trust(service: str, **condition: Any) -> str:
    """A trust policy for one AWS service."""
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def policy(*grants: tuple[str | list[str], str], **condition: Any) -> str:
    """A policy that allows actions on a resource each."""
    statements = [
        {"Effect": "Allow", "Action": actions, "Resource": resource} | ({"Condition": condition} if condition else {})
        for actions, resource in grants
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@pytest.fixture
def role(local_aws: LocalAws) -> Callable[..., str]:
    """Makes a role that trusts a service, with policy documents; gives its ARN."""

    def make(service: str, *documents: str, trusted: str | None = None) -> str:
        iam, name = local_aws.client("iam"), f"role-{secrets.token_hex(6)}"
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted or trust(service))["Role"]["Arn"]
        for number, document in enumerate(documents):
            iam.put_role_policy(RoleName=name, PolicyName=f"policy-{number}", PolicyDocument=document)
        return arn

    return make


@dataclass(frozen=True)
class TaskPlace:
    """A cluster, a subnet, a log group and roles, in which one container's task definition runs."""

    aws: LocalAws
    cluster: str
    subnet_id: str
    log_group: str
    execution_role: str
    task_role: str

    def register(self, *command: str, task: dict[str, Any] | None = None, **container: Any) -> str:
        """Register a task definition whose container `job` runs `command`; gives its ARN."""
        options = {"awslogs-group": self.log_group, "awslogs-region": self.aws.region, "awslogs-stream-prefix": "run"}
        definition = {
            "name": "job",
            "image": "public.ecr.aws/docker/library/python:3.12",
            "logConfiguration": {"logDriver": "awslogs", "options": options},
            "stopTimeout": 2,
        }
        if command:
            definition["command"] = list(command)
        request = {
            "family": self.cluster,
            "requiresCompatibilities": ["FARGATE"],
            "networkMode": "awsvpc",
            "cpu": "256",
            "memory": "512",
            "executionRoleArn": self.execution_role,
            "taskRoleArn": self.task_role,
            "containerDefinitions": [definition | container],
        } | (task or {})
        answer = self.aws.client("ecs").register_task_definition(**{k: v for k, v in request.items() if v is not None})
        return answer["taskDefinition"]["taskDefinitionArn"]

    def run(self, definition: str, *, client: Any = None, **request: Any) -> str:
        """RunTask; gives the task's ARN."""
        network = {"awsvpcConfiguration": {"subnets": [self.subnet_id]}}
        request = {"cluster": self.cluster, "launchType": "FARGATE", "networkConfiguration": network} | request
        request = {k: v for k, v in request.items() if v is not None}
        answer = (client or self.aws.client("ecs")).run_task(taskDefinition=definition, **request)
        assert answer["failures"] == []
        return answer["tasks"][0]["taskArn"]

    def describe(self, task_arn: str) -> dict[str, Any]:
        """DescribeTasks, of one task."""
        return self.aws.client("ecs").describe_tasks(cluster=self.cluster, tasks=[task_arn])["tasks"][0]

    def finish(self, task_arn: str) -> dict[str, Any]:
        """The task once it has stopped."""
        assert self.aws.tasks.stopped(task_arn).wait(PATIENCE_SECONDS)
        return self.describe(task_arn)

    def lines(self, task_arn: str) -> list[str]:
        """What its container wrote."""
        stream = f"run/job/{task_arn.rsplit('/', 1)[-1]}"
        events = self.aws.client("logs").get_log_events(
            logGroupName=self.log_group, logStreamName=stream, startFromHead=True
        )
        return [event["message"] for event in events["events"]]


@pytest.fixture
def place(local_aws: LocalAws, role: Callable[..., str]) -> TaskPlace:
    """A new cluster with its log group and roles: the execution role may log, the task role nothing."""
    name = f"place-{secrets.token_hex(6)}"
    ec2 = local_aws.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    local_aws.client("logs").create_log_group(logGroupName=f"/{name}")
    local_aws.client("ecs").create_cluster(clusterName=name, capacityProviders=["FARGATE"])
    log_arn = f"arn:aws:logs:{local_aws.region}:{local_aws.account}:log-group:/{name}:*"
    may_log = policy((["logs:CreateLogStream", "logs:PutLogEvents"], log_arn))
    return TaskPlace(
        aws=local_aws,
        cluster=name,
        subnet_id=ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"],
        log_group=f"/{name}",
        execution_role=role("ecs-tasks.amazonaws.com", may_log),
        task_role=role("ecs-tasks.amazonaws.com"),
    )


@pytest.fixture
def faults(place: TaskPlace) -> Iterator[Faults]:
    """The faults of the local AWS, whose cluster has FARGATE_SPOT too."""
    place.aws.client("ecs").put_cluster_capacity_providers(
        cluster=place.cluster, capacityProviders=["FARGATE", "FARGATE_SPOT"], defaultCapacityProviderStrategy=[]
    )
    yield place.aws.faults
    place.aws.faults.clear()
