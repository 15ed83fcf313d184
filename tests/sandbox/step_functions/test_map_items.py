"""Where the items of a distributed Map state come from, and where its results go: S3.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from sandbox.step_functions.execution import Execution
from tests.sandbox.conftest import policy
from tests.sandbox.step_functions.conftest import PATIENCE_SECONDS, Machines, Run
from tests.sandbox.step_functions.test_map_distributed import EXCEEDED, children, distributed, map_run_arn
from tests.sandbox.step_functions.test_map_inline import SORT_OUT
from tests.sandbox.step_functions.test_parallel import PASS, branch

RIGHTS = (
    ("states:StartExecution", "*"),
    (["states:DescribeExecution", "states:StopExecution"], "*"),
)


def put(machines: Machines, bucket: str, **objects: str) -> None:
    for key, body in objects.items():
        machines.aws.client("s3").put_object(Bucket=bucket, Key=key.replace("_", "/"), Body=body)


def get(machines: Machines, bucket: str, key: str) -> str:
    return machines.aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()


def reading(bucket: str, **config: Any) -> dict[str, Any]:
    """An ItemReader of the object `file`."""
    arguments = {"Bucket": bucket, "Key": "file"}
    return {"Resource": "arn:aws:states:::s3:getObject", "Arguments": arguments, "ReaderConfig": config}


def read(machines: Machines, bucket: str, body: str, **config: Any) -> Run:
    """What a Map Run over an object of this body comes to, whose children give what they got."""
    put(machines, bucket, file=body)
    return machines.run(distributed(ItemReader=reading(bucket, **config)))


def test_the_objects_of_a_prefix(machines: Machines, bucket: str) -> None:
    put(machines, bucket, in_a="1", in_b="22", other="3")
    arguments = {"Bucket": "{% $states.input.bucket %}", "Prefix": "in/"}
    reader = {"Resource": "arn:aws:states:::s3:listObjectsV2", "Arguments": arguments}
    run = machines.run(distributed(ItemReader=reader), {"bucket": bucket})
    listed = machines.aws.client("s3").list_objects_v2(Bucket=bucket, Prefix="in/")["Contents"]
    assert run.output == [
        {
            "Etag": each["ETag"],
            "Key": key,
            "LastModified": int(each["LastModified"].timestamp()),
            "Size": size,
            "StorageClass": "STANDARD",
        }
        for each, key, size in zip(listed, ("in/a", "in/b"), (1, 2), strict=True)
    ]
    # The number of items is not known yet when the state starts.
    assert run.details("MapStateStarted") == [{"length": 0}]
    batcher = {"MaxItemsPerBatch": 5, "BatchInput": "{% $states.input.bucket %}"}
    selector = {"key": "{% $states.context.Map.Item.Value.Key %}", "from": "{% $states.context.Map.Item.Source %}"}
    run = machines.run(distributed(ItemReader=reader, ItemSelector=selector, ItemBatcher=batcher), {"bucket": bucket})
    items = [{"key": key, "from": f"S3://{bucket}"} for key in ("in/a", "in/b")]
    assert run.output == [{"BatchInput": bucket, "Items": items}]


def test_more_objects_than_one_list_call_gives(machines: Machines, bucket: str) -> None:
    for number in range(1005):
        machines.aws.client("s3").put_object(Bucket=bucket, Key=f"{number:04}", Body=b"")
    reader = {"Resource": "arn:aws:states:::s3:listObjectsV2", "Arguments": {"Bucket": bucket}}
    batcher = {"MaxItemsPerBatch": 1000}
    count = branch(Count={**PASS, "Output": "{% $count($states.input.Items) %}"})
    assert machines.run(distributed(count, ItemReader=reader, ItemBatcher=batcher)).output == [1000, 5]
    limited = {**reader, "ReaderConfig": {"MaxItems": "{% 1001 %}"}}
    assert machines.run(distributed(count, ItemReader=limited, ItemBatcher=batcher)).output == [1000, 1]


@pytest.mark.parametrize(
    ("config", "body", "expected"),
    [
        ({"InputType": "JSON"}, '[1, {"a": "ü"}, null]', [1, {"a": "ü"}, None]),
        ({"InputType": "JSON", "MaxItems": 2}, "[1, 2, 3]", [1, 2]),
        ({"InputType": "JSON", "MaxItems": 0}, "[1, 2, 3]", [1, 2, 3]),
        ({"InputType": "JSONL"}, '{"a": 1}\n\n[2]\n', [{"a": 1}, [2]]),
        ({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}, 'a,b\n1,"x, ""y"""\n', [{"a": "1", "b": 'x, "y"'}]),
        # "empty strings for the missing values", and what is too much is left out.
        ({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}, "a,b\n1\n1,2,3\n", [{"a": "1", "b": ""},
                                                                                  {"a": "1", "b": "2"}]),
        ({"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["x"]}, "a,b\n1,2", [{"x": "a"}, {"x": "1"}]),
        ({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "CSVDelimiter": "PIPE"}, "a|b\n1|2", [{"a": "1",
                                                                                                   "b": "2"}]),
    ],
)  # fmt: skip
def test_the_items_of_a_file(machines: Machines, bucket: str, config: Any, body: str, expected: Any) -> None:
    assert read(machines, bucket, body, **config).output == expected


