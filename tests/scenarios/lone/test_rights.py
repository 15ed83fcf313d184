"""What the role needs that starts a task: each of its rights is needed, and none reaches beyond its job."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.permissions.policies import parts, without
from tests.sandbox.permissions.scenarios import names_all
from tests.scenarios.lone.conftest import NAME, World

Fire = Callable[[], tuple[str, str, str]]
"""Status, code and message of what came of one delivery."""


@pytest.fixture
def fire(world: World) -> dict[str, Fire]:
    """Has the rule or the schedule start its job, by the role that it does it with."""

    def by_rule() -> tuple[str, str, str]:
        (run,) = world.play("works")
        letters = world.dead_letters()
        return "DEAD_LETTERED" if letters else run.status, run.error, run.cause

    def by_schedule() -> tuple[str, str, str]:
        delivery = world.fire_zoned()
        world.dead_letters()
        return delivery.status, delivery.error_code, delivery.error_message

    return {"works-start": by_rule, "zoned-start": by_schedule}


@pytest.mark.parametrize(
    ("role", "code", "started"),
    [("works-start", "NO_PERMISSIONS", "SUCCEEDED"), ("zoned-start", "AccessDeniedException", "STARTED")],
)
def test_without_a_right_nothing_is_started(
    world: World, fire: dict[str, Fire], role: str, code: str, started: str, subtests: pytest.Subtests
) -> None:
    document = world.policy(role)
    rights = [part for part in parts(document) if part.action != "sqs:SendMessage"]
    assert {part.action for part in rights} == {"ecs:RunTask", "ecs:TagResource", "iam:PassRole"}
    for part in rights:
        with subtests.test(str(part)):
            with world.holding(role, dict(without(document, part))):
                status, told, message = fire[role]()
            assert (status, told) == ("DEAD_LETTERED", code)
            assert names_all(message, world.role_name(role), part, document), message
    assert fire[role]()[0] == started


def test_a_schedule_keeps_what_it_could_not_start_with_the_same_role(world: World, fire: dict[str, Fire]) -> None:
    document = world.policy("zoned-start")
    (keep,) = [part for part in parts(document) if part.action == "sqs:SendMessage"]
    (run, *_) = [part for part in parts(document) if part.action == "ecs:RunTask"]
    with world.holding("zoned-start", dict(without(document, run))):
        assert fire["zoned-start"]()[0] == "DEAD_LETTERED"
        with world.holding("zoned-start", dict(without(without(document, keep), run))):
            assert fire["zoned-start"]()[0] == "LOST"


def test_a_rule_keeps_it_by_the_queues_own_policy(world: World) -> None:
    assert "sqs:SendMessage" not in {part.action for part in parts(world.policy("works-start"))}


@pytest.mark.parametrize(
    ("role", "service"), [("works-start", "events.amazonaws.com"), ("zoned-start", "scheduler.amazonaws.com")]
)
def test_only_its_trigger_assumes_it(world: World, role: str, service: str) -> None:
    trust = world.aws.client("iam").get_role(RoleName=world.role_name(role))["Role"]["AssumeRolePolicyDocument"]
    (statement,) = trust["Statement"]
    assert statement["Principal"] == {"Service": service}
    assert statement["Condition"].keys() == {"StringEquals", "ArnLike"}


def run_task(world: World, **changes: Any) -> None:
    """Run a task with the role of `works`, as its rule does but for the changes."""
    arn = f"arn:aws:iam::{world.aws.account}:role/{world.role_name('works-start')}"
    rule = f"arn:aws:events:{world.aws.region}:{world.aws.account}:rule/{NAME}-works"
    client = world.aws.identity.client("ecs", arn, "events.amazonaws.com", source_arn=rule)
    request = {
        "cluster": world.cluster,
        "taskDefinition": world.deployment.outputs["taskDefinitions"]["works"],
        "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": world.deployment.outputs["subnets"]}},
        **changes,
    }
    (task,) = client.run_task(**request)["tasks"]
    world.finish(task["taskArn"])


def test_it_runs_no_task_of_another_job_and_gives_no_role_of_another(world: World) -> None:
    run_task(world)
    other = world.deployment.outputs["taskDefinitions"]["fails"]
    with pytest.raises(ClientError, match=f"ecs:RunTask on resource: {other}"):
        run_task(world, taskDefinition=other)
    for key, role in (("taskRoleArn", "fails-task"), ("executionRoleArn", "secretive-exec")):
        arn = f"arn:aws:iam::{world.aws.account}:role/{world.role_name(role)}"
        with pytest.raises(ClientError, match=f"iam:PassRole on resource: {arn}"):
            run_task(world, overrides={key: arn})


def test_the_shared_trigger_role_runs_no_task(world: World) -> None:
    """A stack without such jobs has nothing of all this."""
    assert {part.action for part in parts(world.policy("trigger"))} == {"states:StartExecution", "sqs:SendMessage"}


def test_the_ledger_takes_the_lines_of_its_two_rules_and_no_others(world: World) -> None:
    arn = f"arn:aws:logs:{world.aws.region}:{world.aws.account}:log-group:{world.deployment.outputs['ledger']}"
    (policy,) = world.aws.client("logs").describe_resource_policies(resourceArn=arn, policyScope="RESOURCE")[
        "resourcePolicies"
    ]
    (lines,) = [
        each for each in json.loads(policy["policyDocument"])["Statement"] if each["Action"] == ["logs:PutLogEvents"]
    ]
    rules = lines["Condition"]["ArnEquals"]["aws:SourceArn"]
    beginnings = sorted(rule.rpartition("/")[2].rpartition("-")[0] for rule in rules)
    assert beginnings == [f"{NAME}-runs", f"{NAME}-tasks"]
