"""Continues an execution that did not succeed, where it stands.

https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from ops.aws import Aws
from ops.course import Course, read_course, remembered_children
from ops.step_states import FAILED, step_state
from ops.task_changes import is_task


@dataclass(frozen=True, kw_only=True)
class Redrivable:
    """Whether an execution can be continued.

    Attributes:
        status: its status; "" of a task without a state machine, which is not asked for it, and where it is not known.
        redrives: how often it has been.
        why_not: a sentence without a full stop; None where it can be.
        again_from: of a job with steps, the step from which it can be run again where it cannot be continued.
        goes_on_with: of a job with steps, those that are continued.
    """

    status: str
    redrives: int
    why_not: str | None
    again_from: str | None = None
    goes_on_with: tuple[str, ...] = ()


def redrivable(aws: Aws, execution_arn: str) -> Redrivable:
    """Ask Step Functions whether an execution can be redriven, and tell whether that would come to anything.

    A run that failed under a name of the state machine itself (`Job.ExitedNonZero`, ...) ended in a Fail state. That is
    the state that a redrive enters again, and it fails again. So does a step whose tasks came to such an end, whatever
    the error of the run. What had succeeded is not repeated. The lock of a job that does not overlap may be another
    run's by now: a step by itself asks for it again, and what runs beside others fails.
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
    """
    if is_task(execution_arn):
        why_not = "no state machine ran it, and so there is nothing that could go on where it stood"
        return Redrivable(status="", redrives=0, why_not=why_not)
    states = aws("stepfunctions")
    try:
        told = states.describe_execution(executionArn=execution_arn)
    except states.exceptions.ExecutionDoesNotExist:
        return Redrivable(status="", redrives=0, why_not="Step Functions does not know it, or knows it no more")
    status, error = told["status"], told.get("error", "")
    redrives = told.get("redriveCount", 0)
    if told.get("redriveStatus") != "REDRIVABLE":
        why_not = told.get("redriveStatusReason") or "Step Functions does not redrive it"
        return Redrivable(status=status, redrives=redrives, why_not=why_not)
    course = read_course(aws, execution_arn, remembered_children(most=0))
    outermost = [step for step in course.steps if step.within is None]
    failed = next((step for step in outermost if step.status == "FAILED"), None)
    stopped = [step for step in outermost if step.status in ("FAILED", "ABORTED")]
    several = next((step for step in stopped if step.items or course.has_inside(step.name)), None)
    why_not = None
    if status == "FAILED" and error.startswith("Job."):
        why_not = f"it has come to its end, {error}, and would only fail there again"
    elif status == "FAILED" and failed is not None and (not failed.runs or _is_at_its_end(course)):
        why_not = f"its step {failed.name} has come to its end, and would only fail there again"
    elif course.took_lock and several is not None:
        failed = several
        why_not = f"its step {several.name} has several tasks at once, which cannot ask for the job's lock again"
    return Redrivable(
        status=status,
        redrives=redrives,
        why_not=why_not,
        again_from=failed.name if why_not and failed else None,
        goes_on_with=() if why_not else tuple(step.name for step in stopped),
    )


def redrive(aws: Aws, execution_arn: str) -> None:
    """Continue an execution. Raises botocore's errors, as ExecutionNotRedrivable."""
    # With the token, the SDK's second try of a call whose answer got lost is not another redrive.
    aws("stepfunctions").redrive_execution(executionArn=execution_arn, clientToken=str(uuid.uuid4()))


def _is_at_its_end(course: Course) -> bool:
    """Whether the last that a run has entered is a Fail state."""
    state = course.last_state or ""
    found = step_state(state)
    return state == FAILED or (found is not None and found.kind == "failed")
