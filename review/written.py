"""What a loaded spec would be in YAML: the keys and values that people write, defaults included."""

from collections.abc import Mapping
from typing import Any

from spec.fields import field_form
from spec.job import JobSpec
from spec.model import Loc, Spec
from spec.network import EXISTING_VPC, OWN_VPC, NetworkSpec
from spec.stack import StackSettings, StackSpec

Fields = dict[Loc, Any]
"""Paths of YAML keys to values that are not maps. What has no value is not there."""


def job_fields(job: JobSpec) -> Fields:
    """Every field of a job, those left out with their defaults."""
    return dict(_leaves(_written(job), ()))


def default_job_fields() -> Fields:
    """The fields of a job that says nothing."""
    # No such job can be built: it does not say what runs.
    return job_fields(JobSpec.model_construct(name=""))


def stack_fields(stack: StackSpec) -> Fields:
    """What a stack says beside its jobs, by the keys of its file; the project's name is `name` in Pulumi.yaml."""
    settings = {
        f"longhaul:{key}": _value(getattr(stack, name), StackSettings.model_fields[name])
        for key, name in StackSettings.yaml_keys().items()
    }
    region = {} if stack.region is None else {"aws:region": stack.region}
    return dict(_leaves({"name": stack.project, **region, **settings}, ()))


def _written(spec: Spec, *, brief: bool = False) -> dict[str, Any]:
    """A model by its YAML keys; `brief` leaves out what is as it is by default."""
    written = {}
    for key, name in spec.yaml_keys().items():
        value, field = getattr(spec, name), type(spec).model_fields[name]
        if value is None or (
            brief and not field.is_required() and value == field.get_default(call_default_factory=True)
        ):
            continue
        written[key] = _value(value, field)
    if isinstance(spec, NetworkSpec):
        # Of the two kinds of network, the fields of the other one have no meaning.
        for key in EXISTING_VPC if spec.vpc_id is None else OWN_VPC:
            written.pop(key, None)
    return written


def _value(value: Any, field: Any) -> Any:
    form = field_form(field)
    return form.written(value) if form is not None else _plain(value)


def _plain(value: Any) -> Any:
    match value:
        case Spec():
            return _written(value)
        case Mapping():
            return {key: _plain(item) for key, item in value.items()}
        case tuple() | list():
            return [_written(item, brief=True) if isinstance(item, Spec) else _plain(item) for item in value]
        case _:
            return value


def _leaves(value: Any, loc: Loc) -> Any:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, (*loc, str(key)))
    elif value != []:
        yield loc, value
