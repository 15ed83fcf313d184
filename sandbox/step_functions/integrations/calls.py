"""Calls an AWS API for a task: PascalCase parameters in, PascalCase results and AWS's error texts out.

Step Functions calls optimised integrations by the first AWS SDK for Java and the others by the second; the two word
their errors and write times in different ways.
"""

import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import OperationModel, ServiceModel, Shape

from sandbox.step_functions.errors import StateError
from sandbox.step_functions.json_text import to_text

Times = Callable[[datetime], Any]


@dataclass(frozen=True, kw_only=True)
class Api:
    """One operation of one service, and how Step Functions names its errors.

    `fault` makes the error of a failed call from (code, message, HTTP status, request id, extended request id).
    """

    service: str
    operation: str
    fault: Callable[["Api", "Failure"], StateError]
    time_of: Times

    @property
    def model(self) -> OperationModel:
        """The operation's shapes."""
        return service_model(self.service).operation_model(self.operation)

    def call(self, client: Any, parameters: dict[str, Any]) -> dict[str, Any]:
        """Call the operation; returns its result, raises StateError as Step Functions would."""
        answer = self.call_raw(client, to_request(parameters, self.model.input_shape))
        answer.pop("ResponseMetadata", None)
        return to_result(answer, self.model.output_shape, self.time_of)

    def call_raw(self, client: Any, request: dict[str, Any]) -> dict[str, Any]:
        """Call the operation with botocore's names; returns botocore's answer."""
        if missing := missing_members(request, self.model.input_shape):
            raise self.fault(self, Failure("ValidationException", null_members(missing), 400))
        method = botocore.xform_name(self.operation)
        try:
            return getattr(client, method)(**request)
        except ClientError as error:
            raise self.fault(self, Failure.of(error)) from None
        except BotoCoreError as error:
            raise self.fault(self, Failure("SdkClientException", str(error), 0)) from None

    def is_modelled(self, code: str) -> bool:
        """Whether the service's model has an exception for an error code, with or without the word Exception."""
        names = {shape.name for shape in service_model(self.service).error_shapes}
        codes = {shape.error_code for shape in service_model(self.service).error_shapes}
        return bool({code, f"{code}Exception", code.removesuffix("Exception")} & (names | codes))


@dataclass(frozen=True)
class Failure:
    """What a service answered to a call it refused."""

    code: str
    message: str
    status: int
    request_id: str = ""
    extended_request_id: str | None = None

    @classmethod
    def of(cls, error: ClientError) -> "Failure":
        """The failure in a botocore exception."""
        details, metadata = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
        return cls(
            details.get("Code", "Unknown").split("#")[-1],
            details.get("Message", ""),
            metadata.get("HTTPStatusCode", 400),
            metadata.get("RequestId", ""),
            metadata.get("HostId"),
        )

    @property
    def request(self) -> str:
        """The request's id; every service of AWS gives one."""
        return self.request_id or str(uuid.uuid4())


def sdk_error(prefix: str) -> Callable[[Api, Failure], StateError]:
    """Errors as the second SDK words them: `S3.NoSuchBucketException`, `... (Service: S3, Status Code: 404, ...)`."""

    def fault(api: Api, failure: Failure) -> StateError:
        if failure.code == "SdkClientException":
            return StateError(f"{prefix}.SdkClientException", failure.message)
        name = f"{failure.code.removesuffix('Exception')}Exception" if api.is_modelled(failure.code) else ""
        places = f"Service: {prefix}, Status Code: {failure.status}, Request ID: {failure.request}"
        if api.service == "s3":
            places += f", Extended Request ID: {failure.extended_request_id or failure.request}"
        cause = f"{failure.message} ({places}) (SDK Attempt Count: 1)"
        return StateError(f"{prefix}.{name or f'{prefix}Exception'}", cause)

    return fault


def optimised_error(prefix: str, base: str, service: str) -> Callable[[Api, Failure], StateError]:
    """Errors as the first SDK words them: `ECS.ClusterNotFoundException`, `... (Service: AmazonECS; Status Code: ...)`.

    `base` is the exception of errors that the service's model does not know.
    """

    def fault(api: Api, failure: Failure) -> StateError:
        if failure.code == "SdkClientException":
            return StateError(f"{prefix}.SdkClientException", failure.message)
        name = f"{failure.code.removesuffix('Exception')}Exception" if api.is_modelled(failure.code) else base
        cause = (
            f"{failure.message} (Service: {service}; Status Code: {failure.status}; "
            f"Error Code: {failure.code}; Request ID: {failure.request}; Proxy: null)"
        )
        return StateError(f"{prefix}.{name}", cause)

    return fault


