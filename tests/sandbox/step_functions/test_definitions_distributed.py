"""What AWS refuses of distributed Map states, and what the sandbox does not run of them.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.step_functions.definition import unsupported
from tests.sandbox.step_functions.test_definitions import problems
from tests.sandbox.step_functions.test_map_distributed import MODE, distributed
from tests.sandbox.step_functions.test_parallel import PASS, branch

OBJECT = {"Bucket": "b", "Key": "k"}
GET = {"Resource": "arn:aws:states:::s3:getObject", "Arguments": OBJECT}
LIST = {"Resource": "arn:aws:states:::s3:listObjectsV2", "Arguments": {"Bucket": "{% $states.input %}"}}
PUT = {"Resource": "arn:aws:states:::s3:putObject", "Arguments": {"Bucket": "b"}}
JSON = {**GET, "ReaderConfig": {"InputType": "JSON"}}
CSV = {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}


def machine(**fields: Any) -> dict[str, Any]:
    states = distributed(**fields)
    return {"QueryLanguage": "JSONata", "StartAt": "Map", "States": states}


@pytest.mark.parametrize(
    "fields",
    [
        {"Items": [1], "MaxConcurrency": 10_000, "ToleratedFailurePercentage": "{% 5 %}", "Label": "a-label_1"},
        {"ItemReader": LIST, "ItemBatcher": {"MaxItemsPerBatch": 10, "BatchInput": {"a": "{% $states.input %}"}}},
        {"ItemReader": {**LIST, "ReaderConfig": {"MaxItems": "{% 5 %}"}}},
        {"ItemReader": JSON, "ItemBatcher": {"MaxInputBytesPerBatch": 262_144}},
        {"ItemReader": {**GET, "ReaderConfig": {**CSV, "CSVDelimiter": "TAB", "MaxItems": 100_000_000}}},
        {"ResultWriter": PUT},
        {"ResultWriter": {**PUT, "WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSONL"}}},
        {"ResultWriter": {"WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSON"}}},
    ],
)
def test_what_is_right(fields: dict[str, Any]) -> None:
    assert problems(json.dumps(machine(**fields))) == []
    assert unsupported(machine(**fields)) is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"ItemReader": {"Resource": LIST["Resource"]}}, "These fields are required: [Arguments] at {}/ItemReader"),
        ({"ItemReader": GET}, "These fields are required: [ReaderConfig] at {}/ItemReader"),
        ({"ItemReader": {**GET, "ReaderConfig": {}}}, "These fields are required: [InputType] at "
         "{}/ItemReader/ReaderConfig"),
        ({"ItemReader": {**JSON, "Resource": "arn:aws:states:::s3:putObject"}}, "Value should be one of the following: "
         "[arn:aws:states:::s3:getObject, arn:aws:states:::s3:listObjectsV2] at {}/ItemReader/Resource"),
        ({"ItemReader": {**GET, "ReaderConfig": {"InputType": "XML"}}}, "Value should be one of the following: "
         "[CSV, JSON, JSONL, PARQUET, MANIFEST] at {}/ItemReader/ReaderConfig/InputType"),
        ({"ItemReader": {**GET, "ReaderConfig": {"InputType": "CSV"}}}, "These fields are required: "
         "[CSVHeaderLocation] at {}/ItemReader/ReaderConfig"),
        ({"ItemReader": {**GET, "ReaderConfig": {**CSV, "CSVHeaderLocation": "GIVEN"}}}, "These fields are required: "
         "[CSVHeaders] at {}/ItemReader/ReaderConfig"),
        ({"ItemReader": {**GET, "ReaderConfig": {**CSV, "MaxItems": 100_000_001}}}, "Maximum value is 100000000 at "
         "{}/ItemReader/ReaderConfig/MaxItems"),
        ({"ItemReader": {**JSON, "Parameters": {}}}, "Field 'Parameters' is not supported at {}/ItemReader"),
        ({"ItemBatcher": {"BatchInput": {}}}, "This object should have at least one of the following fields: "
         "[MaxItemsPerBatch, MaxInputBytesPerBatch] at {}/ItemBatcher"),
        ({"ItemBatcher": {"MaxItemsPerBatch": 0}}, "Minimum value is 1 at {}/ItemBatcher/MaxItemsPerBatch"),
        ({"ItemBatcher": {"MaxInputBytesPerBatch": 262_145}}, "Maximum value is 262144 at "
         "{}/ItemBatcher/MaxInputBytesPerBatch"),
        ({"ResultWriter": {}}, "Value cannot be empty at {}/ResultWriter"),
        ({"ResultWriter": {"Resource": PUT["Resource"]}}, "These fields are required: [Arguments] at {}/ResultWriter"),
        ({"ResultWriter": {"WriterConfig": {"Transformation": "SHORT"}}}, "Value should be one of the following: "
         "[NONE, COMPACT, FLATTEN] at {}/ResultWriter/WriterConfig/Transformation"),
        ({"Label": ""}, "Value cannot be empty at {}/Label"),
        ({"Label": "x" * 41}, "The label exceeds the 40-character limit allowed by the service at {}/Label"),
        ({"Label": "a b"}, "The label contains an invalid character: ' ' at {}/Label"),
        ({"Items": "{% name %}"}, "Reference to 'name' at the top level is not supported. at {}/Items"),
    ],
)  # fmt: skip
def test_what_is_wrong(fields: dict[str, Any], expected: str) -> None:
    found = problems(json.dumps(machine(**fields)))
    assert [text.partition(": ")[2] for text in found] == [expected.format("/States/Map")]


def test_labels_are_unique_in_the_machine() -> None:
    """ "a string that uniquely identifies a Map state"."""
    inner = distributed(branch(Deep=PASS), Label="same")["Map"]
    del inner["Next"]
    states = machine(processor=branch(Inner={**inner, "End": True}), Label="same")
    (found,) = problems(json.dumps(states))
    assert found.endswith("at /States/Map/ItemProcessor/States/Inner/Label")


def test_a_child_may_assign_what_is_assigned_around_the_map() -> None:
    """Its variables are its own: "a Distributed Map state can't reference variables in outer scopes"."""
    sets = branch(Set={"Type": "Pass", "Assign": {"x": 1}, "End": True})
    assert problems(json.dumps(machine(processor=sets, Assign={"x": 2}))) == []


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"Items": {"a": 1}}, "Map states whose Items are an object"),
        ({"ItemReader": JSON, "Items": [1]}, "Map states with both Items and an ItemReader"),
        ({"ItemReader": {**GET, "ReaderConfig": {"InputType": "MANIFEST"}}}, "an ItemReader of the InputType MANIFEST"),
        ({"ItemReader": {**GET, "ReaderConfig": {"InputType": "PARQUET"}}}, "an ItemReader of the InputType PARQUET"),
        ({"ItemReader": {**GET, "ReaderConfig": {"InputType": "JSON", "ItemsPointer": "/a"}}},
         "an ItemReader with ItemsPointer"),
        ({"ItemReader": {**LIST, "ReaderConfig": {"Transformation": "LOAD_AND_FLATTEN", "InputType": "JSON"}}},
         "an ItemReader with the Transformation LOAD_AND_FLATTEN"),
        ({"ResultWriter": {"WriterConfig": {"OutputType": "JSONL"}}},
         "a ResultWriter of the OutputType JSONL without a Resource"),
    ],
)  # fmt: skip
def test_what_the_sandbox_does_not_run_is_refused_by_name(fields: dict[str, Any], what: str) -> None:
    assert problems(json.dumps(machine(**fields))) == []
    assert unsupported(machine(**fields)) == f"The sandbox does not run {what}: at /States/Map"


def test_what_express_children_cannot_do() -> None:
    """ "Express Workflows do not support Job-run (.sync)", nor the Distributed mode."""
    express = {**MODE, "ExecutionType": "EXPRESS"}
    arguments = {"StateMachineArn": "m"}
    sync = {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync", "Arguments": arguments}
    inner = distributed(branch(Deep=PASS))["Map"]
    for state, problem in (
        (sync, "Express state machine does not support '.sync' service integration  at {}/Resource"),
        (inner, "Express state machine does not support Map states in Distributed mode at {}"),
    ):
        state = {name: value for name, value in state.items() if name != "Next"}
        states = machine(processor=branch(Inner={**state, "End": True}))
        assert problems(json.dumps(states)) == []
        states["States"]["Map"]["ItemProcessor"]["ProcessorConfig"] = express
        (found,) = problems(json.dumps(states))
        assert found.partition(": ")[2] == problem.format("/States/Map/ItemProcessor/States/Inner")
