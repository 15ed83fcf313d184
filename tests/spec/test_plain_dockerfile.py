"""Which Dockerfiles are plain Python, and what they say."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spec.container import ImageStart
from spec.plain_dockerfile import read_plain
from spec.plain_python import Copied, Installed, PlainPython, names_workdir

ROOT = Path(__file__).parents[2]
HEAD = "FROM python:3.13\nWORKDIR /app\n"


def plain(text: str, target: str | None = None) -> PlainPython:
    found, mistakes = read_plain(text, target)
    assert mistakes == []
    assert found is not None
    return found


def found_in(text: str, target: str | None = None) -> list[tuple[int, str, str]]:
    """What is refused: line, instruction, and what was found there."""
    return [(one.line, one.instruction, one.found) for one in read_plain(text, target)[1]]


@pytest.mark.parametrize(
    "dockerfile", [*ROOT.glob("jobs/*/Dockerfile"), ROOT / "cli/templates/job/Dockerfile"], ids=str
)
def test_the_jobs_of_this_repository_are_plain(dockerfile: Path) -> None:
    assert plain(dockerfile.read_text()).start.entrypoint[0] == "python"


EVERYTHING = f"""\
# syntax=docker/dockerfile:1
ARG UNUSED=1
FROM registry.example.com:5000/mirror/python:3.12.4-slim@sha256:{"a" * 64} AS job
LABEL owner=$USER
EXPOSE 8080
ENV A1=1 B1='two words' \\
    # Between them.
    C1="three"
