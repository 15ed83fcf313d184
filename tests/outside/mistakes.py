"""Ten mistakes, each as one would make it in the program, and who must find it."""

import json
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from tests.components.conftest import Resource

Inputs = dict[str, Any]


@dataclass(frozen=True)
class Mistake:
    """One mistake in one resource.

    type, name: the resource it is planted into; no two share one.
    plant: makes the mistake in the resource's inputs.
    checker, rule: who must find it, by the checker's own name for it, "" where it gives none.
    text: what the checker must say, as a regular expression for a part of it.
    """

    type: str
    name: str
    plant: Callable[[Inputs], None]
    checker: str
    rule: str
    text: str


def with_mistakes(resources: Iterable[Resource], mistakes: Iterable[Mistake]) -> list[Resource]:
    """The resources with every mistake in its place; those without one are as they were."""
    by_place: Mapping[tuple[str, str], Mistake] = {(one.type, one.name): one for one in mistakes}
    return [
        _planted(resource, mistake) if (mistake := by_place.get((resource.type, resource.name))) else resource
        for resource in resources
    ]


def _planted(resource: Resource, mistake: Mistake) -> Resource:
    inputs = deepcopy(dict(resource.inputs))
    mistake.plant(inputs)
    assert inputs != resource.inputs
    return replace(resource, inputs=inputs)


def _edit(inputs: Inputs, document: str, edit: Callable[[Any], None]) -> None:
    """Change a document that is JSON text."""
    parsed = json.loads(inputs[document])
    edit(parsed)
    inputs[document] = json.dumps(parsed)


def wrong_cpu_pair(inputs: Inputs) -> None:
    inputs |= {"cpu": "256", "memory": "4096"}


def unknown_property(inputs: Inputs) -> None:
    _edit(inputs, "containerDefinitions", lambda containers: containers[0].update(memoryReservationMib=256))


def wildcard_action(inputs: Inputs) -> None:
    _edit(inputs, "policy", lambda policy: policy["Statement"][1].update(Action=["s3:Get*"]))


def open_security_group(inputs: Inputs) -> None:
    inputs["ingress"] = [{"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": ["0.0.0.0/0"]}]


def unencrypted_queue(inputs: Inputs) -> None:
    inputs["sqsManagedSseEnabled"] = False


def log_group_without_retention(inputs: Inputs) -> None:
    del inputs["retentionInDays"]


def bad_cron(inputs: Inputs) -> None:
    inputs["scheduleExpression"] = "cron(15 3 * * * *)"


def unknown_action(inputs: Inputs) -> None:
    _edit(inputs, "policy", lambda policy: policy["Statement"][0].update(Action=["ec2:DescribeSnapshotz"]))


def unreachable_state(inputs: Inputs) -> None:
    _edit(inputs, "definition", lambda machine: machine["States"].update({"Nobody goes here": {"Type": "Succeed"}}))


def misspelt_ecs_argument(inputs: Inputs) -> None:
    def edit(machine: Any) -> None:
        arguments = machine["States"]["Run the job"]["Arguments"]
        arguments["TaskDefinitions"] = arguments.pop("TaskDefinition")

    _edit(inputs, "definition", edit)


MISTAKES: Mapping[str, Mistake] = {
    "a wrong cpu pair": Mistake(
        "aws:ecs/taskDefinition:TaskDefinition",
        "longhaul-dev-daily-rollup",
        wrong_cpu_pair,
        "cfn-lint",
        "E3047",
        "Cpu '256' is not compatible with memory '4096'",
    ),
    "an unknown property": Mistake(
        "aws:ecs/taskDefinition:TaskDefinition",
        "longhaul-dev-bucket-inventory",
        unknown_property,
        "cfn-lint",
        "E3002",
        "'MemoryReservationMib' was unexpected",
    ),
    "a wildcard action": Mistake(
        "aws:iam/rolePolicy:RolePolicy",
        "longhaul-dev-daily-rollup-task",
        wildcard_action,
        "house rule",
        "wildcard-action",
        r"s3:Get\*",
    ),
    "an open security group": Mistake(
        "aws:ec2/securityGroup:SecurityGroup",
        "longhaul-dev-tasks",
        open_security_group,
        "house rule",
        "open-security-group",
        "tcp 22 to 22 are open to 4294967296 addresses",
    ),
    "an unencrypted queue": Mistake(
        "aws:sqs/queue:Queue",
        "longhaul-dev-dead-letters",
        unencrypted_queue,
        "house rule",
        "unencrypted-queue",
        "SqsManagedSseEnabled",
    ),
    "a log group without retention": Mistake(
        "aws:cloudwatch/logGroup:LogGroup",
        "longhaul-dev-daily-rollup",
        log_group_without_retention,
        "house rule",
        "log-group-without-retention",
        "RetentionInDays",
    ),
    "a bad cron": Mistake(
        "aws:cloudwatch/eventRule:EventRule",
        "longhaul-dev-daily-rollup",
        bad_cron,
        "cfn-lint",
        "E3027",
        "specifies both Day-of-month and Day-of-week",
    ),
    "an IAM action that does not exist": Mistake(
        "aws:iam/rolePolicy:RolePolicy",
        "longhaul-dev-snapshot-cleanup-task",
        unknown_action,
        "parliament",
        "UNKNOWN_ACTION",
        "ec2:DescribeSnapshotz",
    ),
    "an unreachable state": Mistake(
        "aws:sfn/stateMachine:StateMachine",
        "longhaul-dev-daily-rollup",
        unreachable_state,
        "statelint",
        "",
        "No transition found to state .*Nobody goes here",
    ),
    "a misspelt ECS argument": Mistake(
        "aws:sfn/stateMachine:StateMachine",
        "longhaul-dev-bucket-inventory",
        misspelt_ecs_argument,
        "botocore",
        "RunTask",
        'Unknown parameter in input: "taskDefinitions"',
    ),
}
