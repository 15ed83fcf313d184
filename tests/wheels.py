"""Wheels of packages that are installed here, so that pip finds them without an index."""

from __future__ import annotations

import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

_OF_THE_INSTALLATION = frozenset({"INSTALLER", "RECORD", "REQUESTED", "direct_url.json"})


def write_wheels(requirements: Path, folder: Path) -> None:
    """Write a wheel of each `name==version` of a requirements file into a folder.

    https://packaging.python.org/en/latest/specifications/binary-distribution-format/
    """
    for line in requirements.read_text().splitlines():
        name, pinned, version = line.partition("==")
        if pinned:
            found = distribution(name)
            assert found.version == version, f"{name} {version} is pinned, {found.version} is installed"
            _write_wheel(found, folder)


def _write_wheel(found: Distribution, folder: Path) -> None:
    tags = [line.removeprefix("Tag: ") for line in (found.read_text("WHEEL") or "").splitlines() if "Tag: " in line]
    assert "py3-none-any" in tags, f"{found.name} is for {', '.join(tags)}"
    name = found.name.replace("-", "_").lower()
    files = [
        file
        for file in found.files or ()
        if file.parts[0] != ".." and file.suffix != ".pyc" and file.name not in _OF_THE_INSTALLATION
    ]
    with zipfile.ZipFile(folder / f"{name}-{found.version}-py3-none-any.whl", "w") as wheel:
        for file in files:
            wheel.write(file.locate(), file.as_posix())
        record = f"{name}-{found.version}.dist-info/RECORD"
        wheel.writestr(record, "".join(f"{each},,\n" for each in [*files, record]))
