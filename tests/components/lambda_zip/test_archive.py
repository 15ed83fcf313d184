"""The archive that a function is made from, byte for byte."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from components.lambda_zip import PackError, archive, pack
from tests.components.lambda_zip.conftest import PLACE, MakeJob

ROOT = Path(__file__).parents[3]
NO_PACKAGES = """\
FROM python:3.13-slim
WORKDIR /app
COPY nightly/ nightly/
COPY --chmod=755 tool.sh .
ENTRYPOINT ["python", "-m", "nightly"]
"""


@pytest.fixture
def folder(project: Path) -> Path:
    found = project / "jobs" / "nightly"
    (found / "tool.sh").write_text("#!/bin/sh\n")
    return found


def test_in_it_is_what_is_copied_and_what_starts_it(make_job: MakeJob, folder: Path) -> None:
    packed = pack(make_job(dockerfile=NO_PACKAGES), PLACE)

    assert not packed.is_absolute()
    with zipfile.ZipFile(packed) as file:
        assert file.namelist() == [
            "longhaul/bin/python",
            "longhaul/bin/python3",
            "longhaul/bin/python3.13",
            "longhaul/bootstrap.py",
            "longhaul/secret_values.py",
            "longhaul/start",
            "nightly/__init__.py",
            "nightly/__main__.py",
            "tool.sh",
        ]
        for name in ("bootstrap.py", "secret_values.py"):
            assert file.read(f"longhaul/{name}") == (ROOT / "components/lambda_image" / name).read_bytes()
        assert file.read("nightly/__main__.py") == (folder / "nightly/__main__.py").read_bytes()


def test_anybody_may_read_it_and_start_what_is_started(make_job: MakeJob, folder: Path) -> None:
    (folder / "nightly/__init__.py").chmod(0o600)
    with zipfile.ZipFile(pack(make_job(dockerfile=NO_PACKAGES), PLACE)) as file:
        modes = {each.filename: each.external_attr >> 16 & 0o777 for each in file.infolist()}
    executable = {"longhaul/start", "longhaul/bin/python", "longhaul/bin/python3", "longhaul/bin/python3.13", "tool.sh"}
    assert modes == {name: 0o755 if name in executable else 0o644 for name in modes}


def test_the_same_content_has_the_same_bytes_and_the_same_name(make_job: MakeJob, folder: Path) -> None:
    first = pack(make_job(dockerfile=NO_PACKAGES), PLACE)
    before = hashlib.sha256(first.read_bytes()).hexdigest()
    first.unlink()
    for path in folder.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    # In another process, where no set has its order from this one.
    script = (
        "from pathlib import Path; from spec.load import load_stack; from components.lambda_zip import pack\n"
        "from tests.components.lambda_zip.conftest import PLACE\n"
        "print(pack(load_stack(Path('.'), 'dev').job('nightly'), PLACE))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)

    assert done.stdout.strip() == str(first)
    assert hashlib.sha256(first.read_bytes()).hexdigest() == before


@pytest.mark.parametrize("change", ["code", "mode", "command", "python"])
def test_another_content_has_another_name(make_job: MakeJob, folder: Path, change: str) -> None:
    first = pack(make_job(dockerfile=NO_PACKAGES), PLACE)
    dockerfile, more = NO_PACKAGES, ""
    match change:
        case "code":
            (folder / "nightly/__main__.py").write_text("print(2)\n")
        case "mode":
            dockerfile = NO_PACKAGES.replace("--chmod=755", "--chmod=644")
        case "command":
            more = "command: [--all]"
        case _:
            dockerfile = NO_PACKAGES.replace("3.13", "3.14")

    assert pack(make_job(dockerfile=dockerfile, more=more), PLACE) != first


@pytest.mark.usefixtures("folder")
def test_what_is_kept_does_not_get_into_an_archive(make_job: MakeJob) -> None:
    more = "build: {context: ., dockerfile: jobs/nightly/Dockerfile}"
    dockerfile = NO_PACKAGES.replace("COPY nightly/ nightly/", "COPY . .").replace("tool.sh", "jobs/nightly/tool.sh")
    first = pack(make_job(dockerfile=dockerfile, more=more), PLACE)

    assert pack(make_job(dockerfile=dockerfile, more=more), PLACE) == first
    with zipfile.ZipFile(first) as file:
        assert "jobs/nightly/Dockerfile" in file.namelist()
        assert not [name for name in file.namelist() if name.startswith(".packages")]


@pytest.mark.parametrize(
    ("limit", "size", "how"), [("LARGEST_UNZIPPED_MIB", 1, "unzipped"), ("LARGEST_ZIPPED_MIB", 1, "zipped")]
)
def test_more_than_lambda_takes_is_refused(
    make_job: MakeJob, folder: Path, monkeypatch: pytest.MonkeyPatch, limit: str, size: int, how: str
) -> None:
    monkeypatch.setattr(archive, limit, size)
    (folder / "nightly/data.bin").write_bytes(os.urandom(size * 1024 * 1024 + 100_000))

    with pytest.raises(PackError) as refused:
        pack(make_job(dockerfile=NO_PACKAGES), PLACE)

    assert str(refused.value) == (
        f"nightly: expected an archive of less than 1 MiB {how}, found 1.1: leave package out, and its image has all "
        "of it"
    )
    assert list(Path(".packages").glob("*")) == []


def test_the_limits_are_lambdas() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
    assert (archive.LARGEST_ZIPPED_MIB, archive.LARGEST_UNZIPPED_MIB) == (50, 250)
