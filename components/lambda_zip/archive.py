"""Packs a job into the archive that its function is made from."""

import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from components.lambda_zip.errors import PackError
from components.lambda_zip.packages import installed
from components.lambda_zip.start import scripts
from definitions.place import Place
from spec.copied_files import OURS, CopiedFile, copied_files
from spec.job import JobSpec
from spec.plain_python import INSTEAD, PlainPython
from spec.run_on_rules.lambda_ import start_of

KEPT = Path(".packages")
"""Where archives and packages are kept: in the project's folder, which is the program's working directory."""

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MIB = 1024 * 1024
LARGEST_ZIPPED_MIB = 50
LARGEST_UNZIPPED_MIB = 250

_IMAGE = Path(__file__).parents[1] / "lambda_image"
_STARTED = ("bootstrap.py", "secret_values.py")
# The first that an archive can tell. https://reproducible-builds.org/docs/archives/
_WRITTEN_AT = (1980, 1, 1, 0, 0, 0)
_BY_UNIX = 3
_REGULAR_FILE = 0o100000


@dataclass(frozen=True)
class _Entry:
    content: bytes
    executable: bool


def pack(container: JobSpec, place: Place) -> Path:
    """The archive of what a function runs, from the project's folder: the same content has the same name.

    At its root are the files that the job's Dockerfile copies and the packages that it installs, in `longhaul/` is what
    starts the job. It is written once: what is there by the name of its content is taken as it is.

    Args:
        container: a job, or what one of its steps runs, that is plain Python.
        place: its stack.

    Raises:
        PackError: pip could not install its packages, or it is larger than Lambda takes.
    """
    build, start = container.build, start_of(container)
    assert build is not None, "an archive is made from a build"
    assert build.plain is not None, "a job with package: zip is plain Python"
    assert start is not None, "a job on Lambda says what it starts"
    files, mistakes = copied_files(Path(build.context), Path(build.dockerfile), build.plain)
    # They were there when the stack was read.
    if mistakes:
        raise PackError(f"{build.dockerfile}:{mistakes[0].line}: {mistakes[0].message}")
    # What is kept may be in the context, and is no part of the job.
    files = {name: file for name, file in files.items() if not file.path.is_relative_to(KEPT)}
    packages = _packages(container, build.plain, files)
    ours = {name: _Entry(text.encode(), executable=True) for name, text in scripts(build.plain, start).items()}
    ours |= {f"{OURS}/{name}": _Entry((_IMAGE / name).read_bytes(), executable=False) for name in _STARTED}
    own = {name: _Entry(file.path.read_bytes(), file.executable) for name, file in files.items()}
    entries = {**own, **ours}
    archive = KEPT / f"{place.name(container.name)}-{_digest(entries, packages)}.zip"
    if not archive.is_file():
        # What the job brings itself is what it finds first, in its image too.
        _write({**(_below(packages) if packages else {}), **entries}, archive, container.name)
    return archive


def _packages(container: JobSpec, plain: PlainPython, files: Mapping[str, CopiedFile]) -> Path | None:
    return installed(container.name, plain, container.architecture, files, KEPT) if plain.installs else None


def _below(folder: Path) -> dict[str, _Entry]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): _Entry(path.read_bytes(), os.access(path, os.X_OK)) for path in paths}


def _digest(entries: Mapping[str, _Entry], packages: Path | None) -> str:
    """Of all that is in an archive; packages are known by the name of their folder."""
    parts = [
        [name, entry.executable, hashlib.sha256(entry.content).hexdigest()] for name, entry in sorted(entries.items())
    ]
    return hashlib.sha256(json.dumps([packages and packages.name, *parts]).encode()).hexdigest()[:16]


def _write(entries: Mapping[str, _Entry], archive: Path, job: str) -> None:
    _check_size(job, "unzipped", sum(len(entry.content) for entry in entries.values()), LARGEST_UNZIPPED_MIB)
    KEPT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=KEPT, prefix="packing-") as scratch:
        written = Path(scratch) / archive.name
        with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as file:
            for information, content in _in_order(entries):
                file.writestr(information, content)
        _check_size(job, "zipped", written.stat().st_size, LARGEST_ZIPPED_MIB)
        written.replace(archive)


def _in_order(entries: Mapping[str, _Entry]) -> Iterator[tuple[zipfile.ZipInfo, bytes]]:
    for name, entry in sorted(entries.items()):
        information = zipfile.ZipInfo(name, _WRITTEN_AT)
        information.compress_type = zipfile.ZIP_DEFLATED
        information.create_system = _BY_UNIX
        # Lambda runs it as a user of its own, so that anybody must be able to read it.
        # https://repost.aws/knowledge-center/lambda-deployment-package-errors
        information.external_attr = (_REGULAR_FILE | (0o755 if entry.executable else 0o644)) << 16
        yield information, entry.content


def _check_size(job: str, how: str, size: int, largest_mib: int) -> None:
    if size >= largest_mib * _MIB:
        found = f"{size / _MIB:.1f}"
        raise PackError(f"{job}: expected an archive of less than {largest_mib} MiB {how}, found {found}: {INSTEAD}")
