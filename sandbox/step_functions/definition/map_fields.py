"""Checks the fields that only Map states have.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map.html
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-fields-dist-map.html
"""

import re
from collections.abc import Iterator
from typing import Any

from sandbox.step_functions.definition import values
from sandbox.step_functions.definition.diagnostic import Diagnostic, schema
from sandbox.step_functions.definition.fields import Value
from sandbox.step_functions.definition.nesting import Machine, all_states, is_distributed
from sandbox.step_functions.json_text import MAX_PAYLOAD_BYTES
from sandbox.step_functions.query import is_expression

_PROCESSOR_CONFIG = {
    "Mode": Value("STRING", choices=("INLINE", "DISTRIBUTED")),
    "ExecutionType": Value("STRING", choices=("STANDARD", "EXPRESS")),
}
_DISTRIBUTED_ONLY = ("ItemReader", "ItemBatcher", "ResultWriter", "Label")
_READER_RESOURCES = ("arn:aws:states:::s3:getObject", "arn:aws:states:::s3:listObjectsV2")
_WRITER_RESOURCES = ("arn:aws:states:::s3:putObject",)
_READER = {"Resource": Value("STRING", choices=_READER_RESOURCES), "ReaderConfig": Value("OBJECT")}
_MAX_ITEMS = 100_000_000
_READER_CONFIG = {
    "InputType": Value("STRING", choices=("CSV", "JSON", "JSONL", "PARQUET", "MANIFEST")),
    "CSVHeaderLocation": Value("STRING", choices=("FIRST_ROW", "GIVEN")),
    "CSVHeaders": Value("ARRAY"),
    "CSVDelimiter": Value("STRING", choices=("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB")),
    "MaxItems": Value("INTEGER", 0, _MAX_ITEMS, expression=True),
    "ItemsPointer": Value("STRING"),
    "ManifestType": Value("STRING", choices=("ATHENA_DATA", "S3_INVENTORY")),
    "Transformation": Value("STRING", choices=("NONE", "LOAD_AND_FLATTEN")),
}
_BATCHER = {
    "MaxItemsPerBatch": Value("INTEGER", 1, expression=True),
    "MaxInputBytesPerBatch": Value("INTEGER", 1, MAX_PAYLOAD_BYTES, expression=True),
}
_WRITER = {"Resource": Value("STRING", choices=_WRITER_RESOURCES), "WriterConfig": Value("OBJECT")}
_WRITER_CONFIG = {
    "Transformation": Value("STRING", choices=("NONE", "COMPACT", "FLATTEN")),
    "OutputType": Value("STRING", choices=("JSON", "JSONL")),
}
_MAX_LABEL = 40
_NOT_IN_LABELS = re.compile(r"[\s?*<>{}\[\]:;,\\|^~$#%&`\"\x00-\x1f\x7f-\x9f]")


def problems(state: dict[str, Any], at: str, machine_type: str, *, jsonata: bool) -> Iterator[Diagnostic]:
    """What AWS refuses of a Map state beside what its processor holds."""
    items = state.get("Items", [])
    if jsonata and not isinstance(items, list | dict) and not is_expression(items):
        yield schema("Expected value of type [ARRAY]", f"{at}/Items")
    for field in ("ItemProcessor", "Iterator"):
        if isinstance(state.get(field), dict) and "ProcessorConfig" in state[field]:
            yield from _processor_config(state[field]["ProcessorConfig"], f"{at}/{field}/ProcessorConfig")
    if not is_distributed(state):
        for field in _DISTRIBUTED_ONLY:
            if field in state:
                yield schema(f"Field '{field}' is not supported", at)
        return
    if machine_type == "EXPRESS":
        yield schema("Express state machine does not support Map states in Distributed mode", at)
    arguments = "Arguments" if jsonata else "Parameters"
    for field, check in (("ItemReader", _reader), ("ItemBatcher", _batcher), ("ResultWriter", _writer)):
        if isinstance(state.get(field), dict):
            yield from check(state[field], f"{at}/{field}", arguments, jsonata=jsonata)
    if isinstance(state.get("Label"), str):
        yield from _label(state["Label"], f"{at}/Label")


