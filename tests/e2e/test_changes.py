"""One change at a time on a deployed stack: what is planned is what should happen, and that is done."""

from __future__ import annotations

import json
from typing import Any

JOB = "daily-rollup"
OTHER_JOBS = ("bucket-inventory", "snapshot-cleanup")
# What a job is in AWS: docs/resources.md. The image's own resource is named by its tag.
JOB_RESOURCES = (
    "EventRule {job}",
    "EventTarget {job}",
    "Image {job}",
    "Image {job}-x86_64",
    "LogGroup {job}",
    "Role {job}-states",
    "Role {job}-task",
    "RolePolicy {job}-states",
    "RolePolicy {job}-task",
    "ScheduledJob {job}",
    "StateMachine {job}",
    "TaskDefinition {job}",
)


def all_of(operation: str, job: str) -> set[str]:
    return {f"{operation} {resource.format(job=job)}" for resource in JOB_RESOURCES}


def jobs(config: dict[str, Any]) -> dict[str, Any]:
    return config["longhaul:jobs"]


def test_a_deployed_stack_has_nothing_to_do_and_no_drift(pulumi):
    assert pulumi.preview("--expect-no-changes") == set()
    pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")
    assert pulumi.preview("--expect-no-changes") == set()


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
    # A run that is on its way goes on, and tries again, with the revision and the image it began with.
    ecs = pulumi.client("ecs")
    before = ecs.describe_task_definition(taskDefinition=f"longhaul-dev-{JOB}:{old}")["taskDefinition"]
    assert before["status"] == "ACTIVE"
    repository, _, digest = before["containerDefinitions"][0]["image"].partition("@")
    (image,) = pulumi.client("ecr").describe_images(
        repositoryName=repository.partition("/")[2], imageIds=[{"imageDigest": digest}]
    )["imageDetails"]
    assert not image.get("imageTags")


def revision(pulumi) -> int:
    arns = pulumi.client("ecs").list_task_definitions(familyPrefix=f"longhaul-dev-{JOB}")["taskDefinitionArns"]
    return max(int(arn.rpartition(":")[2]) for arn in arns)


def test_another_number_of_retries_changes_the_machine_alone(pulumi):
    pulumi.configure(lambda config: jobs(config)[JOB].update(retries={"attempts": 5}))
    assert pulumi.apply() == {f"update StateMachine {JOB}"}


def test_a_job_comes_and_goes_alone(pulumi):
    pulumi.configure(lambda config: jobs(config).update({"second-rollup": copy_of(jobs(config)[JOB])}))
    assert pulumi.apply() == all_of("create", "second-rollup")
    pulumi.configure(lambda config: jobs(config).pop("second-rollup"))
    assert pulumi.apply() == all_of("delete", "second-rollup")


def copy_of(job: dict[str, Any]) -> dict[str, Any]:
    """A job of another name over the same code."""
    return {**job, "build": {"context": f"jobs/{JOB}", "dockerfile": f"jobs/{JOB}/Dockerfile"}}


def test_a_renamed_job_is_another_job(pulumi):
    # Its name is in AWS what operators know it by, and AWS renames nothing.
    pulumi.configure(lambda config: jobs(config).update({"rollup": copy_of(jobs(config).pop(JOB))}))
    assert pulumi.apply() == all_of("create", "rollup") | all_of("delete", JOB)


def test_a_tag_for_all_changes_everything_that_can_be_tagged_and_replaces_nothing(pulumi):
    taggable = {
        f"update {one['type'].rpartition(':')[2]} "
        f"{one['urn'].rpartition('::')[2].removeprefix('longhaul-dev').removeprefix('-')}".strip()
        for one in pulumi.resources()
        if one["type"].startswith("aws:") and "tags" in one["inputs"]
    }
    assert len(taggable) > 30
    pulumi.configure(lambda config: config["longhaul:tags"].update(owner="data"))
    assert pulumi.apply() == taggable
    arn = pulumi.client("stepfunctions").list_state_machines()["stateMachines"][0]["stateMachineArn"]
    tags = pulumi.client("stepfunctions").list_tags_for_resource(resourceArn=arn)["tags"]
    assert {"key": "owner", "value": "data"} in tags


