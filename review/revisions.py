"""The stacks of two folders, read and compared."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from review.compare import Revision, review
from review.report import StackMistakes, StackReview
from spec.build_files import context_files
from spec.container import BuildSpec
from spec.errors import SpecErrors
from spec.load import load_stack, stack_names


def review_folders(
    base: Path, head: Path, start: datetime, stack: str | None = None
) -> Sequence[StackReview | StackMistakes]:
    """What differs between two copies of a project, stack by stack in alphabetical order, or in the one of that name.

    Runs are counted from `start` (aware). Raises SpecErrors for a stack that neither copy has.
    """
    before, after = stack_names(base), stack_names(head)
    if stack is not None and stack not in {*before, *after}:
        load_stack(head, stack)
    names = sorted({*before, *after}) if stack is None else [stack]
    return [_review(name, base if name in before else None, head if name in after else None, start) for name in names]


def _review(name: str, base: Path | None, head: Path | None, start: datetime) -> StackReview | StackMistakes:
    old, new = _read(name, base), _read(name, head)
    if isinstance(old, SpecErrors) or isinstance(new, SpecErrors):
        return StackMistakes(stack=name, base=_lines(old), head=_lines(new))
    return review(old, new, start)


def _lines(read: Revision | SpecErrors | None) -> tuple[str, ...]:
    return tuple(str(error) for error in read.errors) if isinstance(read, SpecErrors) else ()


def _read(name: str, root: Path | None) -> Revision | SpecErrors | None:
    if root is None:
        return None
    try:
        stack = load_stack(root, name)
    except SpecErrors as errors:
        return errors
    return Revision(stack, {job.name: _build_files(root, job.build) for job in stack.jobs if job.build is not None})


def _build_files(root: Path, build: BuildSpec) -> dict[str, str]:
    """The files an image is built from, relative to the repository, with a digest of what each holds."""
    dockerfile = root / build.dockerfile
    paths = {*context_files(root / build.context, dockerfile), dockerfile}
    return {path.relative_to(root).as_posix(): _digest(path) for path in paths if not _passed_over(path)}


def _passed_over(path: Path) -> bool:
    """What git does not keep, and a folder that people work in is full of."""
    return any(part in (".git", ".venv", "__pycache__") for part in path.parts)


def _digest(path: Path) -> str:
    content = str(path.readlink()).encode() if path.is_symlink() else path.read_bytes()
    return hashlib.sha256(content).hexdigest()