ENV D1=${{A1}}/x E1=\\$A1 F1='$A1'
ENV G1 some more words
WORKDIR /srv/job/
COPY --chown=1:1 --chmod=755 requirements*.txt /srv/job/
COPY ["a file", "other/b"]
RUN python3 -m pip install --no-cache-dir -U -r requirements.txt 'requests>=2,<3' --require-hashes
RUN ["pip", "install", "--progress-bar", "off", "six"]
COPY src ./lib
USER 10001
STOPSIGNAL SIGINT
HEALTHCHECK NONE
CMD ["--all"]
ENTRYPOINT ["python3", "-m", "job"]
"""


def test_everything_that_may_be_there_is_read() -> None:
    read = plain(EVERYTHING, "JOB")
    assert (read.python, read.runtime, read.workdir) == ("3.12", "python3.12", "/srv/job")
    assert read.environment == {
        "A1": "1",
        "B1": "two words",
        "C1": "three",
        "D1": "1/x",
        "E1": "$A1",
        "F1": "$A1",
        "G1": "some more words",
    }
    assert [(one.sources, one.destination, one.into_folder, one.executable) for one in read.copies] == [
        (("requirements*.txt",), "", True, True),
        (("a file",), "other/b", False, None),
        (("src",), "lib", False, None),
    ]
    assert [(one.arguments, one.files) for one in read.installs] == [
        (("requests>=2,<3", "--require-hashes"), ("requirements.txt",)),
        (("six",), ()),
    ]
    assert read.start == ImageStart(("python3", "-m", "job"), ("--all",))
    assert read.interpreters == ("python", "python3", "python3.12")


def test_empty_lines_and_comments_within_an_instruction_end_nothing() -> None:
    read = plain(HEAD + "ENV AA=1 \\\n  # Why\n\n  BB=2\nRUN pip install a && \\\n\n  pip install b\n")
    assert read.environment == {"AA": "1", "BB": "2"}
    assert [one.arguments for one in read.installs] == [("a",), ("b",)]


def test_a_command_alone_is_what_an_image_of_python_starts() -> None:
    assert plain(HEAD + 'CMD ["python", "x.py"]\n').start == ImageStart((), ("python", "x.py"))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("ADD x y", ("ADD", "ADD x y")),
        ("VOLUME /data", ("VOLUME", "VOLUME /data")),
        ('SHELL ["/bin/bash", "-c"]', ("SHELL", 'SHELL ["/bin/bash", "-c"]')),
        ("FROM python:3.12", ("FROM", "FROM python:3.12 too")),
        ("WORKDIR /other", ("WORKDIR", "/other")),
        ("WORKDIR lib", ("WORKDIR", "lib")),
        ("WORKDIR $HOME", ("WORKDIR", "$HOME")),
        ("ENV PATH=/opt/bin:$PATH", ("ENV", "$PATH")),
        ('ENV A="it\'s $B"', ("ENV", "$B")),
        ("ENV AA=1 BB=$AA", ("ENV", "$AA")),
        ("ENV AA=${BB:-1}", ("ENV", "${BB:-1}")),
        ("ENV AA", ("ENV", "AA")),
        ("ENV CONFIG=/app/config.yaml", ("ENV", "it in CONFIG")),
        ("ENV PYTHONPATH=lib:/app", ("ENV", "it in PYTHONPATH")),
        ("ENV AWS_REGION=eu-west-1", ("ENV", "AWS_REGION")),
        ("ENV _HANDLER=x", ("ENV", "_HANDLER")),
        ("ENV LONGHAUL_RUN=x", ("ENV", "LONGHAUL_RUN")),
        ("ENV PIP_INDEX_URL=https://example.com/", ("ENV", "PIP_INDEX_URL")),
        ("ARG PIP_PRE=1", ("ARG", "PIP_PRE")),
        ("ARG WHEN PIP_PRE=1", ("ARG", "PIP_PRE")),
        ("COPY --from=build /x .", ("COPY", "--from=build")),
        ("COPY --chmod=u+x a .", ("COPY", "--chmod=u+x")),
        ("COPY ../a .", ("COPY", "../a")),
        ("COPY a/../../b .", ("COPY", "a/../../b")),
        ("COPY a /etc/a", ("COPY", "/etc/a")),
        ("COPY a ../a", ("COPY", "../a")),
        ("COPY a $APP", ("COPY", "a $APP")),
        ("COPY a", ("COPY", "a")),
        ("RUN apt-get install -y git", ("RUN", "apt-get install -y git")),
        ("RUN pip install a && rm -rf /var/cache", ("RUN", "rm -rf /var/cache")),
        ("RUN pip install a; true", ("RUN", "the shell's ;")),
        ("RUN pip install a>=1", ("RUN", "the shell's >")),
        ("RUN pip install $A", ("RUN", "pip with a variable or a command in it")),
        ("RUN pip install 'a", ("RUN", "a quote without its end")),
        ("RUN pip uninstall a", ("RUN", "pip uninstall a")),
        ("RUN pip install", ("RUN", "pip install of nothing")),
        ("RUN pip install .", ("RUN", "pip install .")),
        ("RUN pip install ./a.whl", ("RUN", "pip install ./a.whl")),
        ("RUN pip install a@git+https://example.com/a", ("RUN", "pip install a@git+https://example.com/a")),
        ("RUN pip install --index-url https://example.com a", ("RUN", "pip install --index-url")),
        ("RUN pip install --no-deps a", ("RUN", "pip install --no-deps")),
        ("RUN pip install -r /tmp/r.txt", ("RUN", "/tmp/r.txt")),
        ("RUN --mount=type=cache,target=/c pip install a", ("RUN", "--mount=type=cache,target=/c")),
        ("RUN <<EOF\npip install a\nEOF", ("RUN", "the shell's <<")),
        ("COPY <<EOF a\ntext\nEOF", ("COPY", "<<EOF a")),
    ],
)
def test_what_is_more_than_plain_python_is_refused_at_its_line(line: str, found: tuple[str, str]) -> None:
    told = found_in(f"{HEAD}{line}\n")
    assert (3, *found) in told
    assert {at for at, _, _ in told} == {3}


@pytest.mark.parametrize(
    ("base", "found"),
    [
        ("alpine", "alpine"),
        ("python", "python"),
        ("python:latest", "python:latest"),
        ("python:3-slim", "python:3-slim"),
        ("mypython:3.13", "mypython:3.13"),
        ("--platform=linux/arm64 python:3.13", "--platform=linux/arm64 python:3.13"),
        ("python:${VERSION}", "python:${VERSION}"),
        ("python:3.9-slim", "3.9"),
        ("python:3.99", "3.99"),
    ],
)
def test_the_base_is_a_python_that_lambda_runs(base: str, found: str) -> None:
    assert found_in(f"FROM {base}\nWORKDIR /app\n") == [(1, "FROM", found)]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_lines() -> None:
    text = "FROM python:3.13 AS one\nENV CODE=/app\nADD a b\nWORKDIR /app\nRUN make && make install\nCOPY a /b\n"
    assert [(line, keyword) for line, keyword, _ in found_in(text, "two")] == [
        (1, "FROM"), (2, "ENV"), (3, "ADD"), (5, "RUN"), (5, "RUN"), (6, "COPY")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("", (1, "FROM", "none")),
        ("FROM python:3.13\n", (1, "WORKDIR", "none")),
        ("FROM python:3.13\nWORKDIR /\n", None),
    ],
)
def test_there_is_a_base_and_a_folder(text: str, at: tuple[int, str, str] | None) -> None:
    told = found_in(text)
    assert told[0] == at or at is None
    assert told


def test_a_copy_and_an_install_before_workdir_have_no_place() -> None:
    text = "FROM python:3.13\nCOPY a .\nRUN pip install -r a\nWORKDIR /app\n"
    assert [(line, keyword) for line, keyword, _ in found_in(text)] == [(2, "COPY"), (3, "RUN")]


@pytest.mark.parametrize(
    ("text", "names_it"),
    [
        ("/app", True), ("/app/x", True), ("a:/app", True), ("--in=/app/x", True), ("run '/app'", True),
        ("/application", False), ("/my/app", False), ("app", False), ("", False),
    ],
)  # fmt: skip
def test_a_path_of_workdir_is_told_from_others(text: str, names_it: bool) -> None:
    assert names_workdir(text, "/app") is names_it


names = st.from_regex("[a-z][a-z0-9]{0,8}", fullmatch=True)
values = st.text("abc XYZ019._-/:=$'\"\\", max_size=12)
requirements = st.builds(
    lambda name, extra, version: f"{name}{extra}{version}",
    names,
    st.sampled_from(["", "[extra]"]),
    st.sampled_from(["", "==1.2", ">=1,<2", "~=3.1", "==1.*"]),
)


def quoted(value: str) -> str:
    """As Docker reads it back: in single quotes nothing is special but themselves."""
    return '"\'"'.join(f"'{part}'" for part in value.split("'"))


@given(
    st.sampled_from(["3.11", "3.12", "3.13", "3.14"]),
    st.dictionaries(names.map(lambda name: f"V_{name}"), values, max_size=4),
    st.lists(st.tuples(names, names), max_size=4),
    st.lists(st.lists(requirements, min_size=1, max_size=3), max_size=3),
    st.lists(st.text("abc -$'", min_size=1, max_size=6), max_size=3),
)
def test_what_is_written_is_what_is_read(
    python: str,
    environment: dict[str, str],
    copies: list[tuple[str, str]],
    installs: list[list[str]],
    arguments: list[str],
) -> None:
    lines = [f"FROM python:{python}-slim", "WORKDIR /work-folder"]
    lines += [f"ENV {name}={quoted(value)}" for name, value in environment.items()]
    lines += [f"COPY {source} {target}/" for source, target in copies]
    lines += [f"RUN pip install {' '.join(quoted(word) for word in words)}" for words in installs]
    lines.append(f"ENTRYPOINT {json.dumps(['python', *arguments])}")

    read = plain("\n".join(lines) + "\n")

    first_copy = 3 + len(environment)
    assert read.python == python
    assert read.environment == environment
    assert read.copies == tuple(
        Copied(first_copy + number, (source,), target, into_folder=True, executable=None)
        for number, (source, target) in enumerate(copies)
    )
    assert read.installs == tuple(
        Installed(first_copy + len(copies) + number, tuple(words), ()) for number, words in enumerate(installs)
    )
    assert read.start.entrypoint == ("python", *arguments)


instructions = st.sampled_from(
    [
        "FROM",
        "ENV",
        "WORKDIR",
        "COPY",
        "RUN",
        "CMD",
        "ENTRYPOINT",
        "ARG",
        "LABEL",
        "ADD",
        "#",
        "from",
        "",
        "RUN pip install",
    ]
)
lines_of_any_kind = st.tuples(instructions, st.text("ab/.:=$\"'\\{}[]<>&|;,-_ \t*python3.13", max_size=25)).map(
    " ".join
)


@given(st.lists(lines_of_any_kind, max_size=8).map("\n".join) | st.text(max_size=60), st.none() | names)
def test_any_text_is_read_or_refused_in_its_lines(text: str, target: str | None) -> None:
    found, mistakes = read_plain(text, target)

    assert found is not None or mistakes
    assert all(1 <= mistake.line <= max(1, len(text.splitlines())) for mistake in mistakes)
    assert all("\n" not in mistake.message for mistake in mistakes)
