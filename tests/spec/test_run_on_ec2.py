"""What a job on EC2 instances may say, and what `check` has to say about it."""

import pytest

from spec.job import JobSpec
from spec.network import NetworkSpec
from spec.run_on_rules import notes

STACK = "config:\n  longhaul:jobs:\n    load: {{image: alpine, runOn: {{kind: ec2{where}}}{more}}}\n"
AT = "Pulumi.dev.yaml:3 longhaul:jobs.load"
PROVIDER = ", capacityProvider: warehouse"


@pytest.mark.parametrize(
    ("where", "more", "mistake"),
    [
        (
            "",
            "",
            "runOn.capacityProvider: expected an ECS capacity provider, as in runOn: {kind: ec2, capacityProvider: "
            "NAME}, found none",
        ),
        (
            ", capacityProvider: FARGATE",
            "",
            "runOn.capacityProvider: expected a capacity provider of EC2 instances, whose name does not begin with "
            'aws, ecs or fargate, found "FARGATE": did you mean runOn: fargate?',
        ),
        (
            ", capacityProvider: warehouse, networkMode: none",
            "",
            'runOn.networkMode: expected awsvpc, bridge or host, found "none"',
        ),
        (
            ', capacityProvider: warehouse, placement: ["binpack:disk"]',
            "",
            "runOn.placement[0]: expected random, binpack:cpu, binpack:memory, spread:instanceId, spread:host or "
            'spread:attribute:NAME, found "binpack:disk"',
        ),
        # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html (cpu)
        (PROVIDER, ", cpu: 64", "cpu: expected at least 128 CPU units on EC2, found 64"),
        (PROVIDER, ", cpu: 2", "cpu: expected at least 128 CPU units on EC2, found 2: did you mean 2 vCPU?"),
    ],
)
def test_what_ec2_does_not_take_is_refused(repository, where: str, more: str, mistake: str) -> None:
    repository.write("Pulumi.dev.yaml", STACK.format(where=where, more=more))
    assert repository.mistakes() == [f"{AT}.{mistake}"]


def test_a_long_constraint_is_refused(repository) -> None:
    long = f"attribute:a == {'x' * 2000}"
    repository.write("Pulumi.dev.yaml", STACK.format(where=f'{PROVIDER}, constraints: ["{long}"]', more=""))
    (mistake,) = repository.mistakes()
    assert mistake == f"{AT}.runOn.constraints[0]: expected at most 2,000 characters, found 2,015"


# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html
@pytest.mark.parametrize(
    "constraint", ["ecs.instance-type == m5.large", "attribute == fast", " ", "notattribute:disk exists"]
)
def test_a_constraint_that_asks_about_nothing_is_refused(repository, constraint: str) -> None:
    repository.write("Pulumi.dev.yaml", STACK.format(where=f'{PROVIDER}, constraints: ["{constraint}"]', more=""))
    (mistake,) = repository.mistakes()
    asked = f'expected to begin with what it asks about, such as attribute:NAME, found "{constraint}"'
    assert mistake == f"{AT}.runOn.constraints[0]: {asked}"


@pytest.mark.parametrize(
    "constraint",
    [
        "attribute:ecs.instance-type == t2.small or attribute:disk exists",
        "(runningTasksCount <= 1) and not(task:group == service:production)",
        "not (attribute:stack == prod)",
        "!(agentVersion < 1.80.0)",
        "registeredAt > 2026-06-18",
    ],
)
def test_what_ecs_can_be_asked_about_is_taken(repository, constraint: str) -> None:
    repository.write("Pulumi.dev.yaml", STACK.format(where=f'{PROVIDER}, constraints: ["{constraint}"]', more=""))
    assert repository.load().jobs[0].run_on.constraints == (constraint,)


@pytest.mark.parametrize("size", ["cpu: 128, memory: 64", "cpu: 96 vCPU, memory: 700 GB", "cpu: 300, memory: 999"])
def test_sizes_that_fargate_does_not_sell_are_taken(repository, size: str) -> None:
    repository.write("Pulumi.dev.yaml", STACK.format(where=PROVIDER, more=f", {size}"))
    assert [job.name for job in repository.load().jobs] == ["load"]


def test_what_has_no_effect_is_said(repository) -> None:
    what = "capacity: {spot: true, onDemandAfter: 2}, ephemeralStorage: 100"
    repository.write("Pulumi.dev.yaml", STACK.format(where=PROVIDER, more=f", {what}"))
    (loaded,) = repository.load().jobs
    assert [note.loc for note in notes(loaded)] == [("capacity", "spot"), ("ephemeralStorage",)]


def job(**fields: object) -> JobSpec:
    run_on = {"kind": "ec2", "capacityProvider": "warehouse", "networkMode": fields.pop("mode", "awsvpc")}
    return JobSpec.from_yaml({"name": "load", "image": "alpine", "runOn": run_on, **fields})


def test_a_step_is_told_of_its_own() -> None:
    steps = [{"name": "a", "ephemeralStorage": 50}, {"name": "b"}]
    assert [note.loc for note in notes(job(steps=steps))] == [("steps", 0, "ephemeralStorage")]


OTHER_VPC, NO_ADDRESS = "an instance takes such a task in its own VPC alone", "a task has no public address"
ITS_VPC = {"vpcId": "vpc-0a1b2c3d", "subnetIds": ["subnet-0a1b2c3d"]}


@pytest.mark.parametrize(
    ("network", "mode", "said"),
    [
        ({"nat": "none"}, "awsvpc", [OTHER_VPC, NO_ADDRESS]),
        ({"nat": "none"}, "bridge", []),
        ({"nat": "single"}, "awsvpc", [OTHER_VPC]),
        ({"nat": "single"}, "host", []),
        ({"nat": "none", "endpoints": []}, "awsvpc", [OTHER_VPC]),
        (ITS_VPC, "awsvpc", []),
        ({**ITS_VPC, "assignPublicIp": True}, "awsvpc", [NO_ADDRESS]),
    ],
)
def test_a_task_that_no_instance_takes_or_that_would_reach_nothing_is_told_of(
    network: dict[str, object], mode: str, said: list[str]
) -> None:
    found = list(notes(job(mode=mode), NetworkSpec.from_yaml(network)))
    assert [note.loc for note in found] == [("runOn", "networkMode")] * len(said)
    assert all(what in note.message for what, note in zip(said, found, strict=True))


def test_a_job_that_only_runs_others_reaches_for_nothing() -> None:
    assert list(notes(job(image=None, steps=[{"name": "first", "job": "other"}]), NetworkSpec(nat="none"))) == []
