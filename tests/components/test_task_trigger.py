"""A job without a state machine: what starts its task, with what rights, and what else the stack gets for it."""

from collections.abc import Callable

import pytest

from tests.components.conftest import Deployment

JOB = """
longhaul:network: {nat: none}
longhaul:jobs:
  beat:
    image: example.com/beat:1
    runOn: task
    overlap: allow
    input: {day: yesterday}
"""
BY_RULE = JOB + "    schedule: rate(1 hour)\n    startDeadline: 10m\n"
BY_SCHEDULE = JOB + "    schedule: cron(15 3 * * ? *)\n    timezone: Europe/Berlin\n    capacity: {spot: true}\n"
NAME = "longhaul-test-beat"
RULE, TARGET = "cloudwatch/eventRule:EventRule", "cloudwatch/eventTarget:EventTarget"
SCHEDULE, ROLE = "scheduler/schedule:Schedule", "iam/role:Role"
LOG_POLICY = "cloudwatch/logResourcePolicy:LogResourcePolicy"
Deploy = Callable[..., Deployment]


def test_it_has_no_state_machine_and_its_rule_runs_its_task(deploy: Deploy) -> None:
    deployment = deploy(BY_RULE)

    assert not deployment.all("sfn/stateMachine:StateMachine")
    rule, target = deployment.one(RULE, NAME), deployment.one(TARGET, NAME)
    assert (rule.inputs["name"], rule.inputs["scheduleExpression"]) == (NAME, "rate(1 hour)")
    assert rule.inputs["tags"]["longhaul:runOn"] == "task"
    assert target.inputs["arn"] == deployment.one("ecs/cluster:Cluster").outputs["arn"]
    assert target.inputs["roleArn"] == deployment.one(ROLE, f"{NAME}-start").outputs["arn"]
    assert target.inputs["retryPolicy"] == {"maximumEventAgeInSeconds": 600, "maximumRetryAttempts": 185}
    assert target.inputs["deadLetterConfig"] == {"arn": deployment.one("sqs/queue:Queue").outputs["arn"]}
    assert target.inputs["ecsTarget"] == {
        "taskDefinitionArn": deployment.one("ecs/taskDefinition:TaskDefinition").outputs["arn"],
        "taskCount": 1,
        "launchType": "FARGATE",
        "platformVersion": "LATEST",
        "networkConfiguration": {
            "subnets": ["subnet-public1", "subnet-public2"],
            "securityGroups": [deployment.one("ec2/securityGroup:SecurityGroup").id],
            "assignPublicIp": True,
        },
        "propagateTags": "TASK_DEFINITION",
        "enableExecuteCommand": False,
    }
    assert '"LONGHAUL_INPUT"' in target.inputs["inputTransformer"]["inputTemplate"]


