"""One change at a time on a deployed stack: what is planned is what should happen, and that is done."""

from __future__ import annotations

from typing import Any

from tests.e2e.jobs_of_dev import JOB, all_of, built_from, jobs, like_rollup
from tests.e2e.pulumi_command import operation


def test_another_schedule_changes_the_rule_alone(pulumi):
    pulumi.configure(lambda config: jobs(config)[JOB].update(schedule="cron(45 4 * * ? *)"))
    assert pulumi.apply() == {f"update EventRule {JOB}"}
    rule = pulumi.client("events").describe_rule(Name=f"longhaul-dev-{JOB}")
    assert rule["ScheduleExpression"] == "cron(45 4 * * ? *)"


def test_another_image_makes_a_revision_and_points_the_machine_to_it(pulumi):
    main = next((pulumi.project / "jobs" / JOB).rglob("__main__.py"))
    main.write_text(main.read_text() + "# Changed.\n")
    old = revision(pulumi)
    assert pulumi.apply() == {
        f"update Image {JOB}-x86_64",
        f"replace TaskDefinition {JOB}",
        f"update StateMachine {JOB}",
    }
    assert revision(pulumi) == old + 1


def revision(pulumi) -> int:
    arns = pulumi.client("ecs").list_task_definitions(familyPrefix=f"longhaul-dev-{JOB}")["taskDefinitionArns"]
    return max(int(arn.rpartition(":")[2]) for arn in arns)


def test_another_number_of_retries_changes_the_machine_alone(pulumi):
    pulumi.configure(lambda config: jobs(config)[JOB].update(retries={"attempts": 5}))
    assert pulumi.apply() == {f"update StateMachine {JOB}"}


def test_a_job_comes_and_goes_alone(pulumi):
    pulumi.configure(lambda config: jobs(config).update({"second-rollup": like_rollup(config)}))
    assert pulumi.apply() == all_of("create", "second-rollup")
    pulumi.configure(lambda config: jobs(config).pop("second-rollup"))
    assert pulumi.apply() == all_of("delete", "second-rollup")


def test_a_renamed_job_is_another_job(pulumi):
    # Its name is in AWS what operators know it by, and AWS renames nothing.
    old, new = "bucket-inventory", "inventory"
    pulumi.configure(lambda config: jobs(config).update({new: {**jobs(config).pop(old), **built_from(f"jobs/{old}")}}))
    assert pulumi.apply() == all_of("create", new) | all_of("delete", old)


def test_a_tag_for_all_changes_everything_that_can_be_tagged_and_replaces_nothing(pulumi):
    taggable = {
        operation("update", one["type"], one["urn"])
        for one in pulumi.resources()
        if one["type"].startswith("aws:") and "tags" in one["inputs"]
    }
    assert len(taggable) > 30
    pulumi.configure(lambda config: config["longhaul:tags"].update(owner="data"))
    assert pulumi.apply() == taggable
    arn = pulumi.client("stepfunctions").list_state_machines()["stateMachines"][0]["stateMachineArn"]
    tags = pulumi.client("stepfunctions").list_tags_for_resource(resourceArn=arn)["tags"]
    assert {"key": "owner", "value": "data"} in tags


def test_those_who_hear_of_failures_come_change_and_go_alone(pulumi):
    heard = ("EventRule alerts", "EventTarget alerts", "MetricAlarm dead-letters")
    own = tuple(f"{kind} alerts" for kind in ("Alias", "Key", "Topic", "TopicPolicy"))
    subscribed = "TopicSubscription alerts-email-af3c8254"
    pulumi.configure(lambda config: config.update({"longhaul:alerts": {"email": ["ops@example.com"]}}))
    assert pulumi.apply() == {f"create {one}" for one in ("Alerts", *heard, *own, subscribed)}
    topic = "arn:aws:sns:eu-west-1:123456789012:of-the-team"
    pulumi.configure(lambda config: config.update({"longhaul:alerts": {"topic": topic}}))
    _, target, alarm = heard
    assert pulumi.apply() == {f"update {target}", f"update {alarm}", *(f"delete {one}" for one in (*own, subscribed))}
    pulumi.configure(lambda config: config.pop("longhaul:alerts"))
    assert pulumi.apply() == {f"delete {one}" for one in ("Alerts", *heard)}


def test_the_ledger_is_kept_as_long_as_the_stack_says(pulumi):
    pulumi.configure(lambda config: config.update({"longhaul:ledgerRetention": 731}))
    assert pulumi.apply() == {"update LogGroup runs"}
    (group,) = pulumi.client("logs").describe_log_groups(logGroupNamePrefix="/aws/events/longhaul-dev-runs-")[
        "logGroups"
    ]
    assert group["retentionInDays"] == 731


def test_another_kind_of_network_adds_its_subnets_and_moves_none(pulumi):
    found: dict[str, Any] = {}
    pulumi.configure(lambda config: found.update(network=config["longhaul:network"], jobs=jobs(config)))
    pulumi.configure(lambda config: config.update({"longhaul:network": {"nat": "single", "availabilityZones": 3}}))
    private = {
        f"create {kind} vpc-private-{zone}"
        for kind in ("Subnet", "RouteTable", "RouteTableAssociation", "Route")
        for zone in (1, 2, 3)
    }
    third_zone = {f"create {kind} vpc-public-3" for kind in ("Subnet", "RouteTable", "RouteTableAssociation", "Route")}
    gateway = {"create Eip vpc-1", "create NatGateway vpc-1"}
    users = {f"update StateMachine {job}" for job in found["jobs"]} | {"update VpcEndpoint com.amazonaws.eu-west-1.s3"}
    assert pulumi.apply() == private | third_zone | gateway | users
    pulumi.configure(lambda config: config.update({"longhaul:network": found["network"]}))
    removed = {operation.replace("create", "delete", 1) for operation in private | third_zone | gateway}
    assert pulumi.apply() == removed | users
