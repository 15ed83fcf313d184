"""The way in: a stack's file, Pulumi.yaml and the jobs' files become a StackSpec, or a list of all their mistakes."""

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from spec import job_rules, stack_rules
from spec.aws_forms import aws_region
from spec.errors import SpecError, SpecErrors
from spec.job import check_job_name
from spec.job_layers import JOBS_FOLDER, ReadJob, as_map, find_layers, job_names, layer_mistakes, read_job, rooted
from spec.model import Loc, Problem
from spec.overlap_groups import lone_groups, mixed_groups
from spec.run_on_rules import kubernetes, task
from spec.stack import StackSettings, StackSpec
from spec.stack_file import StackConfig, decoded, read_config, stack_file, stack_names
from spec.started_by import StartedBySpec, mistakes_between
from spec.step_containers import jobs_run_by, placed_containers
from spec.step_jobs import step_job_problems
from spec.translate import findings
from spec.words import kind, listed, nearest_hint, shown
from spec.yaml_file import Written

__all__ = ["job_names", "load_stack", "stack_names"]

_JOBS = "jobs"
_DEFAULTS = "defaults"


def load_stack(root: Path, stack: str, config: Mapping[str, object] | None = None) -> StackSpec:
    """What the stack asks for, complete and checked.

    `root` is the repository. `config` holds the `longhaul:*` values keyed without the namespace ("jobs", ...) as Pulumi
    hands them over: plain, or as JSON text; None reads the stack's file. Raises SpecErrors with every mistake.
    """
    return _Loader(root, stack, read_config(root, stack, config)).load()


