"""EventBridge: rules and their targets."""

from typing import ClassVar

from sandbox.errors import SandboxError
from sandbox.resources.aws import Aws
from sandbox.resources.fields import Nested
from sandbox.resources.handler import Created, Handler, Properties
from sandbox.resources.tags import tag_list, tags_all


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
    max_name_length = 64

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the rule's name, on a bus of its own `<bus>/<rule>`."""
        arn = aws.client("events").put_rule(**self.request(inputs), **tag_list(inputs))["RuleArn"]
        bus, name = inputs["eventBusName"], inputs["name"]
        return Created(name if bus == "default" else f"{bus}/{name}", {**inputs, **tags_all(inputs), "arn": arn})

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
    taggable = False
    auto_named = "targetId"

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is `<rule>-<target id>`."""
        rule, target_id = inputs["rule"], inputs["targetId"]
        answer = aws.client("events").put_targets(
            Rule=rule, EventBusName=inputs["eventBusName"], Targets=[self.request(inputs)]
        )
        _refuse_failed_entries("PutTargets", answer)
        return Created(f"{rule}-{target_id}", dict(inputs))

    def delete(self, aws: Aws, made: Created) -> None:
        """Remove the target from its rule."""
        answer = aws.client("events").remove_targets(
            Rule=made.outputs["rule"],
            EventBusName=made.outputs["eventBusName"],
            Ids=[made.outputs["targetId"]],
            Force=made.outputs["forceDestroy"],
        )
        _refuse_failed_entries("RemoveTargets", answer)


def _refuse_failed_entries(operation: str, answer: Properties) -> None:
    # Both calls answer 200 and put what they refused into the body.
    for entry in answer.get("FailedEntries", []):
        raise SandboxError(f"{operation}: {entry['ErrorCode']}: {entry['ErrorMessage']}")
