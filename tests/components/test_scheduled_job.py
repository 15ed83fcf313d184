"""One job's resources and how they hang together."""

import json
from collections.abc import Callable

import pytest

from tests.components.conftest import Deployment

REPORT = """
longhaul:tags: {environment: test, team: data}
longhaul:jobs:
  report:
    image: example.com/report:1
    cpu: 512
    memory: 2048
    ephemeralStorage: 50
    architecture: arm64
    environment: {LEVEL: info}
    logRetention: 60
    schedule: cron(15 3 * * ? *)
    startDeadline: 2h
    input: {day: yesterday}
    tags: {team: reports}
    permissions:
      - {actions: [s3:GetObject], resources: ["arn:aws:s3:::sales/*"]}
"""
NAME = "longhaul-test-report"


@pytest.fixture
def report(deploy: Callable[..., Deployment]) -> Deployment:
    return deploy(REPORT)


def test_the_log_group_is_named_for_the_job_with_a_suffix_and_expires(report: Deployment) -> None:
    group = report.one("cloudwatch/logGroup:LogGroup", NAME)

    assert group.inputs["namePrefix"] == "/longhaul/longhaul/test/report-"
    assert "name" not in group.inputs
    assert group.inputs["retentionInDays"] == 60
    assert group.inputs["skipDestroy"] is False


def test_the_task_definition_is_the_job(report: Deployment) -> None:
    definition = report.one("ecs/taskDefinition:TaskDefinition")

    assert definition.inputs["family"] == NAME
    assert (definition.inputs["cpu"], definition.inputs["memory"]) == ("512", "2048")
    assert definition.inputs["networkMode"] == "awsvpc"
    assert definition.inputs["requiresCompatibilities"] == ["FARGATE"]
    assert definition.inputs["ephemeralStorage"] == {"sizeInGib": 50}
    assert definition.inputs["runtimePlatform"] == {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}
    assert definition.inputs["taskRoleArn"] == report.one("iam/role:Role", f"{NAME}-task").outputs["arn"]
    assert definition.inputs["executionRoleArn"] == report.one("iam/role:Role", "longhaul-test-exec").outputs["arn"]
    (container,) = definition.document("containerDefinitions")
    assert container["image"] == "example.com/report:1"
    assert container["environment"] == [{"name": "LEVEL", "value": "info"}]
    group = report.one("cloudwatch/logGroup:LogGroup", NAME)
    assert container["logConfiguration"]["options"]["awslogs-group"] == group.outputs["name"]


def test_a_replaced_revision_stays_registered_for_the_retries_of_runs_in_flight(report: Deployment) -> None:
    assert report.one("ecs/taskDefinition:TaskDefinition").inputs["skipDestroy"] is True


