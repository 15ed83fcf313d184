"""The events that tell of the stack's runs, as a rule asks for them."""

from typing import Any

from definitions.place import Place


def status_changes(place: Place, **of_detail: Any) -> dict[str, Any]:
    """Matches changes of status of runs on the stack's machines, present and future.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html

    Args:
        place: the stack.
        of_detail: what else the event's `detail` must hold.
    """
    return {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {
            "stateMachineArn": [{"prefix": place.arn("states", f"stateMachine:{place.prefix}")}],
            **of_detail,
        },
    }
