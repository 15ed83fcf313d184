"""What makes the failures of tasks heard that no state machine runs: one rule more, for the same topic."""

import json
from typing import Any

from definitions.alerts import to_topic
from definitions.place import Place

# The paths of an event that a message is written with: what is in all of them, and no item of a list, which the second
# page rules out. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_InputTransformer.html
_PATHS = {
    "run": "$.detail.taskArn",
    "group": "$.detail.group",
    "code": "$.detail.stopCode",
    "reason": "$.detail.stoppedReason",
    "containers": "$.detail.containers",
}


def description(place: Place) -> str:
    """What the rule is for, as its description."""
    return f"Tells of tasks of {place.project} ({place.stack}) that have no state machine and did not do their work"


def target(place: Place, *, topic_arn: str, dead_letter_arn: str) -> dict[str, Any]:
    """The one target of the rule, as PutTargets takes it; with the arguments of `definitions.alerts.target`."""
    return to_topic(_PATHS, _message(place), topic_arn=topic_arn, dead_letter_arn=dead_letter_arn)


def _message(place: Place) -> str:
    """The template of an alert: a JSON object whatever happened, as that of executions is.

    What is put into a string is an ARN, which needs no escapes.
    """
    where = f"--stack {place.stack} --region {place.region}"
    lines = {
        "alert": json.dumps(f"A run of {place.project} ({place.stack}) did not do its work"),
        "job": "<group>",
        "stack": json.dumps(place.stack),
        "error": "<code>",
        "to look": json.dumps(f"./longhaul show <run> {where}"),
        "to rerun": json.dumps(f"./longhaul rerun <run> {where}"),
        "what happened": "<reason>",
        # With exit codes and reasons. Last, because the rest of it is for programs.
        "containers": "<containers>",
    }
    return "{\n" + ",\n".join(f"  {json.dumps(key)}: {value}" for key, value in lines.items()) + "\n}"
