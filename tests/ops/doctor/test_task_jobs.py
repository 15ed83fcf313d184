"""What is wrong with jobs that have no state machine: with what starts their tasks, and with what becomes of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.expected_jobs import expected_jobs
from ops.doctor import (
    Finding,
    differences,
    ledger_rules,
    permissions,
    quotas,
    runs_without_task,
    successes,
    tasks_left,
    triggers,
)
from ops.doctor.patient import Patient
from ops.ledger import find_ledger
from tests.ops.alone import JOBS, Alone

RULE = "acme-alone-ruled"


@contextmanager
def patient(alone: Alone, now: datetime | None = None, *, by_ledger: bool = True) -> Iterator[Patient]:
    stack = alone.found()
    with ThreadPoolExecutor(4) as pool:
        ledger = find_ledger(alone.aws, stack) if by_ledger else None
        found = Patient(alone.aws, stack, pool, now=now or alone.now, ledger=ledger, triggers_known=True)
        yield found
        assert found.unchecked == []


@contextmanager
def with_target(alone: Alone, **changes: Any) -> Iterator[None]:
    """Meanwhile the target of the rule is another one; without changes there is none."""
    events = alone.local_aws.client("events")
    (own,) = events.list_targets_by_rule(Rule=RULE)["Targets"]
    events.remove_targets(Rule=RULE, Ids=[own["Id"]])
    if changes:
        target = {key: value for key, value in (own | changes).items() if value is not None}
        events.put_targets(Rule=RULE, Targets=[target])
    try:
        yield
    finally:
        events.put_targets(Rule=RULE, Targets=[own])


def of_triggers(alone: Alone) -> list[Finding]:
    with patient(alone) as found:
        return triggers.check(found)


def test_nothing_is_wrong_with_what_is_as_it_was_deployed(alone: Alone) -> None:
    with patient(alone) as found:
        for check in (triggers.check, ledger_rules.check, permissions.check, tasks_left.check, quotas.check):
            assert check(found) == []
        assert runs_without_task.check(found, {}) == []
        assert differences.check(found, expected_jobs(alone.root, "alone")) == []


def test_a_rule_without_a_target_or_with_another_is_told_of(alone: Alone) -> None:
    with with_target(alone):
        (gone,) = of_triggers(alone)
    assert (gone.check, gone.job, gone.arn) == ("trigger-without-target", "ruled", alone.job("ruled").arn)
    machine = alone.job("machine").arn
    with with_target(alone, Arn=machine, EcsParameters=None, InputTransformer=None):
        (elsewhere,) = of_triggers(alone)
    assert elsewhere.check == "trigger-elsewhere"
    assert elsewhere.problem == f"The rule {RULE} starts {machine}, and not the task of ruled."


@pytest.mark.parametrize(
    ("source", "what"), [("aws.states", "runs of state machines"), ("aws.ecs", "tasks without a state machine")]
)
def test_a_rule_of_the_ledger_that_is_off_or_away_is_told_of(alone: Alone, source: str, what: str) -> None:
    events, ledger = alone.local_aws.client("events"), alone.deployment.outputs["ledger"]
    writing = [
        rule
        for rule in events.list_rules(NamePrefix="acme-alone-")["Rules"]
        if json.loads(rule.get("EventPattern", "{}")).get("source") == [source]
        for target in events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        if target["Arn"].endswith(f":log-group:{ledger}")
    ]
    (rule,) = writing
    events.disable_rule(Name=rule["Name"])
    try:
        with patient(alone) as found:
            (off,) = ledger_rules.check(found)
    finally:
        events.enable_rule(Name=rule["Name"])
    assert (off.check, off.job, off.arn) == ("ledger-rule-off", None, rule["Arn"])
    assert f"{rule['Name']}, which writes into the ledger what becomes of {what}, is switched off" in off.problem

    (target,) = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    events.remove_targets(Rule=rule["Name"], Ids=[target["Id"]])
    try:
        with patient(alone) as found:
            (missing,) = ledger_rules.check(found)
    finally:
        events.put_targets(Rule=rule["Name"], Targets=[target])
    assert missing.check == "ledger-rule-missing"
    assert missing.problem.startswith(f"No rule writes into the ledger what becomes of {what}.")


def test_a_rule_that_runs_another_task_or_one_that_is_no_more_is_told_of(alone: Alone) -> None:
    (own,) = alone.local_aws.client("events").list_targets_by_rule(Rule=RULE)["Targets"]
    parameters = own["EcsParameters"]
    other = parameters["TaskDefinitionArn"].replace("-ruled:", "-by-hand:")
    with with_target(alone, EcsParameters=parameters | {"TaskDefinitionArn": other}):
        (elsewhere,) = of_triggers(alone)
    assert (elsewhere.check, other in elsewhere.problem) == ("trigger-elsewhere", True)

    ecs = alone.local_aws.client("ecs")
    told = ecs.describe_task_definition(taskDefinition=parameters["TaskDefinitionArn"])["taskDefinition"]
    kept = ("family", "containerDefinitions", "cpu", "memory", "networkMode", "requiresCompatibilities")
    roles = ("taskRoleArn", "executionRoleArn")
    made = ecs.register_task_definition(**{key: told[key] for key in (*kept, *roles)})["taskDefinition"]
    ecs.deregister_task_definition(taskDefinition=made["taskDefinitionArn"])
    with with_target(alone, EcsParameters=parameters | {"TaskDefinitionArn": made["taskDefinitionArn"]}):
        (gone,) = of_triggers(alone)
    assert (gone.check, gone.job) == ("trigger-task-gone", "ruled")


def test_a_role_that_may_not_start_the_task_is_told_of(alone: Alone) -> None:
    (own,) = alone.local_aws.client("events").list_targets_by_rule(Rule=RULE)["Targets"]
    iam, role = alone.local_aws.client("iam"), own["RoleArn"].rpartition("/")[2]
    denied = {"Effect": "Deny", "Action": ["ecs:RunTask", "iam:PassRole"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [denied]})
    iam.put_role_policy(RoleName=role, PolicyName="denies", PolicyDocument=document)
    try:
        with patient(alone) as found:
            missing = permissions.check(found)
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="denies")
    assert {(finding.check, finding.job, finding.arn) for finding in missing} == {
        ("permission-missing", "ruled", own["RoleArn"])
    }
    assert any("is denied ecs:RunTask on " in finding.problem for finding in missing)
    assert all(finding.problem.endswith(": nothing starts ruled.") for finding in missing)


@pytest.mark.parametrize("by_ledger", [True, False])
def test_a_job_that_does_not_succeed_is_told_of(alone: Alone, *, by_ledger: bool) -> None:
    alone.fire("ruled")
    alone.fire("scheduled")
    later = alone.now + timedelta(hours=6)
    with patient(alone, later, by_ledger=by_ledger) as found:
        told = {finding.job: finding for finding in successes.check(found, {}, intervals=3)}
    assert told["ruled"].check == "no-success"
    # Other tests may have made it succeed once.
    assert told["scheduled"].check in ("never-succeeded", "no-success")
    assert "`./longhaul show scheduled@failed`" in told["scheduled"].advice
    assert "by-hand" not in told


def test_what_is_not_as_checked_out_is_told_of(alone: Alone, tmp_path: Path) -> None:
    jobs = JOBS | {"ruled": JOBS["ruled"] | {"memory": 1024}, "on-spot": JOBS["machine"]}
    shutil.copy(alone.root / "Pulumi.yaml", tmp_path)
    config = {"aws:region": alone.local_aws.region, "longhaul:jobs": jobs}
    (tmp_path / "Pulumi.alone.yaml").write_text(json.dumps({"config": config}))
    with patient(alone) as found:
        told = differences.check(found, expected_jobs(tmp_path, "alone"))
    by_job = {(finding.check, finding.job): finding.problem for finding in told}
    assert by_job["task-differs", "ruled"].endswith("memory is 512, not 1024.")
    assert by_job["runs-elsewhere", "on-spot"] == "on-spot has runOn: task, and runOn: fargate as checked out."


@pytest.mark.parametrize("kind", ["lambda", "lambda with package: zip", "ec2", "kubernetes", "task"])
def test_a_job_that_runs_elsewhere_is_told_of_once(alone: Alone, kind: str) -> None:
    """Not by each state that is another one there."""
    with patient(alone) as found:
        other = [
            replace(each, run_on=kind, state_machine={"States": {}}, task_definitions={})
            if each.name == "machine"
            else each
            for each in expected_jobs(alone.root, "alone")
        ]
        (moved,) = differences.check(found, other)
    assert moved.check == "runs-elsewhere"
    assert moved.problem == f"machine has runOn: fargate, and runOn: {kind} as checked out."
