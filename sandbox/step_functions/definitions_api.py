"""The API's calls about state machines: create, update, describe, delete, validate."""

import json
from typing import Any

from ministack.services import cloudwatch_logs, stepfunctions

from sandbox.step_functions import machines
from sandbox.step_functions.answers import Answer, ApiError, answer, check_arn, check_member, check_name
from sandbox.step_functions.definition import jackson, unsupported, validate
from sandbox.step_functions.engine import Engine
from sandbox.step_functions.execution_log import group_name
from sandbox.step_functions.permissions import check_role

_MAX_DEFINITION = 1_048_576
_MAX_DIAGNOSTICS = 100

# MiniStack's own, before the API's names are given to the engine.
_create = stepfunctions._create_state_machine
_update = stepfunctions._update_state_machine
_describe = stepfunctions._describe_state_machine


class StateMachines:
    """Answers the calls about state machines: the checks are AWS's, the records MiniStack's."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(self, data: dict[str, Any]) -> Answer:
        """CreateStateMachine.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
        """
        name = check_name(data.get("name"))
        check_member(data.get("type"), "type", ("STANDARD", "EXPRESS"))
        role_arn = _checked_role_arn(data.get("roleArn"))
        definition = _checked_definition(data.get("definition"), data.get("type", "STANDARD"))
        logging = _checked_logging(data.get("loggingConfiguration"))
        tracing = {**machines.DEFAULT_TRACING, **(data.get("tracingConfiguration") or {})}
        arn = f"arn:aws:states:{stepfunctions.get_region()}:{stepfunctions.get_account_id()}:stateMachine:{name}"
        existing = stepfunctions._state_machines.get(arn)
        if existing is not None:
            if self._engine.is_being_deleted(arn):
                raise ApiError("StateMachineDeleting", f"State Machine is being deleted: '{arn}'")
            if (existing["definition"], existing["loggingConfiguration"], existing["tracingConfiguration"]) != (
                definition,
                logging,
                tracing,
            ):
                raise ApiError("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")
        else:
            check_role(self._engine.identity, role_arn, arn, json.loads(definition), logging)
        status, headers, body = _create({**data, "loggingConfiguration": logging})
        if status == 200 and existing is None:
            record = stepfunctions._state_machines[arn]
            record["tracingConfiguration"] = tracing
            record["isUpdated"] = bool(data.get("publish"))
        return status, headers, body

    def update(self, data: dict[str, Any]) -> Answer:
        """UpdateStateMachine."""
        arn = check_arn(data.get("stateMachineArn"), "stateMachine")
        record = _record(arn)
        changes = ("definition", "roleArn", "loggingConfiguration", "tracingConfiguration")
        if not any(data.get(name) is not None for name in changes):
            raise ApiError(
                "MissingRequiredParameter",
                "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration "
                "must be specified",
            )
        definition = record["definition"]
        if data.get("definition") is not None:
            definition = _checked_definition(data["definition"], record["type"])
        role_arn = _checked_role_arn(data.get("roleArn", record["roleArn"]))
        logging = record["loggingConfiguration"]
        if data.get("loggingConfiguration") is not None:
            logging = _checked_logging(data["loggingConfiguration"])
        check_role(self._engine.identity, role_arn, arn, json.loads(definition), logging)
        # AWS gives a new revision only to another definition or role.
        is_same = (definition, role_arn) == (record["definition"], record["roleArn"])
        revision = record["revisionId"]
        status, headers, body = _update({**data, "loggingConfiguration": logging})
        if status != 200:
            return status, headers, body
        changed = json.loads(body)
        if is_same:
            record["revisionId"] = revision
        if data.get("tracingConfiguration") is not None:
            record["tracingConfiguration"] = {**machines.DEFAULT_TRACING, **data["tracingConfiguration"]}
        record["updateDate"] = changed["updateDate"]
        record["isUpdated"] = True
        return answer({**changed, "revisionId": record["revisionId"]})

    def describe(self, data: dict[str, Any]) -> Answer:
        """DescribeStateMachine."""
        arn = check_arn(data.get("stateMachineArn"), "stateMachine")
        status, _, body = _describe(data)
        if status != 200:
            raise machines.missing(arn)
        described = json.loads(body)
        described.pop("updateDate", None)
        described.setdefault("tracingConfiguration", machines.DEFAULT_TRACING)
        if not described.pop("isUpdated", True):
            described.pop("revisionId")
        if self._engine.is_being_deleted(arn):
            described["status"] = "DELETING"
        return answer({**described, "variableReferences": machines.variable_references(described["definition"])})

    def delete(self, data: dict[str, Any]) -> Answer:
        """DeleteStateMachine: at once, or when the executions that run have ended at their next transition."""
        arn = check_arn(data.get("stateMachineArn"), "stateMachine")
        if arn in stepfunctions._state_machines and not self._engine.begin_deleting(arn):
            machines.forget(arn)
        return answer({})

    def validate(self, data: dict[str, Any]) -> Answer:
        """ValidateStateMachineDefinition: AWS's checks alone."""
        check_member(data.get("type"), "type", ("STANDARD", "EXPRESS"))
        check_member(data.get("severity"), "severity", ("ERROR", "WARNING"))
        limit = data.get("maxResults") or _MAX_DIAGNOSTICS
        found = validate(data.get("definition", ""), data.get("type", "STANDARD"))
        diagnostics = [
            {
                "severity": "ERROR",
                "code": item.code,
                "message": item.message,
                **({} if item.location is None else {"location": item.location}),
            }
            for item in found
        ]
        return answer(
            {
                "result": "FAIL" if found else "OK",
                "diagnostics": diagnostics[:limit],
                "truncated": len(diagnostics) > limit,
            }
        )


