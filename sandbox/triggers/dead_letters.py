"""Keeps what could not be started or delivered in the target's dead-letter queue.

A rule sends as the service, so the queue's policy must let it; a schedule sends with its role.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html
"""

from __future__ import annotations

import json
from typing import Any

from ministack.core.responses import get_account_id, request_scope
from ministack.services import cloudwatch, sqs

from sandbox.identity import RoleNotAssumable
from sandbox.local_aws import LocalAws
from sandbox.triggers.deployed import Trigger
from sandbox.triggers.start import StartError, role_client
from sandbox.triggers.task_start import request_of as request_of_task


class NotKept(Exception):  # noqa: N818 - names what became of the message
    """Why a dead letter did not reach its queue, in one line."""


def send(
    aws: LocalAws, trigger: Trigger, target: dict[str, Any], queue_arn: str, body: str, attributes: dict[str, str]
) -> None:
    """Send a dead letter to a queue.

    Args:
        aws: the sandbox.
        trigger: whose delivery failed.
        target: the target that was not reached.
        queue_arn: its dead-letter queue, a standard one.
        body: the event of a rule before the target's transformer, the request that a schedule made of its target.
        attributes: message attributes by AWS's names; empty ones are left out.

    Raises:
        NotKept: the queue is missing or refuses.
    """
    from botocore.exceptions import ClientError

    if trigger.service == "events":
        with request_scope(aws.account, aws.region):
            keep(trigger.arn, queue_arn, body, attributes)
        return
    try:
        client = role_client(aws, "sqs", trigger, target)
        url = aws.client("sqs").get_queue_url(QueueName=queue_arn.rpartition(":")[2])["QueueUrl"]
        client.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=_attributes(attributes))
    except (ClientError, RoleNotAssumable) as error:
        raise NotKept(f"the dead-letter queue {queue_arn} was not reached: {error}") from None
    with request_scope(aws.account, aws.region):
        cloudwatch._evaluate_all_alarms()


def keep(rule_arn: str, queue_arn: str, body: str, attributes: dict[str, str]) -> None:
    """Send a rule's dead letter, within a request's account and Region; with the arguments and errors of `send`."""
    if not sqs.queue_policy_allows(queue_arn, "events.amazonaws.com", rule_arn, get_account_id()):
        raise NotKept(
            f"the dead-letter queue {queue_arn} is missing or its policy does not let events.amazonaws.com do "
            f"sqs:SendMessage for {rule_arn}"
        )
    message = {"MessageBody": body, "MessageAttributes": _attributes(attributes)}
    try:
        sqs._act_send_message(message, queue_arn.rpartition(":")[2])
    except sqs._Err as error:
        raise NotKept(f"the dead-letter queue {queue_arn} was not reached: {error}") from None
    cloudwatch._evaluate_all_alarms()


def request_of(trigger: Trigger, target: dict[str, Any], text: str) -> str:
    """What the letter of a schedule holds: the request of StartExecution, as AWS's page above shows SendMessage's.

    Of RunTask, the overrides that cannot be read are a text.
    """
    if "EcsParameters" not in target:
        return json.dumps({"Input": text, "StateMachineArn": target["Arn"]})
    try:
        request = request_of_task(trigger, target, text if "Input" in target else None)
    except StartError:
        request = {**request_of_task(trigger, target, None), "overrides": text}
    return json.dumps({name[:1].upper() + name[1:]: value for name, value in request.items()})


def _attributes(attributes: dict[str, str]) -> dict[str, dict[str, str]]:
    return {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items() if value}