def same_labels(machine: Machine) -> Iterator[Diagnostic]:
    """Labels that more than one Map state of a valid machine has."""
    seen: set[str] = set()
    for place, _, state in all_states(machine):
        label = state.get("Label")
        if isinstance(label, str) and label in seen:
            yield schema(f"Label '{label}' is not unique in the state machine", f"{place}/Label")
        seen.add(str(label))


def _processor_config(configuration: Any, at: str) -> Iterator[Diagnostic]:
    if not isinstance(configuration, dict):
        yield schema("Expected value of type [OBJECT]", at)
        return
    yield from values.unknown_fields(configuration, _PROCESSOR_CONFIG, at)
    yield from values.field_values(configuration, _PROCESSOR_CONFIG, at, jsonata=False)
    if configuration.get("Mode") == "DISTRIBUTED":
        yield from values.required_fields(configuration, ("ExecutionType",), at)


def _reader(reader: dict[str, Any], at: str, arguments: str, *, jsonata: bool) -> Iterator[Diagnostic]:
    yield from values.unknown_fields(reader, {*_READER, arguments}, at)
    yield from values.required_fields(reader, ("Resource", arguments), at)
    yield from values.field_values(reader, _READER, at, jsonata=jsonata)
    config = reader.get("ReaderConfig")
    if not isinstance(config, dict):
        if reader.get("Resource") == _READER_RESOURCES[0]:
            yield from values.required_fields(reader, ("ReaderConfig",), at)
        return
    place = f"{at}/ReaderConfig"
    yield from values.unknown_fields(config, {*_READER_CONFIG, *(() if jsonata else ("MaxItemsPath",))}, place)
    yield from values.field_values(config, _READER_CONFIG, place, jsonata=jsonata)
    if reader.get("Resource") == _READER_RESOURCES[0]:
        yield from values.required_fields(config, ("InputType",), place)
    if config.get("InputType") == "CSV":
        needed = ("CSVHeaders",) if config.get("CSVHeaderLocation") == "GIVEN" else ()
        yield from values.required_fields(config, ("CSVHeaderLocation", *needed), place)


def _batcher(batcher: dict[str, Any], at: str, _arguments: str, *, jsonata: bool) -> Iterator[Diagnostic]:
    bounds = tuple(_BATCHER) if jsonata else (*_BATCHER, *(f"{name}Path" for name in _BATCHER))
    yield from values.unknown_fields(batcher, {*bounds, "BatchInput"}, at)
    yield from values.field_values(batcher, _BATCHER, at, jsonata=jsonata)
    if not any(name in batcher for name in bounds):
        yield schema(f"This object should have at least one of the following fields: [{', '.join(bounds)}]", at)


def _writer(writer: dict[str, Any], at: str, arguments: str, *, jsonata: bool) -> Iterator[Diagnostic]:
    yield from values.unknown_fields(writer, {*_WRITER, arguments}, at)
    yield from values.field_values(writer, _WRITER, at, jsonata=jsonata)
    if not writer:
        yield schema("Value cannot be empty", at)
    elif ("Resource" in writer) != (arguments in writer):
        yield from values.required_fields(writer, ("Resource", arguments), at)
    config = writer.get("WriterConfig")
    if isinstance(config, dict):
        yield from values.unknown_fields(config, _WRITER_CONFIG, f"{at}/WriterConfig")
        yield from values.field_values(config, _WRITER_CONFIG, f"{at}/WriterConfig", jsonata=False)


def _label(label: str, at: str) -> Iterator[Diagnostic]:
    if not label:
        yield schema("Value cannot be empty", at)
    if len(label) > _MAX_LABEL:
        yield schema(f"The label exceeds the {_MAX_LABEL}-character limit allowed by the service", at)
    if found := _NOT_IN_LABELS.search(label):
        yield schema(f"The label contains an invalid character: '{found[0]}'", at)
