"""What a task state does to run a container, and how it tells the way that ended: as it depends on where that is."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Search:
    """How the task of an attempt that timed out is found among those that have stopped.

    Attributes:
        cluster_arn: the cluster.
        family: the task definition's.
        record: JSONata of the attempt's record, from what DescribeTasks tells; undefined when it is not among them.
    """

    cluster_arn: str
    family: str
    record: str


@dataclass(frozen=True, kw_only=True)
class RunCall:
    """The part of a task state that depends on where its container runs.

    Attributes:
        resource: the integration, `arn:aws:states:::...`.
        arguments: its request.
        timeout_seconds: how long the state waits for the end.
        after_result, after_error: the record of an attempt, as JSONata, after a success and after a failure; its keys
            are in outcome.py.
        after_timeout: the record of an attempt that the state's own timeout ended.
        search: how its task is found after that; None where the record says all there is.
    """

    resource: str
    arguments: dict[str, Any]
    timeout_seconds: int
    after_result: str
    after_error: str
    after_timeout: dict[str, Any]
    search: Search | None = None
