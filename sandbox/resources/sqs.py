"""SQS: queues and their policies."""

from typing import Any, ClassVar

from sandbox.resources.aws import Aws
from sandbox.resources.handler import Created, Handler, Properties
from sandbox.resources.tags import SQS, tag_map, tags_all


class Queue(Handler):
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html"""

    token = "aws:sqs/queue:Queue"
    # These are fields of the call's Attributes, where every value is text.
    fields: ClassVar = {
        "delaySeconds": "DelaySeconds",
        "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
        "kmsMasterKeyId": "KmsMasterKeyId",
        "maxMessageSize": "MaximumMessageSize",
        "messageRetentionSeconds": "MessageRetentionPeriod",
        "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
        "redriveAllowPolicy": "RedriveAllowPolicy",
        "redrivePolicy": "RedrivePolicy",
        "sqsManagedSseEnabled": "SqsManagedSseEnabled",
        "visibilityTimeoutSeconds": "VisibilityTimeout",
    }
    others = frozenset({"name", "namePrefix"})
    defaults: ClassVar = {
        "delaySeconds": 0,
        "maxMessageSize": 262_144,
        "messageRetentionSeconds": 345_600,
        "receiveWaitTimeSeconds": 0,
        "visibilityTimeoutSeconds": 30,
    }
    json_properties = ("redriveAllowPolicy", "redrivePolicy")
    tagging = SQS
    max_name_length = 80

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the queue's URL."""
        attributes = self._attributes(inputs)
        sqs = aws.client("sqs")
        url = sqs.create_queue(QueueName=inputs["name"], Attributes=attributes, **tag_map(inputs))["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        return Created(url, {**inputs, **tags_all(inputs), "url": url, "arn": arn})

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:
        """Change the attributes."""
        aws.client("sqs").set_queue_attributes(QueueUrl=made.id, Attributes=self._attributes(inputs))

    def look(self, aws: Aws, made: Created) -> Properties:
        """What GetQueueAttributes tells of the attributes that were given."""
        attributes = aws.client("sqs").get_queue_attributes(QueueUrl=made.id, AttributeNames=["All"])["Attributes"]
        given = {name: field for name, field in self.fields.items() if name in made.outputs}
        return {name: _value(attributes.get(field), made.outputs[name]) for name, field in given.items()}

    def _attributes(self, inputs: Properties) -> dict[str, str]:
        return {name: _text(value) for name, value in self.request(inputs).items()}

    def delete(self, aws: Aws, made: Created) -> None:
        """Delete the queue and the messages in it."""
        aws.client("sqs").delete_queue(QueueUrl=made.id)


class QueuePolicy(Handler):
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html"""

    token = "aws:sqs/queuePolicy:QueuePolicy"
    others = frozenset({"queueUrl", "policy"})
    required = frozenset({"queueUrl", "policy"})
    replace_on = frozenset({"queueUrl"})
    json_properties = ("policy",)
    auto_named = None

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the queue's URL."""
        aws.client("sqs").set_queue_attributes(QueueUrl=inputs["queueUrl"], Attributes={"Policy": inputs["policy"]})
        return Created(inputs["queueUrl"], dict(inputs))

    def change(self, aws: Aws, made: Created, inputs: Properties) -> None:  # noqa: ARG002
        """Put the new policy in the place of the old one."""
        aws.client("sqs").set_queue_attributes(QueueUrl=inputs["queueUrl"], Attributes={"Policy": inputs["policy"]})

    def look(self, aws: Aws, made: Created) -> Properties | None:
        """The policy, if the queue has one."""
        answer = aws.client("sqs").get_queue_attributes(QueueUrl=made.id, AttributeNames=["Policy"])
        policy = answer.get("Attributes", {}).get("Policy")
        return {"policy": policy} if policy else None

    def delete(self, aws: Aws, made: Created) -> None:
        """Leave the queue without a policy."""
        aws.client("sqs").set_queue_attributes(QueueUrl=made.id, Attributes={"Policy": ""})


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(text: str | None, like: object) -> Any:
    """An attribute, which is text, as the kind of value that it was given as."""
    if text is None:
        return None
    if isinstance(like, bool):
        return text == "true"
    return int(text) if isinstance(like, int) else text
