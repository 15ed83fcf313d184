"""What the roles of a stack lack."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ops.doctor import permissions
from ops.doctor.finding import Finding
from tests.ops.denied import may_not
from tests.ops.doctor.sick import Sick

Policy = dict[str, Any]


def found(sick: Sick) -> list[Finding]:
    with sick.patient() as patient:
        return permissions.check(patient)


def role_of(sick: Sick, job: str) -> str:
    """The ARN of the role of a job's state machine."""
    return sick.states.describe_state_machine(stateMachineArn=sick.job(job).state_machine_arn)["roleArn"]


@contextmanager
def other_policy(sick: Sick, role_arn: str, change: Callable[[Policy], Policy | None]) -> Iterator[None]:
    """Give a role another policy in the place of its own, or none."""
    iam, role = sick.local_aws.client("iam"), role_arn.rpartition("/")[2]
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    own = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    other = change(json.loads(json.dumps(own)))
    if other is None:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    else:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(other))
    yield
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(own))


def without(sid: str) -> Callable[[Policy], Policy]:
    def change(policy: Policy) -> Policy:
        kept = [statement for statement in policy["Statement"] if statement["Sid"] != sid]
        assert len(kept) == len(policy["Statement"]) - 1
        return policy | {"Statement": kept}

    return change


def test_the_roles_that_were_deployed_may_do_what_they_must(sick: Sick) -> None:
    assert found(sick) == []


def test_a_trigger_role_without_its_policy(sick: Sick) -> None:
    target = sick.local_aws.client("events").list_targets_by_rule(Rule="acme-sick-daily")["Targets"][0]
    with other_policy(sick, target["RoleArn"], lambda _own: None):
        findings = found(sick)
    # A rule or a schedule each, the one that is switched off too.
    assert sorted(finding.job or "" for finding in findings) == sorted(
        job.name for job in sick.found().jobs if job.trigger
    )
    assert {(finding.check, finding.arn) for finding in findings} == {("permission-missing", target["RoleArn"])}
    assert all("lacks states:StartExecution on arn:aws:states:" in finding.problem for finding in findings)


def test_a_state_machine_s_role_that_may_not_hand_over_the_roles_of_its_task(sick: Sick) -> None:
    role_arn = role_of(sick, "daily")
    with other_policy(sick, role_arn, without("GiveItItsRoles")):
        findings = found(sick)
    assert [(finding.check, finding.job, finding.arn) for finding in findings] == 2 * [
        ("permission-missing", "daily", role_arn)
    ]
    assert all("lacks iam:PassRole on arn:aws:iam::" in finding.problem for finding in findings)


def test_a_condition_that_names_another_cluster(sick: Sick) -> None:
    def elsewhere(policy: Policy) -> Policy:
        for statement in policy["Statement"]:
            if statement["Sid"] == "RunTheJob":
                statement["Condition"]["ArnEquals"]["ecs:cluster"] += "-2"
        return policy

    with other_policy(sick, role_of(sick, "line"), elsewhere):
        (finding,) = found(sick)
    assert finding.job == "line"
    assert "lacks ecs:RunTask on arn:aws:ecs:eu-west-1:123456789012:task-definition/acme-sick-line:" in finding.problem


def test_a_policy_that_denies_what_another_allows(sick: Sick) -> None:
    with may_not(sick, "daily", "ecs:StopTask"):
        (finding,) = found(sick)
    assert "is denied ecs:StopTask on arn:aws:ecs:" in finding.problem
    assert finding.advice.startswith("Take away the policy")


def test_a_role_that_is_gone(sick: Sick) -> None:
    events = sick.local_aws.client("events")
    own = events.list_targets_by_rule(Rule="acme-sick-daily")["Targets"][0]
    gone = f"{own['RoleArn']}-gone"
    events.put_targets(Rule="acme-sick-daily", Targets=[own | {"RoleArn": gone}])
    findings = found(sick)
    events.put_targets(Rule="acme-sick-daily", Targets=[own])
    assert [(finding.check, finding.arn) for finding in findings] == [("permission-missing", gone)]
    assert findings[0].problem.endswith("is gone.")
