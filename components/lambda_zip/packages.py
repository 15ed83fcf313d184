"""The packages of a job, installed for Lambda's platform: once for the same requirements, and kept."""

import hashlib
import json
import posixpath
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from components.lambda_zip.errors import PackError
from components.lambda_zip.markers import MACHINES, check_complete
from components.lambda_zip.sources import check_built
from spec.copied_files import CopiedFile
from spec.plain_python import GLIBC_MINORS, PlainPython

# The least that a wheel for Linux asks of glibc: https://peps.python.org/pep-0600/#specification
_LEAST_GLIBC_MINOR = 5
_LEAST_ON_ARM_MINOR = 17
_OLDER_NAMES = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}
# https://pip.pypa.io/en/stable/reference/requirements-file-format/#supported-options
_NAMES_A_FILE = re.compile(r"\s*(?:-r|-c|--requirement|--constraint)[\s=]*(?P<file>\S+)")
_BROKEN = "after connection broken by"
_OBJECT = re.compile(r"<[^>]*>: ")
# https://packaging.python.org/en/latest/specifications/direct-url/
_OF_HERE = re.compile(r"(?:\.\./\.\./)?bin/|[^/]+\.dist-info/direct_url\.json,")
_LAYOUT = "2"
"""Another one when what is kept of the same packages changes."""


def platforms(python: str, architecture: str) -> list[str]:
    """The tags of the wheels that run on Lambda, the newest first, for `pip install --platform`.

    Args:
        python: a version that Lambda runs.
        architecture: of the function, as Lambda calls it.
    """
    machine = MACHINES[architecture]
    least = _LEAST_ON_ARM_MINOR if architecture == "arm64" else _LEAST_GLIBC_MINOR
    tags = []
    for minor in range(GLIBC_MINORS[python], least - 1, -1):
        tags.append(f"manylinux_2_{minor}_{machine}")
        if minor in _OLDER_NAMES:
            tags.append(f"{_OLDER_NAMES[minor]}_{machine}")
    return tags


def installed(job: str, plain: PlainPython, architecture: str, files: Mapping[str, CopiedFile], kept: Path) -> Path:
    """A folder with the packages that a job's Dockerfile installs, named by the digest of all that decides on them.

    Args:
        job: whose packages they are, for errors.
        plain: what its Dockerfile says.
        architecture: of its function.
        files: what COPY puts below WORKDIR, requirements among it.
        kept: where such folders are.

    Raises:
        PackError: pip could not install them, or not all of them.
    """
    folder = kept / f"packages-{_digest(plain, architecture, files)}"
    if folder.is_dir():
        return folder
    check_built(job, _texts(plain, files))
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept, prefix="installing-") as scratch:
        workdir, target = Path(scratch) / "workdir", Path(scratch) / "packages"
        _lay_out(files, workdir)
        target.mkdir()
        _pip(job, plain, architecture, workdir, target)
        check_complete(job, plain, architecture, _texts(plain, files), target)
        _drop_what_is_of_here(target)
        try:
            target.rename(folder)
        except OSError:
            # Somebody else has been faster: theirs are the same.
            if not folder.is_dir():
                raise
    return folder


def _texts(plain: PlainPython, files: Mapping[str, CopiedFile]) -> Iterator[str]:
    """The job's own requirements, each by itself."""
    for install in plain.installs:
        yield from install.arguments
        for name in _with_those_they_name(install.files, files):
            yield from files[name].path.read_text("utf-8-sig", errors="replace").splitlines()


def _pip(job: str, plain: PlainPython, architecture: str, workdir: Path, target: Path) -> None:
    flags = [f"--platform={tag}" for tag in platforms(plain.python, architecture)]
    # All at once: in a folder, pip takes nothing away that it has installed before.
    words = [word for install in plain.installs for word in install.arguments]
    words += [word for install in plain.installs for file in install.files for word in ("-r", file)]
    command = [
        sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-compile",
        "--no-warn-script-location", f"--target={target.absolute()}", "--only-binary=:all:",
        "--implementation=cp", f"--python-version={plain.python}", *flags, *words,
    ]  # fmt: skip
    done = subprocess.run(command, cwd=workdir, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        raise PackError(
            f"{job}: expected pip to install its packages for {plain.runtime}, found {_reason(done.stderr)}"
        )


def _reason(said: str) -> str:
    """What pip gives as the reason, on one line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    # Where nothing answers, pip says in the end that no such version is there.
    broken = [_OBJECT.sub("", line) for line in lines if _BROKEN in line][-1:]
    return "; ".join(dict.fromkeys(errors + broken)) or (lines[-1] if lines else "that it failed without a word")


def _lay_out(files: Mapping[str, CopiedFile], workdir: Path) -> None:
    workdir.mkdir()
    for name, file in files.items():
        place = workdir / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file.path, place)


def _drop_what_is_of_here(target: Path) -> None:
    """Commands begin with the path of the Python that installs them, which is not there on Lambda; where a wheel of the
    job's own was when it was installed is another path each time."""
    shutil.rmtree(target / "bin", ignore_errors=True)
    for origin in target.glob("*.dist-info/direct_url.json"):
        origin.unlink()
    for record in target.glob("*.dist-info/RECORD"):
        lines = record.read_text("utf-8").splitlines(keepends=True)
        record.write_text("".join(line for line in lines if not _OF_HERE.match(line)), "utf-8")


def _digest(plain: PlainPython, architecture: str, files: Mapping[str, CopiedFile]) -> str:
    read = [name for name in files if name.endswith(".whl")]
    for install in plain.installs:
        read += _with_those_they_name(install.files, files)
    parts = [
        _LAYOUT,
        plain.python,
        architecture,
        [install.arguments for install in plain.installs],
        [(name, hashlib.sha256(files[name].path.read_bytes()).hexdigest()) for name in dict.fromkeys(read)],
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _with_those_they_name(names: Iterable[str], files: Mapping[str, CopiedFile]) -> list[str]:
    """Files of requirements, with those that they name in turn; none twice."""
    found: list[str] = []
    left = list(names)
    while left:
        name = left.pop(0)
        if name in found or name not in files:
            continue
        found.append(name)
        folder = name.rpartition("/")[0]
        for line in files[name].path.read_text("utf-8-sig", errors="replace").splitlines():
            if named := _NAMES_A_FILE.match(line):
                left.append(posixpath.normpath(posixpath.join(folder, named["file"])))
    return found
