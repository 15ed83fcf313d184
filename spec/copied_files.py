"""The files that COPY puts into the folder of a job that is plain Python.

https://docs.docker.com/reference/dockerfile/#copy
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from spec.build_files import context_files
from spec.plain_python import Copied, Mistake, PlainPython
from spec.words import shortened

OURS = "longhaul"
"""The folder of the archive that what starts the job is in."""


@dataclass(frozen=True)
class CopiedFile:
    """A file of the context: where it is, and whether it is executable where it was copied to."""

    path: Path
    executable: bool


def copied_files(context: Path, dockerfile: Path, plain: PlainPython) -> tuple[dict[str, CopiedFile], list[Mistake]]:
    """The files below WORKDIR, by their paths from there, and what of COPY and RUN cannot be.

    Args:
        context: the folder that the image is built from.
        dockerfile: where the Dockerfile is.
        plain: what it says.
    """
    there = {path.relative_to(context).as_posix(): path for path in context_files(context, dockerfile)}
    found: dict[str, CopiedFile] = {}
    mistakes: list[Mistake] = []
    steps = sorted([*plain.copies, *plain.installs], key=lambda step: step.line)
    for step in steps:
        if isinstance(step, Copied):
            mistakes += _copy(step, there, found)
            continue
        for file in step.files:
            if file not in found:
                mistakes.append(_missing(step.line, "RUN", "a file that COPY has put there before", file))
    return found, mistakes


def _copy(copied: Copied, there: Mapping[str, Path], found: dict[str, CopiedFile]) -> Iterable[Mistake]:
    sources = [(source, _matching(source, there)) for source in copied.sources]
    files = [file for _, matching in sources for file in matching if file in there]
    into_folder = (
        copied.into_folder
        or copied.destination == ""
        or len(files) > 1
        or any(name.startswith(f"{copied.destination}/") for name in found)
    )
    for source, matching in sources:
        if not matching:
            yield _missing(copied.line, "COPY", "a file or folder of the context", source or "none")
        for match in matching:
            for target, path in _placed(match, copied.destination, there, into_folder=into_folder):
                if path.is_symlink():
                    yield _mistake(copied.line, "COPY", "files alone", f"the link {target}")
                elif target.split("/")[0] == OURS:
                    yield _mistake(
                        copied.line, "COPY", f"nothing called {OURS} in WORKDIR, where what starts the job goes", target
                    )
                elif taken := _in_the_way(target, found):
                    yield _missing(
                        copied.line, "COPY", f"a folder at {shortened(taken)}", "the file that was copied there"
                    )
                else:
                    executable = os.access(path, os.X_OK) if copied.executable is None else copied.executable
                    found[target] = CopiedFile(path, executable)


def _in_the_way(target: str, found: Mapping[str, CopiedFile]) -> str | None:
    """The file that is where a folder of the target would be; None where there is none."""
    folders = target.split("/")[:-1]
    paths = ("/".join(folders[: length + 1]) for length in range(len(folders)))
    return next((path for path in paths if path in found), None)


def _placed(
    match: str, destination: str, there: Mapping[str, Path], *, into_folder: bool
) -> Iterable[tuple[str, Path]]:
    """Where a file, or what is in a folder, goes."""
    if match in there:
        name = match.rpartition("/")[2]
        yield (f"{destination}/{name}".lstrip("/") if into_folder else destination), there[match]
        return
    inside = f"{match}/" if match else ""
    for name, path in there.items():
        if name.startswith(inside):
            yield f"{destination}/{name.removeprefix(inside)}".lstrip("/"), path


def _matching(pattern: str, there: Mapping[str, Path]) -> list[str]:
    """The files and folders that a source names; a folder without files is none."""
    if not pattern:
        return [""] if there else []
    # Go writes a class of what is not meant with ^ alone: https://pkg.go.dev/path/filepath#Match
    parts = pattern.replace("[!", "[\\!").replace("[^", "[!").split("/")
    names = {"/".join(name.split("/")[: len(parts)]) for name in there}
    return sorted(
        name
        for name in names
        if len(name.split("/")) == len(parts)
        and all(fnmatchcase(part, wanted) for part, wanted in zip(name.split("/"), parts, strict=True))
    )


def _mistake(line: int, instruction: str, expected: str, found: str) -> Mistake:
    return Mistake(line, instruction, expected, shortened(found))


def _missing(line: int, instruction: str, expected: str, found: str) -> Mistake:
    """What an image could not have either."""
    return replace(_mistake(line, instruction, expected, found), hint="")
