"""Lambda's API about functions of container images and of archives with a wrapper script, in the place of MiniStack's.

Wrong as shipped: any request is accepted, the image is not looked at and the wrapper script not run, a version has its
function's ARN and is published although nothing has changed, its number is used again once the function is deleted, and
to run an image takes Docker.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from ministack import app
from ministack.core.responses import error_response_json, json_response, new_uuid
from ministack.services import lambda_svc

from sandbox import permissions
from sandbox.functions import code, refusals
from sandbox.functions.failure import RefusedError
from sandbox.functions.function import WRAPPER, Function
from sandbox.functions.invocation import invoke
from sandbox.quotas import LAMBDA_CONCURRENCY

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws

Answer = tuple[int, dict[str, str], bytes]

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MAX_EVENT_BYTES = 6 * 1024 * 1024
# What makes a version another one than the last.
_OF_A_VERSION = (
    "Architectures", "CodeSha256", "DeadLetterConfig", "Description", "Environment", "EphemeralStorage", "Handler",
    "ImageConfigResponse", "KMSKeyArn", "LoggingConfig", "MemorySize", "Role", "Runtime", "Timeout", "TracingConfig",
    "VpcConfig",
)  # fmt: skip
_READY = {
    "State": "Active",
    "StateReason": "",
    "StateReasonCode": "",
    "LastUpdateStatus": "Successful",
    "LastUpdateStatusReason": "",
    "LastUpdateStatusReasonCode": "",
}

_create = lambda_svc._create_function
_update_code = lambda_svc._update_code
_update_config = lambda_svc._update_config
_publish = lambda_svc._publish_version
_get = lambda_svc._get_function
_delete = lambda_svc._delete_function
_invoke = lambda_svc._invoke
_dispatch = lambda_svc._execute_function_dispatch
_acquire = lambda_svc._acquire_execution_slot
_throttle = lambda_svc._throttle_response
_handle = lambda_svc.handle_request


def install(aws: LocalAws) -> None:
    """Put all of it in place; again does no harm."""
    api = _Api(aws)
    lambda_svc._create_function = _answered(api.create)
    lambda_svc._update_code = _answered(api.update_code)
    lambda_svc._update_config = _answered(api.update_configuration)
    lambda_svc._publish_version = api.publish
    lambda_svc._get_function = _get_function
    lambda_svc._delete_function = api.delete
    lambda_svc._invoke = api.invoke
    lambda_svc._execute_function_dispatch = api.execute
    lambda_svc._acquire_execution_slot = api.acquire
    lambda_svc._throttle_response = _throttled
    handlers: dict[str, Any] = app.SERVICE_HANDLERS
    handlers["lambda"] = _checked


class _Api:
    def __init__(self, aws: LocalAws) -> None:
        self._aws = aws
        self._unanswered: set[asyncio.Task[None]] = set()
        # Of functions that are gone, by their ARN: no number is used again.
        self._next_versions: dict[str, int] = {}

    def create(self, request: dict[str, Any]) -> Answer:
        """CreateFunction."""
        if request.get("Role"):
            refusals.check_role(self._aws, request["Role"])
        source = request.get("Code") or {}
        code.check(request, source, is_new=True)
        if not code.is_here(request):
            return _create(request)
        refusals.check(self._aws, request)
        name, arn = request["FunctionName"], lambda_svc._func_arn(request["FunctionName"])
        taken = code.taken(self._aws, request, source, arn)
        asked = {field: value for field, value in request.items() if field != "Publish"}
        asked["LoggingConfig"] = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"} | (
            request.get("LoggingConfig") or {}
        )
        status, headers, body = _create(asked)
        if status != 201:
            return status, headers, body
        function = lambda_svc._functions[name]
        function["next_version"] = self._next_versions.get(arn, 1)
        config = function["config"]
        config.update(taken)
        pending = dict(config)
        config.update(_READY)
        version = self._published(name, "")["Version"] if request.get("Publish") else "$LATEST"
        # AWS answers before it is Active, which it is when it is looked at next.
        return json_response({**pending, "Version": version}, 201)

    def update_code(self, name: str, request: dict[str, Any]) -> Answer:
        """UpdateFunctionCode."""
        function = lambda_svc._functions.get(name)
        if function is None:
            return _update_code(name, request)
        config = dict(function["config"])
        config["Architectures"] = request.get("Architectures", config["Architectures"])
        code.check(config, request, is_new=False)
        if not code.is_here(config):
            return _update_code(name, request)
        # It stays in its network, whatever its role may do by now.
        refusals.check(self._aws, {**config, "VpcConfig": {}})
        taken = code.taken(self._aws, config, request, lambda_svc._func_arn(name))
        asked = {field: value for field, value in request.items() if field != "Publish"}
        return self._updated(name, _update_code(name, asked), taken, publish=bool(request.get("Publish")))

    def update_configuration(self, name: str, request: dict[str, Any]) -> Answer:
        """UpdateFunctionConfiguration."""
        if request.get("Role"):
            refusals.check_role(self._aws, request["Role"])
        function = lambda_svc._functions.get(name)
        if function is None:
            return _update_config(name, request)
        config = function["config"]
        changed = {**config, **request}
        if code.is_here(config) != code.is_here(changed):
            message = f"The sandbox has {WRAPPER} from the beginning or not at all."
            raise RefusedError("InvalidParameterValueException", message, 400)
        if not code.is_here(config):
            return _update_config(name, request)
        refusals.check(self._aws, changed)
        if "LoggingConfig" in request:
            request = {**request, "LoggingConfig": {**config["LoggingConfig"], **request["LoggingConfig"]}}
        return self._updated(name, _update_config(name, request), {}, publish=False)

    def publish(self, name: str, request: dict[str, Any]) -> Answer:
        """PublishVersion."""
        function = lambda_svc._functions.get(name)
        if function is None or not code.is_here(function["config"]):
            return _publish(name, request)
        return json_response(self._published(name, request.get("Description", "")), 201)

    def delete(self, name: str, query: dict[str, Any], qualifier: str | None = None) -> Answer:
        """DeleteFunction."""
        function, arn = lambda_svc._functions.get(name), lambda_svc._func_arn(name)
        answer = _delete(name, query, qualifier)
        if answer[0] == 204:
            version = lambda_svc._qualifier_from_path_or_query(qualifier, query)
            self._aws.functions.forget(arn, None if version == "$LATEST" else version)
        if function is not None and name not in lambda_svc._functions:
            self._next_versions[arn] = function["next_version"]
        return answer

    async def invoke(
        self,
        name: str,
        event: Any,
        headers: dict[str, Any],
        qualifier: str | None = None,
        query: dict[str, Any] | None = None,
    ) -> Answer:
        """Invoke, unless a fault is in its way."""
        fault = self._aws.faults.invoke(name) if name in lambda_svc._functions else None
        if fault is not None:
            if fault.runs_on:
                self._run_beside(lambda: _invoke(name, event, headers, qualifier, query))
            body = {"__type": fault.error_code, "message": fault.message} | (
                {"Reason": fault.reason} if fault.reason else {}
            )
            return fault.status, {"Content-Type": "application/json"}, json.dumps(body).encode()
        try:
            return await _invoke(name, event, headers, qualifier, query)
        except RefusedError as refused:
            return error_response_json(refused.code, str(refused), refused.status)

    def _run_beside(self, invocation: Callable[[], Coroutine[Any, Any, Answer]]) -> None:
        """Let an invocation go on of which nobody waits for the answer."""
        # Taken here, so that the clock does not jump before the function runs.
        work = self._aws.clock.working()

        async def run() -> None:
            try:
                with contextlib.suppress(RefusedError):
                    await invocation()
            finally:
                work.release()

        task = asyncio.get_running_loop().create_task(run())
        self._unanswered.add(task)
        task.add_done_callback(self._unanswered.discard)

    def execute(
        self, function: dict[str, Any], config: dict[str, Any], event: Any, request_id: str, started: float
    ) -> dict[str, Any]:
        """One invocation that has its place among those that run at once."""
        if not code.is_here(config):
            return _dispatch(function, config, event, request_id, started)
        outcome = invoke(self._aws, Function(config, function.get("code_zip")), event, request_id)
        return {"body": outcome.payload, "error": outcome.is_error, "log": outcome.log_tail}

    def acquire(self, function: dict[str, Any], config: dict[str, Any]) -> Any:
        """A place among the invocations that run at once. As shipped there are as many as this machine has memory."""
        lambda_svc._ACCOUNT_CONCURRENCY_CAP = int(
            self._aws.quotas.value(LAMBDA_CONCURRENCY) or LAMBDA_CONCURRENCY.default
        )
        return _acquire(function, config)

    def _updated(self, name: str, answer: Answer, changed: Mapping[str, Any], *, publish: bool) -> Answer:
        if answer[0] != 200:
            return answer
        config = lambda_svc._functions[name]["config"]
        config.update(changed)
        under_way = {**config, "State": "Active", "StateReason": "", "StateReasonCode": ""}
        config.update(_READY)
        self._aws.functions.forget(lambda_svc._func_arn(name), "$LATEST")
        version = self._published(name, "")["Version"] if publish else "$LATEST"
        return json_response({**under_way, "Version": version})

    def _published(self, name: str, description: str) -> dict[str, Any]:
        """The configuration of a new version; of the last one where nothing has changed since.

        https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html
        """
        function = lambda_svc._functions[name]
        config = {**copy.deepcopy(function["config"]), **({"Description": description} if description else {})}
        versions = function["versions"]
        last = versions[max(versions, key=int)]["config"] if versions else {}
        if last and all(last.get(field) == config.get(field) for field in _OF_A_VERSION):
            return last
        number = str(function["next_version"])
        function["next_version"] += 1
        config.update(Version=number, FunctionArn=f"{lambda_svc._func_arn(name)}:{number}", RevisionId=new_uuid())
        versions[number] = {"config": config, "code_zip": function["code_zip"]}
        return config


def _get_function(name: str, qualifier: str | None = None) -> Answer:
    """GetFunction, with the image by its digest."""
    status, headers, body = _get(name, qualifier)
    told = json.loads(body)
    if status != 200 or not code.is_image(told["Configuration"]):
        return status, headers, body
    told["Code"]["ResolvedImageUri"] = told["Configuration"]["ResolvedImageUri"]
    return json_response(told)


def _throttled(reason_code: str, msg: str, retry_after: int = 1) -> dict[str, Any]:
    """As shipped, it says more than AWS does."""
    del msg
    return _throttle(reason_code, "Rate Exceeded.", retry_after)


def _answered(handler: Callable[..., Answer]) -> Callable[..., Answer]:
    def answer(*request: Any) -> Answer:
        try:
            return handler(*request)
        except RefusedError as refused:
            return error_response_json(refused.code, str(refused), refused.status)

    return answer


async def _checked(method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]) -> Answer:
    """A call, unless it hands over a role that its caller may not pass, or an event that Lambda does not take."""
    role = permissions.role_of_function(method, path, body)
    denied = role and permissions.caller_denial("iam:PassRole", role, {"iam:PassedToService": "lambda.amazonaws.com"})
    if denied:
        return error_response_json("AccessDeniedException", denied, 403)
    if method == "POST" and path.rstrip("/").endswith("/invocations") and (refused := _refused_event(body)):
        return refused
    return await _handle(method, path, headers, body, query)


def _refused_event(body: bytes) -> Answer | None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors"""
    if len(body) > _MAX_EVENT_BYTES:
        message = f"Request must be smaller than {_MAX_EVENT_BYTES} bytes for the InvokeFunction operation"
        return error_response_json("RequestTooLargeException", message, 413)
    try:
        json.loads(body or b"{}")
    except ValueError as error:
        return error_response_json(
            "InvalidRequestContentException", f"Could not parse request body into json: {error}", 400
        )
    return None
