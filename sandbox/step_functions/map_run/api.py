"""The API's calls about Map Runs: describe, list, update."""

from collections.abc import Callable
from typing import Any

from ministack.services import stepfunctions

from sandbox.step_functions.answers import Answer, ApiError, answer, check_arn
from sandbox.step_functions.engine import Engine
from sandbox.step_functions.map_run.run import MapRun
from sandbox.step_functions.map_run.settings import UNBOUNDED, Limits

_COUNTED = {
    "RUNNING": "running",
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "TIMED_OUT": "timedOut",
    "ABORTED": "aborted",
}


class MapRuns:
    """Answers the calls about Map Runs from what the engine knows of them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def describe(self, data: dict[str, Any]) -> Answer:
        """DescribeMapRun. https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeMapRun.html"""
        run = _run(data)
        items, executions = self._counts(run)
        return answer(
            {
                "mapRunArn": run.arn,
                "executionArn": run.execution_arn,
                "status": run.status,
                "startDate": run.start_date,
                "stopDate": run.stop_date,
                "maxConcurrency": run.limits.max_concurrency or UNBOUNDED,
                "toleratedFailureCount": run.limits.tolerated_count or 0,
                "toleratedFailurePercentage": float(run.limits.tolerated_percentage or 0),
                "itemCounts": items,
                "executionCounts": executions,
                "redriveCount": run.redrive_count,
                "redriveDate": run.redrive_date,
            }
        )

    def list(self, data: dict[str, Any]) -> Answer:
        """ListMapRuns, the latest first."""
        arn = check_arn(data.get("executionArn"), "execution")
        if arn not in stepfunctions._executions:
            raise ApiError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
        found = [
            {
                "executionArn": run.execution_arn,
                "mapRunArn": run.arn,
                "stateMachineArn": run.machine.arn,
                "startDate": run.start_date,
                **({"stopDate": run.stop_date} if run.stop_date is not None else {}),
            }
            for run in reversed(list(stepfunctions._map_runs.values()))
            if run.execution_arn == arn
        ]
        return answer({"mapRuns": found})

    def update(self, data: dict[str, Any]) -> Answer:
        """UpdateMapRun, of a run that is in progress."""
        run = _run(data)
        if run.status != "RUNNING":
            raise ApiError("ValidationException", f"The Map Run is not in progress: '{run.arn}'")
        present = run.limits
        run.update(
            Limits(
                data.get("maxConcurrency", present.max_concurrency),
                data.get("toleratedFailureCount", present.tolerated_count),
                data.get("toleratedFailurePercentage", present.tolerated_percentage),
            )
        )
        return answer({})

    def _counts(self, run: MapRun) -> tuple[dict[str, int], dict[str, int]]:
        """By items and by child executions."""
        names = ("pending", *_COUNTED.values(), "total", "resultsWritten", "failuresNotRedrivable", "pendingRedrive")
        items, executions = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
        waiting = run.waiting()
        for at, (batch, record) in enumerate(zip(run.batches, run.records, strict=True)):
            for name in _names(run, record, self._engine.redrive_refusal, is_waiting=at in waiting):
                items[name] += batch.items
                executions[name] += 1
        return items, executions


def _run(data: dict[str, Any]) -> MapRun:
    arn = check_arn(data.get("mapRunArn"), "mapRun")
    run = stepfunctions._map_runs.get(arn)
    if run is None:
        raise missing(arn)
    return run


def missing(arn: str) -> ApiError:
    """The error for a Map Run that does not exist."""
    return ApiError("ResourceNotFound", f"Resource not found: '{arn}'")


def _names(
    run: MapRun,
    record: dict[str, Any] | None,
    redrive_refusal: Callable[[dict[str, Any]], str | None],
    *,
    is_waiting: bool,
) -> list[str]:
    """What a child execution is counted as."""
    if record is None:
        return ["total", "pending"]
    if is_waiting:
        return ["total", "pendingRedrive"]
    found = ["total", _COUNTED[record["status"]]]
    if run.status != "RUNNING":
        found.append("resultsWritten")
    if record["status"] not in ("RUNNING", "SUCCEEDED") and redrive_refusal(record) is not None:
        found.append("failuresNotRedrivable")
    return found
