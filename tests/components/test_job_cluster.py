"""What all runs of a stack share."""

from collections.abc import Callable

import pytest

from tests.components.conftest import Deployment

ONE_IMAGE = """
longhaul:jobs:
  report: {image: "example.com/report:1"}
"""


def test_the_cluster_offers_fargate_and_spot_with_the_insights_asked_for(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy("longhaul:containerInsights: enhanced", ONE_IMAGE)

    cluster = deployment.one("ecs/cluster:Cluster")
    providers = deployment.one("ecs/clusterCapacityProviders:ClusterCapacityProviders")
    assert cluster.inputs["settings"] == [{"name": "containerInsights", "value": "enhanced"}]
    assert providers.inputs["clusterName"] == cluster.outputs["name"]
    assert providers.inputs["capacityProviders"] == ["FARGATE", "FARGATE_SPOT"]


def test_the_cluster_has_the_capacity_providers_of_jobs_on_ec2_each_once(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(
        """
        longhaul:jobs:
          load: {image: "example.com/load:1", runOn: {kind: ec2, capacityProvider: warehouse}}
          more: {image: "example.com/load:1", runOn: {kind: ec2, capacityProvider: warehouse, networkMode: host}}
          big: {image: "example.com/load:1", cpu: 100 vCPU, runOn: {kind: ec2, capacityProvider: large}}
        """
    )

    providers = deployment.one("ecs/clusterCapacityProviders:ClusterCapacityProviders")
    assert providers.inputs["capacityProviders"] == ["FARGATE", "FARGATE_SPOT", "large", "warehouse"]
    definitions = {
        one.inputs["family"].rpartition("-")[2]: one.inputs
        for one in deployment.resources
        if one.type == "aws:ecs/taskDefinition:TaskDefinition"
    }
    assert [one["requiresCompatibilities"] for one in definitions.values()] == [["EC2"]] * 3
    assert {name: one["networkMode"] for name, one in definitions.items()} == {
        "load": "awsvpc",
        "more": "host",
        "big": "awsvpc",
    }
    assert definitions["big"]["cpu"] == "102400"


def test_images_expire_by_age_alone_and_only_when_nothing_tags_them(deploy: Callable[..., Deployment]) -> None:
    repository = deploy(
        """
        longhaul:jobs:
          report: {build: {context: code, dockerfile: code/Dockerfile}}
        """
    ).one("awsx:ecr:Repository")

    (rule,) = repository.inputs["lifecyclePolicy"]["rules"]
    assert rule["tagStatus"] == "untagged"
    assert rule["maximumAgeLimit"] == 365
    # A count would take away the image of a run in flight as soon as enough pushes came after it.
    assert "maximumNumberOfImages" not in rule
    assert "skip" not in repository.inputs["lifecyclePolicy"]
    assert repository.inputs["imageScanningConfiguration"] == {"scanOnPush": True}


def test_the_table_of_locks_costs_nothing_at_rest_and_forgets_scheduled_times(
    deploy: Callable[..., Deployment],
) -> None:
    table = deploy(ONE_IMAGE).one("dynamodb/table:Table", "longhaul-test-locks")

    assert table.inputs["billingMode"] == "PAY_PER_REQUEST"
    assert table.inputs["attributes"] == [{"name": "key", "type": "S"}]
    assert table.inputs["hashKey"] == "key"
    assert table.inputs["ttl"] == {"attributeName": "expires", "enabled": True}


@pytest.mark.parametrize(("overlap", "tables"), [("allow", 0), ("queue", 1), ("{policy: allow, oncePerTime: true}", 1)])
def test_there_is_a_table_of_locks_only_when_a_job_needs_one(
    overlap: str, tables: int, deploy: Callable[..., Deployment]
) -> None:
    deployment = deploy(f"""
longhaul:jobs:
  report: {{image: "example.com/report:1", overlap: {overlap}}}
  other: {{image: "example.com/other:1", overlap: allow}}
""")

    assert len(deployment.all("aws:dynamodb/table:Table")) == tables
    other = deployment.one("iam/rolePolicy:RolePolicy", "longhaul-test-other-states")
    assert "dynamodb" not in other.inputs["policy"]


def test_a_stack_that_builds_nothing_has_no_repository_and_grants_no_pull(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(ONE_IMAGE)

    assert not deployment.all("awsx:ecr:Repository")
    policy = deployment.one("iam/rolePolicy:RolePolicy", "longhaul-test-exec").document("policy")
    assert "ecr:" not in str(policy)


def test_jobs_without_secrets_share_one_execution_role_that_pulls_from_the_stacks_repository(
    deploy: Callable[..., Deployment],
) -> None:
    deployment = deploy(
        """
        longhaul:jobs:
          first: {build: {context: code, dockerfile: code/Dockerfile}}
          second: {image: "example.com/second:1"}
        """
    )

    role = deployment.one("iam/role:Role", "longhaul-test-exec")
    policy = deployment.one("iam/rolePolicy:RolePolicy", "longhaul-test-exec")
    assert policy.inputs["role"] == role.id
    assert role.document("assumeRolePolicy")["Statement"][0]["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
    pull = next(one for one in policy.document("policy")["Statement"] if "ecr:BatchGetImage" in one["Action"])
    assert pull["Resource"] == ["arn:aws:ecr:eu-west-1:123456789012:repository/longhaul-test-images-1a2b3c4"]
    definitions = deployment.all("ecs/taskDefinition:TaskDefinition")
    assert [one.inputs["executionRoleArn"] for one in definitions] == [role.outputs["arn"]] * 2


def test_a_stack_whose_jobs_all_have_secrets_has_no_shared_execution_role(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(
        """
        longhaul:jobs:
          report: {image: "example.com/report:1", secrets: {PASSWORD: database-password}}
        """
    )

    assert "longhaul-test-exec" not in {role.name for role in deployment.all("iam/role:Role")}


def test_state_machines_log_failures_without_data_to_one_group(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(
        """
        longhaul:jobs:
          first: {image: "example.com/first:1"}
          second: {image: "example.com/second:1"}
        """
    )

    group = deployment.one("cloudwatch/logGroup:LogGroup", "longhaul-test-states")
    # https://docs.aws.amazon.com/step-functions/latest/dg/bp-cwl.html: this prefix needs no resource policy of its own.
    assert group.inputs["namePrefix"].startswith("/aws/vendedlogs/states/")
    for machine in deployment.all("sfn/stateMachine:StateMachine"):
        assert machine.inputs["loggingConfiguration"] == {
            # https://docs.aws.amazon.com/step-functions/latest/apireference/API_CloudWatchLogsLogGroup.html
            "logDestination": f"{group.outputs['arn']}:*",
            "level": "ERROR",
            "includeExecutionData": False,
        }


def test_dead_letters_are_kept_for_two_weeks_encrypted_and_come_from_this_stack_only(
    deploy: Callable[..., Deployment],
) -> None:
    deployment = deploy(ONE_IMAGE)

    queue = deployment.one("sqs/queue:Queue")
    policy = deployment.one("sqs/queuePolicy:QueuePolicy")
    assert queue.inputs["messageRetentionSeconds"] == 1_209_600
    # With a KMS key EventBridge would need a grant on the key too.
    assert queue.inputs["sqsManagedSseEnabled"] is True
    assert "kmsMasterKeyId" not in queue.inputs
    assert policy.inputs["queueUrl"] == queue.id
    (statement,) = policy.document("policy")["Statement"]
    assert statement["Resource"] == queue.outputs["arn"]
    assert (
        statement["Condition"]["ArnLike"]["aws:SourceArn"]
        == "arn:aws:events:eu-west-1:123456789012:rule/longhaul-test-*"
    )


def test_one_trigger_role_starts_the_machines_of_this_stack_only(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(ONE_IMAGE)

    role = deployment.one("iam/role:Role", "longhaul-test-trigger")
    policy = deployment.one("iam/rolePolicy:RolePolicy", "longhaul-test-trigger")
    principals = {one["Principal"]["Service"] for one in role.document("assumeRolePolicy")["Statement"]}
    assert principals == {"events.amazonaws.com", "scheduler.amazonaws.com"}
    assert policy.inputs["role"] == role.id
    start = next(one for one in policy.document("policy")["Statement"] if "states:StartExecution" in one["Action"])
    assert start["Resource"] == "arn:aws:states:eu-west-1:123456789012:stateMachine:longhaul-test-*"