def test_the_task_role_holds_what_the_job_asked_for(report: Deployment) -> None:
    role = report.one("iam/role:Role", f"{NAME}-task")

    assert role.document("assumeRolePolicy")["Statement"][0]["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
    (statement,) = report.policy_of(role)["Statement"]
    assert statement["Action"] == ["s3:GetObject"]
    assert statement["Resource"] == ["arn:aws:s3:::sales/*"]


def test_the_machine_runs_the_exact_revision_with_its_role_on_the_cluster(report: Deployment) -> None:
    machine = report.one("sfn/stateMachine:StateMachine")
    definition = report.one("ecs/taskDefinition:TaskDefinition")

    assert machine.inputs["name"] == NAME
    assert machine.inputs["type"] == "STANDARD"
    assert machine.inputs["roleArn"] == report.one("iam/role:Role", f"{NAME}-states").outputs["arn"]
    assert machine.inputs["tracingConfiguration"] == {"enabled": True}
    states = machine.document("definition")["States"].values()
    (run,) = [state["Arguments"] for state in states if "ecs:runTask" in state.get("Resource", "")]
    assert run["TaskDefinition"] == definition.outputs["arn"]
    assert run["Cluster"] == report.one("ecs/cluster:Cluster").outputs["arn"]
    group = report.one("cloudwatch/logGroup:LogGroup", NAME)
    assert group.outputs["name"] in machine.inputs["definition"]


def test_the_machines_role_passes_the_two_roles_of_the_task_and_no_others(report: Deployment) -> None:
    role = report.one("iam/role:Role", f"{NAME}-states")
    definition = report.one("ecs/taskDefinition:TaskDefinition")

    assert role.document("assumeRolePolicy")["Statement"][0]["Principal"] == {"Service": "states.amazonaws.com"}
    statements = report.policy_of(role)["Statement"]
    (passed,) = [one["Resource"] for one in statements if one["Action"] == ["iam:PassRole"]]
    assert set(passed) == {definition.inputs["taskRoleArn"], definition.inputs["executionRoleArn"]}
    (run,) = [one for one in statements if one["Action"] == ["ecs:RunTask"]]
    assert run["Resource"] == f"arn:aws:ecs:eu-west-1:123456789012:task-definition/{NAME}:*"
    cluster_arn = report.one("ecs/cluster:Cluster").outputs["arn"]
    assert run["Condition"] == {"ArnEquals": {"ecs:cluster": cluster_arn}}


def test_every_policy_a_run_needs_is_there_before_the_machine(report: Deployment) -> None:
    machine = report.one("sfn/stateMachine:StateMachine")

    needed = [
        *(report.one("iam/rolePolicy:RolePolicy", f"{NAME}-{role}") for role in ("task", "states")),
        report.one("iam/rolePolicy:RolePolicy", "longhaul-test-exec"),
        report.one("ecs/clusterCapacityProviders:ClusterCapacityProviders"),
    ]
    assert {one.urn for one in needed} <= machine.dependencies


def test_the_rule_fires_at_the_jobs_times_and_its_target_starts_the_machine(report: Deployment) -> None:
    rule = report.one("cloudwatch/eventRule:EventRule", NAME)
    target = report.one("cloudwatch/eventTarget:EventTarget", NAME)

    assert rule.inputs["name"] == NAME
    assert rule.inputs["scheduleExpression"] == "cron(15 3 * * ? *)"
    assert rule.inputs["state"] == "ENABLED"
    assert target.inputs["rule"] == rule.outputs["name"]
    assert target.inputs["arn"] == report.one("sfn/stateMachine:StateMachine").outputs["arn"]
    assert target.inputs["roleArn"] == report.one("iam/role:Role", "longhaul-test-trigger").outputs["arn"]
    assert target.inputs["deadLetterConfig"] == {"arn": report.one("sqs/queue:Queue").outputs["arn"]}
    assert target.inputs["retryPolicy"]["maximumEventAgeInSeconds"] == 7200
    transformer = target.inputs["inputTransformer"]
    template = transformer["inputTemplate"].replace("<time>", '"2026-11-24T03:15:00Z"')
    assert transformer["inputPaths"] == {"time": "$.time"}
    assert json.loads(template) == {
        "trigger": "schedule",
        "scheduledTime": "2026-11-24T03:15:00Z",
        "input": {"day": "yesterday"},
    }


def test_the_trigger_comes_last(report: Deployment) -> None:
    target = report.one("cloudwatch/eventTarget:EventTarget", NAME)

    needed = [
        report.one("sfn/stateMachine:StateMachine"),
        report.one("iam/rolePolicy:RolePolicy", "longhaul-test-trigger"),
        report.one("sqs/queuePolicy:QueuePolicy"),
    ]
    assert {one.urn for one in needed} <= target.dependencies


def test_a_jobs_own_tags_beat_the_stacks(report: Deployment) -> None:
    assert report.one("sfn/stateMachine:StateMachine").inputs["tags"] == {
        "environment": "test",
        "team": "reports",
        "longhaul:stack": "test",
        "longhaul:job": "report",
    }
    assert report.one("ecs/cluster:Cluster").inputs["tags"] == {
        "environment": "test",
        "team": "data",
        "longhaul:stack": "test",
    }


def test_a_disabled_job_keeps_its_trigger_switched_off(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(
        """
        longhaul:jobs:
          by-rule: {image: "example.com/one:1", schedule: rate(1 day), enabled: false}
          by-schedule: {image: "example.com/one:1", schedule: rate(1 day), flexibleWindow: 30m, enabled: false}
        """
    )

    assert deployment.one("cloudwatch/eventRule:EventRule", "longhaul-test-by-rule").inputs["state"] == "DISABLED"
    assert deployment.one("scheduler/schedule:Schedule").inputs["state"] == "DISABLED"


def test_a_job_without_a_schedule_has_no_trigger(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(
        """
        longhaul:jobs:
          by-hand: {image: "example.com/one:1"}
        """
    )

    assert deployment.one("sfn/stateMachine:StateMachine")
    of_the_job = {one.type for one in deployment.children(deployment.one("longhaul:index:ScheduledJob"))}
    assert not {"aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget"} & of_the_job
    assert not deployment.all("scheduler/schedule:Schedule")
    assert not deployment.all("scheduler/scheduleGroup:ScheduleGroup")
    assert deployment.exports["schedules"] == {}


def test_a_job_that_needs_a_time_zone_gets_a_schedule_in_the_stacks_group(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(
        """
        longhaul:jobs:
          report:
            image: example.com/report:1
            schedule: cron(0 7 ? * MON-FRI *)
            timezone: Europe/Dublin
            flexibleWindow: 15m
            startDeadline: 10m
            input: {day: yesterday}
        """
    )

    schedule = deployment.one("scheduler/schedule:Schedule")
    group = deployment.one("scheduler/scheduleGroup:ScheduleGroup")
    machine = deployment.one("sfn/stateMachine:StateMachine")
    assert NAME not in {one.name for one in deployment.all("cloudwatch/eventRule:EventRule")}
    assert group.inputs["name"] == "longhaul-test"
    assert schedule.inputs["name"] == NAME
    assert schedule.inputs["groupName"] == "longhaul-test"
    assert schedule.inputs["scheduleExpression"] == "cron(0 7 ? * MON-FRI *)"
    assert schedule.inputs["scheduleExpressionTimezone"] == "Europe/Dublin"
    assert schedule.inputs["flexibleTimeWindow"] == {"mode": "FLEXIBLE", "maximumWindowInMinutes": 15}
    target = schedule.inputs["target"]
    assert target["arn"] == machine.outputs["arn"]
    assert target["roleArn"] == deployment.one("iam/role:Role", "longhaul-test-trigger").outputs["arn"]
    assert target["deadLetterConfig"] == {"arn": deployment.one("sqs/queue:Queue").outputs["arn"]}
    assert target["retryPolicy"]["maximumEventAgeInSeconds"] == 600
    assert json.loads(target["input"])["input"] == {"day": "yesterday"}
    assert {group.urn, machine.urn} <= schedule.dependencies


def test_a_whole_stack_can_be_put_on_schedules(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(
        """
        longhaul:trigger: scheduler
        longhaul:jobs:
          report: {image: "example.com/report:1", schedule: rate(1 day)}
        """
    )

    schedule = deployment.one("scheduler/schedule:Schedule")
    assert schedule.inputs["flexibleTimeWindow"] == {"mode": "OFF"}
    assert NAME not in {one.name for one in deployment.all("cloudwatch/eventRule:EventRule")}
    assert deployment.exports["schedules"] == {
        "report": {"trigger": "scheduler", "schedule": "rate(1 day)", "timezone": "UTC", "enabled": True}
    }


def test_a_job_with_secrets_has_an_execution_role_that_reads_exactly_those(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(
        """
        longhaul:jobs:
          plain: {image: "example.com/plain:1"}
          report:
            image: example.com/report:1
            secrets:
              PASSWORD: {from: database, key: password}
              TOKEN: /report/token
        """
    )

    role = deployment.one("iam/role:Role", f"{NAME}-exec")
    definition = deployment.one("ecs/taskDefinition:TaskDefinition", NAME)
    assert definition.inputs["executionRoleArn"] == role.outputs["arn"]
    (container,) = definition.document("containerDefinitions")
    assert {secret["name"] for secret in container["secrets"]} == {"PASSWORD", "TOKEN"}
    grants = {tuple(one["Action"]): one["Resource"] for one in deployment.policy_of(role)["Statement"]}
    assert grants[("secretsmanager:GetSecretValue",)] == [
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:database-??????"
    ]
    assert grants[("ssm:GetParameters",)] == ["arn:aws:ssm:eu-west-1:123456789012:parameter/report/token"]
    shared = deployment.one("iam/rolePolicy:RolePolicy", "longhaul-test-exec").inputs["policy"]
    assert "secretsmanager" not in shared
    machine = deployment.one("sfn/stateMachine:StateMachine", NAME)
    assert deployment.one("iam/rolePolicy:RolePolicy", f"{NAME}-exec").urn in machine.dependencies


def test_an_image_is_built_for_the_jobs_architecture_and_pinned_by_digest(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(
        """
        longhaul:jobs:
          report:
            architecture: arm64
            build: {context: code, dockerfile: code/Dockerfile, target: slim, args: {LEVEL: "1"}}
        """
    )

    repository = deployment.one("awsx:ecr:Repository")
    image = deployment.one("awsx:ecr:Image")
    assert image.inputs == {
        "repositoryUrl": repository.outputs["url"],
        # awsx makes this the tag: two jobs, or two architectures, must not push over each other.
        "imageName": "report-arm64",
        "platform": "linux/arm64",
        "context": image.inputs["context"],
        "dockerfile": image.inputs["dockerfile"],
        "target": "slim",
        "args": {"LEVEL": "1"},
    }
    (container,) = deployment.one("ecs/taskDefinition:TaskDefinition").document("containerDefinitions")
    assert container["image"] == image.outputs["imageUri"]
    assert "@sha256:" in container["image"]


def test_spot_capacity_reaches_the_task(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(
        """
        longhaul:jobs:
          report: {image: "example.com/report:1", capacity: {spot: true}}
        """
    )

    assert "FARGATE_SPOT" in deployment.one("sfn/stateMachine:StateMachine").inputs["definition"]