@pytest.mark.parametrize(
    ("config", "body", "cause"),
    [
        ({"InputType": "JSON"}, '{"a": 1}', "Attempting to map over non-iterable node."),
        ({"InputType": "JSON"}, "[1", "The object is not valid JSON: "),
        ({"InputType": "JSON", "MaxItems": "{% -1 %}"}, "[1]", "field MaxItems must be positive"),
        ({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}, "a,a\n1,2", "CSV headers cannot contain duplicates."),
    ],
)
def test_a_file_that_cannot_be_read(machines: Machines, bucket: str, config: Any, body: str, cause: str) -> None:
    run = read(machines, bucket, body, **config)
    assert run.failure[0] == "States.ItemReaderFailed"
    assert str(run.failure[1]).startswith(cause)
    assert run.types[3:] == ["MapRunStarted", "MapRunFailed", "MapStateFailed", "ExecutionFailed"]


def test_a_reader_without_the_right_or_the_object(machines: Machines, bucket: str, role: Any) -> None:
    states = distributed(ItemReader=reading(bucket, InputType="JSON"))
    error, cause = machines.run(states).failure
    assert (error, str(cause)[:40]) == ("States.ItemReaderFailed", "The specified key does not exist. (Servi")
    put(machines, bucket, file="[1]")
    lacking = machines.create(states, role_arn=role("states.amazonaws.com", policy(*RIGHTS)))
    error, cause = machines.run(lacking).failure
    assert error == "States.ItemReaderFailed"
    assert "is not authorized to perform: s3:GetObject" in str(cause)
    enough = policy(*RIGHTS, ("s3:GetObject", f"arn:aws:s3:::{bucket}/file"))
    assert machines.run(machines.create(states, role_arn=role("states.amazonaws.com", enough))).output == [1]


def writing(bucket: str, **config: Any) -> dict[str, Any]:
    arguments = {"Bucket": bucket, "Prefix": "{% 'out' %}"}
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Arguments": arguments}
    return {**writer, "WriterConfig": config} if config else writer


def manifest(machines: Machines, bucket: str, run: Run) -> dict[str, Any]:
    key = f"out/{map_run_arn(run).rpartition(':')[2]}/manifest.json"
    return json.loads(get(machines, bucket, key))


def test_results_in_s3(machines: Machines, bucket: str) -> None:
    run = machines.run(distributed(SORT_OUT, ResultWriter=writing(bucket), ToleratedFailureCount=1), ["over", "fail"])
    folder = f"out/{map_run_arn(run).rpartition(':')[2]}"
    assert run.output == {
        "MapRunArn": map_run_arn(run),
        "ResultWriterDetails": {"Bucket": bucket, "Key": f"{folder}/manifest.json"},
    }
    written = manifest(machines, bucket, run)
    assert (written["DestinationBucket"], written["MapRunArn"]) == (bucket, map_run_arn(run))
    files = {status: [each["Key"] for each in found] for status, found in written["ResultFiles"].items()}
    assert files == {
        "FAILED": [f"{folder}/FAILED_0.json"],
        "PENDING": [],
        "SUCCEEDED": [f"{folder}/SUCCEEDED_0.json"],
    }
    text = get(machines, bucket, f"{folder}/SUCCEEDED_0.json")
    assert written["ResultFiles"]["SUCCEEDED"][0]["Size"] == len(text)
    (succeeded,), (failed,) = json.loads(text), json.loads(get(machines, bucket, f"{folder}/FAILED_0.json"))
    by_status = {each["status"]: each for each in children(run)}
    assert succeeded["ExecutionArn"] == by_status["SUCCEEDED"]["executionArn"]
    assert (succeeded["Input"], succeeded["Output"], succeeded["Status"]) == ('"over"', '"over"', "SUCCEEDED")
    assert succeeded["RedriveStatusReason"] == "Execution is SUCCEEDED and cannot be redriven"
    assert failed["ExecutionArn"] == by_status["FAILED"]["executionArn"]
    assert (failed["Error"], failed["Cause"], failed["RedriveStatus"]) == ("Boom", "why", "REDRIVABLE_BY_MAP_RUN")


