"""What the child executions of a Map Run came to, in the state's output and in S3.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

import json
from collections.abc import Iterable
from typing import Any

from sandbox.step_functions.errors import StateError
from sandbox.step_functions.integrations.calls import Api, sdk_error
from sandbox.step_functions.integrations.shapes import iso_time
from sandbox.step_functions.json_text import to_text
from sandbox.step_functions.visit import Visit

_PUT = Api(service="s3", operation="PutObject", fault=sdk_error("S3"), time_of=iso_time)

# What AWS asks for beside PutObject, since it writes what is large in parts; here it is written at once.
# https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
_RIGHTS_FOR_PARTS = ("s3:GetObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload")

# A child execution's record, and why it cannot be redriven.
Child = tuple[dict[str, Any], str | None]


def transformed(children: Iterable[Child], transformation: str) -> list[Any]:
    """The results as COMPACT, FLATTEN or NONE gives them; of one that did not succeed always as NONE does."""
    found: list[Any] = []
    for record, reason in children:
        if transformation == "NONE" or record["status"] != "SUCCEEDED":
            found.append(described(record, reason))
            continue
        output = json.loads(record["output"])
        if transformation == "FLATTEN" and isinstance(output, list):
            found.extend(output)
        else:
            found.append(output)
    return found


def described(record: dict[str, Any], reason: str | None) -> dict[str, Any]:
    """A child execution with its metadata."""
    included = {"Included": True}
    members = {
        "Cause": record["cause"],
        "Error": record["error"],
        "ExecutionArn": record["executionArn"],
        "Input": record["input"],
        "InputDetails": included,
        "Name": record["name"],
        "Output": record["output"],
        "OutputDetails": included if record["output"] is not None else None,
        "RedriveCount": record["redriveCount"],
        "RedriveDate": record["redriveDate"],
        "RedriveStatus": "REDRIVABLE_BY_MAP_RUN" if reason is None else "NOT_REDRIVABLE",
        "RedriveStatusReason": reason,
        "StartDate": record["startDate"],
        "StateMachineArn": record["stateMachineArn"],
        "Status": record["status"],
        "StopDate": record["stopDate"],
    }
    return {name: value for name, value in members.items() if value is not None}


class Writer:
    """ResultWriter of one visit, its expressions replaced."""

    def __init__(self, visit: Visit) -> None:
        writer = visit.state.get("ResultWriter", {})
        config = writer.get("WriterConfig", {})
        self._visit = visit
        self.exports = "Resource" in writer
        self.transformation = config.get("Transformation", "NONE" if self.exports else "COMPACT")
        self._is_lines = config.get("OutputType") == "JSONL"
        arguments = visit.evaluate(writer.get("Arguments", {}), "ResultWriter/Arguments")
        self._bucket, self._prefix = arguments.get("Bucket"), arguments.get("Prefix", "")

    def manifest_key(self, map_run_arn: str) -> str:
        """Where the manifest of a Map Run is."""
        return f"{self._folder(map_run_arn)}manifest.json"

    def begin(self, map_run_arn: str) -> None:
        """Write an empty manifest; raises States.ResultWriterFailed before any child execution is started."""
        self._put_manifest(map_run_arn, {})
        execution = self._visit.execution
        partition = execution.machine.arn.split(":")[1]
        resource = f"arn:{partition}:s3:::{self._bucket}/{self.manifest_key(map_run_arn)}"
        for action in _RIGHTS_FOR_PARTS:
            if (sentence := execution.services.denial(execution.machine, action, resource)) is not None:
                raise StateError("States.ResultWriterFailed", sentence)

    def write(self, map_run_arn: str, children: list[Child], pending: list[str]) -> dict[str, Any]:
        """Write all results, `pending` being the inputs of what was not started; returns the state's result."""
        succeeded = [child for child in children if child[0]["status"] == "SUCCEEDED"]
        others = [child for child in children if child[0]["status"] != "SUCCEEDED"]
        files = {
            "SUCCEEDED": transformed(succeeded, self.transformation),
            "FAILED": transformed(others, "NONE"),
            "PENDING": [{"Input": text, "Status": "PENDING"} for text in pending],
        }
        self._put_manifest(map_run_arn, files)
        details = {"Bucket": self._bucket, "Key": self.manifest_key(map_run_arn)}
        return {"MapRunArn": map_run_arn, "ResultWriterDetails": details}

    def _put_manifest(self, map_run_arn: str, files: dict[str, list[Any]]) -> None:
        written: dict[str, list[dict[str, Any]]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
        for status, entries in files.items():
            if entries:
                text = "\n".join(map(to_text, entries)) if self._is_lines else to_text(entries)
                key = f"{self._folder(map_run_arn)}{status}_0.{'jsonl' if self._is_lines else 'json'}"
                self._put(key, text)
                written[status].append({"Key": key, "Size": len(text.encode())})
        manifest = {"DestinationBucket": self._bucket, "MapRunArn": map_run_arn, "ResultFiles": written}
        self._put(self.manifest_key(map_run_arn), to_text(manifest))

    def _put(self, key: str, text: str) -> None:
        execution = self._visit.execution
        client = execution.services.client("s3", execution.machine)
        request = {"Bucket": self._bucket, "Key": key, "Body": text.encode(), "ContentType": "application/json"}
        try:
            _PUT.call_raw(client, request)
        except StateError as failure:
            raise StateError("States.ResultWriterFailed", failure.cause) from None

    def _folder(self, map_run_arn: str) -> str:
        prefix = self._prefix if not self._prefix or self._prefix.endswith("/") else f"{self._prefix}/"
        return f"{prefix}{map_run_arn.rpartition(':')[2]}/"