def test_its_schedule_runs_its_task_on_spot(deploy: Deploy) -> None:
    deployment = deploy(BY_SCHEDULE)

    schedule = deployment.one(SCHEDULE, NAME)
    target = schedule.inputs["target"]
    assert schedule.inputs["scheduleExpressionTimezone"] == "Europe/Berlin"
    assert schedule.inputs["groupName"] == deployment.one("scheduler/scheduleGroup:ScheduleGroup").outputs["name"]
    assert target["arn"] == deployment.one("ecs/cluster:Cluster").outputs["arn"]
    assert target["roleArn"] == deployment.one(ROLE, f"{NAME}-start").outputs["arn"]
    parameters = target["ecsParameters"]
    assert parameters["capacityProviderStrategies"] == [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    assert "launchType" not in parameters
    assert parameters["taskDefinitionArn"] == deployment.one("ecs/taskDefinition:TaskDefinition").outputs["arn"]
    assert parameters["networkConfiguration"]["assignPublicIp"] is True
    assert "<aws.scheduler.scheduled-time>" in target["input"]


@pytest.mark.parametrize(
    ("job", "service", "keeps"),
    [(BY_RULE, "events.amazonaws.com", False), (BY_SCHEDULE, "scheduler.amazonaws.com", True)],
)
def test_the_role_that_starts_it_passes_its_two_roles_and_no_others(
    deploy: Deploy, job: str, service: str, keeps: bool
) -> None:
    deployment = deploy(job)

    role = deployment.one(ROLE, f"{NAME}-start")
    (statement,) = role.document("assumeRolePolicy")["Statement"]
    assert statement["Principal"] == {"Service": service}
    granted = {one["Action"][0]: one for one in deployment.policy_of(role)["Statement"]}
    cluster = deployment.one("ecs/cluster:Cluster").outputs["arn"]
    assert granted.keys() == {"ecs:RunTask", "ecs:TagResource", "iam:PassRole"} | (
        {"sqs:SendMessage"} if keeps else set()
    )
    assert granted["ecs:RunTask"]["Condition"] == {"ArnEquals": {"ecs:cluster": cluster}}
    assert set(granted["iam:PassRole"]["Resource"]) == {
        deployment.one(ROLE, f"{NAME}-task").outputs["arn"],
        deployment.one(ROLE, "longhaul-test-exec").outputs["arn"],
    }


def test_the_trigger_comes_after_all_that_a_start_needs(deploy: Deploy) -> None:
    deployment = deploy(BY_RULE)

    role = deployment.one(ROLE, f"{NAME}-start")
    needed = {
        one.urn
        for one in deployment.resources
        if one.name in (f"{NAME}-start", f"{NAME}-task", "longhaul-test-exec")
        or one.type in ("aws:ecs/clusterCapacityProviders:ClusterCapacityProviders", "aws:sqs/queuePolicy:QueuePolicy")
    }
    assert role.urn in needed
    assert needed <= deployment.one(RULE, NAME).dependencies


def test_a_disabled_job_has_its_trigger_switched_off(deploy: Deploy) -> None:
    assert deploy(BY_RULE + "    enabled: false\n").one(RULE, NAME).inputs["state"] == "DISABLED"


def test_a_rule_more_fills_the_ledger_and_may(deploy: Deploy) -> None:
    deployment = deploy(BY_RULE)

    rules = [deployment.one(RULE, f"longhaul-test-{name}") for name in ("runs", "tasks")]
    assert rules[1].document("eventPattern")["source"] == ["aws.ecs"]
    group = deployment.one("cloudwatch/logGroup:LogGroup", "longhaul-test-runs").outputs["arn"]
    for name in ("runs", "tasks"):
        assert deployment.one(TARGET, f"longhaul-test-{name}").inputs["arn"] == group
    (lines,) = [
        one
        for one in deployment.one(LOG_POLICY).document("policyDocument")["Statement"]
        if one["Action"] == ["logs:PutLogEvents"]
    ]
    assert lines["Condition"]["ArnEquals"]["aws:SourceArn"] == [rule.outputs["arn"] for rule in rules]


def test_a_rule_more_tells_of_tasks_that_failed(deploy: Deploy) -> None:
    deployment = deploy(BY_RULE, "longhaul:alerts: {email: [ops@example.com]}")

    rule, target = (deployment.one(type_, "longhaul-test-task-alerts") for type_ in (RULE, TARGET))
    assert rule.document("eventPattern")["detail"]["lastStatus"] == ["STOPPED"]
    assert target.inputs["arn"] == deployment.one("sns/topic:Topic").outputs["arn"]
    assert "./longhaul show <run>" in target.inputs["inputTransformer"]["inputTemplate"]


def test_a_stack_without_such_jobs_has_nothing_of_it(deploy: Deploy) -> None:
    deployment = deploy(BY_RULE.replace("    runOn: task\n", ""), "longhaul:alerts: {email: [ops@example.com]}")

    assert {one.name for one in deployment.all(RULE)} == {NAME, "longhaul-test-runs", "longhaul-test-alerts"}
    assert not [one for one in deployment.all(ROLE) if one.name.endswith("-start")]
    assert deployment.exports["stateMachines"].keys() == {"beat"}


def test_the_outputs_tell_of_it_what_there_is(deploy: Deploy) -> None:
    exports = deploy(BY_RULE).exports

    assert exports["stateMachines"] == {}
    assert exports["taskDefinitions"].keys() == exports["logGroups"].keys() == {"beat"}
    assert exports["schedules"]["beat"]["trigger"] == "rule"
