"""The packages of a job, installed by pip for Lambda's platform."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from components.lambda_zip import PackError, pack
from tests.components.lambda_zip.conftest import DOCKERFILE, GREETER, PLACE, MakeJob, names_in, write_wheel


@pytest.mark.usefixtures("wheels")
def test_what_is_required_is_installed_at_the_root(make_job: MakeJob) -> None:
    names = names_in(pack(make_job("greeter==1.0"), PLACE))

    assert "greeter.py" in names
    assert "greeter-1.0.dist-info/METADATA" in names
    assert not [name for name in names if name.endswith(".pyc")]


def test_a_package_with_sources_alone_is_refused_in_pips_words(make_job: MakeJob, wheels: Path) -> None:
    (wheels / "sourced-1.0.tar.gz").write_bytes(b"never read")

    with pytest.raises(PackError) as refused:
        pack(make_job("sourced==1.0"), PLACE)

    said = str(refused.value)
    assert said.startswith(
        "nightly: expected pip to install its packages for python3.13, found Could not find a version"
    )
    assert "No matching distribution found for sourced==1.0" in said
    assert "\n" not in said


@pytest.mark.parametrize(
    "requirement",
    [
        "./lib",
        ".",
        "-e ./lib  # For now",
        "lib @ file:lib",
        "lib-1.0.tar.gz",
        "https://example.com/lib-1.0.zip#sha256=00",
        "lib @ git+https://example.com/lib.git ; python_version > '3'",
        "--no-binary lib",
    ],
)
def test_what_pip_would_build_here_is_refused_before_it_does(make_job: MakeJob, asked: list, requirement: str) -> None:
    """Its code would run on this machine, and it would not be installed anew when it changes."""
    with pytest.raises(PackError, match=r"found .+, which pip would build on this machine: leave package out"):
        pack(make_job(requirement), PLACE)
    assert asked == []


@pytest.mark.parametrize(
    "requirement",
    [
        "./inside-1.0-py3-none-any.whl",
        "inside @ file:inside-1.0-py3-none-any.whl#egg=inside",
        "inside[a,b]==1.0 ; sys_platform == 'a/b' or python_version > '3'  # See https://example.com/@a",
        "inside==1.0 --hash=sha256:00 \\",
        "# ./lib",
        "--extra-index-url https://example.com/@a",
    ],
)
def test_wheels_and_what_indexes_have_are_not(make_job: MakeJob, asked: list, requirement: str) -> None:
    pack(make_job(requirement), PLACE)
    assert len(asked) == 1


def test_a_wheel_of_the_jobs_own_gives_the_same_bytes_each_time(make_job: MakeJob, project: Path) -> None:
    write_wheel(project / "jobs/nightly", "inside", "1.0", {"inside.py": ""})
    job = make_job("./inside-1.0-py3-none-any.whl", dockerfile=DOCKERFILE.replace("COPY req", "COPY *.whl req"))
    archive = pack(job, PLACE)
    first = archive.read_bytes()
    shutil.rmtree(project / ".packages")

    assert pack(job, PLACE).read_bytes() == first
    assert "inside.py" in names_in(archive)
    assert not [name for name in names_in(archive) if "direct_url" in name]


@pytest.mark.usefixtures("wheels")
def test_what_a_killed_pip_has_left_is_not_in_the_way(
    make_job: MakeJob, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = subprocess.run

    def killed(_: list[str], *, cwd: Path, **__: object) -> subprocess.CompletedProcess[str]:
        # As the kernel would leave it: where nothing can be cleaned up.
        shutil.copytree(cwd.parent, project / ".packages" / "installing-killed", symlinks=True)
        return real(["false"], capture_output=True, text=True, check=False)

    more = "build: {context: ., dockerfile: jobs/nightly/Dockerfile}"
    dockerfile = DOCKERFILE.replace("COPY req", "COPY . .\nCOPY jobs/nightly/req").replace("nightly/ ", "jobs/nightly ")
    monkeypatch.setattr(subprocess, "run", killed)
    with pytest.raises(PackError):
        pack(make_job("greeter", dockerfile=dockerfile, more=more), PLACE)
    monkeypatch.undo()
    monkeypatch.chdir(project)

    names = names_in(pack(make_job("greeter", dockerfile=dockerfile, more=more), PLACE))
    assert "greeter.py" in names
    assert not [name for name in names if name.startswith(".packages")]


@pytest.mark.usefixtures("wheels")
def test_without_pip_it_is_said_in_one_line(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    real = subprocess.run

    def isolated(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        # Without site-packages there is no pip.
        return real([command[0], "-S", "-I", *command[1:]], **options)  # pyright: ignore[reportCallIssue, reportArgumentType]

    monkeypatch.setattr(subprocess, "run", isolated)
    with pytest.raises(PackError, match=r"^nightly: expected pip .*No module named pip$"):
        pack(make_job("greeter"), PLACE)


def test_an_index_that_cannot_be_reached_is_told_from_one_without_the_package(
    make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{unheard.getsockname()[1]}/simple")
        monkeypatch.setenv("PIP_RETRIES", "1")
        with pytest.raises(PackError, match=r"connection broken by .*Connection refused") as refused:
            pack(make_job(dockerfile=DOCKERFILE.replace("-r requirements.txt", "greeter")), PLACE)
    assert "\n" not in str(refused.value)
    assert " object at " not in str(refused.value)


@pytest.mark.usefixtures("wheels")
def test_hashes_are_held(make_job: MakeJob) -> None:
    dockerfile = DOCKERFILE.replace("--no-cache-dir", "--require-hashes")
    with pytest.raises(PackError, match="--require-hashes mode"):
        pack(make_job("greeter==1.0", dockerfile=dockerfile), PLACE)
    with pytest.raises(PackError, match="THESE PACKAGES DO NOT MATCH THE HASHES"):
        pack(make_job(f"greeter==1.0 --hash=sha256:{'0' * 64}", dockerfile=dockerfile), PLACE)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What pip is asked to install, which it does not."""
    made: list[list[str]] = []

    def recorded(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        made.append(command)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", recorded)
    return made


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What is started."""
    made: list[list[str]] = []
    real = subprocess.run

    def recorded(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        made.append(command)
        return real(command, **options)  # pyright: ignore[reportCallIssue, reportArgumentType]

    monkeypatch.setattr(subprocess, "run", recorded)
    return made


@pytest.mark.usefixtures("wheels")
def test_the_same_requirements_are_installed_once(make_job: MakeJob, project: Path, calls: list) -> None:
    first = pack(make_job("greeter"), PLACE)
    assert len(calls) == 1
    assert calls[0][:4] == [sys.executable, "-m", "pip", "install"]

    # Other code is another archive with the same packages.
    (project / "jobs/nightly/nightly/__main__.py").write_text("print('other')\n")
    second = pack(make_job("greeter"), PLACE)

    assert first != second
    assert len(calls) == 1
    assert "greeter.py" in names_in(second)


@pytest.mark.parametrize(
    "change", ["requirements", "file that they name", "python", "architecture", "arguments", "wheel in the folder"]
)
def test_what_decides_on_packages_has_them_installed_anew(
    make_job: MakeJob, project: Path, asked: list, change: str
) -> None:
    folder = project / "jobs/nightly"
    (folder / "more.txt").write_text("greeter\n")
    write_wheel(folder, "inside", "1.0", {"inside.py": "a = 1\n"})
    dockerfile = DOCKERFILE.replace("COPY requirements.txt .", "COPY *.txt *.whl ./")
    pack(make_job("-r more.txt", dockerfile=dockerfile), PLACE)
    required, more = "-r more.txt", ""
    match change:
        case "requirements":
            required = "-r more.txt\n# And no more."
        case "file that they name":
            (folder / "more.txt").write_text("greeter==1.0\n")
        case "python":
            dockerfile = dockerfile.replace("3.13", "3.12")
        case "architecture":
            more = "architecture: arm64"
        case "arguments":
            dockerfile = dockerfile.replace("-r req", "greeter -r req")
        case _:
            write_wheel(folder, "inside", "1.0", {"inside.py": "a = 2\n"})

    pack(make_job(required, dockerfile=dockerfile, more=more), PLACE)

    assert len(asked) == 2


def test_what_several_runs_install_must_go_together(make_job: MakeJob, wheels: Path) -> None:
    write_wheel(wheels, "other", "1.0", {"other.py": ""}, more="Requires-Dist: greeter<1.0\n")
    dockerfile = DOCKERFILE.replace("COPY requirements.txt .", "COPY *.txt ./\nRUN pip install other")

    with pytest.raises(PackError, match=r"ResolutionImpossible|conflicting dependencies"):
        pack(make_job("greeter==1.0", dockerfile=dockerfile), PLACE)


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="pip needs here what Lambda needs")
def test_what_pip_leaves_out_here_and_lambda_needs_is_refused(make_job: MakeJob, wheels: Path) -> None:
    write_wheel(wheels, "helper", "1.0", {"helper.py": ""})
    write_wheel(wheels, "needy", "1.0", {"needy.py": ""}, more='Requires-Dist: helper; python_version >= "3.14"\n')
    dockerfile = DOCKERFILE.replace("3.13", "3.14")

    with pytest.raises(PackError) as refused:
        pack(make_job("needy", dockerfile=dockerfile), PLACE)

    said = str(refused.value)
    assert said.startswith(
        "nightly: expected all that its packages need on python3.14, x86_64, found without helper; python_version >= "
    )
    assert said.endswith(": name it in the requirements without a condition")
    # As that says; and where the Python has not to have it.
    assert "helper.py" in names_in(pack(make_job("needy", "helper", dockerfile=dockerfile), PLACE))
    assert "needy.py" in names_in(pack(make_job("needy"), PLACE))


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="pip needs here what Lambda needs")
@pytest.mark.parametrize(
    ("requirement", "is_right"),
    [
        ('greeter==1.0; python_version >= "3.14"', False),
        ('greeter==1.0 ; python_full_version >= "3.14"  # For some reason', False),
        # Lambda has the newest patches.
        ('greeter==1.0; python_full_version == "3.14.0"', True),
        ('greeter==1.0; sys_platform == "win32"', True),
        ('greeter==1.0; python_version < "3.14"', True),
    ],
)
@pytest.mark.usefixtures("wheels")
def test_conditions_of_the_jobs_own_requirements_are_lambdas(
    make_job: MakeJob, requirement: str, is_right: bool
) -> None:
    job = make_job(requirement, dockerfile=DOCKERFILE.replace("3.13", "3.14"))
    if is_right:
        assert pack(job, PLACE).is_file()
    else:
        with pytest.raises(PackError, match=r"found without greeter==1\.0; python"):
            pack(job, PLACE)


def test_commands_of_packages_are_left_out(make_job: MakeJob, wheels: Path) -> None:
    """They would begin with the path of the Python that installs them."""
    scripts = "[console_scripts]\ngreet = greeter:greet\n"
    write_wheel(wheels, "greeter", "3.0", {**GREETER, "greeter-3.0.dist-info/entry_points.txt": scripts})

    with zipfile.ZipFile(pack(make_job("greeter==3.0"), PLACE)) as archive:
        names = archive.namelist()
        record = archive.read("greeter-3.0.dist-info/RECORD").decode()
    assert not [name for name in names if name.startswith("bin/")]
    assert "greet," not in record.replace("greeter", "")
    assert sys.executable not in json.dumps(names) + record
    assert "greeter.py," in record


def test_a_failed_install_leaves_nothing_to_be_taken_for_one(make_job: MakeJob, project: Path, wheels: Path) -> None:
    with pytest.raises(PackError):
        pack(make_job("missing"), PLACE)

    assert list((project / ".packages").iterdir()) == []
    write_wheel(wheels, "missing", "1.0", {"missing.py": ""})
    assert "missing.py" in names_in(pack(make_job("missing"), PLACE))
