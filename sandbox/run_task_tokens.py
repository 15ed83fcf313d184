"""RunTask with a client token: the same request is made once.

As shipped, the token is not looked at. A token counts for 24 hours, and at most for an hour after the end of its tasks.
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html#RunTaskIdempotency
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from ministack.core.responses import get_account_id, get_region
from ministack.services import ecs

from sandbox.ecs_refusals import RefusedError, Request, Response

_TOKEN = re.compile(r"[!-~]{1,64}")
_KEPT_SECONDS = 24 * 3600
_CONFLICT = "The client token has been used with other parameters."


@dataclass(frozen=True)
class _Made:
    """A request that was made, what it was answered, and when."""

    request: Request
    response: Response
    task_arns: tuple[str, ...]
    second: float


class RunTaskTokens:
    """The client tokens of the requests that have started tasks.

    Args:
        now: the time, in epoch seconds.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._made: dict[tuple[str, str, str, str], _Made] = {}

    def once(self, request: Request, run: Callable[[Request], Response]) -> Response:
        """What `run` answers to a request, or has answered to the same one. Raises RefusedError."""
        token = request.get("clientToken")
        if token is None:
            return run(request)
        if not _TOKEN.fullmatch(token):
            raise RefusedError("InvalidParameterException", "clientToken must have 1 to 64 characters from ! to ~.")
        cluster = str(ecs._resolve_cluster_name(request.get("cluster") or "default"))
        key = (get_account_id(), get_region(), cluster, token)
        made = self._made.get(key)
        if made is not None and self._counts(made):
            if made.request == request:
                return made.response
            refused = RefusedError("ConflictException", _CONFLICT)
            status, headers, body = refused.response
            refused.response = status, headers, json.dumps({**json.loads(body), "resourceIds": made.task_arns}).encode()
            raise refused
        response = run(request)
        if response[0] == 200:
            arns = tuple(task["taskArn"] for task in json.loads(response[2])["tasks"])
            # What has started nothing may be asked again.
            if arns:
                self._made[key] = _Made(request, response, arns, self._now())
        return response

    def _counts(self, made: _Made) -> bool:
        return self._now() - made.second < _KEPT_SECONDS and any(arn in ecs._tasks for arn in made.task_arns)
