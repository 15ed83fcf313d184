"""What AWS tells others about executions: status-change events on the default bus, and metrics."""

import json
import logging
from datetime import datetime
from typing import Any

from ministack.services import cloudwatch, eventbridge

_log = logging.getLogger(__name__)

# https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
_METRICS = {
    "RUNNING": "ExecutionsStarted",
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}
_MAX_EVENT_PAYLOAD = 248 * 1024
"""https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html: larger payloads are left out."""


def announce(record: dict[str, Any]) -> None:
    """Publish an execution's present status: its metrics and, best effort as on AWS, its status-change event."""
    dimensions = {"StateMachineArn": record["stateMachineArn"]}
    cloudwatch.record_metric("AWS/States", _METRICS[record["status"]], 1, "Count", dimensions)
    if record["stopDate"]:
        milliseconds = _milliseconds(record["stopDate"]) - _milliseconds(record["startDate"])
        cloudwatch.record_metric("AWS/States", "ExecutionTime", milliseconds, "Milliseconds", dimensions)
    entry = {
        "Source": "aws.states",
        "DetailType": "Step Functions Execution Status Change",
        "Detail": json.dumps(detail(record)),
        "Resources": [record["executionArn"]],
    }
    try:
        eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
    except Exception:
        _log.warning("the status change of %s was not published", record["executionArn"], exc_info=True)


def detail(record: dict[str, Any]) -> dict[str, Any]:
    """The `detail` of a status-change event: DescribeExecution's members, times in epoch milliseconds."""
    redrivable = redrive_reason(record) is None
    return {
        "executionArn": record["executionArn"],
        "stateMachineArn": record["stateMachineArn"],
        "name": record["name"],
        "status": record["status"],
        "startDate": _milliseconds(record["startDate"]),
        "stopDate": _milliseconds(record["stopDate"]) if record["stopDate"] else None,
        **_payload("input", record["input"]),
        **_payload("output", record["output"]),
        "stateMachineVersionArn": record.get("stateMachineVersionArn"),
        "stateMachineAliasArn": record.get("stateMachineAliasArn"),
        "redriveCount": 0,
        "redriveDate": None,
        "redriveStatus": "REDRIVABLE" if redrivable else "NOT_REDRIVABLE",
        "redriveStatusReason": redrive_reason(record),
        "error": record.get("error"),
        "cause": record.get("cause"),
    }


def redrive_reason(record: dict[str, Any]) -> str | None:
    """Why an execution cannot be redriven, in DescribeExecution's words; None where AWS could redrive it."""
    if record["status"] in ("RUNNING", "SUCCEEDED"):
        return f"Execution is {record['status']} and cannot be redriven"
    return None


def _payload(name: str, text: str | None) -> dict[str, Any]:
    if text is None:
        return {name: None, f"{name}Details": None}
    included = len(json.dumps(text)) <= _MAX_EVENT_PAYLOAD
    return {name: text if included else None, f"{name}Details": {"included": included}}


def _milliseconds(stamp: str) -> int:
    return round(datetime.fromisoformat(stamp).timestamp() * 1000)
