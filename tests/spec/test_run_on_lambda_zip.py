"""What a job on Lambda may say that is made into an archive."""

from pathlib import Path

import pytest

from spec.build_files import IGNORE_FILE
from spec.copied_files import copied_files
from spec.plain_dockerfile import read_plain
from spec.run_on_rules.function_environment import variables_of
from spec.run_on_rules.lambda_ import start_of

DOCKERFILE = """\
FROM python:3.13-slim
ENV LEVEL=info SHOP=none
WORKDIR /app
COPY main.py .
ENTRYPOINT ["python", "main.py"]
"""
INSTEAD = "leave package out, and its image has all of it"


@pytest.fixture
def nightly(repository):
    """Writes the job `nightly`, whose stack's entry has `more`."""

    def write(dockerfile: str = DOCKERFILE, more: str = "") -> None:
        repository.write("jobs/nightly/Dockerfile", dockerfile)
        repository.write("jobs/nightly/main.py", "")
        repository.write("jobs/nightly/job.yaml", "timeout: 5m\nrunOn: {kind: lambda, package: zip}\n")
        repository.write("Pulumi.dev.yaml", f"config:\n  longhaul:jobs:\n    nightly: {{{more}}}\n")

    return write


def test_the_folder_of_a_job_stays_as_it_is(repository, nightly) -> None:
    nightly(more="environment: {SHOP: all}")
    job = repository.load().job("nightly")
    assert job.run_on.is_zip
    start = start_of(job)
    assert start is not None
    assert (start.entrypoint, start.command) == (("python", "main.py"), ())
    assert variables_of(job) == {
        "LEVEL": "info",
        "SHOP": "all",
        "AWS_LAMBDA_EXEC_WRAPPER": "/var/task/longhaul/start",
    }


def test_a_byte_order_mark_says_nothing(repository, nightly) -> None:
    nightly(f"\ufeff{DOCKERFILE}")
    assert repository.load().job("nightly").run_on.is_zip


def test_an_image_is_what_a_function_is_made_from_unless_it_says_so(repository, nightly) -> None:
    nightly(DOCKERFILE + "RUN make\n", more="runOn: {package: image}")
    assert not repository.load().job("nightly").run_on.is_zip


def test_a_package_is_for_functions_alone(repository) -> None:
    repository.write(
        "Pulumi.dev.yaml",
        "config:\n  longhaul:jobs:\n    one: {image: a, runOn: {kind: fargate, package: zip}}\n"
        "    two: {image: a, entrypoint: [python], timeout: 5m, runOn: {kind: lambda, package: zip}}\n",
    )
    assert repository.mistakes() == [
        "Pulumi.dev.yaml:3 longhaul:jobs.one.runOn.package: expected kind: lambda beside package, found fargate",
        'Pulumi.dev.yaml:4 longhaul:jobs.two.image: expected none with package: zip, found "a": an archive is made '
        f"from a Dockerfile; {INSTEAD}",
    ]


def test_mistakes_of_dockerfile_and_job_are_told_at_once(repository, nightly) -> None:
    dockerfile = "FROM python:3.13\nRUN make\nWORKDIR /app\nCOPY none.py .\nRUN pip install -r none.txt\nCMD python x\n"
    nightly(dockerfile, "environment: {CONFIG: /app/config}, timeout: 20m")
    assert [line.partition(" with ")[0].partition(":Pulumi")[0] for line in repository.mistakes()] == [
        "Pulumi.dev.yaml:3 longhaul:jobs.nightly.timeout: expected at most 15m",
        "Pulumi.dev.yaml:3 longhaul:jobs.nightly.environment.CONFIG: expected no path of /app",
        "jobs/nightly/Dockerfile:2 RUN: expected pip install of -r FILE and requirements alone",
        "jobs/nightly/Dockerfile:4 COPY: expected a file or folder of the context",
        "jobs/nightly/Dockerfile:5 RUN: expected a file that COPY has put there before",
        "jobs/nightly/job.yaml:2 runOn.package: entrypoint: expected python, python3 or python3.13 first in ENTRYPOINT "
        "and CMD of jobs/nightly/Dockerfile:6",
    ]


