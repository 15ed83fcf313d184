"""The stack's dead-letter queue: starts of jobs, alerts and lines of the ledger that could not be delivered."""

from __future__ import annotations

import re

from ops.aws import Aws
from ops.stack import DeployedStack


def queue_of(aws: Aws, stack: DeployedStack) -> str | None:
    """The URL of a stack's dead-letter queue, found by its name; None where there is none.

    ListQueues needs one permission and tells the URL. It is eventually consistent: a queue that is gone may be listed
    for a minute, so of several the one that was made last is taken. Raises botocore's errors.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListQueues.html
    """
    sqs, prefix = aws("sqs"), f"{stack.resource_name}-dead-letters-"
    pages = sqs.get_paginator("list_queues").paginate(QueueNamePrefix=prefix, PaginationConfig={"PageSize": 1000})
    # The stack `dev-dead-letters` has one that begins so too.
    urls = [
        url
        for page in pages
        for url in page.get("QueueUrls", ())
        if re.fullmatch(r"[0-9a-f]+", url.rpartition("/")[2].removeprefix(prefix))
    ]
    if len(urls) < 2:
        return urls[0] if urls else None
    made = {}
    for url in urls:
        try:
            answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["CreatedTimestamp"])
        except sqs.exceptions.QueueDoesNotExist:
            continue
        made[url] = int(answer["Attributes"]["CreatedTimestamp"])
    return max(made, key=lambda url: made[url], default=None)


def letter_count(aws: Aws, queue_url: str) -> int:
    """How many letters lie in a queue, those included that somebody is looking at; SQS counts approximately.

    Raises botocore's errors.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
    """
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = aws("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)