class _Loader:
    """Reads all there is of a stack. What is wrong goes to `errors`, and has its default meanwhile."""

    def __init__(self, root: Path, stack: str, config: StackConfig) -> None:
        self.errors: list[SpecError] = [*config.errors]
        self._root = root
        self._stack = stack
        self._config = config
        self._settings = StackSettings()
        self._defaults: Written | None = None

    def load(self) -> StackSpec:
        self._check_keys()
        self._check_names()
        self._settings = self._read_settings()
        self._defaults = self._read_defaults()
        entries = list(self._job_entries())
        jobs = [job for entry in entries if (job := self._read_job(entry)) is not None]
        self._check_between(jobs, [str(entry.path[-1]) for entry in entries])
        region = self._read_region()
        if region is not None:
            self._check_region(region)
        if self.errors:
            raise SpecErrors(sorted(self._plain_errors(), key=_place))
        settings = {name: getattr(self._settings, name) for name in StackSettings.model_fields}
        project = self._config.project.value
        return StackSpec(
            project=project, name=self._stack, region=region, jobs=tuple(job.spec for job in jobs), **settings
        )

    def _plain_errors(self) -> list[SpecError]:
        """The mistakes, but not those that an encrypted value makes by being left out."""
        encrypted = {error.path for error in self._config.errors}
        return [error for error in self.errors if error in self._config.errors or error.path not in encrypted]

    def _check_keys(self) -> None:
        known = [*StackSettings.yaml_keys(), _DEFAULTS, _JOBS]
        for name, written in self._config.settings.items():
            if name not in known:
                hint = nearest_hint(name, known) or f"known are {listed(known, 'and')}"
                self.errors.append(written.error(f"expected a known longhaul: key, found {shown(name)}: {hint}"))

    def _check_names(self) -> None:
        """The names of AWS resources begin with those of project and stack."""
        project = self._config.project
        if mistake := stack_rules.project_mistake(project.value):
            self.errors.append(project.error(mistake))
        if mistake := stack_rules.stack_mistake(self._stack, stack_names(self._root)):
            self.errors.append(SpecError(stack_file(self._stack), None, "", mistake))

    def _read_settings(self) -> StackSettings:
        keys = StackSettings.yaml_keys()
        written = {key: decoded(one) for key, one in self._config.settings.items() if key in keys}
        empty = [(key, *loc) for key, one in written.items() for loc in _empty_values(one.value)]
        self.errors.extend(written[loc[0]].error("expected a value, found nothing", loc[1:]) for loc in empty)
        values = {key: one.value for key, one in written.items()}
        try:
            settings = StackSettings.from_yaml(values)
        except ValidationError as error:
            for loc, message, _ in findings(error, StackSettings):
                values.pop(str(loc[0]), None)
                if loc not in empty:
                    self.errors.append(written[str(loc[0])].error(message, loc[1:]))
            settings = StackSettings.from_yaml(values)
        for key, part in (("network", settings.network), ("alerts", settings.alerts)):
            self.errors.extend(written[key].error(problem.message, problem.loc) for problem in part.problems())
        for problem in job_rules.tags_differ(settings.tags):
            self.errors.append(written["tags"].error(problem.message, problem.loc[1:]))
        return settings

    def _read_region(self) -> str | None:
        if self._config.region is None:
            return None
        try:
            return aws_region().read(self._config.region.value)
        except ValueError as error:
            self.errors.append(self._config.region.error(str(error)))
            return None

    def _check_region(self, region: str) -> None:
        """What the stack asks for must be there in its Region."""
        if mistake := stack_rules.endpoints_mistake(region, self._settings.network):
            self.errors.append(self._config.settings["network"].error(mistake, ("endpoints",)))
        if mistake := self._settings.alerts.region_mistake(region):
            self.errors.append(self._config.settings["alerts"].error(mistake, ("topic",)))

    def _read_defaults(self) -> Written | None:
        if _DEFAULTS not in self._config.settings:
            return None
        try:
            defaults = rooted(as_map(decoded(self._config.settings[_DEFAULTS])), "")
        except SpecErrors as unreadable:
            self.errors.extend(unreadable.errors)
            return None
        self.errors.extend(layer_mistakes(defaults))
        return defaults

    def _job_entries(self) -> Iterator[Written]:
        if _JOBS not in self._config.settings:
            message = "expected longhaul:jobs with the jobs that run in this stack, found none"
            self.errors.append(SpecError(stack_file(self._stack), None, "", message))
            return
        entries = decoded(self._config.settings[_JOBS])
        if not isinstance(entries.value, dict):
            self.errors.append(entries.error(f"expected a map of jobs by name, found {kind(entries.value)}"))
            return
        yield from (entries.child(name) for name in entries.value)

    def _read_job(self, entry: Written) -> ReadJob | None:
        name = str(entry.path[-1])
        try:
            check_job_name(name)
            layers = find_layers(self._root, name, self._defaults, entry)
        except SpecErrors as unreadable:
            self.errors.extend(unreadable.errors)
            return None
        except ValueError as error:
            self.errors.append(entry.error(str(error)))
            return None
        for layer in (layers.job_file, layers.entry):
            self.errors.extend(layer_mistakes(layer) if layer is not None else ())
        job, mistakes = read_job(self._root, layers)
        self.errors.extend(mistakes)
        project, scheduled = self._config.project.value, "schedule" in job.merged.value
        if mistake := stack_rules.name_mistake(project, self._stack, name, scheduled=scheduled):
            self.errors.append(entry.error(mistake))
        for loc, _, container in placed_containers(job.spec):
            if mistake := stack_rules.name_mistake(project, self._stack, container.name, scheduled=False):
                self.errors.append(job.error(Problem((*loc, "name"), mistake)))
        rules = chain(job_rules.problems(job.spec), stack_rules.problems(job.spec, self._settings, self._stack))
        self.errors.extend(job.error(problem) for problem in rules if not problem.concerns(job.wrong))
        return job

    def _check_between(self, jobs: list[ReadJob], names: list[str]) -> None:
        """What jobs say of each other; `names` are those of all, readable or not."""
        by_name = {job.spec.name: job for job in jobs}
        specs = [job.spec for job in jobs]
        for spec, problem in chain(
            lone_groups(specs), mixed_groups(specs), task.between(specs), kubernetes.between(specs)
        ):
            self.errors.append(by_name[spec.name].error(problem))
        started = {name: by_name[name].spec.started_by if name in by_name else StartedBySpec() for name in names}
        for name, problem in mistakes_between(started, {job.spec.name: jobs_run_by(job.spec) for job in jobs}):
            self.errors.append(by_name[name].error(problem))
        for spec, problem in step_job_problems((job.spec for job in jobs), names):
            self.errors.append(by_name[spec.name].error(problem))


def _empty_values(value: Any, loc: Loc = ()) -> Iterator[Loc]:
    """Maps of the stack have no lower layer that an empty value could take from; the models would take it for unset."""
    if isinstance(value, dict):
        for key, item in value.items():
            if item is None:
                yield (*loc, key)
            yield from _empty_values(item, (*loc, key))


def _place(error: SpecError) -> tuple[bool, str, int]:
    """The stack first, then the jobs' files, each from top to bottom."""
    return error.file.startswith(f"{JOBS_FOLDER}/"), error.file, error.line or 0
