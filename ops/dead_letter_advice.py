"""Why a letter could not be delivered, in plain words, and what to do about it.

EventBridge has codes of its own; EventBridge Scheduler tells the error of the service that it called.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
"""

from __future__ import annotations

import re

from ops.dead_letters import Letter
from ops.stack import is_cluster

_PERMISSION = {"NO_PERMISSIONS", "FAILED_TO_ASSUME_ROLE", "TRANSIENT_ASSUME_ROLE", "AccessDeniedException"}
_GONE = {
    "NO_RESOURCE", "StateMachineDoesNotExist", "StateMachineDeleting", "ResourceNotFoundException",
    "ClusterNotFoundException",
}  # fmt: skip
_THROTTLED = {
    "THROTTLING", "RESOURCE_LIMIT_EXCEEDED", "ThrottlingException", "TooManyRequestsException",
    "ExecutionLimitExceeded",
}  # fmt: skip
_UNFIT = {
    "INVALID_JSON", "INVALID_PARAMETER", "InvalidExecutionInput", "ValidationException", "InvalidParameterException",
    "ClientException",
}  # fmt: skip
_TARGETS = {
    "start": "the state machine",
    "alert": "the alerts' topic",
    "ledger": "the ledger's log group",
    "unknown": "the target",
}
_LIMITS = {
    "MaximumEventAgeInSeconds": ", until its deadline had passed",
    "MaximumRetryAttempts": ", until no attempt was left",
}


def in_words(letter: Letter) -> str:
    """Why a letter could not be delivered."""
    return _why(letter) + _LIMITS.get(letter.gave_up, "")


def advice(letter: Letter) -> str:
    """What to do about it."""
    if letter.kind == "unknown":
        return "Nothing of this stack sent it: read it, and discard it."
    if letter.error_code in _PERMISSION:
        return "Let `./longhaul drift` find what has changed, deploy the stack, and retry."
    if letter.error_code in _GONE:
        return "Deploy the stack, so that it is there again, and retry; or discard it."
    if letter.error_code in _THROTTLED:
        return "Retry. If it comes again, move schedules apart, or ask AWS for a higher quota."
    if letter.error_code in _UNFIT:
        return "Mend what AWS names, deploy the stack, and retry; or discard it."
    return "Retry; if it fails again, see AWS's health page."


def _why(letter: Letter) -> str:
    target, code = "ECS" if is_cluster(letter.target_arn) else _TARGETS[letter.kind], letter.error_code
    if code in _PERMISSION:
        found = re.search(r"perform: ([\w-]+:\w+)", letter.error_message)
        return "a permission is missing" + (f": {found[1]}" if found else "")
    if code in _GONE:
        return f"{target} was not there"
    if code in _THROTTLED:
        return f"AWS throttled what was asked of {target}"
    if code in _UNFIT:
        return f"{target} did not take what it was given"
    return f"{target} was not reached" + (f" ({code})" if code else "")
