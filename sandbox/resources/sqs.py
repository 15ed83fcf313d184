"""SQS: queues and their policies."""

from typing import ClassVar

from sandbox.resources.aws import Aws
from sandbox.resources.handler import Created, Handler, Properties
from sandbox.resources.tags import tag_map, tags_all


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
    max_name_length = 80

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the queue's URL."""
        attributes = {name: _text(value) for name, value in self.request(inputs).items()}
        sqs = aws.client("sqs")
        url = sqs.create_queue(QueueName=inputs["name"], Attributes=attributes, **tag_map(inputs))["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        return Created(url, {**inputs, **tags_all(inputs), "url": url, "arn": arn})

    def delete(self, aws: Aws, made: Created) -> None:
        """Delete the queue and the messages in it."""
        aws.client("sqs").delete_queue(QueueUrl=made.id)


class QueuePolicy(Handler):
    """https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html"""

    token = "aws:sqs/queuePolicy:QueuePolicy"
    others = frozenset({"queueUrl", "policy"})
    required = frozenset({"queueUrl", "policy"})
    taggable = False
    json_properties = ("policy",)
    auto_named = None

    def create(self, aws: Aws, inputs: Properties) -> Created:
        """The id is the queue's URL."""
        aws.client("sqs").set_queue_attributes(QueueUrl=inputs["queueUrl"], Attributes={"Policy": inputs["policy"]})
        return Created(inputs["queueUrl"], dict(inputs))

    def delete(self, aws: Aws, made: Created) -> None:
        """Leave the queue without a policy."""
        aws.client("sqs").set_queue_attributes(QueueUrl=made.id, Attributes={"Policy": ""})


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
