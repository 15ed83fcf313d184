"""Jobs that are plain Python, in a project of their own, and wheels for them without an index."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from definitions.place import Place
from spec.job import JobSpec
from spec.load import load_stack

PLACE = Place(project="longhaul", stack="dev", partition="aws", region="eu-west-1", account="123456789012")
DOCKERFILE = """\
FROM python:3.13-slim
ENV GREETING=hello
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY nightly/ nightly/
ENTRYPOINT ["python", "-m", "nightly"]
"""
MakeJob = Callable[..., JobSpec]
GREETER = {"greeter.py": "import os\n\n\ndef greet():\n    print(os.environ['GREETING'])\n"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, as Pulumi gives it to a program: a project with the job `nightly`, and `wheels` beside."""
    root = tmp_path / "project"
    code = root / "jobs" / "nightly" / "nightly"
    code.mkdir(parents=True)
    (code / "__init__.py").write_text("")
    (code / "__main__.py").write_text("import greeter\ngreeter.greet()\n")
    (tmp_path / "wheels").mkdir()
    (root / "Pulumi.yaml").write_text("name: longhaul\nruntime: python\n")
    monkeypatch.chdir(root)
    # Whoever runs the tests may have set up pip otherwise.
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return root


@pytest.fixture
def make_job(project: Path) -> MakeJob:
    """Write the job's files, and read it: `make_job(requirements, dockerfile=..., more=...)`."""

    def make(*requirements: str, dockerfile: str = DOCKERFILE, more: str = "") -> JobSpec:
        folder = project / "jobs" / "nightly"
        wheels = project.parent / "wheels"
        lines = ["--no-index", f"--find-links {wheels}", *requirements]
        (folder / "requirements.txt").write_text("\n".join(lines) + "\n")
        (folder / "Dockerfile").write_text(dockerfile)
        (folder / "job.yaml").write_text("timeout: 5m\nrunOn: {kind: lambda, package: zip}\n")
        (project / "Pulumi.dev.yaml").write_text(f"config:\n  longhaul:jobs:\n    nightly: {{{more}}}\n")
        return load_stack(project, "dev").job("nightly")

    return make


def write_wheel(
    folder: Path,
    name: str,
    version: str,
    files: Mapping[str, str | bytes],
    *,
    tag: str = "py3-none-any",
    more: str = "",
) -> Path:
    """A wheel: https://packaging.python.org/en/latest/specifications/binary-distribution-format/"""
    info = f"{name}-{version}.dist-info"
    whole = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    path = folder / f"{name}-{version}-{tag}.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        record = ""
        for file, content in whole.items():
            raw = content if isinstance(content, bytes) else content.encode()
            digest = base64.urlsafe_b64encode(hashlib.sha256(raw).digest()).rstrip(b"=").decode()
            record += f"{file},sha256={digest},{len(raw)}\n"
            wheel.writestr(file, raw)
        wheel.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
    return path


@pytest.fixture
def wheels(project: Path) -> Path:
    folder = project.parent / "wheels"
    write_wheel(folder, "greeter", "1.0", GREETER)
    return folder


def names_in(archive: Path) -> list[str]:
    with zipfile.ZipFile(archive) as file:
        return file.namelist()
