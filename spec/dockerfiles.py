"""What the Dockerfiles of a job say, where the place that it runs in asks for it: what starts, and what else is there.

Nothing is built: that is left to whoever deploys.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spec.copied_files import copied_files
from spec.dockerfile import image_start
from spec.errors import SpecError
from spec.model import Loc
from spec.plain_dockerfile import read_plain
from spec.plain_python import Mistake
from spec.step_containers import placed_containers

if TYPE_CHECKING:
    from spec.container import BuildSpec
    from spec.job import JobSpec


def with_what_it_says(root: Path, build: dict[str, Any], *, is_zip: bool) -> dict[str, Any]:
    """A build, as it is written, with what its Dockerfile says.

    Args:
        root: the repository.
        build: the build, with its Dockerfile's path from there.
        is_zip: whether it is to be read as plain Python.
    """
    text = _text(root, build["dockerfile"])
    # One that is not there is said elsewhere, or by the builder.
    if text is None:
        return build
    plain = read_plain(text, build.get("target"))[0] if is_zip else None
    if plain is not None:
        return {**build, "starts": plain.start, "plain": plain}
    try:
        return {**build, "starts": image_start(text, build.get("target"), build.get("args") or {})}
    except (IndexError, ValueError):
        return build


def not_plain(root: Path, job: JobSpec) -> Iterator[tuple[Loc | None, SpecError]]:
    """What keeps a job from being made into an archive, at the lines of its Dockerfiles.

    Each comes with the place of its build in the job where nothing can be said of that; None where the rest of it can.
    """
    said: set[SpecError] = set()
    for loc, build in _builds(job):
        for mistake in _mistakes(root, build):
            error = SpecError(build.dockerfile, mistake.line, mistake.instruction, mistake.message)
            if error not in said:
                said.add(error)
                yield ((*loc, "build") if build.plain is None else None), error


def _builds(job: JobSpec) -> Iterator[tuple[Loc, BuildSpec]]:
    """The builds that are used, each with its place in the job."""
    if not job.steps:
        placed = [((), job)]
    else:
        placed = [(loc if step.build is not None else (), container) for loc, step, container in placed_containers(job)]
    for loc, container in placed:
        if container.image is None and container.build is not None:
            yield loc, container.build


def _mistakes(root: Path, build: BuildSpec) -> list[Mistake]:
    text, context = _text(root, build.dockerfile), root / build.context
    if text is None:
        return []
    plain, mistakes = read_plain(text, build.target)
    files = copied_files(context, root / build.dockerfile, plain)[1] if plain is not None and context.is_dir() else []
    return [*mistakes, *files]


def _text(root: Path, file: str) -> str | None:
    try:
        return (root / file).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