def test_a_dockerfile_without_a_known_python_is_told_of_once(repository, nightly) -> None:
    nightly("FROM alpine\nWORKDIR /app\n")
    assert repository.mistakes() == [
        "jobs/nightly/Dockerfile:1 FROM: expected python:3.X, X of 3.11, 3.12, 3.13 or 3.14 with package: zip, found "
        f"alpine: {INSTEAD}"
    ]


def test_a_stage_that_is_the_only_one_may_be_named(repository, nightly) -> None:
    nightly(DOCKERFILE.replace("slim", "slim AS job"), "build: {target: job, args: {UNUSED: a}}")
    assert repository.load().job("nightly").build.plain is not None
    nightly(DOCKERFILE, "build: {target: job}")
    assert repository.mistakes()[0].startswith(
        "jobs/nightly/Dockerfile:1 FROM: expected the stage job of build's target"
    )


@pytest.mark.parametrize(
    ("more", "field", "found"),
    [
        ("entrypoint: [node, x.js]", "entrypoint", 'found "node": '),
        ("entrypoint: [/usr/local/bin/python, x.py]", "entrypoint", 'found "/usr/local/bin/python": '),
        ("entrypoint: [python3.12, x.py]", "entrypoint", 'found "python3.12": '),
        ("entrypoint: [python, /app/x.py]", "entrypoint", 'found "/app/x.py": '),
        ("entrypoint: [python, -I, x.py]", "entrypoint", "expected no -I of Python"),
        ("entrypoint: [python, -sE, -m, x]", "entrypoint", "expected no -sE of Python"),
        ("command: [--out=/app/out]", "entrypoint", 'found "--out=/app/out": '),
    ],
)
def test_a_start_that_is_not_lambdas_python_is_refused(repository, nightly, more: str, field: str, found: str) -> None:
    nightly(more=more)
    (mistake,) = repository.mistakes()
    assert f"{field}: expected" in mistake
    assert found in mistake


@pytest.mark.parametrize(
    "more",
    [
        "entrypoint: [python3.13, -X, utf8, -W, Error, -u, main.py, -I]",
        "entrypoint: [python, -mmodule, -E]",
        "entrypoint: [python3, -c, 'print(1)']",
        "command: [-E]",
    ],
)
def test_options_that_change_nothing_there_are_taken(repository, nightly, more: str) -> None:
    nightly(more=more)
    assert repository.load()


def test_the_environment_counts_whole(repository, nightly) -> None:
    """Lambda's error names what it measures: JSON text of all variables."""
    own = '{"AWS_LAMBDA_EXEC_WRAPPER":"/var/task/longhaul/start","AA":"","BB":""}'
    dockerfile = DOCKERFILE.replace("LEVEL=info SHOP=none", f"AA={'x' * 2000}")
    nightly(dockerfile, f"environment: {{BB: {'x' * (4096 - len(own) - 2000)}}}")
    assert repository.load()
    nightly(dockerfile, f"environment: {{BB: {'x' * (4097 - len(own) - 2000)}}}")
    assert repository.mistakes() == [
        "Pulumi.dev.yaml:3 longhaul:jobs.nightly.environment: expected at most 4,096 bytes as JSON text with runOn: "
        "lambda, found 4,097, ENV of the Dockerfile and Longhaul's own among them"
    ]


def test_a_step_that_builds_from_another_dockerfile_is_judged_by_that(repository, nightly) -> None:
    nightly(more="steps: [{name: one}, {name: two, build: {dockerfile: jobs/nightly/Other}}]")
    repository.write("jobs/nightly/Other", "FROM python:3.12\nWORKDIR /srv\nADD x y\nENTRYPOINT ['python']\n")
    (wrong, start) = repository.mistakes()
    assert start.startswith("jobs/nightly/Other:3 ADD: expected ")
    assert "Other:4 with package: zip" in wrong


def test_a_build_that_no_step_uses_is_not_judged(repository, nightly) -> None:
    nightly("FROM scratch\n", "steps: [{name: one, build: {dockerfile: jobs/nightly/Other}}]")
    repository.write("jobs/nightly/Other", DOCKERFILE)
    assert repository.load()


def files_of(root: Path, *lines: str) -> tuple[dict[str, str], list[tuple[int, str]]]:
    """What is copied, target to source, and what is refused."""
    plain, mistakes = read_plain("\n".join(["FROM python:3.13", "WORKDIR /app", *lines]), None)
    assert plain is not None
    assert mistakes == []
    found, wrong = copied_files(root, root / "Dockerfile", plain)
    paths = {name: file.path.relative_to(root).as_posix() for name, file in found.items()}
    return paths, [(mistake.line, mistake.found) for mistake in wrong]


