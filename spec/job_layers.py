"""One job of a stack: its layers found, merged, and read into a JobSpec, with every mistake in its place."""

import posixpath
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from spec.errors import SpecError, SpecErrors
from spec.job import JobSpec
from spec.merge import Merged
from spec.model import Loc, Problem
from spec.run_on import RunOnSpec
from spec.step_containers import placed_containers
from spec.step_fields import field_of, with_builds, without
from spec.translate import findings
from spec.words import kind, nearest_hint, path_text, shortened, shown
from spec.yaml_file import Written, read_yaml

JOBS_FOLDER = "jobs"
JOB_FILE = "job.yaml"
_TRIGGER_FIELDS = ("timezone", "flexibleWindow", "startDeadline", "enabled")
# A field, the one that it needs, and with which values of that one (None: unsaid) it takes effect.
_DEPENDENTS: tuple[tuple[Loc, Loc, Callable[[Any], bool]], ...] = (
    (("capacity", "onDemandAfter"), ("capacity", "spot"), lambda spot: spot is True),
    (("retries", "onTimeout"), ("retries", "attempts"), bool),
    (("overlap", "group"), ("overlap", "policy"), lambda policy: policy != "allow"),
    (("overlap", "queueLimit"), ("overlap", "policy"), lambda policy: policy == "queue"),
    (("overlap", "oncePerTime"), ("overlap", "policy"), lambda policy: policy == "allow"),
)


@dataclass(frozen=True)
class JobLayers:
    """What is written about a job, the lowest layer first. `job_file` is None for a job without a folder."""

    name: str
    defaults: Written | None
    job_file: Written | None
    entry: Written

    def all(self) -> list[Written]:
        """The layers there are, the lowest first."""
        return [layer for layer in (self.defaults, self.job_file, self.entry) if layer is not None]


@dataclass(frozen=True)
class ReadJob:
    """A job as far as it could be read: in `spec`, the `wrong` fields have their defaults."""

    spec: JobSpec
    wrong: Collection[Loc]
    merged: Merged
    entry: Written

    def error(self, problem: Problem) -> SpecError:
        """A rule that does not hold, at the field the highest layer says: the one that broke what held below it."""
        loc = max((problem.loc, *problem.others), key=self.merged.height_of)
        # A rule of a place to run in speaks of one field alone, which may be written far away from `runOn`.
        names_it = loc[0] == problem.loc[0] or loc[0] != "runOn"
        layer = self.merged.layer_of(loc) or self.entry
        if names_it:
            return layer.error(problem.message, loc)
        whose = "" if layer is self.entry or layer.file.startswith(f"{JOBS_FOLDER}/") else f"{self.spec.name}'s "
        return layer.error(f"{whose}{self._named(problem.loc)}: {problem.message}", loc)

    def _named(self, loc: Loc) -> str:
        """A field that a mistake is about, with the place where it is written."""
        layer = self.merged.layer_of(loc)
        return path_text(loc) if layer is None else f"{path_text(loc)} ({layer.error('', loc).place})"


def job_names(root: Path) -> list[str]:
    """Jobs that have a folder with a job.yaml, in alphabetical order."""
    return sorted(path.parent.name for path in (root / JOBS_FOLDER).glob(f"*/{JOB_FILE}"))


def find_layers(root: Path, name: str, defaults: Written | None, entry: Written) -> JobLayers:
    """Find what is written about a job. Raises SpecErrors for a layer that is no map or cannot be read."""
    folder = f"{JOBS_FOLDER}/{name}"
    job_file = None
    if (root / folder / JOB_FILE).is_file():
        job_file = rooted(as_map(read_yaml(root, f"{folder}/{JOB_FILE}")), folder)
        if not _says_what_runs(job_file) and (root / folder / "Dockerfile").is_file():
            # Said aloud, so that the folder's Dockerfile beats an image in longhaul:defaults.
            job_file = job_file.with_value({**job_file.value, "build": {}})
    layers = JobLayers(name, defaults, job_file, rooted(as_map(entry), ""))
    if job_file is None and not any(_says_what_runs(layer) or layer.value.get("steps") for layer in layers.all()):
        if (root / folder).is_dir():
            raise SpecErrors([entry.error(f"expected the file {folder}/{JOB_FILE}, or an image, found neither")])
        hint = nearest_hint(name, job_names(root)) or f"./longhaul new {name} makes one"
        wanted = f"expected the folder {folder} with a {JOB_FILE}, or an image, found neither"
        raise SpecErrors([entry.error(f"{wanted}: {hint}")])
    return layers


