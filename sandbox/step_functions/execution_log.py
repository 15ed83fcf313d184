"""Execution logging: history events as JSON lines in the CloudWatch log group that the machine names.

https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
"""

from datetime import datetime
from typing import Any

from ministack.services import cloudwatch_logs

from sandbox.step_functions.history import Event, details_key
from sandbox.step_functions.json_text import to_text

# https://docs.aws.amazon.com/step-functions/latest/dg/cloudwatch-log-level.html
_FATAL = frozenset({"ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut"})
_ERROR = _FATAL | {
    "EvaluationFailed",
    "FailStateEntered",
    "LambdaFunctionFailed",
    "LambdaFunctionScheduleFailed",
    "LambdaFunctionStartFailed",
    "LambdaFunctionTimedOut",
    "MapIterationAborted",
    "MapIterationFailed",
    "MapRunAborted",
    "MapRunFailed",
    "MapStateAborted",
    "MapStateFailed",
    "ParallelStateAborted",
    "ParallelStateFailed",
    "TaskFailed",
    "TaskStartFailed",
    "TaskStateAborted",
    "TaskSubmitFailed",
    "TaskTimedOut",
    "WaitStateAborted",
}
_EXECUTION_DATA = ("input", "inputDetails", "output", "outputDetails", "parameters", "assignedVariables")


class ExecutionLog:
    """Writes the events of one execution at the level its machine's loggingConfiguration asks for."""

    def __init__(self, configuration: dict[str, Any], execution_arn: str, started: str, redrive_count: int) -> None:
        self._level = configuration.get("level", "OFF")
        self._with_data = bool(configuration.get("includeExecutionData"))
        self._arn = execution_arn
        self._redrive_count = redrive_count
        self._groups = [
            group_name(destination["cloudWatchLogsLogGroup"]["logGroupArn"])
            for destination in configuration.get("destinations", [])
        ]
        machine, name = execution_arn.split(":")[6:8]
        minute = datetime.fromisoformat(started).strftime("%Y-%m-%d-%H-%M")
        self._stream = f"states/{machine}/{minute}/{name[:8]}"

    def write(self, event: Event) -> None:
        """Log one event, if the level covers its type. A log group that has been deleted loses it, as on AWS."""
        if self._level == "OFF" or not self._covers(event["type"]):
            return
        line = to_text(self._line(event))
        at = int(datetime.fromisoformat(event["timestamp"]).timestamp() * 1000)
        for group in self._groups:
            stream = {"logGroupName": group, "logStreamName": self._stream}
            found = cloudwatch_logs._log_groups.get(group)
            if found is None:
                continue
            if self._stream not in found["streams"]:
                cloudwatch_logs._create_log_stream(stream)
            cloudwatch_logs._put_log_events({**stream, "logEvents": [{"timestamp": at, "message": line}]})

    def _covers(self, event_type: str) -> bool:
        if self._level == "ALL":
            return True
        return event_type in (_FATAL if self._level == "FATAL" else _ERROR)

    def _line(self, event: Event) -> dict[str, Any]:
        details = event.get(details_key(event["type"]) or "", {})
        if not self._with_data:
            details = {name: value for name, value in details.items() if name not in _EXECUTION_DATA}
        return {
            "id": str(event["id"]),
            "type": event["type"],
            "details": details,
            "previous_event_id": str(event["previousEventId"]),
            "event_timestamp": str(int(datetime.fromisoformat(event["timestamp"]).timestamp() * 1000)),
            "execution_arn": self._arn,
            "redrive_count": str(self._redrive_count),
        }


def group_name(log_group_arn: str) -> str:
    """The name in a log group's ARN, which ends in `:*` in a loggingConfiguration."""
    return log_group_arn.partition(":log-group:")[2].removesuffix(":*")
