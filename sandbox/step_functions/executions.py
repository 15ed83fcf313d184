"""The API's calls about executions: start, stop, redrive, describe, list, and task tokens."""

import json
import threading
from typing import Any

from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import stepfunctions

from sandbox.step_functions import machines, past, redrive
from sandbox.step_functions.answers import Answer, ApiError, answer, check_arn, check_member, check_name
from sandbox.step_functions.definition import jackson
from sandbox.step_functions.engine import Engine
from sandbox.step_functions.history import timestamp
from sandbox.step_functions.json_text import MAX_PAYLOAD_BYTES
from sandbox.step_functions.map_run import api as map_runs
from sandbox.step_functions.position import Position
from sandbox.step_functions.task_token import TaskToken

_PAGE, _ALL = 1000, 10**9
_REDRIVE_FILTERS = ("REDRIVEN", "NOT_REDRIVEN")
# In the order in which AWS lists them.
STATUSES = ("SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING")


class Executions:
    """Answers the calls about executions from MiniStack's records and the engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # Held from the look for an execution of the same name, or at the one to redrive, to the change of its record.
        self._starting = threading.Lock()

    def start(self, data: dict[str, Any]) -> Answer:
        """StartExecution. https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html"""
        requested = check_arn(data.get("stateMachineArn"), "stateMachine")
        machine = machines.snapshot(requested)
        if self._engine.is_being_deleted(machine.arn):
            raise ApiError("StateMachineDeleting", f"State Machine is being deleted: '{machine.arn}'")
        name = check_name(data["name"]) if data.get("name") is not None else new_uuid()
        text = _checked_input(data.get("input", "{}"))
        arn = f"arn:aws:states:{get_region()}:{get_account_id()}:execution:{machine.name}:{name}"
        with self._starting:
            if (existing := stepfunctions._executions.get(arn)) is not None:
                if existing["status"] == "RUNNING" and existing["input"] == text:
                    return answer({"executionArn": arn, "startDate": existing["startDate"]})
                raise ApiError("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
            record = {
                "executionArn": arn,
                "stateMachineArn": machine.arn,
                "name": name,
                "status": "RUNNING",
                "startDate": timestamp(self._engine.clock.now()),
                "stopDate": None,
                "input": text,
                "output": None,
                "error": None,
                "cause": None,
                "events": [],
                "machine": machine,
                "position": Position(machine.definition["StartAt"], json.loads(text), {}),
                **redrive.NEVER,
                **machines.qualifiers(requested),
            }
            stepfunctions._executions[arn] = record
        self._engine.start(record)
        return answer({"executionArn": arn, "startDate": record["startDate"]})

    def stop(self, data: dict[str, Any]) -> Answer:
        """StopExecution; an execution that has ended is left as it is."""
        record = _record(data)
        execution = self._engine.running(record["executionArn"])
        if execution is not None:
            execution.abort(data.get("error"), data.get("cause"))
        return answer({"stopDate": record["stopDate"]})

    def redrive(self, data: dict[str, Any]) -> Answer:
        """RedriveExecution. https://docs.aws.amazon.com/step-functions/latest/apireference/API_RedriveExecution.html"""
        token = redrive.checked_token(data.get("clientToken"))
        record = _record(data)
        if record.get("mapRunArn") is not None:
            message = "It was started by a Map Run, which is redriven with the execution that started it"
            raise ApiError(
                "ExecutionNotRedrivable", f"Execution {record['executionArn']} invalid for redrive: {message}"
            )
        with self._starting:
            now = self._engine.clock.now()
            date = redrive.date_of(record, token, now)
            if date is None:
                if (reason := self._engine.redrive_refusal(record)) is not None:
                    message = f"Execution {record['executionArn']} invalid for redrive as: {reason}"
                    raise ApiError("ExecutionNotRedrivable", message)
                date = redrive.begin(record, token, now)
                self._engine.start(record)
        return answer({"redriveDate": date})

    def describe(self, data: dict[str, Any]) -> Answer:
        """DescribeExecution."""
        record = past.as_of(_record(data, "execution", "express"), self._engine.stale_reads.as_of())
        if record is None:
            raise _missing(data["executionArn"])
        check_member(data.get("includedData"), "includedData", ("ALL_DATA", "METADATA_ONLY"))
        included = data.get("includedData") != "METADATA_ONLY"
        has_output = record["output"] is not None
        return answer(
            {
                **{
                    name: record.get(name)
                    for name in (
                        "executionArn",
                        "stateMachineArn",
                        "stateMachineVersionArn",
                        "stateMachineAliasArn",
                        "mapRunArn",
                        "name",
                        "status",
                        "startDate",
                        "stopDate",
                        "error",
                        "cause",
                    )
                },
                "input": record["input"] if included else None,
                "inputDetails": {"included": included},
                "output": record["output"] if included else None,
                "outputDetails": {"included": included} if has_output else None,
                **redrive.members(record, self._engine.redrive_refusal(record)),
            }
        )

    def list(self, data: dict[str, Any]) -> Answer:
        """ListExecutions, from MiniStack's list once the request is sound."""
        check_member(data.get("statusFilter"), "statusFilter", STATUSES)
        check_member(data.get("redriveFilter"), "redriveFilter", _REDRIVE_FILTERS)
        if data.get("mapRunArn") is not None:
            arn = check_arn(data["mapRunArn"], "mapRun")
            if arn not in stepfunctions._map_runs:
                raise map_runs.missing(arn)
        else:
            arn = check_arn(data.get("stateMachineArn"), "stateMachine")
            if data.get("redriveFilter") is not None:
                raise ApiError(
                    "ValidationException",
                    "RedriveFilter cannot be applied to ListExecutions call with StateMachine ARN",
                )
            if stepfunctions._resolve_state_machine_arn(arn) is None:
                raise machines.missing(arn)
        status, headers, body = _list(data if data.get("redriveFilter") is None else {**data, "maxResults": _ALL})
        if status != 200:
            return status, headers, body
        found = json.loads(body)
        if data.get("redriveFilter") is not None:
            found = _filtered(found["executions"], data)
        for item in found["executions"]:
            record = stepfunctions._executions[item["executionArn"]]
            item["redriveCount"] = record["redriveCount"]
            if record["redriveDate"] is not None:
                item["redriveDate"] = record["redriveDate"]
            if "itemCount" in record:
                item["itemCount"] = record["itemCount"]
        return answer(found)

    def history(self, data: dict[str, Any]) -> Answer:
        """GetExecutionHistory, from MiniStack's paging once the execution is found."""
        _record(data)
        return _history(data)

    def describe_machine(self, data: dict[str, Any]) -> Answer:
        """DescribeStateMachineForExecution: the machine as it was when the execution started."""
        record = _record(data)
        return machines.describe_snapshot(record["machine"], record.get("mapRunArn"))

    def send_success(self, data: dict[str, Any]) -> Answer:
        """SendTaskSuccess."""
        token = self._token(data)
        output = data.get("output", "")
        try:
            jackson.loads(output)
        except ValueError:
            raise ApiError("InvalidOutput", f"Invalid Output: '{jackson.describe(output)}'") from None
        token.succeed(output)
        return answer({})

    def send_failure(self, data: dict[str, Any]) -> Answer:
        """SendTaskFailure."""
        self._token(data).fail(data.get("error"), data.get("cause"))
        return answer({})

    def send_heartbeat(self, data: dict[str, Any]) -> Answer:
        """SendTaskHeartbeat."""
        self._token(data).heartbeat(self._engine.clock.now())
        return answer({})

    def _token(self, data: dict[str, Any]) -> TaskToken:
        token = self._engine.tokens.get(data.get("taskToken", ""))
        if token is None:
            raise ApiError("InvalidToken", "Invalid Token: 'Invalid token'")
        return token


