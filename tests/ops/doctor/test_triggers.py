"""Rules and schedules that do not start their job."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from ops.doctor import triggers
from ops.doctor.finding import Finding
from ops.pausing import pause, resume
from spec.pause_note import PauseNote
from tests.ops.doctor.sick import Sick

GONE = "arn:aws:states:eu-west-1:123456789012:stateMachine:acme-sick-gone"


def found(sick: Sick, **more: Any) -> list[Finding]:
    with sick.patient(**more) as patient:
        return triggers.check(patient)


def keys(findings: list[Finding]) -> list[tuple[str, str | None, str | None]]:
    return [(finding.check, finding.job, finding.arn) for finding in findings]


def rule_arn(sick: Sick, job: str) -> str:
    trigger = sick.job(job).trigger
    assert trigger is not None
    return trigger.arn


@contextmanager
def other_targets(sick: Sick, job: str, *targets: dict[str, Any]) -> Iterator[None]:
    """Give the rule of a job other targets, or none."""
    events, rule = sick.local_aws.client("events"), f"acme-sick-{job}"
    own = events.list_targets_by_rule(Rule=rule)["Targets"]
    events.remove_targets(Rule=rule, Ids=[target["Id"] for target in own])
    if targets:
        events.put_targets(Rule=rule, Targets=[own[0] | target for target in targets])
    yield
    events.remove_targets(Rule=rule, Ids=[target.get("Id", own[0]["Id"]) for target in targets] or ["none"])
    events.put_targets(Rule=rule, Targets=own)


def test_nothing_is_wrong_with_those_that_were_deployed(sick: Sick) -> None:
    assert found(sick) == []


def test_a_rule_without_a_target(sick: Sick) -> None:
    with other_targets(sick, "daily"):
        findings = found(sick)
    assert keys(findings) == [("trigger-without-target", "daily", rule_arn(sick, "daily"))]
    assert findings[0].problem == "The rule acme-sick-daily has no target: when it fires, nothing happens."


def test_a_rule_that_starts_another_job(sick: Sick) -> None:
    other = sick.job("line").machine_arn
    with other_targets(sick, "daily", {"Arn": other}):
        findings = found(sick)
    assert keys(findings) == [("trigger-elsewhere", "daily", rule_arn(sick, "daily"))]
    assert other in findings[0].problem
    # Somebody may have a rule tell something else too.
    with other_targets(sick, "daily", {}, {"Id": "more", "Arn": other}):
        assert found(sick) == []


def test_a_schedule_whose_machine_is_gone(sick: Sick) -> None:
    scheduler = sick.local_aws.client("scheduler")
    own = scheduler.get_schedule(GroupName="acme-sick", Name="acme-sick-paris")
    own = {
        key: own[key] for key in own if key not in ("Arn", "CreationDate", "LastModificationDate", "ResponseMetadata")
    }
    scheduler.update_schedule(**own | {"Target": own["Target"] | {"Arn": GONE}})
    findings = found(sick)
    scheduler.update_schedule(**own)
    assert keys(findings) == [("trigger-machine-gone", "paris", rule_arn(sick, "paris"))]
    assert GONE in findings[0].problem


def test_triggers_of_the_stack_without_a_job(sick: Sick) -> None:
    events, scheduler = sick.local_aws.client("events"), sick.local_aws.client("scheduler")
    own = events.list_targets_by_rule(Rule="acme-sick-daily")["Targets"][0]

    def rule(name: str, stack: str) -> str:
        tags = [{"Key": "longhaul:stack", "Value": stack}, {"Key": "longhaul:job", "Value": "gone"}]
        return events.put_rule(Name=name, ScheduleExpression="rate(1 day)", Tags=tags)["RuleArn"]

    of_a_gone_job = rule("acme-sick-gone", "sick")
    events.put_targets(Rule="acme-sick-gone", Targets=[own | {"Arn": GONE}])
    ghost = rule("acme-sick-ghost", "sick")
    # The stack `sick-er` has names that begin so too.
    rule("acme-sick-er-daily", "sick-er")
    schedule = scheduler.create_schedule(
        Name="acme-sick-ghost",
        GroupName="acme-sick",
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": own["Arn"], "RoleArn": own["RoleArn"]},
    )["ScheduleArn"]
    findings = found(sick)
    events.remove_targets(Rule="acme-sick-gone", Ids=[own["Id"]])
    for name in ("acme-sick-gone", "acme-sick-ghost", "acme-sick-er-daily"):
        events.delete_rule(Name=name)
    scheduler.delete_schedule(Name="acme-sick-ghost", GroupName="acme-sick")
    assert sorted(keys(findings), key=str) == [
        ("trigger-machine-gone", "gone", of_a_gone_job),
        ("trigger-without-job", "gone", ghost),
        ("trigger-without-job", None, schedule),
    ]


def test_a_rule_on_events_that_starts_another_job(sick: Sick) -> None:
    events = sick.local_aws.client("events")
    (rule,) = events.list_rules(NamePrefix="acme-sick-off.")["Rules"]
    own = events.list_targets_by_rule(Rule=rule["Name"])["Targets"]
    events.put_targets(Rule=rule["Name"], Targets=[own[0] | {"Arn": sick.job("daily").machine_arn}])
    findings = found(sick)
    events.put_targets(Rule=rule["Name"], Targets=own)
    assert keys(findings) == [("trigger-elsewhere", "off", rule["Arn"])]


@pytest.mark.parametrize(("now", "never"), [((2089, 12, 31), False), ((2090, 1, 2), True)])
def test_a_time_that_is_past_does_not_come_again(sick: Sick, now: tuple[int, int, int], never: bool) -> None:
    findings = found(sick, now=datetime(*now, tzinfo=UTC))
    assert keys(findings) == ([("trigger-never-fires", "once", rule_arn(sick, "once"))] if never else [])


def test_a_job_that_is_off_need_not_fire(sick: Sick) -> None:
    trigger = sick.job("once").trigger
    assert trigger is not None
    pause(sick.aws, trigger, PauseNote(when="2026-11-24T03:15:00Z"))
    findings = found(sick, now=datetime(2090, 1, 2, tzinfo=UTC))
    resume(sick.aws, trigger)
    assert findings == []


def test_the_ledger_s_rule_counts_too(sick: Sick) -> None:
    events = sick.local_aws.client("events")
    ledger = next(
        rule["Name"] for rule in events.list_rules(NamePrefix="acme-sick-runs-")["Rules"] if "EventPattern" in rule
    )
    own = events.list_targets_by_rule(Rule=ledger)["Targets"]
    events.remove_targets(Rule=ledger, Ids=[target["Id"] for target in own])
    findings = found(sick)
    events.put_targets(Rule=ledger, Targets=own)
    assert [(finding.check, finding.job) for finding in findings] == [("trigger-without-target", None)]