def _record(arn: str) -> dict[str, Any]:
    record = stepfunctions._state_machines.get(arn)
    if record is None:
        raise machines.missing(arn)
    return record


def _checked_definition(text: Any, machine_type: str) -> str:
    if not isinstance(text, str) or len(text.encode()) > _MAX_DEFINITION:
        raise ApiError(
            "ValidationException",
            "1 validation error detected: Value at 'definition' failed to satisfy constraint: "
            f"Member must have length less than or equal to {_MAX_DEFINITION}",
        )
    if found := validate(text, machine_type):
        problems = ", ".join(str(item) for item in found)
        raise ApiError("InvalidDefinition", f"Invalid State Machine Definition: '{problems}'")
    if machine_type == "EXPRESS":
        raise ApiError("StateMachineTypeNotSupported", "The sandbox does not run Express state machines")
    if (problem := unsupported(jackson.loads(text))) is not None:
        raise ApiError("InvalidDefinition", f"Invalid State Machine Definition: '{problem}'")
    return text


def _checked_role_arn(arn: Any) -> str:
    if not isinstance(arn, str) or len(arn.split(":")) != 6 or ":role/" not in arn or not arn.startswith("arn:"):
        raise ApiError("InvalidArn", f"Invalid Role Arn: '{arn}'")
    return arn


def _checked_logging(configuration: dict[str, Any] | None) -> dict[str, Any]:
    logging = {"level": "OFF", "includeExecutionData": False, **(configuration or {})}
    check_member(logging["level"], "loggingConfiguration.level", ("ALL", "ERROR", "FATAL", "OFF"))
    destinations = logging.get("destinations") or []
    if len(destinations) > 1 or (logging["level"] != "OFF" and not destinations):
        raise _invalid_logging("Must specify exactly one Log Destination.")
    for destination in destinations:
        arn = destination.get("cloudWatchLogsLogGroup", {}).get("logGroupArn", "")
        if not arn.endswith(":*") or group_name(arn) not in cloudwatch_logs._log_groups:
            raise _invalid_logging("Log Destination not found.")
    return logging


def _invalid_logging(problem: str) -> ApiError:
    return ApiError("InvalidLoggingConfiguration", f"Invalid Logging Configuration: {problem}")
