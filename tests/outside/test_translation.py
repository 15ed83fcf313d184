"""The translation says all that was recorded, and says so when it cannot."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.components.conftest import Deployment
from tests.outside.conftest import STACKS
from tests.outside.translation import UntranslatedError, logical_id, template
from tests.outside.translation_table import TRANSLATIONS
from tests.outside.translation_words import Nowhere, Translation, Within


def paths_of_table(table: Within, prefix: str = "") -> Iterator[str]:
    for name, how in table.items():
        if not isinstance(how, Nowhere):
            yield f"{prefix}{name}"
        if isinstance(how, tuple) and isinstance(how[1], Mapping):
            yield from paths_of_table(how[1], f"{prefix}{name}.")


def paths_of_values(values: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(values, dict):
        for name, value in values.items():
            yield f"{prefix}{name}"
            yield from paths_of_values(value, f"{prefix}{name}.")
    elif isinstance(values, list):
        for value in values:
            yield from paths_of_values(value, prefix)


def test_a_rule_and_its_target_become_one_resource(recorded: Callable[[str], Deployment]) -> None:
    rule = recorded("prod").one("cloudwatch/eventRule:EventRule", "longhaul-prod-daily-rollup")
    target = recorded("prod").one("cloudwatch/eventTarget:EventTarget", "longhaul-prod-daily-rollup")

    assert template([target, rule])["Resources"] == {
        "EventRuleLonghaulProdDailyRollup": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "Name": "longhaul-prod-daily-rollup",
                "Description": rule.inputs["description"],
                "ScheduleExpression": "cron(15 3 * * ? *)",
                "State": "ENABLED",
                "Tags": [{"Key": key, "Value": value} for key, value in rule.inputs["tags"].items()],
                "Targets": [
                    {
                        "Id": "state-machine",
                        "Arn": "arn:aws:states:eu-west-1:123456789012:stateMachine:longhaul-prod-daily-rollup",
                        "RoleArn": target.inputs["roleArn"],
                        "InputTransformer": {
                            "InputPathsMap": {"time": "$.time"},
                            "InputTemplate": '{"trigger":"schedule","scheduledTime":<time>,"input":{}}',
                        },
                        "DeadLetterConfig": {"Arn": target.inputs["deadLetterConfig"]["arn"]},
                        "RetryPolicy": {"MaximumEventAgeInSeconds": 14400, "MaximumRetryAttempts": 185},
                    }
                ],
            },
        }
    }


@pytest.mark.parametrize(("stack", "policy"), [("dev", "Delete"), ("prod", "Retain")])
def test_a_log_that_is_kept_has_a_deletion_policy(
    recorded: Callable[[str], Deployment], stack: str, policy: str
) -> None:
    group = recorded(stack).one("cloudwatch/logGroup:LogGroup", f"longhaul-{stack}-daily-rollup")
    resource = template([group])["Resources"][logical_id(group)]

    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == (policy, policy)
    assert resource["Properties"]["LogGroupName"].startswith(f"/longhaul/longhaul/{stack}/daily-rollup-")


def test_what_the_table_does_not_know_is_named(recorded: Callable[[str], Deployment]) -> None:
    queue = recorded("dev").one("sqs/queue:Queue")
    machine = recorded("dev").one("sfn/stateMachine:StateMachine", "longhaul-dev-daily-rollup")
    logging = {**machine.inputs["loggingConfiguration"], "colour": "green"}

    with pytest.raises(UntranslatedError) as error:
        template(
            [
                replace(queue, type="aws:kinesis/stream:Stream", name="news"),
                replace(queue, inputs={**queue.inputs, "fifoQueue": True}),
                replace(machine, inputs={**machine.inputs, "loggingConfiguration": logging}),
                # Names within, where the table expects a plain value.
                replace(queue, inputs={**queue.inputs, "messageRetentionSeconds": {"days": 14}}),
            ]
        )

    assert str(error.value).splitlines() == [
        "aws:kinesis/stream:Stream news",
        "aws:sqs/queue:Queue longhaul-dev-dead-letters.fifoQueue",
        "aws:sfn/stateMachine:StateMachine longhaul-dev-daily-rollup.loggingConfiguration.colour",
        "aws:sqs/queue:Queue longhaul-dev-dead-letters.messageRetentionSeconds",
    ]


def test_no_two_resources_become_one(recorded: Callable[[str], Deployment]) -> None:
    for stack in STACKS:
        translated = [
            logical_id(resource)
            for resource in recorded(stack).resources
            if isinstance(entry := TRANSLATIONS.get(resource.type), Translation) and entry.part_of is None
        ]

        assert sorted(template(recorded(stack).resources)["Resources"]) == sorted(translated)


def test_the_table_translates_nothing_that_no_stack_uses(recorded: Callable[[str], Deployment]) -> None:
    resources = [resource for stack in STACKS for resource in recorded(stack).resources]
    used = {(resource.type, path) for resource in resources for path in paths_of_values(resource.inputs)}
    offered = {
        (type_, path)
        for type_, entry in TRANSLATIONS.items()
        if isinstance(entry, Translation)
        for path in paths_of_table(entry.properties)
    }

    # No group of ours is open to addresses. One that is must be translated, to be found.
    assert offered - used == {("aws:ec2/securityGroup:SecurityGroup", "ingress.cidrBlocks")}
    assert TRANSLATIONS.keys() <= {resource.type for resource in resources}
