"""EventBridge: rules and their targets."""

from typing import ClassVar

from sandbox.errors import SandboxError
from sandbox.resources.aws import Aws
from sandbox.resources.ecs_parameters import ECS_PARAMETERS, as_asked, as_written
from sandbox.resources.fields import Nested, observed
from sandbox.resources.handler import Created, Handler, Properties
from sandbox.resources.tags import EVENTS, tag_list, tags_all


class EventRule(Handler):
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html"""

    token = "aws:cloudwatch/eventRule:EventRule"
    fields: ClassVar = {
        "name": "Name",
        "description": "Description",
        "eventBusName": "EventBusName",
        "eventPattern": "EventPattern",
        "scheduleExpression": "ScheduleExpression",
        "state": "State",
        "roleArn": "RoleArn",
    }
    others = frozenset({"namePrefix", "forceDestroy"})
    defaults: ClassVar = {"eventBusName": "default", "state": "ENABLED", "forceDestroy": False}
    json_properties = ("eventPattern",)
    tagging = EVENTS
    replace_on = frozenset({"eventBusName"})
    flags = frozenset({"forceDestroy"})
    max_name_length = 64

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the rule's name, on a bus of its own `<bus>/<rule>`."""
        arn = aws.client("events").put_rule(**self.request(inputs), **tag_list(inputs))["RuleArn"]
        bus, name = inputs["eventBusName"], inputs["name"]
        return Created(name if bus == "default" else f"{bus}/{name}", {**inputs, **tags_all(inputs), "arn": arn})

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:  # noqa: ARG002
        """Put the rule again: PutRule replaces what a rule says, and leaves its targets and tags."""
        aws.client("events").put_rule(**self.request(inputs))

    def look(self, aws: Aws, made: Created) -> Properties:
        """What DescribeRule tells."""
        name, bus = made.outputs["name"], made.outputs["eventBusName"]
        return observed(aws.client("events").describe_rule(Name=name, EventBusName=bus), self.fields)

    def delete(self, aws: Aws, made: Created) -> None:
        """Delete the rule; AWS refuses while it has targets."""
        aws.client("events").delete_rule(
            Name=made.outputs["name"], EventBusName=made.outputs["eventBusName"], Force=made.outputs["forceDestroy"]
        )


class EventTarget(Handler):
    """https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html"""

    token = "aws:cloudwatch/eventTarget:EventTarget"
    fields: ClassVar = {
        "targetId": "Id",
        "arn": "Arn",
        "roleArn": "RoleArn",
        "input": "Input",
        "inputPath": "InputPath",
        "inputTransformer": Nested(
            "InputTransformer", {"inputPaths": "InputPathsMap", "inputTemplate": "InputTemplate"}
        ),
        "ecsTarget": ECS_PARAMETERS,
        "deadLetterConfig": Nested("DeadLetterConfig", {"arn": "Arn"}),
        "retryPolicy": Nested(
            "RetryPolicy",
            {
                "maximumEventAgeInSeconds": "MaximumEventAgeInSeconds",
                "maximumRetryAttempts": "MaximumRetryAttempts",
            },
        ),
    }
    others = frozenset({"rule", "eventBusName", "forceDestroy"})
    required = frozenset({"rule", "arn"})
    defaults: ClassVar = {"eventBusName": "default", "forceDestroy": False}
    replace_on = frozenset({"rule", "eventBusName"})
    flags = frozenset({"forceDestroy"})
    auto_named = "targetId"

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is `<rule>-<target id>`."""
        self._put(aws, inputs)
        return Created(f"{inputs['rule']}-{inputs['targetId']}", dict(inputs))

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:  # noqa: ARG002
        """Put the target again: PutTargets replaces one with the same id."""
        self._put(aws, inputs)

    def look(self, aws: Aws, made: Created) -> Properties | None:
        """What ListTargetsByRule tells."""
        rule, bus = made.outputs["rule"], made.outputs["eventBusName"]
        targets = aws.client("events").list_targets_by_rule(Rule=rule, EventBusName=bus)["Targets"]
        target = next((target for target in targets if target["Id"] == made.outputs["targetId"]), None)
        return target and observed(as_written(target), self.fields)

    def delete(self, aws: Aws, made: Created) -> None:
        """Remove the target from its rule."""
        answer = aws.client("events").remove_targets(
            Rule=made.outputs["rule"],
            EventBusName=made.outputs["eventBusName"],
            Ids=[made.outputs["targetId"]],
            Force=made.outputs["forceDestroy"],
        )
        _refuse_failed_entries("RemoveTargets", answer)

    def _put(self, aws: Aws, inputs: Properties) -> None:
        answer = aws.client("events").put_targets(
            Rule=inputs["rule"], EventBusName=inputs["eventBusName"], Targets=[as_asked(self.request(inputs))]
        )
        _refuse_failed_entries("PutTargets", answer)


def _refuse_failed_entries(operation: str, answer: Properties) -> None:
    # Both calls answer 200 and put what they refused into the body.
    for entry in answer.get("FailedEntries", []):
        raise SandboxError(f"{operation}: {entry['ErrorCode']}: {entry['ErrorMessage']}")
