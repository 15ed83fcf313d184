"""Starts a target's execution with the credentials of the target's role, and says of a failure whether to try again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.identity import RoleNotAssumable
from sandbox.local_aws import LocalAws
from sandbox.triggers.deployed import Trigger

# Of AWS's list of codes: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
RULE_CODES = {
    "AccessDeniedException": "NO_PERMISSIONS",
    "StateMachineDoesNotExist": "NO_RESOURCE",
    "StateMachineDeleting": "NO_RESOURCE",
    "InvalidExecutionInput": "INVALID_JSON",
    "ThrottlingException": "THROTTLING",
    "ExecutionLimitExceeded": "RESOURCE_LIMIT_EXCEEDED",
    "ClusterNotFoundException": "NO_RESOURCE",
    "InvalidParameterException": "INVALID_PARAMETER",
}
_TRY_AGAIN = {"ThrottlingException", "ExecutionLimitExceeded", "ServiceUnavailable", "InternalFailure"}


@dataclass
class StartError(Exception):
    """An execution that was not started: AWS's code and message, and whether another attempt may succeed."""

    code: str
    message: str
    try_again: bool


def start_execution(aws: LocalAws, trigger: Trigger, target: dict[str, Any], name: str, text: str) -> str:
    """Start the state machine of a target; returns the execution's ARN.

    Args:
        aws: the sandbox.
        trigger: on whose behalf.
        target: the target, with its role.
        name: the execution's name, the same for each attempt of one run, so that it is started once.
        text: the input.

    Raises:
        StartError: it was not started.
    """
    from botocore.exceptions import ClientError, HTTPClientError

    try:
        client = role_client(aws, "stepfunctions", trigger, target)
        return client.start_execution(stateMachineArn=target["Arn"], name=name, input=text)["executionArn"]
    except RoleNotAssumable as error:
        code = code_of(trigger, "FAILED_TO_ASSUME_ROLE", "AccessDeniedException")
        raise StartError(code, str(error), False) from None
    except (ClientError, HTTPClientError) as error:
        raise start_error(trigger, error) from None


def role_client(aws: LocalAws, service: str, trigger: Trigger, target: dict[str, Any]) -> Any:
    """A client that acts with the target's role, assumed by the trigger's service; raises RoleNotAssumable."""
    return aws.identity.client(
        service,
        target["RoleArn"],
        principal=f"{trigger.service}.amazonaws.com",
        session_name=trigger.service,
        source_arn=trigger.source_arn,
    )


def start_error(trigger: Trigger, error: Any) -> StartError:
    """What botocore's ClientError or HTTPClientError of a start comes to."""
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return StartError(code_of(trigger, "CONNECTION_FAILURE", "SdkClientException"), str(error), True)
    code, message = response["Error"]["Code"], response["Error"]["Message"]
    try_again = code in _TRY_AGAIN or response["ResponseMetadata"]["HTTPStatusCode"] >= 500
    return StartError(code_of(trigger, RULE_CODES.get(code, "ERROR_FROM_TARGET"), code), message, try_again)


def code_of(trigger: Trigger, of_rule: str, of_schedule: str) -> str:
    """The code of an error, which the two services call by different names."""
    return of_rule if trigger.service == "events" else of_schedule
