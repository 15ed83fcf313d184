"""What a Dockerfile starts, as Docker's reference says: https://docs.docker.com/reference/dockerfile/."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.errors import SandboxError
from sandbox.images import BuildContext, Image, ImageStore, read_image


def image(folder: Path, dockerfile: str, **build: object) -> Image:
    path = folder / "Dockerfile"
    path.write_text(dockerfile)
    return read_image(BuildContext(folder, path, **build))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("instructions", "entry_point", "command"),
    [
        ('ENTRYPOINT ["python", "-m", "job"]', ("python", "-m", "job"), ()),
        ('CMD ["python", "job.py"]', (), ("python", "job.py")),
        ('ENTRYPOINT ["python"]\nCMD ["job.py"]', ("python",), ("job.py",)),
        ("CMD python job.py --date $DAY", (), ("/bin/sh", "-c", "python job.py --date $DAY")),
        ("ENTRYPOINT exec python job.py", ("/bin/sh", "-c", "exec python job.py"), ()),
        ('SHELL ["/bin/bash", "-o", "pipefail", "-c"]\nCMD a | b', (), ("/bin/bash", "-o", "pipefail", "-c", "a | b")),
        ('CMD ["first"]\nCMD ["second"]', (), ("second",)),
        ('entrypoint ["a"]\ncmd [ "b" ,\n# not a line of it\n "c"]'.replace(",\n", ", \\\n"), ("a",), ("b", "c")),
        ("CMD [not, json]", (), ("/bin/sh", "-c", "[not, json]")),
        ('RUN cat <<EOF\nCMD ["in a here-document"]\nFROM nowhere\nEOF\nCMD ["real"]', (), ("real",)),
        ("", (), ()),
    ],
)
def test_entry_point_and_command(
    tmp_path: Path, instructions: str, entry_point: tuple[str, ...], command: tuple[str, ...]
) -> None:
    found = image(tmp_path, f"FROM python:3.12-slim\n{instructions}\n")
    assert (found.entry_point, found.command) == (entry_point, command)
    assert found.folder == tmp_path


@pytest.mark.parametrize(
    ("instructions", "expected"),
    [
        ("ENV A=1 B='two words' C=\"x y\"", {"A": "1", "B": "two words", "C": "x y"}),
        ("ENV OLD form of it", {"OLD": "form of it"}),
        # Docker's own example: one instruction's values see the environment before it.
        ("ENV abc=hello\nENV abc=bye def=$abc\nENV ghi=$abc", {"abc": "bye", "def": "hello", "ghi": "bye"}),
        ("ENV A=x\nENV B=${A}/y", {"A": "x", "B": "x/y"}),
        ("ENV B=${A:-default} C=${A:+set}", {"B": "default", "C": ""}),
        ("ENV A=1\nENV B=${A:-default} C=${A:+set}", {"A": "1", "B": "1", "C": "set"}),
        ("ARG V=1.0\nENV VERSION=$V", {"VERSION": "1.0"}),
        # ENV wins over ARG of the same name.
        ("ARG A=arg\nENV A=env\nENV B=$A", {"A": "env", "B": "env"}),
    ],
)
def test_environment(tmp_path: Path, instructions: str, expected: dict[str, str]) -> None:
    assert image(tmp_path, f"FROM alpine\n{instructions}\n").environment == expected


def test_a_stage_is_built_on_whatever_platform(tmp_path: Path) -> None:
    dockerfile = 'FROM --platform=$BUILDPLATFORM alpine AS base\nENTRYPOINT ["a"]\nFROM base AS job\n'
    assert image(tmp_path, dockerfile, target="job").entry_point == ("a",)


def test_build_arguments_win_over_defaults(tmp_path: Path) -> None:
    found = image(tmp_path, "FROM alpine\nARG V=1.0\nENV VERSION=$V\n", args={"V": "2.0"})
    assert found.environment == {"VERSION": "2.0"}


def test_an_argument_before_the_first_stage_must_be_declared_again(tmp_path: Path) -> None:
    dockerfile = "ARG V=1.0\nFROM alpine:$V\nENV BEFORE=$V\nARG V\nENV AFTER=$V\n"
    assert image(tmp_path, dockerfile).environment == {"BEFORE": "", "AFTER": "1.0"}


STAGES = """
FROM python:3.12 AS base
ENV LEVEL=base
ENTRYPOINT ["python"]
CMD ["base.py"]
FROM base AS tests
CMD ["tests.py"]
FROM base AS job
ENV LEVEL=job
ENTRYPOINT ["python", "-m", "job"]
"""


@pytest.mark.parametrize(
    ("target", "entry_point", "command", "level"),
    [
        (None, ("python", "-m", "job"), (), "job"),
        ("job", ("python", "-m", "job"), (), "job"),
        ("tests", ("python",), ("tests.py",), "base"),
        ("BASE", ("python",), ("base.py",), "base"),
    ],
)
def test_stages_inherit_and_one_is_the_target(
    tmp_path: Path, target: str | None, entry_point: tuple[str, ...], command: tuple[str, ...], level: str
) -> None:
    found = image(tmp_path, STAGES, target=target)
    assert (found.entry_point, found.command, found.environment) == (entry_point, command, {"LEVEL": level})


@pytest.mark.parametrize(
    ("instructions", "in_folder", "files"),
    [
        ("COPY . .", True, {}),
        ("COPY job.py ./", True, {}),
        ("WORKDIR /app\nCOPY job.py .", True, {"/app/job.py": "job.py"}),
        ("COPY --chown=1:1 . /app/\nWORKDIR /app", True, {"/app": "."}),
        ("WORKDIR /srv\nCOPY . /app\nWORKDIR ../app/parts", True, {"/app": "."}),
        ("COPY job.py /job.py", False, {"/job.py": "job.py"}),
        ("WORKDIR /app\nCOPY --chmod=0755 job.py /opt/bin/", False, {"/opt/bin/job.py": "job.py"}),
        ('COPY ["job.py", "parts/a.py", "/opt/"]', False, {"/opt/job.py": "job.py", "/opt/a.py": "parts/a.py"}),
        ("ADD parts /opt/parts", False, {"/opt/parts": "parts"}),
        ("ARG TO=/opt\nCOPY job.py $TO/job.py", False, {"/opt/job.py": "job.py"}),
        # What comes from elsewhere is not there, and says nothing of the folder.
        ("COPY --from=builder /x /opt/x\nADD https://example.com/x /opt/y", True, {}),
        ("COPY <<EOF /opt/x\nCMD x\nEOF", True, {}),
    ],
)
def test_what_is_copied_is_found_where_it_comes_from(
    tmp_path: Path, instructions: str, in_folder: bool, files: dict[str, str]
) -> None:
    (tmp_path / "parts").mkdir()
    for name in ("job.py", "parts/a.py"):
        (tmp_path / name).touch()
    found = image(tmp_path, f"FROM alpine\n{instructions}\n")
    assert found.folder == (tmp_path if in_folder else None)
    assert found.files == {path: tmp_path / name for path, name in files.items()}


def test_a_path_of_a_command_is_one_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    found = image(tmp_path, "FROM alpine\nCOPY . /opt\nCOPY parts /opt/parts/\n")
    assert found.here("/opt/parts/a.py") == str(tmp_path / "parts" / "a.py")
    assert found.here("/opt/job.py") == str(tmp_path / "job.py")
    assert [found.here(word) for word in ("/optional", "/bin/sh", "opt")] == ["/optional", "/bin/sh", "opt"]


class TestAnImageOfAnother:
    """ "FROM" an image that is there: https://docs.docker.com/reference/dockerfile/#from"""

    BASE = "FROM alpine\nWORKDIR /app\nCOPY . .\nENV A=1 B=2\nENTRYPOINT ['sh']".replace("'", '"')

    def on(self, tmp_path: Path, base: str, dockerfile: str, **build: object) -> Image:
        below, above = tmp_path / "below", tmp_path / "above"
        for folder in (below, above):
            folder.mkdir()
        (above / "extra.py").touch()
        found = image(below, base, platform="linux/arm64")
        (above / "Dockerfile").write_text(dockerfile)
        context = BuildContext(above, above / "Dockerfile", **build)  # type: ignore[arg-type]
        return read_image(context, {"below:1": found}.get)

    def test_it_has_what_that_has(self, tmp_path: Path) -> None:
        dockerfile = "ARG IMAGE\nFROM ${IMAGE} AS top\nENV B=3\nCOPY extra.py /opt/extra.py\n"
        found = self.on(tmp_path, self.BASE, dockerfile, args={"IMAGE": "below:1"})
        assert found.folder == tmp_path / "below"
        assert (found.entry_point, found.environment) == (("sh",), {"A": "1", "B": "3"})
        assert found.here("/app/main.py") == str(tmp_path / "below" / "main.py")
        assert found.here("/opt/extra.py") == str(tmp_path / "above" / "extra.py")
        assert (found.working_directory, found.platform) == ("/app", "linux/arm64")

    def test_its_own_entry_point_drops_that_ones_command(self, tmp_path: Path) -> None:
        found = self.on(tmp_path, 'FROM alpine\nCMD ["a"]\n', 'FROM below:1\nENTRYPOINT ["b"]\n')
        assert (found.entry_point, found.command) == (("b",), ())

    def test_two_folders_cannot_be_one(self, tmp_path: Path) -> None:
        with pytest.raises(SandboxError, match="cannot copy into the working directory of another image"):
            self.on(tmp_path, self.BASE, "FROM below:1\nCOPY extra.py .\n")

    def test_of_one_that_is_not_there_nothing_is_known(self, tmp_path: Path) -> None:
        found = self.on(tmp_path, self.BASE, "FROM other:1\nCOPY extra.py /opt/extra.py\n")
        assert (found.folder, found.entry_point) == (None, ())


@pytest.mark.parametrize(
    ("dockerfile", "build", "message"),
    [
        ("FROM alpine AS a\nFROM a AS b\n", {"target": "c"}, r"Dockerfile: no stage 'c'; its stages: a, b"),
        ("CMD x\n", {}, r"Dockerfile: no FROM instruction"),
        ("FROM alpine\nENV A=1 B\n", {}, r"Dockerfile:2: ENV A=1 B: .*name=value"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, dockerfile: str, build: dict[str, str], message: str) -> None:
    with pytest.raises(SandboxError, match=message):
        image(tmp_path, dockerfile, **build)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="cannot read the Dockerfile"):
        read_image(BuildContext(tmp_path, tmp_path / "Dockerfile"))
    with pytest.raises(SandboxError, match="not a folder"):
        read_image(BuildContext(tmp_path / "nowhere", tmp_path / "Dockerfile"))


def test_an_image_is_found_by_its_uri(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text('FROM alpine\nCMD ["true"]\n')
    store = ImageStore()
    registered = store.register("registry/name@sha256:abc", BuildContext(tmp_path, tmp_path / "Dockerfile"))
    assert store.find("registry/name@sha256:abc") == registered
    assert store.find("registry/name:latest") is None
