"""The reference of everything people may write, as Markdown, from what the models say about themselves.

`python -m spec.reference > docs/job-reference.md`
"""

import inspect
import json
import sys
from collections.abc import Iterator
from typing import Any, get_args, get_origin

from pydantic.fields import FieldInfo

from spec.alerts import AlertsSpec
from spec.aws_forms import aws_region
from spec.container import BuildSpec, CapacitySpec, ContainerSpec, RetrySpec, SecretSpec, StartRetrySpec
from spec.fields import field_form, form_of, shorthand_field, unwrapped, written_default
from spec.job import JOB_NAME, JobSpec
from spec.model import Spec
from spec.network import NetworkSpec
from spec.overlap import OverlapSpec
from spec.permission import PermissionSpec
from spec.run_on import RunOnSpec
from spec.schema import DEFAULTS_DESCRIPTION, JOBS_DESCRIPTION, REGION_DESCRIPTION
from spec.sizes import FARGATE_MEMORY_MIB
from spec.stack import StackSettings
from spec.started_by import StartedBySpec, StartingJobSpec, StartingObjectsSpec
from spec.steps import CountSpec, ForEachSpec, ObjectsSpec, StepSpec
from spec.words import listed

_INTRODUCTION = """\
<!-- Made by `python -m spec.reference`. Change the descriptions in spec/, not this page. -->
# Reference: jobs and stacks

A job is described once, in `jobs/<name>/job.yaml`, and runs in every stack whose `Pulumi.<stack>.yaml` names it under
`longhaul:jobs`. All fields of a job may stand in four places, each of which beats those before it:

1. the defaults on this page,
2. `longhaul:defaults` in the stack's file,
3. `jobs/<name>/job.yaml`,
4. the job's entry under `longhaul:jobs` in the stack's file.

They are laid over each other field by field: maps merge, lists and single values replace. A text that is short for a
map (`overlap: queue`) replaces one below it, and is completed by one above. An empty value (`user:`) takes away what a
lower place says. `image` and `build` replace each other.

Files are read as YAML 1.2: `true` and `false` are the only booleans, and a number with a leading zero needs quotes, as
does a `cron(...)` with a `?` within braces or brackets.
`./longhaul check` reports every mistake of a stack at once; `./longhaul schema stack` and `./longhaul schema job` print
the JSON Schemas that editors use.
"""
_SECTIONS: tuple[tuple[str, type[Spec]], ...] = (
    ("build", BuildSpec),
    ("secrets", SecretSpec),
    ("permissions", PermissionSpec),
    ("capacity", CapacitySpec),
    ("retries", RetrySpec),
    ("startRetries", StartRetrySpec),
    ("overlap", OverlapSpec),
    ("runOn", RunOnSpec),
    ("count", CountSpec),
    ("steps", StepSpec),
    ("forEach", ForEachSpec),
    ("forEach.objects", ObjectsSpec),
    ("startedBy", StartedBySpec),
    ("startedBy.jobs", StartingJobSpec),
    ("startedBy.objects", StartingObjectsSpec),
)
_STACK_SECTIONS: tuple[tuple[str, type[Spec]], ...] = (("network", NetworkSpec), ("alerts", AlertsSpec))
_HEADER = "| Key | What it takes | Default | What it is |\n| --- | --- | --- | --- |"


def reference() -> str:
    """The whole page."""
    parts = [_INTRODUCTION, "## A job", _table(JobSpec)]
    parts += _described(_SECTIONS)
    parts += [
        "## Sizes",
        "The pairs of CPU and memory that Fargate sells.",
        _sizes(),
        "## A stack",
        "Keys of `config` in `Pulumi.<stack>.yaml`.",
        "\n".join([_HEADER, *_stack_rows()]),
        *_described(_STACK_SECTIONS),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _described(sections: tuple[tuple[str, type[Spec]], ...]) -> Iterator[str]:
    for title, model in sections:
        yield from (f"## {title}", inspect.cleandoc(model.__doc__ or ""), _table(model))


def _table(model: type[Spec]) -> str:
    return "\n".join([_HEADER, *_rows(model)])


def _rows(model: type[Spec], prefix: str = "") -> Iterator[str]:
    # A step's container has the fields of a job's.
    shared = ContainerSpec.model_fields.keys() if model is StepSpec else ()
    for key, name in model.yaml_keys().items():
        if name in shared:
            continue
        field = model.model_fields[name]
        takes = _takes_field(field)
        default = "required" if field.is_required() else _default(written_default(field))
        yield _row(f"`{prefix}{key}`", takes, default, field.description or "")


def _stack_rows() -> Iterator[str]:
    yield _row("`aws:region`", aws_region().expects, "that of the AWS profile", REGION_DESCRIPTION)
    yield from _rows(StackSettings, "longhaul:")
    fields = "a map with the fields of [a job](#a-job)"
    jobs = f"a map; each key: {JOB_NAME.expects}; each value: {fields}"
    yield _row("`longhaul:defaults`", fields, "", DEFAULTS_DESCRIPTION)
    yield _row("`longhaul:jobs`", jobs, "required", JOBS_DESCRIPTION)


def _takes_field(field: FieldInfo) -> str:
    form = field_form(field)
    return form.expects if form else _takes(field.annotation)


def _takes(annotation: Any) -> str:
    """What a map or a list takes, in words."""
    if form := form_of(annotation):
        return form.expects
    inner = unwrapped(annotation)
    if isinstance(inner, type) and issubclass(inner, Spec):
        title = next(title for title, model in (*_SECTIONS, *_STACK_SECTIONS) if model is inner)
        shorthand = shorthand_field(inner)
        alone = "" if shorthand is None else f"{_takes_field(shorthand)}, or "
        return f"{alone}a map, see [{title}](#{title.lower().replace('.', '')})"
    item = get_args(inner)[0 if get_origin(inner) is tuple else 1]
    if get_origin(inner) is tuple:
        return f"a list; each item: {_takes(item)}"
    return f"a map; each key: {_takes(get_args(inner)[0])}; each value: {_takes(item)}"


def _default(value: Any) -> str:
    if value in (None, "", {}):
        return ""
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _sizes() -> str:
    rows = ["| cpu | memory in MiB |", "| --- | --- |"]
    for units, sizes in FARGATE_MEMORY_MIB.items():
        steps = f"{sizes[0]} to {sizes[-1]} in steps of {sizes[1] - sizes[0]}"
        memory = listed(sizes) if len(sizes) < 5 else steps
        rows.append(_row(f"{units} ({units / 1024:g} vCPU)", memory))
    return "\n".join(rows)


if __name__ == "__main__":
    sys.stdout.write(reference())
