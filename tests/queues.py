"""Queues that hear what a topic or a rule says."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sandbox.local_aws import LocalAws

PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Queue:
    """A queue, and what arrives in it."""

    aws: LocalAws
    url: str
    arn: str = ""

    def receive(self) -> dict[str, Any]:
        """The next message with its attributes, taken out of the queue; waits for it."""
        sqs = self.aws.client("sqs")
        received = sqs.receive_message(
            QueueUrl=self.url, MessageAttributeNames=["All"], WaitTimeSeconds=PATIENCE_SECONDS
        )
        (message,) = received["Messages"]
        sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return message

    def take_all(self) -> list[dict[str, Any]]:
        """The messages that are there with their attributes; afterwards it is empty."""
        sqs, taken = self.aws.client("sqs"), []
        asked = {"QueueUrl": self.url, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}
        while messages := sqs.receive_message(**asked).get("Messages"):
            for message in messages:
                sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
            taken += messages
        return taken

    def is_empty(self) -> bool:
        return "Messages" not in self.aws.client("sqs").receive_message(QueueUrl=self.url)


def new_queue(aws: LocalAws, name: str, source: str) -> Queue:
    """A queue that takes what the topic or the rule `source` sends."""
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": f"{source.split(':')[2]}.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": source}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return Queue(aws, url, arn)


@contextmanager
def subscribed(aws: LocalAws, topic: str) -> Iterator[Queue]:
    """A queue of its own that hears what a topic says."""
    queue = new_queue(aws, f"hears-{secrets.token_hex(4)}", topic)
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
    try:
        yield queue
    finally:
        aws.client("sqs").delete_queue(QueueUrl=queue.url)


def attributes(message: dict[str, Any]) -> dict[str, str]:
    """The texts of a message's attributes."""
    return {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