@pytest.mark.parametrize(
    ("config", "name", "expected"),
    [
        ({"Transformation": "COMPACT", "OutputType": "JSON"}, "SUCCEEDED_0.json", "[[1,2],3]"),
        ({"Transformation": "FLATTEN", "OutputType": "JSON"}, "SUCCEEDED_0.json", "[1,2,3]"),
        ({"Transformation": "FLATTEN", "OutputType": "JSONL"}, "SUCCEEDED_0.jsonl", "1\n2\n3"),
    ],
)
def test_how_results_are_written(machines: Machines, bucket: str, config: Any, name: str, expected: str) -> None:
    run = machines.run(distributed(ResultWriter=writing(bucket, **config)), [[1, 2], 3])
    assert get(machines, bucket, f"out/{map_run_arn(run).rpartition(':')[2]}/{name}") == expected


def test_how_results_are_given_without_a_place_to_write_to(machines: Machines) -> None:
    def given(transformation: str) -> Any:
        config = {"Transformation": transformation, "OutputType": "JSON"}
        return machines.run(distributed(ResultWriter={"WriterConfig": config}), [[1, 2], 3]).output

    assert (given("COMPACT"), given("FLATTEN")) == ([[1, 2], 3], [1, 2, 3])
    assert [(each["Status"], each["Output"]) for each in given("NONE")] == [("SUCCEEDED", "[1,2]"), ("SUCCEEDED", "3")]


def test_what_a_failed_run_did_is_written_too(machines: Machines, bucket: str) -> None:
    states = distributed(SORT_OUT, ResultWriter=writing(bucket), MaxConcurrency=1)
    run = machines.run(states, ["over", "fail", "over"])
    assert run.failure[0] == EXCEEDED
    files = manifest(machines, bucket, run)["ResultFiles"]
    assert [len(files[status]) for status in ("SUCCEEDED", "FAILED", "PENDING")] == [1, 1, 1]
    assert json.loads(get(machines, bucket, files["PENDING"][0]["Key"]))[0]["Input"] == '"over"'


def test_what_a_failed_run_stopped_is_written_as_stopped(
    machines: Machines, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child execution that fails ends the Map Run: here the state goes on before that has stopped the others."""
    stopped_by_state, abort = threading.Event(), Execution.abort

    def abort_late(execution: Execution, error: str | None, cause: str | None) -> None:
        if threading.current_thread().name.startswith("map-run-"):
            assert stopped_by_state.wait(PATIENCE_SECONDS)
        abort(execution, error, cause)
        stopped_by_state.set()

    monkeypatch.setattr(Execution, "abort", abort_late)
    run = machines.run(distributed(SORT_OUT, ResultWriter=writing(bucket)), ["fail", "wait", "wait"])
    (failed,) = manifest(machines, bucket, run)["ResultFiles"]["FAILED"]
    written = json.loads(get(machines, bucket, failed["Key"]))
    assert [each["Status"] for each in written] == ["FAILED", "ABORTED", "ABORTED"]


WRITING = ("s3:PutObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload")


@pytest.mark.parametrize("missing", WRITING)
def test_a_writer_without_a_right_starts_no_child(machines: Machines, bucket: str, role: Any, missing: str) -> None:
    others = [action for action in WRITING if action != missing]
    here, elsewhere = f"arn:aws:s3:::{bucket}/*", f"arn:aws:s3:::{bucket}/other/*"
    documents = [policy(*RIGHTS, (others, here), (missing, elsewhere))]
    arn = machines.create(distributed(ResultWriter=writing(bucket)), role_arn=role("states.amazonaws.com", *documents))
    run = machines.run(arn, [1])
    assert run.failure[0] == "States.ResultWriterFailed"
    assert f"is not authorized to perform: {missing} on resource: " in str(run.failure[1])
    assert run.types[3:] == ["MapRunStarted", "MapRunFailed", "MapStateFailed", "ExecutionFailed"]
    assert children(run) == []