@pytest.fixture
def context(tmp_path: Path) -> Path:
    for name in ("main.py", "b.py", "notes.txt", "lib/one.py", "lib/deep/two.py", "data/a.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / IGNORE_FILE).write_text(f"*.txt\n{IGNORE_FILE}\n")
    return tmp_path


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (["COPY main.py ."], {"main.py": "main.py"}),
        (["COPY main.py run.py"], {"run.py": "main.py"}),
        (["COPY main.py src/"], {"src/main.py": "main.py"}),
        (["COPY main.py b.py /app/src/"], {"src/main.py": "main.py", "src/b.py": "b.py"}),
        (["COPY *.py ./"], {"main.py": "main.py", "b.py": "b.py"}),
        # https://pkg.go.dev/path/filepath#Match
        (["COPY [^m]*.py ./"], {"b.py": "b.py"}),
        (["COPY [!b]*.py ./"], {"b.py": "b.py"}),
        # A folder's content goes, not the folder.
        (["COPY lib lib"], {"lib/one.py": "lib/one.py", "lib/deep/two.py": "lib/deep/two.py"}),
        (["COPY lib/ ."], {"one.py": "lib/one.py", "deep/two.py": "lib/deep/two.py"}),
        (["COPY lib/d*p x"], {"x/two.py": "lib/deep/two.py"}),
        (["COPY /lib/one.py ."], {"one.py": "lib/one.py"}),
        # Into a folder that is there.
        (["COPY lib lib", "COPY main.py lib"],
         {"lib/one.py": "lib/one.py", "lib/deep/two.py": "lib/deep/two.py", "lib/main.py": "main.py"}),
        # The last one wins.
        (["COPY main.py x.py", "COPY b.py x.py"], {"x.py": "b.py"}),
        (["COPY . ."], {name: name for name in ("main.py", "b.py", "lib/one.py", "lib/deep/two.py", "data/a.csv")}),
    ],
)  # fmt: skip
def test_files_go_where_docker_puts_them(context: Path, lines: list[str], found: dict[str, str]) -> None:
    assert files_of(context, *lines) == (found, [])


def test_what_is_not_there_or_left_out_is_not_copied(context: Path) -> None:
    _, wrong = files_of(context, "COPY none.py notes.txt ./", "COPY main.py lib/none/*.py ./")
    assert wrong == [(3, "none.py"), (3, "notes.txt"), (4, "lib/none/*.py")]


def test_links_and_the_folder_of_what_starts_the_job_are_refused(context: Path) -> None:
    (context / "link.py").symlink_to("main.py")
    _, wrong = files_of(
        context, "COPY link.py .", "COPY main.py longhaul/", "COPY lib longhaul", "COPY main.py longhaul"
    )
    assert wrong == [
        (3, "the link link.py"),
        (4, "longhaul/main.py"),
        (5, "longhaul/deep/two.py"),
        (5, "longhaul/one.py"),
        (6, "longhaul"),
    ]


def test_a_file_is_in_the_way_of_a_folder(context: Path) -> None:
    found, wrong = files_of(context, "COPY main.py x", "COPY data x", "COPY b.py x/y/")
    assert found == {"x": "main.py"}
    assert wrong == [(4, "the file that was copied there"), (5, "the file that was copied there")]


def test_a_file_is_executable_as_it_is_or_as_chmod_says(context: Path) -> None:
    (context / "b.py").chmod(0o755)
    text = "FROM python:3.13\nWORKDIR /app\nCOPY *.py .\nCOPY --chmod=755 main.py x\nCOPY --chmod=0644 b.py y\n"
    plain, _ = read_plain(text, None)
    assert plain is not None
    found, _ = copied_files(context, context / "Dockerfile", plain)
    executable = {name for name, file in found.items() if file.executable}
    assert executable == {"b.py", "x"}


def test_requirements_must_be_copied_before_they_are_installed(context: Path) -> None:
    _, wrong = files_of(context, "RUN pip install -r lib/one.py", "COPY lib lib", "RUN pip install -r lib/one.py")
    assert wrong == [(3, "lib/one.py")]
