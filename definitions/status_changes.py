"""The events that tell of the stack's runs, as a rule asks for them."""

from typing import Any

from definitions.overlap import REPLACED
from definitions.place import Place

FAILED_STATUSES = ("FAILED", "TIMED_OUT", "ABORTED")
"""Those of an execution that did not do its work."""

# A run that gave way to a newer one is as its job wants it. `anything-but` alone does not match an event without the
# key: an execution that was stopped by hand.
NOT_REPLACED = [{"error": [{"anything-but": [REPLACED]}, None]}, {"error": [{"exists": False}]}]
"""The `$or` of a pattern's `detail` that leaves out what a newer run replaced."""


NO_ITEM = {"executionArn": [{"anything-but": {"wildcard": "*/*"}}]}
"""What a pattern's `detail` holds that leaves out the executions of a map run's items: theirs are called
`<machine>/<step>:<name>`."""


def status_changes(place: Place, **of_detail: Any) -> dict[str, Any]:
    """Matches changes of status of runs on the stack's machines, present and future.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html

    Args:
        place: the stack.
        of_detail: what else the event's `detail` must hold.
    """
    every = {"prefix": place.arn("states", f"stateMachine:{place.prefix}")}
    return _of_machines(every, of_detail)


def status_changes_of(job_name: str, place: Place, **of_detail: Any) -> dict[str, Any]:
    """Matches changes of status of one job's runs, with the arguments of `status_changes`."""
    return _of_machines(place.state_machine_arn(job_name), of_detail)


def _of_machines(machines: str | dict[str, str], of_detail: dict[str, Any]) -> dict[str, Any]:
    return {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"stateMachineArn": [machines], **of_detail},
    }
