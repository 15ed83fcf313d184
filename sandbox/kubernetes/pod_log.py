"""A Pod's log as the API server hands it out.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#get-read-log-of-the-specified-pod
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.kubernetes.pod import Pod
from sandbox.kubernetes.refused import bad_request, not_in_the_sandbox

_KNOWN = ("container", "limitBytes", "tailLines")


def read(pod: Pod, parameters: Mapping[str, Any]) -> str:
    """The log of the Pod's container.

    Args:
        pod: the Pod.
        parameters: the query's: `tailLines` for the last lines alone, `limitBytes` for the beginning of those.

    Raises:
        Refused: a parameter is none, or the container has not started.
    """
    for name in parameters:
        if name not in _KNOWN:
            raise not_in_the_sandbox(f"read of a log by {name}")
    if pod.waits is not None:
        raise bad_request(f'container "{pod.container}" in pod "{pod.name}" is waiting to start: {pod.waits.reason}')
    text = pod.log()
    lines = _number(parameters, "tailLines", minimum=0)
    if lines is not None:
        text = b"".join(text.splitlines(keepends=True)[-lines:]) if lines else b""
    limit = _number(parameters, "limitBytes", minimum=1)
    return text[:limit].decode("utf-8", "replace")


def _number(parameters: Mapping[str, Any], name: str, *, minimum: int) -> int | None:
    values = parameters.get(name)
    if values is None:
        return None
    try:
        (text,) = values
        number = int(text)
    except (TypeError, ValueError):
        raise bad_request(f"{name}: Invalid value: {values!r}") from None
    if number < minimum:
        raise bad_request(f"{name}: Invalid value: {number}: must be greater than or equal to {minimum}")
    return number
