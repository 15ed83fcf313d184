"""Continues an execution that did not succeed, where it stands.

https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from ops.aws import Aws


@dataclass(frozen=True, kw_only=True)
class Redrivable:
    """Whether an execution can be continued.

    Attributes:
        status: its status.
        redrives: how often it has been.
        why_not: a sentence without a full stop; None where it can be.
    """

    status: str
    redrives: int
    why_not: str | None


def redrivable(aws: Aws, execution_arn: str) -> Redrivable:
    """Ask Step Functions whether an execution can be redriven, and tell whether that would come to anything.

    A run that failed under a name of the state machine itself (`Job.ExitedNonZero`, ...) ended in a Fail state. That is
    the state that a redrive enters again, and it fails again.
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
    """
    told = aws("stepfunctions").describe_execution(executionArn=execution_arn)
    error = told.get("error", "")
    why_not = None
    if told.get("redriveStatus") != "REDRIVABLE":
        why_not = told.get("redriveStatusReason") or "Step Functions does not redrive it"
    elif told["status"] == "FAILED" and error.startswith("Job."):
        why_not = f"it has come to its end, {error}, and would only fail there again"
    return Redrivable(status=told["status"], redrives=told.get("redriveCount", 0), why_not=why_not)


def redrive(aws: Aws, execution_arn: str) -> None:
    """Continue an execution. Raises botocore's errors, as ExecutionNotRedrivable."""
    # With the token, the SDK's second try of a call whose answer got lost is not another redrive.
    aws("stepfunctions").redrive_execution(executionArn=execution_arn, clientToken=str(uuid.uuid4()))