def as_map(layer: Written) -> Written:
    """The layer with nothing written read as an empty map; raises SpecErrors for what is no map."""
    if layer.value is None:
        return layer.with_value({})
    if not isinstance(layer.value, dict):
        raise SpecErrors([layer.error(f"expected a map of a job's fields, found {kind(layer.value)}")])
    return layer


def rooted(layer: Written, folder: str) -> Written:
    """The layer with the paths of its builds, written relative to `folder`, relative to the repository."""

    def moved(build: dict[str, Any]) -> dict[str, Any]:
        paths = {key: build[key] for key in ("context", "dockerfile") if key in build and _is_relative(build[key])}
        return build | {key: posixpath.normpath(posixpath.join(folder, path)) for key, path in paths.items()}

    return layer.with_value(with_builds(layer.value, moved))


def layer_mistakes(layer: Written) -> Iterator[SpecError]:
    """Mistakes of one layer by itself, whether or not another layer hides them."""
    for loc, message, is_missing in _mistakes(_without_empty(layer.value)):
        # What one layer leaves out, another may say.
        if not is_missing:
            yield layer.error(message, loc)


def read_job(root: Path, layers: JobLayers) -> tuple[ReadJob, list[SpecError]]:
    """Merge a job's layers and read the result; the mistakes are those of the merged fields, one by one."""
    merged = Merged(layers.all())
    errors = [*merged.errors, *_drop_what_has_no_effect(layers, merged)]
    wrong: set[Loc] = set()
    for loc, message, _ in _mistakes(merged.value):
        wrong.add(field_of(loc))
        errors.append((merged.layer_of(loc) or layers.entry).error(message, loc))
    fields = without(merged.value, wrong)
    own_build = fields.get("build", {})
    if not wrong & {("image",), ("build",)}:
        fields = with_builds(fields, lambda build: _completed({**own_build, **build}, layers))
        if "image" not in fields:
            fields["build"] = _completed(own_build, layers)
        fields = _with_what_dockerfiles_say(root, fields)
    spec = JobSpec.from_yaml({**fields, "name": layers.name})
    job = ReadJob(spec, wrong, merged, layers.entry)
    missing = [problem for problem in _missing_files(root, spec) if not problem.concerns(wrong)]
    errors.extend(job.error(problem) for problem in missing)
    # What is not there says nothing about what is built from it.
    wrong.update(field_of(problem.loc) for problem in missing)
    for loc, error in _not_plain(root, spec):
        errors.append(error)
        wrong.update([] if loc is None else [field_of(loc)])
    return job, errors


def _mistakes(fields: dict[str, Any]) -> list[tuple[Loc, str, bool]]:
    """Fields that are wrong by themselves: path, message, and whether only a key is missing."""
    mistakes: list[tuple[Loc, str, bool]] = []
    if "name" in fields:
        mistakes.append(
            (("name",), "expected no name here, found one: a job's name is its key in longhaul:jobs", False)
        )
    try:
        JobSpec.from_yaml({**fields, "name": "any"})
    except ValidationError as error:
        mistakes.extend(findings(error, JobSpec))
    return mistakes