def iso_time(moment: datetime) -> str:
    """A time in a result of the second SDK."""
    moment = moment.astimezone(UTC)
    text = f"{moment:%Y-%m-%dT%H:%M:%S}"
    return f"{text}.{moment.microsecond // 1000:03d}Z" if moment.microsecond else f"{text}Z"


def millisecond_time(moment: datetime) -> int:
    """A time in a result of the first SDK."""
    return round(moment.timestamp() * 1000)


@lru_cache(maxsize=64)
def service_model(service: str) -> ServiceModel:
    """botocore's model of a service."""
    return botocore.session.get_session().get_service_model(service)


def pascal(name: str) -> str:
    """A member's or operation's name as Step Functions writes it."""
    return name[0].upper() + name[1:]


def to_request(value: Any, shape: Shape | None) -> Any:
    """Parameters under botocore's names. Null is absent; a JSON value where text is expected becomes JSON text."""
    if shape is None:
        return {}
    if shape.type_name == "structure" and isinstance(value, dict):
        members = {pascal(name): name for name in shape.members}
        request = {}
        for key, item in value.items():
            name = members.get("NULL" if key == "Nul" else key, key)
            if item is not None:
                request[name] = to_request(item, shape.members[name]) if name in shape.members else item
        return request
    if shape.type_name == "list" and isinstance(value, list):
        return [to_request(item, shape.member) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: to_request(item, shape.value) for key, item in value.items()}
    return _to_scalar(value, shape.type_name)


def _to_scalar(value: Any, type_name: str) -> Any:
    if type_name in ("string", "blob"):
        text = value if isinstance(value, str) else to_text(value)
        return text.encode() if type_name == "blob" else text
    if isinstance(value, str):
        try:
            if type_name in ("integer", "long"):
                return int(value)
            if type_name in ("float", "double"):
                return float(value)
        except ValueError:
            return value
        if type_name == "boolean" and value.lower() in ("true", "false"):
            return value.lower() == "true"
    return value


def missing_members(request: dict[str, Any], shape: Shape | None) -> list[str]:
    """The required members that a request lacks."""
    return [name for name in getattr(shape, "required_members", []) if name not in request]


def null_members(names: list[str]) -> str:
    """What AWS's services say about required members that are null."""
    problems = "; ".join(
        f"Value null at '{name[0].lower()}{name[1:]}' failed to satisfy constraint: Member must not be null"
        for name in names
    )
    return f"{len(names)} validation error{'s' if len(names) > 1 else ''} detected: {problems}"


def to_result(value: Any, shape: Shape | None, time_of: Times) -> Any:
    """botocore's answer under Step Functions' names, members in alphabetical order."""
    if isinstance(value, datetime):
        return time_of(value)
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("utf-8", "replace")
    if shape is None:
        return {} if isinstance(value, dict) else value
    if shape.type_name == "structure" and isinstance(value, dict):
        named = {
            "Nul" if name == "NULL" else pascal(name): to_result(item, shape.members.get(name), time_of)
            for name, item in value.items()
            if item is not None
        }
        return dict(sorted(named.items()))
    if shape.type_name == "list" and isinstance(value, list):
        return [to_result(item, shape.member, time_of) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: to_result(item, shape.value, time_of) for key, item in value.items()}
    return value


def java_name(service_id: str) -> str:
    """A service id as the second SDK for Java names the service: `DynamoDB` is `DynamoDb`, `SFN` is `Sfn`."""
    return re.sub(
        r"[A-Z]{2,}(?=[A-Z][a-z]|\d|\b)|[A-Z]{2,}$", lambda found: found[0].capitalize(), service_id.replace(" ", "")
    )


def parsed(text: str | bytes) -> Any:
    """A JSON text's value; the text itself if it is not JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return text.decode("utf-8", "replace") if isinstance(text, bytes) else text
