"""Puts the engine in the place of MiniStack's: the one list of MiniStack's names that are replaced."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from ministack.services import stepfunctions

from sandbox.local_aws import LocalAws
from sandbox.step_functions import repairs
from sandbox.step_functions.answers import Answer, ApiError, error_answer
from sandbox.step_functions.definitions_api import StateMachines
from sandbox.step_functions.engine import Engine
from sandbox.step_functions.executions import Executions
from sandbox.step_functions.map_run.api import MapRuns

Handler = Callable[[dict[str, Any]], Answer]

_handle_request = stepfunctions.handle_request


def install(aws: LocalAws) -> Engine:
    """Run the state machines of a started sandbox by an engine of its own; a second call replaces the first."""
    engine = Engine(aws)
    machines, executions, map_runs = StateMachines(engine), Executions(engine), MapRuns(engine)
    replaced: dict[str, Handler] = {
        "_create_state_machine": machines.create,
        "_update_state_machine": machines.update,
        "_describe_state_machine": machines.describe,
        "_delete_state_machine": machines.delete,
        "_validate_state_machine_definition": machines.validate,
        "_describe_state_machine_for_execution": executions.describe_machine,
        "_start_execution": executions.start,
        "_stop_execution": executions.stop,
        "_describe_execution": executions.describe,
        "_list_executions": executions.list,
        "_get_execution_history": executions.history,
        "_describe_map_run": map_runs.describe,
        "_list_map_runs": map_runs.list,
        "_update_map_run": map_runs.update,
        "_send_task_success": executions.send_success,
        "_send_task_failure": executions.send_failure,
        "_send_task_heartbeat": executions.send_heartbeat,
        "_start_sync_execution": _refusing(
            "StateMachineTypeNotSupported", "This operation is not supported by this type of state machine"
        ),
        "_test_state": _refusing("ValidationException", "The sandbox does not run single states (TestState)"),
        "_create_activity": _refusing("ValidationException", "The sandbox does not run activities"),
    }
    for name, handler in replaced.items():
        setattr(stepfunctions, name, _answering(handler))
    stepfunctions.handle_request = _with_redrive(_answering(executions.redrive))
    for repair in repairs.ALL:
        repair()
    return engine


def _with_redrive(redrive: Handler) -> Callable[..., Awaitable[Answer]]:
    """MiniStack's answers to requests, and that to RedriveExecution, which it has no handler for."""

    async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Answer:
        if headers.get("x-amz-target", "").endswith(".RedriveExecution"):
            return stepfunctions._finalize_response(redrive(json.loads(body)))
        return await _handle_request(method, path, headers, body, query)

    return handle


def _answering(handler: Handler) -> Handler:
    def answering(data: dict[str, Any]) -> Answer:
        try:
            return handler(data)
        except ApiError as error:
            return error_answer(error)

    return answering


def _refusing(code: str, message: str) -> Handler:
    def refuse(_data: dict[str, Any]) -> Answer:
        raise ApiError(code, message)

    return refuse
