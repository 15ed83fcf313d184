"""JSON Schemas of job.yaml and of a stack's file, for editors. They take all that the loader takes.

What a schema cannot say (pairs of CPU and memory, the grammar of schedules, limits of a whole job) is the loader's.
"""

from collections.abc import Mapping
from typing import Any

from spec.alerts import AlertsSpec
from spec.aws_forms import aws_region
from spec.container import BuildSpec, CapacitySpec, RetrySpec, SecretSpec, StartRetrySpec
from spec.fields import field_form, shorthand_field, written_default
from spec.job import JobSpec
from spec.model import Spec
from spec.network import NetworkSpec
from spec.overlap import OverlapSpec
from spec.permission import PermissionSpec
from spec.run_on import RunOnSpec
from spec.stack import StackSettings
from spec.stack_file import NAMESPACE
from spec.started_by import StartedBySpec, StartingJobSpec, StartingObjectsSpec
from spec.steps import CountSpec, ForEachSpec, ObjectsSpec, StepSpec

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
# Laid over each other in layers, so that each may leave out what another says, and take away with an empty value.
_LAYERED = (
    BuildSpec,
    CapacitySpec,
    JobSpec,
    OverlapSpec,
    RetrySpec,
    RunOnSpec,
    SecretSpec,
    StartedBySpec,
    StartRetrySpec,
)
MODELS: dict[str, type[Spec]] = {
    model.__name__: model
    for model in (
        *_LAYERED,
        AlertsSpec,
        CountSpec,
        ForEachSpec,
        NetworkSpec,
        ObjectsSpec,
        PermissionSpec,
        StackSettings,
        StartingJobSpec,
        StartingObjectsSpec,
        StepSpec,
    )
}
"""All models that people write, by their names."""
DEFAULTS_DESCRIPTION = "Fields that hold for every job of the stack whose job.yaml or entry does not say otherwise."
JOBS_DESCRIPTION = "The jobs that run in this stack, each with its schedule and what differs from its job.yaml."
REGION_DESCRIPTION = "The Region the stack is in."
_NULL = {"type": "null"}


def job_schema() -> dict[str, Any]:
    """The JSON Schema of a jobs/<name>/job.yaml."""
    definitions = _definitions(JobSpec)
    return {
        "$schema": _DIALECT,
        "title": "A job",
        "anyOf": [{"$ref": "#/$defs/JobSpec"}, _NULL],
        "$defs": definitions,
    }


def stack_schema() -> dict[str, Any]:
    """The JSON Schema of a Pulumi.<stack>.yaml; keys outside of `longhaul:` are Pulumi's own and of any form."""
    definitions = _definitions(JobSpec) | _definitions(StackSettings)
    settings = definitions.pop("StackSettings")["properties"]
    settings["defaults"] = {
        "$ref": "#/$defs/JobSpec",
        "description": DEFAULTS_DESCRIPTION,
    }
    settings["jobs"] = {
        "type": "object",
        "propertyNames": dict(JobSpec.model_json_schema()["properties"]["name"]),
        "additionalProperties": {"anyOf": [{"$ref": "#/$defs/JobSpec"}, _NULL]},
        "description": JOBS_DESCRIPTION,
    }
    keys = {f"{NAMESPACE}:{key}": _or_json_text(schema) for key, schema in settings.items()}
    region = {**aws_region().schema, "description": REGION_DESCRIPTION}
    return {
        "$schema": _DIALECT,
        "title": "A stack of scheduled jobs",
        "type": "object",
        "properties": {
            "config": {
                "type": ["object", "null"],
                "properties": {"aws:region": region, **keys},
                "propertyNames": {"anyOf": [{"not": {"pattern": f"^{NAMESPACE}:"}}, {"enum": list(keys)}]},
            }
        },
        "$defs": definitions,
    }


def _definitions(model: type[Spec]) -> dict[str, Any]:
    """pydantic's schemas of the model and of those in it, in the terms of YAML."""
    schema = model.model_json_schema()
    schemas = {**schema.pop("$defs", {}), model.__name__: schema}
    return {name: _in_yaml_terms(MODELS[name], schema) for name, schema in schemas.items()}


def _in_yaml_terms(model: type[Spec], schema: dict[str, Any]) -> dict[str, Any]:
    properties = {}
    for key, name in model.yaml_keys().items():
        field = _strict(_without_titles(schema["properties"][key]))
        field.pop("default", None)
        default = written_default(model.model_fields[name])
        if model in _LAYERED:
            field = _or_null(_with_empty_values(field))
        properties[key] = field if default is None else {**field, "default": default}
    required = {} if model in _LAYERED or "required" not in schema else {"required": schema["required"]}
    fields = {"type": "object", "properties": properties, "additionalProperties": False, **required}
    if (shorthand := shorthand_field(model)) is not None and (form := field_form(shorthand)) is not None:
        fields = {"anyOf": [fields, dict(form.schema)]}
    return {"description": schema["description"], **fields}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, or an empty value; the description stays outside, where editors look for it."""
    outside = {key: schema[key] for key in ("description",) if key in schema}
    inside = {key: value for key, value in schema.items() if key not in outside}
    if not inside or _NULL in inside.get("anyOf", []):
        return schema
    return {**outside, "anyOf": [inside, _NULL]}


def _with_empty_values(schema: dict[str, Any]) -> dict[str, Any]:
    """A map whose values may be empty, too."""
    if isinstance(values := schema.get("additionalProperties"), Mapping):
        return {**schema, "additionalProperties": _or_null(dict(values))}
    if "patternProperties" in schema:
        return {**schema, "patternProperties": {key: _or_null(one) for key, one in schema["patternProperties"].items()}}
    return schema


def _or_json_text(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema, or the same as JSON text: `pulumi config set` without --path stores every value as text."""
    if "enum" in schema:
        return {**schema, "enum": list(dict.fromkeys([*schema["enum"], *map(str, schema["enum"])]))}
    outside = {key: schema[key] for key in ("description", "default") if key in schema}
    inside = {key: value for key, value in schema.items() if key not in outside}
    return {**outside, "anyOf": [inside, {"type": "string", "pattern": r"^\s*(\{|\[|true|false)"}]}


def _without_titles(schema: Any) -> Any:
    """The schema without the titles pydantic makes of attribute names."""
    if isinstance(schema, Mapping):
        return {key: _without_titles(value) for key, value in schema.items() if key != "title"}
    return [_without_titles(one) for one in schema] if isinstance(schema, list) else schema


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    """A map whose keys have a pattern takes no other keys."""
    return {**schema, "additionalProperties": False} if "patternProperties" in schema else schema