def _drop_what_has_no_effect(layers: JobLayers, merged: Merged) -> Iterator[SpecError]:
    """Refuse fields that do nothing in this stack where the stack says them; drop them where a lower layer does.

    job.yaml is for all stacks and longhaul:defaults for all jobs: what they say may be for another one.
    """
    schedule = merged.value.get("schedule")
    for key in _TRIGGER_FIELDS:
        if key not in merged.value:
            continue
        if schedule is None and key == "startDeadline" and _has_rules(merged.value.get("startedBy")):
            continue
        if schedule is None:
            message = "expected a schedule beside it, found none"
        elif key == "timezone" and isinstance(schedule, str) and schedule.startswith("rate("):
            message = f"expected cron(...) or at(...) beside it, found {shortened(schedule)}: a rate has no time of day"
        else:
            continue
        layer = merged.layer_of((key,))
        if layer is not None and (layer is layers.entry or layer is merged.layer_of(("schedule",))):
            yield layer.error(message, (key,))
        merged.drop((key,))
    yield from _retries_that_never_are(layers, merged)
    for loc, needed, takes_effect in _DEPENDENTS:
        if merged.written(loc) is None or takes_effect(merged.written(needed)):
            continue
        # What is left here is refused by the rules between fields.
        if merged.written(needed) is None:
            may_be_for_another = merged.layer_of(loc) is layers.defaults
        else:
            may_be_for_another = merged.height_of(loc) < merged.height_of(needed)
        if may_be_for_another:
            merged.drop(loc)


def _has_rules(started_by: object) -> bool:
    return isinstance(started_by, dict) and bool(started_by.get("jobs") or started_by.get("objects"))


def _retries_that_never_are(layers: JobLayers, merged: Merged) -> Iterator[SpecError]:
    retries = merged.written(("retries",))
    if not isinstance(retries, dict) or "attempts" in retries:
        return
    for key in list(retries):
        layer = merged.layer_of(("retries", key))
        if layer is not None and layer is not layers.defaults:
            yield layer.error(
                "expected attempts beside it, found none: without retries it has no effect", ("retries", key)
            )
            merged.drop(("retries", key))


def _completed(build: dict[str, Any], layers: JobLayers) -> dict[str, Any]:
    """A build with its context and Dockerfile: those of the job's folder, or of the context for a job without one."""
    folder = f"{JOBS_FOLDER}/{layers.name}" if layers.job_file is not None else None
    context = build.get("context", folder or ".")
    return {"context": context, "dockerfile": posixpath.join(folder or context, "Dockerfile"), **build}


def _with_what_dockerfiles_say(root: Path, fields: dict[str, Any]) -> dict[str, Any]:
    run_on = RunOnSpec.from_yaml(fields.get("runOn") or {})
    if run_on.kind != "lambda":
        return fields
    # It takes time to import, which most stacks can do without.
    from spec.dockerfiles import with_what_it_says

    return with_builds(fields, lambda build: with_what_it_says(root, build, is_zip=run_on.is_zip))


def _not_plain(root: Path, job: JobSpec) -> Iterator[tuple[Loc | None, SpecError]]:
    if job.run_on.is_zip:
        from spec.dockerfiles import not_plain

        yield from not_plain(root, job)


def _missing_files(root: Path, job: JobSpec) -> Iterator[Problem]:
    """What the builds of a job need and the repository has not, once for each place that says it."""
    if not job.steps:
        yield from _missing_for_build(root, job, ())
        return
    said: set[Loc] = set()
    for loc, step, container in placed_containers(job):
        for problem in _missing_for_build(root, container, loc if step.build is not None else ()):
            if problem.loc not in said:
                said.add(problem.loc)
                yield problem


def _missing_for_build(root: Path, container: JobSpec, loc: Loc) -> Iterator[Problem]:
    build = container.build
    if build is None or container.image is not None:
        return
    for key, path, is_there in (
        ("context", build.context, Path.is_dir),
        ("dockerfile", build.dockerfile, Path.is_file),
    ):
        what = "folder" if key == "context" else "file"
        if path.startswith(".."):
            yield Problem((*loc, "build", key), f"expected a {what} in the repository, found {shown(path)}")
        elif not is_there(root / path):
            yield Problem(
                (*loc, "build", key),
                f"expected the {what} {shortened(path)}, or an image in its place, found none",
                ((*loc, "image"),),
            )


def _says_what_runs(layer: Written) -> bool:
    return any(layer.value.get(key) is not None for key in ("image", "build"))


def _is_relative(path: object) -> bool:
    return isinstance(path, str) and bool(path) and not path.startswith("/")


def _without_empty(value: Any, loc: Loc = ()) -> Any:
    """The map without its empty values, which take away what a lower layer says; `input` may hold any."""
    if not isinstance(value, dict) or loc[:1] == ("input",):
        return value
    return {key: _without_empty(item, (*loc, key)) for key, item in value.items() if item is not None}
