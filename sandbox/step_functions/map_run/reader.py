"""ItemReader: the items of a Map Run from S3.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

import csv
import io
import itertools
import json
from collections.abc import Iterable, Iterator
from typing import Any

from sandbox.step_functions.errors import StateError
from sandbox.step_functions.integrations.calls import Api, sdk_error
from sandbox.step_functions.integrations.shapes import iso_time
from sandbox.step_functions.visit import Visit

LIST_OBJECTS = "arn:aws:states:::s3:listObjectsV2"
_DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}
_GET = Api(service="s3", operation="GetObject", fault=sdk_error("S3"), time_of=iso_time)
_LIST = Api(service="s3", operation="ListObjectsV2", fault=sdk_error("S3"), time_of=iso_time)


class Reader:
    """The reader of one visit, its expressions replaced; `read` calls S3 with the rights of the machine's role."""

    def __init__(self, visit: Visit) -> None:
        reader = visit.state["ItemReader"]
        self._visit = visit
        self._resource = reader["Resource"]
        self._arguments = visit.evaluate(reader.get("Arguments", {}), "ItemReader/Arguments")
        self._config = reader.get("ReaderConfig", {})
        self._max_items = 0
        if "MaxItems" in self._config:
            place = "ItemReader/ReaderConfig/MaxItems"
            self._max_items = visit.typed(self._config["MaxItems"], "number", place)

    @property
    def source(self) -> str:
        """What the context object's Map.Item.Source tells of the items."""
        place = f"S3://{self._arguments.get('Bucket')}"
        return place if self._resource == LIST_OBJECTS else f"{place}/{self._arguments.get('Key')}"

    def read(self) -> Iterator[Any]:
        """The items; raises States.ItemReaderFailed."""
        if self._max_items < 0:
            raise _failed("field MaxItems must be positive")
        client = self._visit.execution.services.client("s3", self._visit.execution.machine)
        try:
            items = self._listed(client) if self._resource == LIST_OBJECTS else self._parsed(self._body(client))
            yield from itertools.islice(items, int(self._max_items) or None)
        except StateError as failure:
            raise _failed(failure.cause) from None

    def _listed(self, client: Any) -> Iterator[dict[str, Any]]:
        request = _LIST.request(self._arguments)
        while True:
            page = _LIST.call_raw(client, request)
            for each in page.get("Contents", ()):
                yield {
                    "Etag": each["ETag"],
                    "Key": each["Key"],
                    "LastModified": int(each["LastModified"].timestamp()),
                    "Size": each["Size"],
                    "StorageClass": each.get("StorageClass", "STANDARD"),
                }
            if not page.get("IsTruncated"):
                return
            request["ContinuationToken"] = page["NextContinuationToken"]

    def _body(self, client: Any) -> str:
        return _GET.call_raw(client, _GET.request(self._arguments))["Body"].read().decode("utf-8-sig", "replace")

    def _parsed(self, text: str) -> Iterable[Any]:
        if self._config["InputType"] == "CSV":
            return self._rows(text)
        if self._config["InputType"] == "JSONL":
            return (_loads(line) for line in text.splitlines() if line.strip())
        items = _loads(text)
        if not isinstance(items, list):
            raise _failed("Attempting to map over non-iterable node.")
        return items

    def _rows(self, text: str) -> Iterator[dict[str, str]]:
        rows = csv.reader(io.StringIO(text), delimiter=_DELIMITERS[self._config.get("CSVDelimiter", "COMMA")])
        filled = (row for row in rows if row)
        headers = self._config["CSVHeaders"] if self._config["CSVHeaderLocation"] == "GIVEN" else next(filled, [])
        if len(set(headers)) < len(headers):
            raise _failed("CSV headers cannot contain duplicates.")
        for row in filled:
            # What a row has less is empty, what it has more is left out.
            yield dict(itertools.zip_longest(headers, row[: len(headers)], fillvalue=""))


def _loads(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as problem:
        raise _failed(f"The object is not valid JSON: {problem}") from None


def _failed(cause: str | None) -> StateError:
    return StateError("States.ItemReaderFailed", cause)