# MiniStack's own, before the API's names are given to the engine.
_list = stepfunctions._list_executions
_history = stepfunctions._get_execution_history


def _filtered(items: list[dict[str, Any]], data: dict[str, Any]) -> dict[str, Any]:
    """The page of those that the redriveFilter lets through, which MiniStack does not know."""
    wanted = data["redriveFilter"] == "REDRIVEN"
    left = [each for each in items if (stepfunctions._executions[each["executionArn"]]["redriveCount"] > 0) == wanted]
    limit = int(data.get("maxResults") or _PAGE)
    token = {"nextToken": stepfunctions._encode_execution_token(left[limit - 1])} if len(left) > limit else {}
    return {"executions": left[:limit], **token}


def _record(data: dict[str, Any], *kinds: str) -> dict[str, Any]:
    arn = check_arn(data.get("executionArn"), *(kinds or ("execution",)))
    record = stepfunctions._executions.get(arn)
    if record is None:
        raise _missing(arn)
    return record


def _missing(arn: str) -> ApiError:
    return ApiError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")


def _checked_input(text: Any) -> str:
    if not isinstance(text, str) or len(text.encode()) > MAX_PAYLOAD_BYTES:
        raise ApiError(
            "ValidationException",
            "1 validation error detected: Value at 'input' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MAX_PAYLOAD_BYTES}",
        )
    try:
        jackson.loads(text)
    except ValueError:
        raise ApiError(
            "InvalidExecutionInput", f"Invalid State Machine Execution Input: '{jackson.describe(text)}'"
        ) from None
    return text
