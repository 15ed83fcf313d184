"""The ledger, which every stack has."""

from collections.abc import Callable

from definitions import ledger
from definitions.place import Place
from definitions.policies import ledger_policy
from tests.components.conftest import Deployment
from tests.components.provider_answers import ACCOUNT, REGION

# A job whose names are the nearest to the ledger's.
JOB = """
longhaul:jobs:
  runs: {image: "example.com/report:1", schedule: rate(1 day)}
"""
NAME = "longhaul-test-runs"
LEDGER, GROUP = "longhaul:index:Ledger", "cloudwatch/logGroup:LogGroup"


def part(deployment: Deployment, type_: str):
    """The one resource of a type among those that the ledger is made of."""
    (one,) = [one for one in deployment.children(deployment.one(LEDGER)) if one.type == f"aws:{type_}"]
    return one


def test_every_stack_has_one_of_four_resources(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(JOB)

    made = sorted((one.type, one.name) for one in deployment.children(deployment.one(LEDGER)))
    assert made == [
        (f"aws:cloudwatch/{kind}", NAME)
        for kind in (
            "eventRule:EventRule",
            "eventTarget:EventTarget",
            "logGroup:LogGroup",
            "logResourcePolicy:LogResourcePolicy",
        )
    ]
    assert len({one.urn for one in deployment.resources}) == len(deployment.resources)


def test_the_log_group_can_come_back_and_is_found_by_its_name(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(JOB)

    group = part(deployment, GROUP)
    assert group.inputs["namePrefix"] == "/aws/events/longhaul-test-runs-"
    assert group.inputs["retentionInDays"] == 365
    assert group.inputs["skipDestroy"] is False
    assert deployment.exports["ledger"] == group.outputs["name"]


def test_how_long_it_is_kept_is_the_stacks(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(JOB, "longhaul:ledgerRetention: 1096", "longhaul:keepLogs: true")

    group = part(deployment, GROUP)
    assert (group.inputs["retentionInDays"], group.inputs["skipDestroy"]) == (1096, True)


def test_the_rule_and_nobody_else_writes_to_it(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(JOB)

    rule, group = part(deployment, "cloudwatch/eventRule:EventRule"), part(deployment, GROUP)
    policy = part(deployment, "cloudwatch/logResourcePolicy:LogResourcePolicy")
    # Of the log group, and not one of the ten that the account has in a Region.
    assert policy.inputs["resourceArn"] == group.outputs["arn"]
    assert "policyName" not in policy.inputs
    assert policy.document("policyDocument") == ledger_policy(
        log_group_arn=group.outputs["arn"], rule_arns=[rule.outputs["arn"]]
    )


def test_every_change_of_status_reaches_it_or_the_dead_letter_queue(deploy: Callable[..., Deployment]) -> None:
    deployment = deploy(JOB)

    rule, target = (
        part(deployment, "cloudwatch/eventRule:EventRule"),
        part(deployment, "cloudwatch/eventTarget:EventTarget"),
    )
    place = Place(project="longhaul", stack="test", partition="aws", region=REGION, account=ACCOUNT)
    group, queue = part(deployment, GROUP).outputs["arn"], deployment.one("sqs/queue:Queue").outputs["arn"]
    assert rule.document("eventPattern") == ledger.event_pattern(place)
    # The queue takes dead letters of rules with the stack's prefix.
    assert rule.outputs["name"].startswith("longhaul-test-")
    assert target.inputs == {
        "rule": rule.outputs["name"],
        "targetId": "log-group",
        "arn": group,
        "deadLetterConfig": {"arn": queue},
    }
    needed = {
        part(deployment, "cloudwatch/logResourcePolicy:LogResourcePolicy").urn,
        deployment.one("sqs/queuePolicy:QueuePolicy").urn,
    }
    assert needed <= target.dependencies
