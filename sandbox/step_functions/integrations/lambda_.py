"""Lambda functions: by their ARN as Resource, and by lambda:invoke.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
"""

from typing import TYPE_CHECKING, Any

from sandbox.step_functions.errors import StateError
from sandbox.step_functions.history import Chain
from sandbox.step_functions.integrations.calls import Api, Failure, parsed
from sandbox.step_functions.integrations.events import LambdaEvents, TaskEvents
from sandbox.step_functions.integrations.metadata import sdk_metadata
from sandbox.step_functions.integrations.shapes import iso_time
from sandbox.step_functions.json_text import to_text

if TYPE_CHECKING:
    from sandbox.step_functions.task_state import TaskCall


def _fault(api: Api, failure: Failure) -> StateError:
    if failure.code == "SdkClientException":
        return StateError("Lambda.SdkClientException", failure.message)
    name = f"{failure.code.removesuffix('Exception')}Exception" if api.is_modelled(failure.code) else ""
    cause = f"{failure.message} (Service: Lambda, Status Code: {failure.status}, Request ID: {failure.request})"
    return StateError(f"Lambda.{name or 'AWSLambdaException'}", cause)


_INVOKE = Api(service="lambda", operation="Invoke", fault=_fault, time_of=iso_time)


class FunctionTask:
    """A function's ARN as Resource: the state's arguments are the event, the function's result is the result."""

    waits_for_job = False

    def __init__(self, function_arn: str) -> None:
        self.name = function_arn

    def parameters(self, arguments: Any) -> Any:
        """See Integration."""
        return arguments

    def events(self, chain: Chain, region: str) -> LambdaEvents:
        """See Integration."""
        del region
        return LambdaEvents(chain, self.name)

    def run(self, call: "TaskCall") -> Any:
        """The function's result."""
        request = {"FunctionName": self.name, "Payload": to_text(call.parameters).encode()}
        payload = _invoke(call, request)
        if payload.error is not None:
            # As the function's runtime wrote it, unlike with lambda:invoke.
            raise StateError(payload.error, payload.text)
        return payload.value


class InvokeTask:
    """lambda:invoke, with Lambda's Invoke parameters."""

    name = "lambda"
    waits_for_job = False

    def parameters(self, arguments: Any) -> Any:
        """See Integration."""
        return arguments

    def events(self, chain: Chain, region: str) -> TaskEvents:
        """See Integration."""
        return TaskEvents(chain, region, "lambda", "invoke")

    def run(self, call: "TaskCall") -> Any:
        """Invoke's answer with the function's result as JSON in Payload."""
        payload = _invoke(call, _request(call.parameters))
        if payload.error is not None:
            raise StateError(payload.error, to_text(payload.value))
        return dict(sorted({**payload.answer, "Payload": payload.value, **sdk_metadata(payload.metadata)}.items()))


def _request(parameters: dict[str, Any]) -> dict[str, Any]:
    request = {name: value for name, value in parameters.items() if value is not None and name != "Payload"}
    if "Payload" in parameters:
        request["Payload"] = to_text(parameters["Payload"]).encode()
    return request


class _Payload:
    def __init__(self, answer: dict[str, Any]) -> None:
        self.metadata = answer.pop("ResponseMetadata", {})
        self.text = answer.pop("Payload").read().decode("utf-8", "replace")
        failed = answer.pop("FunctionError", None)
        self.value = parsed(self.text) if self.text else None
        self.answer = answer
        self.error: str | None = None
        if failed:
            self.error = "Lambda.Unknown"
            if isinstance(self.value, dict) and self.value.get("errorType"):
                self.error = self.value["errorType"]


def _invoke(call: "TaskCall", request: dict[str, Any]) -> _Payload:
    client = call.client("lambda")
    return call.limited(lambda: _Payload(_INVOKE.call_raw(client, request)))
