"""The whole program on this repository's own stacks: what must hold for everything it creates."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from pulumi.runtime import rpc

from spec.load import load_stack
from spec.stack_rules import ROLE_NAME_ENDINGS
from tests.components.conftest import ROOT, Deployment, Resource, repository_stack, run_program, write_project

# Every field that brings a resource of its own or changes which there are.
EVERYTHING = """
longhaul:network: {endpoints: [sts]}
longhaul:alerts: {email: [ops@example.com], https: ["https://example.com/alerts"]}
longhaul:defaults: {build: {context: code, dockerfile: code/Dockerfile}}
longhaul:jobs:
  plain: {}
  elsewhere: {image: "210987654321.dkr.ecr.eu-west-1.amazonaws.com/elsewhere:1"}
  scheduled:
    schedule: rate(1 day)
    permissions: [{actions: [s3:GetObject], resources: ["arn:aws:s3:::sales/*"]}]
  zoned: {schedule: "cron(0 7 * * ? *)", timezone: Europe/Dublin}
  secretive:
    schedule: rate(1 day)
    secrets: {TOKEN: /report/token}
    permissions: [{actions: [s3:GetObject], resources: ["arn:aws:s3:::sales/*"]}]
"""

# https://docs.aws.amazon.com/ARG/latest/userguide/supported-resources.html, and the provider's own schema.
TAGGABLE = {
    "awsx:ec2:Vpc": True,
    "awsx:ecr:Repository": True,
    "awsx:ecr:Image": False,
    "aws:cloudwatch/eventRule:EventRule": True,
    "aws:cloudwatch/eventTarget:EventTarget": False,
    "aws:cloudwatch/logGroup:LogGroup": True,
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": False,
    "aws:dynamodb/table:Table": True,
    "aws:cloudwatch/metricAlarm:MetricAlarm": True,
    "aws:ec2/securityGroup:SecurityGroup": True,
    "aws:ec2/vpcEndpoint:VpcEndpoint": True,
    "aws:ecs/cluster:Cluster": True,
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": False,
    "aws:ecs/taskDefinition:TaskDefinition": True,
    "aws:iam/role:Role": True,
    "aws:iam/rolePolicy:RolePolicy": False,
    "aws:kms/alias:Alias": False,
    "aws:kms/key:Key": True,
    "aws:s3/bucket:Bucket": True,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": False,
    "aws:s3/bucketPolicy:BucketPolicy": False,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": False,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": False,
    # A schedule takes no tags; its group does.
    "aws:scheduler/schedule:Schedule": False,
    "aws:scheduler/scheduleGroup:ScheduleGroup": True,
    "aws:sfn/stateMachine:StateMachine": True,
    "aws:sns/topic:Topic": True,
    "aws:sns/topicPolicy:TopicPolicy": False,
    "aws:sns/topicSubscription:TopicSubscription": False,
    "aws:sqs/queue:Queue": True,
    "aws:sqs/queuePolicy:QueuePolicy": False,
}


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    folder = tmp_path_factory.mktemp("everything")
    write_project(folder, EVERYTHING)
    return run_program(folder, "test")


@pytest.fixture(params=["dev", "prod", "everything"])
def deployment(request: pytest.FixtureRequest) -> Deployment:
    if request.param == "everything":
        return request.getfixturevalue("everything")
    return repository_stack(request.param)


def created(deployment: Deployment) -> list[Resource]:
    """What is created in AWS: all but components of this program."""
    return [one for one in deployment.resources if not one.type.startswith("longhaul:")]


def walk(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every value in inputs, and in JSON documents that are inputs, with its path."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            value = json.loads(value)
        except ValueError:
            yield path, value
            return
    yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from walk(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from walk(item, f"{path}[{index}]")


def test_the_program_says_nothing_but_its_outputs(deployment: Deployment) -> None:
    assert deployment.complaints == []


def test_no_input_and_no_document_holds_a_null(deployment: Deployment) -> None:
    nulls = [path for one in created(deployment) for path, value in walk(dict(one.inputs), one.name) if value is None]

    # In a pattern it matches what an event has as null.
    assert [path for path in nulls if ".eventPattern." not in path] == []


def test_no_document_is_empty(deployment: Deployment) -> None:
    for one in created(deployment):
        for name in (
            "policy",
            "policyDocument",
            "eventPattern",
            "assumeRolePolicy",
            "definition",
            "containerDefinitions",
        ):
            if name in one.inputs:
                assert one.document(name), f"{one.name}.{name}"


def test_no_two_resources_share_a_urn_or_a_name(deployment: Deployment) -> None:
    urns = Counter(one.urn for one in deployment.resources)
    names = Counter((one.type, name) for one in created(deployment) if (name := one.outputs.get("name")))

    assert [urn for urn, times in urns.items() if times > 1] == []
    assert [name for name, times in names.items() if times > 1] == []


def test_everything_that_can_be_tagged_names_its_stack_and_job(deployment: Deployment) -> None:
    for one in created(deployment):
        if not TAGGABLE[one.type]:
            assert "tags" not in one.inputs
            continue
        assert one.inputs["tags"]["longhaul:stack"], one.urn
        of_a_job = "longhaul:index:ScheduledJob" in one.parent
        assert ("longhaul:job" in one.inputs["tags"]) == of_a_job, one.urn


def test_endpoints_made_by_awsx_are_tagged_too(deployment: Deployment) -> None:
    for vpc in deployment.all("awsx:ec2:Vpc"):
        assert all("longhaul:stack" in spec["tags"] for spec in vpc.inputs["vpcEndpointSpecs"])


def test_every_resource_belongs_to_a_component_and_every_component_to_the_stack(deployment: Deployment) -> None:
    components = {one.urn for one in deployment.resources if one.type.startswith("longhaul:")}

    for one in deployment.resources:
        if one.urn in components:
            assert "pulumi:pulumi:Stack" in one.parent
        else:
            assert one.parent in components
            parent_name = one.parent.rpartition("::")[2]
            # A step's container is named after it.
            assert one.name == parent_name or one.name.startswith((f"{parent_name}-", f"{parent_name}_"))


def test_nothing_waits_for_what_is_not_there(deployment: Deployment) -> None:
    seen: set[str] = set()
    for one in deployment.resources:
        assert one.dependencies <= seen, one.urn
        seen.add(one.urn)


def test_generated_role_names_fit_into_iam(deployment: Deployment) -> None:
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: 64, of which a suffix takes 8.
    for role in deployment.all("iam/role:Role"):
        assert len(role.name) + 8 <= 64
        # By these the spec refuses a name that would be too long.
        assert role.name.endswith(ROLE_NAME_ENDINGS) or "ScheduledJob" not in role.parent


def test_a_job_is_at_most_nine_resources_and_eleven_with_an_execution_role_of_its_own(deployment: Deployment) -> None:
    for job in deployment.all("longhaul:index:ScheduledJob"):
        resources = [one for one in deployment.children(job) if one.type != "awsx:ecr:Image"]
        own_execution_role = f"{job.name}-exec" in {one.name for one in resources}
        containers = len([one for one in resources if one.type == "aws:ecs/taskDefinition:TaskDefinition"])
        assert len(resources) <= (11 if own_execution_role else 9) - 1 + containers, [one.urn for one in resources]


def test_every_job_is_exported(deployment: Deployment) -> None:
    jobs = {one.name.split("-", 2)[2] for one in deployment.all("longhaul:index:ScheduledJob")}

    for output in ("stateMachines", "taskDefinitions", "logGroups"):
        # Task definitions are of a job's steps, where it has any.
        assert {name.partition("_")[0] for name in deployment.exports[output]} == jobs
        assert all(deployment.exports[output].values())
    assert deployment.exports["stateMachines"].keys() == deployment.exports["logGroups"].keys() == jobs
    assert deployment.exports["schedules"].keys() <= jobs
    assert deployment.exports["cluster"] == deployment.one("ecs/cluster:Cluster").outputs["name"]
    assert deployment.exports["deadLetterQueueUrl"] == deployment.one("sqs/queue:Queue").outputs["url"]
    assert deployment.exports["ledger"].startswith(f"/aws/events/{deployment.one('ecs/cluster:Cluster').name}-runs-")
    assert deployment.exports["subnets"]
    assert deployment.exports["securityGroups"]


@pytest.mark.parametrize("stack_name", ["dev", "prod"])
def test_a_first_preview_shows_every_resource_that_is_made_later(stack_name: str) -> None:
    preview = repository_stack(stack_name, preview=True)
    deployment = repository_stack(stack_name)

    assert {one.urn for one in preview.resources} == {one.urn for one in deployment.resources}
    assert preview.complaints == []


def test_a_preview_knows_all_of_a_task_definition_but_its_container_and_roles() -> None:
    preview = repository_stack("dev", preview=True)

    for definition in preview.all("ecs/taskDefinition:TaskDefinition"):
        unknown = {name for name, value in definition.inputs.items() if value == rpc.UNKNOWN}
        assert unknown == {"containerDefinitions", "executionRoleArn", "taskRoleArn"}


def test_production_keeps_logs_and_images_and_development_does_not() -> None:
    kept = {}
    for stack_name in ("dev", "prod"):
        deployment = repository_stack(stack_name)
        groups = deployment.all("cloudwatch/logGroup:LogGroup")
        assert len(groups) == len(deployment.all("sfn/stateMachine:StateMachine")) + 2
        (kept[stack_name],) = {group.inputs["skipDestroy"] for group in groups}
        repository = deployment.one("awsx:ecr:Repository")
        # Whichever it is, `pulumi destroy` comes to its end: AWS deletes no repository that has images, unless forced.
        assert repository.retain_on_delete is kept[stack_name]
        assert repository.inputs["forceDelete"] is not kept[stack_name]

    assert kept == {"dev": False, "prod": True}


def test_production_deploys_to_one_account_only() -> None:
    configuration = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text())["config"]

    (account,) = configuration["aws:allowedAccountIds"]
    assert isinstance(account, str)
    assert len(account) == 12


def test_the_project_file_describes_every_key_and_its_values_are_the_built_in_ones() -> None:
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    keys = {key.removeprefix("longhaul:"): described for key, described in project["config"].items()}

    stated = load_stack(ROOT, "dev", {key: described["value"] for key, described in keys.items()})
    silent = load_stack(ROOT, "dev", {"jobs": {}})
    assert stated == silent
    assert keys.keys() == {
        "jobs",
        "defaults",
        "network",
        "trigger",
        "containerInsights",
        "keepLogs",
        "alerts",
        "ledgerRetention",
        "resultRetention",
        "tags",
    }
    for described in keys.values():
        # Pulumi refuses `type` and `default` where the project is not called like the namespace.
        assert described.keys() == {"description", "value"}
    assert project["runtime"] == {"name": "python", "options": {"toolchain": "pip", "virtualenv": ".venv"}}
