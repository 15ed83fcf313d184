"""Has rules start state machines with the rights of their targets' roles.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ministack.services import stepfunctions

from sandbox.notifications.permission import NotDelivered
from sandbox.triggers.start import RULE_CODES

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

_SERVICE = "events.amazonaws.com"


def start(aws: LocalAws, target: Mapping[str, Any], event: Mapping[str, Any], text: str, *, rule_arn: str) -> None:
    """Start a target's state machine, within a request's account and Region.

    Not over HTTP, as the schedules' driver does it: whoever puts an event may be in the server's own thread.

    Args:
        aws: the sandbox.
        target: the target, with its role.
        event: the event.
        text: the input.
        rule_arn: the rule, for which EventBridge assumes the role.

    Raises:
        NotDelivered: the role cannot be assumed or may not start the machine, or Step Functions refuses.
    """
    role, machine = target["RoleArn"], target["Arn"]
    if not aws.identity.trusts(role, _SERVICE, source_arn=rule_arn):
        raise NotDelivered("FAILED_TO_ASSUME_ROLE", f"{_SERVICE} is not authorized to assume the role {role}")
    denial = aws.identity.denial(role, "states:StartExecution", machine, session_name="events")
    if denial is not None:
        raise NotDelivered("NO_PERMISSIONS", denial)
    name = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{rule_arn} {event['id']} {target['Id']}"))
    for copy in range(aws.faults.deliveries(machine.rpartition(":")[2])):
        _start(machine, f"{name}_{copy}" if copy else name, text)


def _start(machine: str, name: str, text: str) -> None:
    status, _, body = stepfunctions._start_execution({"stateMachineArn": machine, "name": name, "input": text})
    if status != 200:
        answer = json.loads(body)
        code = answer.get("__type", "").rpartition("#")[2]
        raise NotDelivered(RULE_CODES.get(code, "ERROR_FROM_TARGET"), answer.get("message", code))
