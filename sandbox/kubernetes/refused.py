"""What a Kubernetes API server answers to a request that it refuses."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any


class Refused(Exception):  # noqa: N818 - the name of what the API server does
    """A refusal as Kubernetes words it: an HTTP status with an object of kind Status.

    https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/

    Args:
        status: the HTTP status.
        reason: Kubernetes' word for it (`AlreadyExists`, `Forbidden`, ...).
        message: the sentence for people.
    """

    def __init__(self, status: HTTPStatus, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason

    @property
    def body(self) -> dict[str, Any]:
        """The Status object."""
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": str(self),
            "reason": self.reason,
            "code": int(self.status),
        }


def unauthorized() -> Refused:
    """The caller is nobody that the cluster knows."""
    return Refused(HTTPStatus.UNAUTHORIZED, "Unauthorized", "Unauthorized")


def bad_request(message: str) -> Refused:
    """The body is not an object of its kind."""
    return Refused(HTTPStatus.BAD_REQUEST, "BadRequest", message)


def invalid(resource: str, name: str, problems: list[str]) -> Refused:
    """The object has values that its kind does not allow; `resource` as in `Job.batch`."""
    text = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid", f'{resource} "{name}" is invalid: {text}')


def not_found(resource: str, name: str) -> Refused:
    """There is no such object; `resource` as in `jobs.batch`."""
    return Refused(HTTPStatus.NOT_FOUND, "NotFound", f'{resource} "{name}" not found')


def already_exists(resource: str, name: str) -> Refused:
    """There is an object of this name."""
    return Refused(HTTPStatus.CONFLICT, "AlreadyExists", f'{resource} "{name}" already exists')


def too_many_requests() -> Refused:
    """The server has no capacity left, https://kubernetes.io/docs/concepts/cluster-administration/flow-control/."""
    message = "the server has received too many requests and has asked us to try again later"
    return Refused(HTTPStatus.TOO_MANY_REQUESTS, "TooManyRequests", message)


def not_in_the_sandbox(what: str) -> Refused:
    """Kubernetes would do it, and this stand-in does not."""
    return Refused(HTTPStatus.NOT_IMPLEMENTED, "NotImplemented", f"the sandbox runs no {what}")
