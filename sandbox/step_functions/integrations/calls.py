"""Calls an AWS API for a task: PascalCase parameters in, PascalCase results and AWS's error texts out.

Step Functions calls optimised integrations by the first AWS SDK for Java and the others by the second; the two word
their errors and write times in different ways.
"""

import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import botocore
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.clients import service_model
from sandbox.step_functions.errors import StateError
from sandbox.step_functions.integrations.shapes import (
    TimeOf,
    missing_members,
    null_members,
    to_request,
    to_result,
)


@dataclass(frozen=True, kw_only=True)
class Api:
    """One operation of one service, and how Step Functions names its errors.

    `fault` makes the error of a failed call from (code, message, HTTP status, request id, extended request id).
    """

    service: str
    operation: str
    fault: Callable[["Api", "Failure"], StateError]
    time_of: TimeOf

    @property
    def model(self) -> Any:
        """The operation's shapes."""
        return service_model(self.service).operation_model(self.operation)

    def request(self, parameters: Any) -> dict[str, Any]:
        """Parameters under botocore's names."""
        return to_request(parameters, self.model.input_shape)

    def result(self, answer: dict[str, Any]) -> dict[str, Any]:
        """An answer of `call_raw` under Step Functions' names, without its ResponseMetadata."""
        members = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
        return to_result(members, self.model.output_shape, self.time_of)

    def call(self, client: Any, parameters: dict[str, Any]) -> dict[str, Any]:
        """Call the operation; returns its result, raises StateError as Step Functions would."""
        return self.result(self.call_raw(client, self.request(parameters)))

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
