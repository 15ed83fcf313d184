"""What is found of a deployed stack in the local AWS, and who may not ask."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import pytest

from definitions.tags import JOB_TAG, STACK_TAG
from ops import stack
from ops.aws import Aws, refusals
from ops.errors import AwsError, NotFoundError
from ops.stack import find_stack
from sandbox.local_aws import LocalAws
from tests.ops.as_role import AsRole
from tests.ops.operated import JOBS, Operated


def test_tags_are_those_of_the_definitions() -> None:
    assert (stack.STACK_TAG, stack.JOB_TAG) == (STACK_TAG, JOB_TAG)


def test_each_job_is_found_with_its_trigger(operated: Operated) -> None:
    found = operated.found()
    assert [job.name for job in found.jobs] == sorted(JOBS)
    machines = operated.deployment.outputs["stateMachines"]
    assert {job.name: job.state_machine_arn for job in found.machine_jobs} == machines
    assert [job.name for job in found.task_jobs] == ["tick", "tock"]

    rule = operated.job("obeys").trigger
    assert rule is not None
    assert (rule.kind, rule.group, rule.expression, rule.timezone) == ("rule", None, "cron(15 3 * * ? *)", "UTC")
    assert (rule.name, rule.enabled) == ("acme-night-obeys", True)
    assert rule.description == "Starts obeys (night): Does as it is told"
    assert rule.tags == {STACK_TAG: "night", JOB_TAG: "obeys"}

    schedule = operated.job("obeys-alone").trigger
    assert schedule is not None
    assert (schedule.kind, schedule.group, schedule.name) == ("schedule", "acme-night", "acme-night-obeys-alone")
    assert (schedule.expression, schedule.timezone) == ("cron(0 6 ? * MON-FRI *)", "Europe/Paris")

    idle = operated.job("idle").trigger
    assert idle is not None
    assert not idle.enabled
    assert operated.job("absent").trigger is None


def test_who_may_not_ask_for_tags_finds_the_same_one_by_one(operated: Operated, local_aws: LocalAws, role: str) -> None:
    actions = [
        "states:ListStateMachines",
        "states:ListTagsForResource",
        "events:ListRules",
        "events:ListTagsForResource",
        "scheduler:ListSchedules",
        "scheduler:GetSchedule",
    ]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    local_aws.client("iam").put_role_policy(RoleName="asks", PolicyName="asks", PolicyDocument=json.dumps(policy))
    assert find_stack(cast(Aws, AsRole(local_aws, role)), "acme", "night") == operated.found()


def test_the_missing_permission_is_named(operated: Operated, local_aws: LocalAws, role: str) -> None:
    with pytest.raises(AwsError) as refused, refusals():
        find_stack(cast(Aws, AsRole(local_aws, role)), operated.project, operated.name)
    line = str(refused.value)
    assert line.startswith("AWS refused ListStateMachines: arn:aws:sts::")
    assert ":assumed-role/asks/" in line
    assert "lacks states:ListStateMachines on " in line
    assert "\n" not in line
    assert refused.value.exit_code == 3


@pytest.mark.parametrize(("project", "name"), [("acme", "nigh"), ("other", "night"), ("acme-night", "obeys")])
def test_a_stack_that_is_not_there(operated: Operated, project: str, name: str) -> None:
    with pytest.raises(NotFoundError, match=f"no job of the stack {name} of {project} in eu-west-1"):
        find_stack(operated.aws, project, name)


def test_an_environment_without_a_region_is_told_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(AwsError, match="region"), refusals():
        find_stack(Aws(), "acme", "night")


def test_an_address_where_nobody_answers_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(AwsError, match="Could not connect to the endpoint URL"), refusals():
        Aws(endpoint_url="http://127.0.0.1:9")("stepfunctions").list_state_machines()


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_region_is_the_environment_s_unless_one_is_named(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "eu-north-1")
    assert Aws().region == "eu-north-1"
    assert Aws(region="eu-west-3").region == "eu-west-3"
