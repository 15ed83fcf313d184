"""What is deployed, beside what is checked out."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cli.expected_jobs import expected_jobs
from ops.doctor import differences
from ops.doctor.finding import Finding
from ops.pausing import pause, resume
from ops.stack import DeployedJob
from spec.pause_note import PauseNote
from tests.ops.doctor.sick import JOBS, Sick


def found(sick: Sick, root: Path | None = None) -> list[Finding]:
    expected = expected_jobs(root or sick.root, sick.name)
    with sick.patient() as patient:
        return differences.check(patient, expected)


def checked_out(sick: Sick, name: str, **changes: Any) -> list[Finding]:
    """What differs when the checked-out stack has another job of that name."""
    return found(sick, sick.project_with(**{name: JOBS[name] | changes}))


def test_nothing_differs_from_what_was_deployed(sick: Sick) -> None:
    assert found(sick) == []


def test_neither_does_another_account_s_number_or_region(sick: Sick) -> None:
    def elsewhere(document: Any) -> Any:
        return json.loads(json.dumps(document).replace(":eu-west-1:123456789012:", ":us-east-1:210987654321:"))

    expected = [
        replace(
            job,
            state_machine=elsewhere(job.state_machine),
            event_patterns={name: elsewhere(pattern) for name, pattern in job.event_patterns.items()},
        )
        for job in expected_jobs(sick.root, sick.name)
    ]
    assert any(":us-east-1:" in json.dumps(job.state_machine) for job in expected)
    with sick.patient() as patient:
        assert differences.check(patient, expected) == []


def test_what_functions_are_made_from_is_told_as_where_a_job_runs(tmp_path: Path) -> None:
    """What is checked out and what is deployed have the same words for it."""
    run_on = {"kind": "lambda", "package": "zip"}
    (tmp_path / "code").mkdir()
    (tmp_path / "code/Dockerfile").write_text('FROM python:3.13\nWORKDIR /app\nENTRYPOINT ["python"]\n')
    (tmp_path / "Pulumi.yaml").write_text("name: acme\nruntime: python\n")
    job = {"build": {"context": "code"}, "timeout": "5m", "runOn": run_on}
    (tmp_path / "Pulumi.dev.yaml").write_text(json.dumps({"config": {"longhaul:jobs": {"archived": job}}}))

    (expected,) = expected_jobs(tmp_path, "dev")

    deployed = DeployedJob(name="archived", resource_name="acme-dev-archived", run_on="lambda", package="zip")
    assert expected.run_on == deployed.place
    assert replace(deployed, package=None).place == "lambda"


def test_jobs_that_are_missing_or_too_many(sick: Sick) -> None:
    findings = found(sick, sick.project_with(off=None, new={"image": "example.com/new:1"}))
    assert {(finding.check, finding.job, finding.arn) for finding in findings} == {
        ("job-missing", "new", None),
        ("job-surplus", "off", sick.job("off").state_machine_arn),
    }


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"schedule": "cron(15 4 * * ? *)"}, "its schedule is cron(15 3 * * ? *), not cron(15 4 * * ? *)"),
        ({"timezone": "Europe/Paris"}, "it is a rule, not schedule"),
        ({"enabled": False}, "it is switched on, not off"),
    ],
)
def test_what_starts_a_job(sick: Sick, changes: dict[str, Any], says: str) -> None:
    findings = checked_out(sick, "daily", **changes)
    assert [(finding.check, finding.job) for finding in findings] == [("trigger-differs", "daily")]
    assert says in findings[0].problem


def test_a_step(sick: Sick) -> None:
    steps = json.loads(json.dumps(JOBS["steps"]["steps"]))
    steps[1]["forEach"]["maxConcurrency"] = 5
    steps[2]["parallel"][0]["memory"] = 2048
    findings = checked_out(sick, "steps", steps=steps)
    assert [(finding.check, finding.job) for finding in findings] == [
        ("machine-differs", "steps"),
        ("task-differs", "steps"),
    ]
    assert "'Run one for each item'" in findings[0].problem
    assert "memory is 1024, not 2048" in findings[1].problem
    assert ":task-definition/acme-sick-steps_left:" in str(findings[1].arn)


def test_a_job_that_only_people_should_start(sick: Sick) -> None:
    by_hand = {key: value for key, value in JOBS["daily"].items() if key != "schedule"}
    (finding,) = found(sick, sick.project_with(daily=by_hand))
    assert finding.check == "trigger-differs"
    assert "it has the rule acme-sick-daily and should have none" in finding.problem


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"cpu": 512, "memory": 1024}, "cpu is 256, not 512, memory is 512, not 1024"),
        ({"command": ["--password", "a-secret"]}, "command is another one."),
        ({"image": "example.com/obeys:2"}, "image is example.com/obeys:1, not example.com/obeys:2"),
        ({"environment": {"COLOUR": "blue-as-a-secret"}}, "environment has other values of COLOUR."),
        ({"environment": {"SHAPE": "red"}}, "environment lacks SHAPE, environment has in surplus COLOUR."),
    ],
)
def test_what_a_job_runs_as(sick: Sick, changes: dict[str, Any], says: str) -> None:
    findings = checked_out(sick, "daily", **changes)
    # The machine says how much memory a job has that used more.
    finding = next(finding for finding in findings if finding.check != "machine-differs")
    assert (finding.check, finding.job) == ("task-differs", "daily")
    assert ":task-definition/acme-sick-daily:" in (finding.arn or "")
    assert says in finding.problem
    assert "secret" not in finding.problem


def test_a_state_machine_that_somebody_changed(sick: Sick) -> None:
    arn = sick.job("daily").state_machine_arn
    own = sick.states.describe_state_machine(stateMachineArn=arn)["definition"]
    definition = json.loads(own)
    definition["States"]["Run the job"]["TimeoutSeconds"] = 60
    other = json.dumps(definition)
    sick.states.update_state_machine(stateMachineArn=arn, definition=other)
    findings = found(sick)
    sick.states.update_state_machine(stateMachineArn=arn, definition=own)
    assert [(finding.check, finding.job, finding.arn) for finding in findings] == [("machine-differs", "daily", arn)]
    assert findings[0].problem.endswith("is not the checked-out one: 'Run the job'.")


@pytest.mark.parametrize("job", ["daily", "paris"])
def test_a_paused_job_is_no_difference(sick: Sick, job: str) -> None:
    trigger = sick.job(job).trigger
    assert trigger is not None
    pause(sick.aws, trigger, PauseNote(when=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", who="user/jane"))
    paused = found(sick)
    resume(sick.aws, trigger)
    assert paused == []


def test_a_job_that_was_switched_off_in_another_way(sick: Sick) -> None:
    events = sick.local_aws.client("events")
    events.disable_rule(Name="acme-sick-daily")
    findings = found(sick)
    events.enable_rule(Name="acme-sick-daily")
    assert [(finding.check, finding.job) for finding in findings] == [("trigger-differs", "daily")]
    assert "it is switched off, not on" in findings[0].problem


@pytest.mark.parametrize(
    ("starts", "says"),
    [({}, "is too many"), ({"jobs": [{"job": "fails", "on": "success"}, "daily"]}, "is missing")],
)
def test_the_events_that_start_a_job(sick: Sick, starts: dict[str, Any], says: str) -> None:
    (finding,) = checked_out(sick, "off", startedBy=starts)
    assert (finding.check, finding.job) == ("trigger-differs", "off")
    assert finding.problem.endswith(f"{says}.")


def test_a_rule_on_events_that_somebody_changed(sick: Sick) -> None:
    events = sick.local_aws.client("events")
    (own,) = events.list_rules(NamePrefix="acme-sick-off.")["Rules"]
    events.put_rule(Name=own["Name"], EventPattern='{"source": ["aws.states"]}')
    changed = found(sick)
    events.put_rule(Name=own["Name"], EventPattern=own["EventPattern"], State="DISABLED")
    off = found(sick)
    events.put_rule(Name=own["Name"], EventPattern=own["EventPattern"], State="ENABLED", Description=own["Description"])
    assert [finding.problem.rpartition(own["Name"])[2] for finding in (*changed, *off)] == [
        " matches other events.",
        " is switched off.",
    ]
