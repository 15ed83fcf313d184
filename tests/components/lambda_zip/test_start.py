"""A packed job as Lambda starts it: a folder, a shell, an interpreter and a Runtime API."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.lambda_zip import pack
from spec.job import JobSpec
from tests.components.lambda_image.runtime_api import RuntimeApi
from tests.components.lambda_zip.conftest import DOCKERFILE, GREETER, PLACE, MakeJob, write_wheel

PATIENCE_SECONDS = 30
Invoke = Callable[..., tuple[str, dict[str, Any], str]]


@pytest.fixture
def invoke(api: RuntimeApi, tmp_path: Path) -> Invoke:
    """Extract a job's archive, start it, hand it one event: the kind of the answer, the answer, and what it printed."""
    root = tmp_path / "a task's root"

    def run(job: JobSpec, event: object, **variables: str) -> tuple[str, dict[str, Any], str]:
        with zipfile.ZipFile(pack(job, PLACE)) as archive:
            for each in archive.infolist():
                archive.extract(each, root)
                (root / each.filename).chmod(each.external_attr >> 16 & 0o777)
        environment = {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": "/var/runtime",
            "LAMBDA_TASK_ROOT": str(root),
            "AWS_LAMBDA_RUNTIME_API": api.address,
            "GREETING": "hello",
            **variables,
        }
        api.invoke("one", event)
        function = subprocess.Popen(
            [root / "longhaul/start", sys.executable, "/var/runtime/bootstrap.py"],
            env=environment,
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            _, kind, document, _ = api.answers.get(timeout=PATIENCE_SECONDS)
        finally:
            function.terminate()
            printed, _ = function.communicate(timeout=PATIENCE_SECONDS)
        return kind, document, printed

    return run


def test_the_job_runs_with_its_packages(make_job: MakeJob, project: Path, invoke: Invoke) -> None:
    write_wheel(project.parent / "wheels", "greeter", "1.0", GREETER)

    kind, answer, printed = invoke(make_job("greeter"), {"environment": {"GREETING": "good morning"}})

    assert (kind, answer["exitCode"]) == ("response", 0)
    assert printed == "good morning\n"


@pytest.mark.parametrize("of_image", [{}, {"PYTHONDONTWRITEBYTECODE": "1"}], ids=["without", "with"])
def test_what_is_compiled_is_kept_for_the_next_run(
    make_job: MakeJob, project: Path, invoke: Invoke, of_image: dict[str, str]
) -> None:
    write_wheel(project.parent / "wheels", "greeter", "1.0", GREETER)
    temporary = project.parent / "tmp"
    temporary.mkdir()

    invoke(make_job("greeter"), {}, TMPDIR=str(temporary), **of_image)

    assert list(temporary.rglob("greeter.*.pyc"))


SHOWS = """\
import json, os, subprocess, sys
again = subprocess.run(["python3.13", "-c", "import sys; print(sys.executable)"], capture_output=True, text=True)
print(json.dumps([sys.argv, sys.executable, os.getcwd(), os.environ["PYTHONPATH"], again.stdout.strip()]))
"""


def shown(printed: str) -> list[Any]:
    return json.loads(printed.strip().splitlines()[-1])


DOCKERFILE_THAT_SHOWS = DOCKERFILE.replace("RUN pip install --no-cache-dir -r requirements.txt\n", "").replace(
    'ENTRYPOINT ["python", "-m", "nightly"]',
    """ENTRYPOINT ["python3", "nightly/shows.py", "it's $HOME"]\nCMD ["*", ""]""",
)


def test_it_is_started_word_for_word_with_lambdas_interpreter(make_job: MakeJob, project: Path, invoke: Invoke) -> None:
    (project / "jobs/nightly/nightly/shows.py").write_text(SHOWS)

    _, answer, printed = invoke(make_job(dockerfile=DOCKERFILE_THAT_SHOWS), {})

    assert answer["exitCode"] == 0, printed
    arguments, interpreter, folder, path, again = shown(printed)
    assert arguments == ["nightly/shows.py", "it's $HOME", "*", ""]
    assert Path(interpreter).samefile(sys.executable)
    assert Path(again).samefile(sys.executable)
    assert path == f"{folder}:/var/runtime"
    assert folder.endswith("a task's root")


@pytest.mark.parametrize("name", ["python", "python3", "python3.13"])
def test_a_persons_command_finds_the_interpreter_by_its_names(
    make_job: MakeJob, project: Path, invoke: Invoke, name: str
) -> None:
    (project / "jobs/nightly/nightly/shows.py").write_text(SHOWS)

    _, answer, printed = invoke(
        make_job(dockerfile=DOCKERFILE_THAT_SHOWS), {"command": [name, "nightly/shows.py", "again"]}
    )

    assert answer["exitCode"] == 0, printed
    assert shown(printed)[0] == ["nightly/shows.py", "again"]


def test_an_exit_code_is_handed_on(make_job: MakeJob, project: Path, invoke: Invoke) -> None:
    (project / "jobs/nightly/nightly/shows.py").write_text("raise SystemExit(3)\n")

    kind, answer, _ = invoke(make_job(dockerfile=DOCKERFILE_THAT_SHOWS), {})

    assert (kind, answer["errorType"]) == ("error", "Job.ExitedNonZero")
    assert json.loads(answer["errorMessage"])["exitCode"] == 3


def test_a_module_of_the_job_is_not_taken_for_one_of_pythons(make_job: MakeJob, project: Path, invoke: Invoke) -> None:
    """The job's folder is where packages are looked for, the bootstrap's own modules are not."""
    (project / "jobs/nightly/nightly/tempfile.py").write_text("raise SystemExit('not this one')\n")
    (project / "jobs/nightly/nightly/run.py").write_text("print('here')\n")
    dockerfile = DOCKERFILE_THAT_SHOWS.replace("COPY nightly/ nightly/", "COPY nightly/ ./")

    _, answer, printed = invoke(make_job(dockerfile=dockerfile), {"command": ["python", "run.py"]})

    assert answer.get("exitCode") == 0, printed
    assert printed == "here\n"
