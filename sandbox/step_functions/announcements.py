"""What AWS tells others about executions: status-change events on the default bus, and metrics."""

import json
import logging
from typing import Any

from ministack.services import cloudwatch, eventbridge

from sandbox.step_functions import redrive
from sandbox.step_functions.history import epoch

_log = logging.getLogger(__name__)

# https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
_METRICS = {
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}
_MAX_EVENT_PAYLOAD = 248 * 1024
"""https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html: larger payloads are left out."""


def announce(change: dict[str, Any], *, with_event: bool) -> None:
    """Publish a change of status as `detail` tells it: metrics and, best effort as on AWS, an event."""
    dimensions = {"StateMachineArn": change["stateMachineArn"]}
    for metric in _counted(change["status"], is_redriven=change["redriveCount"] > 0):
        cloudwatch.record_metric("AWS/States", metric, 1, "Count", dimensions)
    # AWS gives it for what ended without a redrive.
    if change["stopDate"] is not None and not change["redriveCount"]:
        milliseconds = change["stopDate"] - change["startDate"]
        cloudwatch.record_metric("AWS/States", "ExecutionTime", milliseconds, "Milliseconds", dimensions)
    if not with_event:
        return
    entry = {
        "Source": "aws.states",
        "DetailType": "Step Functions Execution Status Change",
        "Detail": json.dumps(change),
        "Resources": [change["executionArn"]],
    }
    try:
        eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
    except Exception:
        _log.warning("the status change of %s was not published", change["executionArn"], exc_info=True)


def detail(record: dict[str, Any], reason: str | None) -> dict[str, Any]:
    """The `detail` of a status-change event: DescribeExecution's members, times in epoch milliseconds.

    `reason` is what redrive.refusal says of the execution.
    """
    return {
        "executionArn": record["executionArn"],
        "stateMachineArn": record["stateMachineArn"],
        "name": record["name"],
        "status": record["status"],
        "startDate": _milliseconds(record["startDate"]),
        "stopDate": _milliseconds(record["stopDate"]),
        **_payload("input", record["input"]),
        **_payload("output", record["output"]),
        "stateMachineVersionArn": record.get("stateMachineVersionArn"),
        "stateMachineAliasArn": record.get("stateMachineAliasArn"),
        **redrive.members(record, reason),
        "redriveDate": _milliseconds(record["redriveDate"]),
        "error": record.get("error"),
        "cause": record.get("cause"),
    }


def _counted(status: str, *, is_redriven: bool) -> list[str]:
    if status == "RUNNING":
        return ["ExecutionsRedriven" if is_redriven else "ExecutionsStarted"]
    return [_METRICS[status], *([f"Redriven{_METRICS[status]}"] if is_redriven else [])]


def _payload(name: str, text: str | None) -> dict[str, Any]:
    if text is None:
        return {name: None, f"{name}Details": None}
    included = len(json.dumps(text)) <= _MAX_EVENT_PAYLOAD
    return {name: text if included else None, f"{name}Details": {"included": included}}


def _milliseconds(stamp: str | None) -> int | None:
    return None if stamp is None else round(epoch(stamp) * 1000)