def test_another_kind_of_network_adds_its_subnets_and_moves_none(pulumi):
    found: dict[str, Any] = {}
    pulumi.configure(lambda config: found.update(config["longhaul:network"]))
    pulumi.configure(lambda config: config.update({"longhaul:network": {"nat": "single", "availabilityZones": 3}}))
    private = {
        f"create {kind} vpc-private-{zone}"
        for kind in ("Subnet", "RouteTable", "RouteTableAssociation", "Route")
        for zone in (1, 2, 3)
    }
    third_zone = {f"create {kind} vpc-public-3" for kind in ("Subnet", "RouteTable", "RouteTableAssociation", "Route")}
    gateway = {"create Eip vpc-1", "create NatGateway vpc-1"}
    users = {"update VpcEndpoint com.amazonaws.eu-west-1.s3"} | {
        f"update StateMachine {job}" for job in (JOB, *OTHER_JOBS)
    }
    assert pulumi.apply() == private | third_zone | gateway | users
    pulumi.configure(lambda config: config.update({"longhaul:network": found}))
    removed = {operation.replace("create", "delete", 1) for operation in private | third_zone | gateway}
    assert pulumi.apply() == removed | users


def test_drift_is_found_by_refresh_and_repaired(pulumi):
    events, states = pulumi.client("events"), pulumi.client("stepfunctions")
    name = f"longhaul-dev-{JOB}"
    (arn,) = [one["stateMachineArn"] for one in states.list_state_machines()["stateMachines"] if one["name"] == name]
    rule, machine = events.describe_rule(Name=name), states.describe_state_machine(stateMachineArn=arn)
    events.put_rule(Name=name, ScheduleExpression="rate(1 minute)", State="DISABLED")
    states.update_state_machine(
        stateMachineArn=arn,
        definition=json.dumps({"QueryLanguage": "JSONata", "StartAt": "End", "States": {"End": {"Type": "Succeed"}}}),
    )
    pulumi.changed = True
    pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes", fails=True)
    assert pulumi.apply() == {f"update EventRule {JOB}", f"update StateMachine {JOB}"}
    after = events.describe_rule(Name=name)
    assert (after["ScheduleExpression"], after["State"]) == (rule["ScheduleExpression"], rule["State"])
    definition = states.describe_state_machine(stateMachineArn=arn)["definition"]
    assert json.loads(definition) == json.loads(machine["definition"])


def test_a_deployment_that_fails_halfway_is_finished_by_the_next(pulumi):
    states, iam = pulumi.client("stepfunctions"), pulumi.client("iam")
    role = next(one["Arn"] for one in iam.list_roles()["Roles"] if one["RoleName"].startswith(f"longhaul-dev-{JOB}-s"))
    done = json.dumps({"QueryLanguage": "JSONata", "StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
    in_the_way = states.create_state_machine(name="longhaul-dev-second-rollup", definition=done, roleArn=role)
    pulumi.configure(lambda config: jobs(config).update({"second-rollup": copy_of(jobs(config)[JOB])}))
    planned = pulumi.preview()
    _, said = pulumi("up", "--yes", "--skip-preview", fails=True)
    assert "StateMachineAlreadyExists" in said
    states.delete_state_machine(stateMachineArn=in_the_way["stateMachineArn"])
    finished = pulumi.apply()
    assert finished < planned
    assert {"create StateMachine second-rollup", "create EventTarget second-rollup"} <= finished


def test_no_secret_is_in_the_state(pulumi):
    planted = "planted-c2VjcmV0"
    pulumi.client("secretsmanager").create_secret(Name="planted", SecretString=planted)
    pulumi.configure(lambda config: jobs(config)[JOB].update(secrets={"TOKEN": "planted"}))
    pulumi.apply()
    known = [planted, pulumi.environment["AWS_SECRET_ACCESS_KEY"], pulumi.environment["PULUMI_CONFIG_PASSPHRASE"]]
    kept = [file for file in pulumi.state.rglob("*") if file.is_file()]
    assert any(b"arn:aws:states" in file.read_bytes() for file in kept)
    for secret in known:
        assert not [file for file in kept if secret.encode() in file.read_bytes()]


def test_an_encrypted_setting_is_refused_and_not_shown(pulumi):
    # It would stand in plain text in a task definition, which is no place for a secret.
    pulumi.run("config", "set", "--secret", "--path", "longhaul:jobs.daily-rollup.environment.TOKEN", "planted-dG9rZW4")
    pulumi.changed = True
    _, said = pulumi("preview", fails=True)
    assert "longhaul:jobs: expected no encrypted value" in said
    assert "planted-dG9rZW4" not in said
    # Once where it happened, and once in the summary.
    assert said.count("expected no encrypted value") == 2
    pulumi.changed = False
