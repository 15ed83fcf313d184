"""The way in: a stack's file, Pulumi.yaml and the jobs' files become a StackSpec, or a list of all their mistakes."""

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from spec import job_rules, stack_rules
from spec.aws_forms import aws_region
from spec.errors import SpecError, SpecErrors
from spec.forms import Reading
from spec.job import JobSpec, check_job_name
from spec.job_layers import as_map, find_layers, job_names, layer_mistakes, read_job, rooted
from spec.model import Loc
from spec.stack import StackSettings, StackSpec
from spec.stack_file import StackConfig, decoded, read_config, stack_file, stack_names
from spec.translate import findings
from spec.words import kind, listed, nearest_hint, shown
from spec.yaml_file import Written

__all__ = ["job_names", "load_stack", "stack_names"]

_JOBS = "jobs"
_DEFAULTS = "defaults"
_PARTIAL = Reading(partial=True)


def load_stack(root: Path, stack: str, config: Mapping[str, object] | None = None) -> StackSpec:
    """What the stack asks for, complete and checked.

    `root` is the repository. `config` holds the `longhaul:*` values keyed without the namespace ("jobs", ...) as Pulumi
    hands them over: plain, or as JSON text; None reads the stack's file. Raises SpecErrors with every mistake.
    """
    found = read_config(root, stack, config)
    errors = [*found.errors, *_unknown_keys(found), *_name_mistakes(found, stack)]
    settings = _read_settings(found, errors)
    region = _read_region(found, errors)
    jobs = list(_read_jobs(root, stack, found, settings, errors))
    if errors:
        raise SpecErrors(_by_place(errors))
    fields = {name: getattr(settings, name) for name in StackSettings.model_fields}
    return StackSpec(project=found.project.value, name=stack, region=region, jobs=tuple(jobs), **fields)


def _unknown_keys(found: StackConfig) -> Iterator[SpecError]:
    known = [*StackSettings.yaml_keys(), _DEFAULTS, _JOBS]
    for name, written in found.settings.items():
        if name not in known:
            hint = nearest_hint(name, known) or f"known are {listed(known, 'and')}"
            yield written.error(f"expected a known longhaul: key, found {shown(name)}: {hint}")


def _name_mistakes(found: StackConfig, stack: str) -> Iterator[SpecError]:
    """Names that would be refused in the names of AWS resources, which begin with project and stack."""
    expected = "letters, digits, hyphens and underscores, as AWS resources are named after it"
    if not _is_name(found.project.value):
        yield found.project.error(f"expected a name of {expected}, found {shown(found.project.value)}")
    if not _is_name(stack):
        yield SpecError(stack_file(stack), None, "", f"expected a stack's name of {expected}, found {shown(stack)}")


def _is_name(name: str) -> bool:
    return name.isascii() and name.replace("-", "").replace("_", "").isalnum()


def _read_settings(found: StackConfig, errors: list[SpecError]) -> StackSettings:
    written = {name: decoded(found.settings[name]) for name in StackSettings.yaml_keys() if name in found.settings}
    values = {name: one.value for name, one in written.items()}
    for one in written.values():
        errors.extend(one.error("expected a value, found nothing", loc) for loc in _empty_values(one.value))
    wrong: set[str] = set()
    try:
        settings = StackSettings.model_validate(values, context=_PARTIAL, by_alias=True, by_name=False)
    except ValidationError as error:
        for loc, message, _ in findings(error, StackSettings):
            wrong.add(str(loc[0]))
            errors.append(written[str(loc[0])].error(message, loc[1:]))
        right = {name: value for name, value in values.items() if name not in wrong}
        settings = StackSettings.model_validate(right, context=_PARTIAL, by_alias=True, by_name=False)
    for problem in settings.network.problems():
        errors.append(written["network"].error(problem.message, problem.loc))
    for problem in job_rules.tags_differ(settings.tags, ("tags",)):
        errors.append(written["tags"].error(problem.message, problem.loc[1:]))
    return settings


def _empty_values(value: Any, loc: Loc = ()) -> Iterator[Loc]:
    """Maps of the stack have no lower layer that an empty value could take from; the models would take it for unset."""
    if isinstance(value, dict):
        for key, item in value.items():
            if item is None:
                yield (*loc, key)
            yield from _empty_values(item, (*loc, key))


def _read_region(found: StackConfig, errors: list[SpecError]) -> str | None:
    if found.region is None:
        return None
    try:
        return aws_region().read(found.region.value)
    except ValueError as error:
        errors.append(found.region.error(str(error)))
        return None


def _read_jobs(
    root: Path, stack: str, found: StackConfig, settings: StackSettings, errors: list[SpecError]
) -> Iterator[JobSpec]:
    """The jobs as far as they can be read; what is wrong goes to `errors`."""
    defaults = _read_defaults(found, errors)
    if _JOBS not in found.settings:
        message = "expected longhaul:jobs with the jobs that run in this stack, found none"
        errors.append(SpecError(stack_file(stack), None, "", message))
        return
    entries = decoded(found.settings[_JOBS])
    if not isinstance(entries.value, dict):
        errors.append(entries.error(f"expected a map of jobs by name, found {kind(entries.value)}"))
        return
    for name in entries.value:
        try:
            yield from _read_job(root, stack, found, settings, defaults, entries.child(name), errors)
        except SpecErrors as unreadable:
            errors.extend(unreadable.errors)


def _read_defaults(found: StackConfig, errors: list[SpecError]) -> Written | None:
    if _DEFAULTS not in found.settings:
        return None
    try:
        defaults = rooted(as_map(decoded(found.settings[_DEFAULTS])), "")
    except SpecErrors as unreadable:
        errors.extend(unreadable.errors)
        return None
    errors.extend(layer_mistakes(defaults))
    return defaults


def _read_job(
    root: Path,
    stack: str,
    found: StackConfig,
    settings: StackSettings,
    defaults: Written | None,
    entry: Written,
    errors: list[SpecError],
) -> Iterator[JobSpec]:
    name = str(entry.path[-1])
    try:
        check_job_name(name)
    except ValueError as error:
        raise SpecErrors([entry.error(str(error))]) from None
    layers = find_layers(root, name, defaults, entry)
    for layer in (layers.job_file, layers.entry):
        errors.extend(layer_mistakes(layer) if layer is not None else ())
    job, mistakes = read_job(root, layers)
    errors.extend(mistakes)
    scheduled = "schedule" in job.merged.value
    if mistake := stack_rules.name_mistake(found.project.value, stack, name, scheduled=scheduled):
        errors.append(entry.error(mistake))
    if mistake := stack_rules.stack_mix_up(stack, name, stack_names(root)):
        errors.append(entry.error(mistake))
    rules = chain(job_rules.problems(job.spec), stack_rules.problems(job.spec, settings, stack))
    errors.extend(job.error(problem) for problem in rules if not problem.concerns(job.wrong))
    yield job.spec


def _by_place(errors: list[SpecError]) -> list[SpecError]:
    """Stack first, then the jobs' files, each from top to bottom."""
    return sorted(errors, key=lambda error: (error.file.startswith("jobs/"), error.file, error.line or 0))
