"""Functions of zip archives with a wrapper script, from what Lambda starts to what their code finds.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html#runtime-wrapper
"""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.conftest import policy
from tests.sandbox.functions.conftest import START, Place, archive

TELLS = """#!/bin/sh
"$1" -c '
import sys
print("packages", [path for path in sys.path if "-packages" in path])
'
echo "in $PWD, path ${PYTHONPATH-unset}"
for name in python python3 python3.13; do echo "$name is $(command -v $name)"; done
exec "$1" "$LAMBDA_TASK_ROOT/runtime.py"
"""


def test_the_script_starts_the_runtime_in_the_folder_of_the_code(functions: Place) -> None:
    name = functions.make_zip(Publish=True)
    told = functions.invoke(f"{name}:1", say="hello")
    assert (told.error, told.version, told.payload["event"]) == (None, "1", {"say": "hello"})
    assert told.payload["folder"] == told.payload["variables"]["LAMBDA_TASK_ROOT"]
    assert "hello\n" in functions.lines(functions.streams()[0])


def test_the_script_is_given_the_interpreter_and_the_file_that_it_would_run(functions: Place) -> None:
    payload = functions.invoke(functions.make_zip()).payload
    interpreter, bootstrap = payload["arguments"]
    assert interpreter.endswith("/bin/python3.13")
    assert bootstrap == f"{payload['variables']['LAMBDA_RUNTIME_DIR']}/bootstrap.py"


def test_it_has_the_variables_of_a_managed_runtime_and_its_own(functions: Place) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime"""
    name = functions.make_zip(Variables={"COLOUR": "blue", "LANG": "C.UTF-8"}, MemorySize=256)
    payload = functions.invoke(name).payload
    variables, interpreter = payload["variables"], payload["arguments"][0]
    expected = {
        "_HANDLER": "never.used",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_EXEC_WRAPPER": "/var/task/tools/start",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_LOG_STREAM_NAME": functions.streams()[0],
        "COLOUR": "blue",
        "LANG": "C.UTF-8",
        "PATH": f"{Path(interpreter).parent}:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
        "TZ": ":UTC",
    }
    assert variables.items() >= expected.items()
    assert variables["LD_LIBRARY_PATH"].split(":")[-3:-1] == [payload["folder"], f"{payload['folder']}/lib"]


def test_the_interpreter_sees_nothing_but_the_standard_library(functions: Place) -> None:
    """Or a job would run here whose archive lacks what it needs."""
    name = functions.make_zip(Code={"ZipFile": archive({"tools/start": (TELLS, 0o755)})})
    folder = functions.invoke(name).payload["folder"]
    packages, place, *names = functions.lines(functions.streams()[0])[:5]
    assert packages == "packages []\n"
    # Lambda's own runtime would set it, which does not run.
    assert place == f"in {folder}, path unset\n"
    assert [line.split("/")[-1] for line in names] == ["python\n", "python3\n", "python3.13\n"]


def test_its_code_is_its_role(functions: Place, role: Callable[..., str]) -> None:
    acting = role("lambda.amazonaws.com", policy(("s3:ListAllMyBuckets", "*")))
    variables = functions.invoke(functions.make_zip(Role=acting)).payload["variables"]
    assert {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} <= variables.keys()
    assert variables["AWS_ENDPOINT_URL"] == functions.aws.endpoint


@pytest.mark.parametrize(
    ("files", "code", "says"),
    [
        ({"tools/start": (START, 0o644)}, 126, "/var/task/tools/start: is not an executable"),
        # For its owner alone, who is another user than the one that Lambda runs it as.
        ({"tools/start": (START, 0o744)}, 126, "/var/task/tools/start: is not an executable"),
        ({"tools/start": ("#!/bin/sh\nexit 3\n", 0o755)}, 3, None),
    ],
)
def test_a_script_that_does_not_start_a_runtime(
    functions: Place, files: dict[str, Any], code: int, says: str | None
) -> None:
    """The runtime's own script says so: `cat /var/runtime/bootstrap` in public.ecr.aws/lambda/python."""
    told = functions.invoke(functions.make_zip(Code={"ZipFile": archive(files)}))
    assert told.payload["errorType"] == "Runtime.ExitError"
    assert told.payload["errorMessage"].endswith(f"Runtime exited with error: exit status {code}")
    assert says is None or f"{says}\n" in functions.lines(functions.streams()[0])


def test_a_script_that_is_not_in_the_archive(functions: Place) -> None:
    name = functions.make_zip(Variables={"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/nowhere"})
    told = functions.invoke(name)
    assert told.payload["errorType"] == "Runtime.ExitError"
    assert told.payload["errorMessage"].endswith("exit status 127")
    assert "/var/task/nowhere: does not exist\n" in functions.lines(functions.streams()[0])


def test_a_script_that_goes_on_to_lambdas_own_runtime_is_told_that_there_is_none(functions: Place) -> None:
    name = functions.make_zip(Code={"ZipFile": archive({"tools/start": ('#!/bin/sh\nexec "$@"\n', 0o755)})})
    assert functions.invoke(name).payload["errorType"] == "Runtime.ExitError"
    assert any("no runtime that calls a handler" in line for line in functions.lines(functions.streams()[0]))


def test_what_it_is_made_of_is_for_reading(functions: Place) -> None:
    """Lambda's user has what an archive lets everybody: https://docs.aws.amazon.com/lambda/latest/dg/python-package.html"""
    secret = {"secret.txt": ("x", 0o640), "data/read.txt": ("x", 0o664)}
    root = Path(functions.invoke(functions.make_zip(Code={"ZipFile": archive(secret)})).payload["folder"])
    modes = {path.relative_to(root).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in root.rglob("*")}
    assert modes == {
        "data": 0o500, "data/read.txt": 0o400, "runtime.py": 0o400, "secret.txt": 0,
        "tools": 0o500, "tools/start": 0o500,
    }  # fmt: skip
    assert stat.S_IMODE(root.stat().st_mode) == 0o500


def test_an_environment_is_used_again_and_new_code_has_another_folder(functions: Place) -> None:
    name = functions.make_zip(Publish=True)
    first, again = (functions.invoke(f"{name}:1", write="left").payload for _ in range(2))
    assert (again["process"], again["left"]) == (first["process"], ["left"])
    changed = archive(extra="x = 1")
    answer = functions.client.update_function_code(FunctionName=name, ZipFile=changed, Publish=True)
    assert answer["Version"] == "2"
    second = functions.invoke(f"{name}:2").payload
    assert (Path(second["folder"]) / "extra.py").read_text() == "x = 1"
    assert functions.invoke(f"{name}:1").payload["folder"] == first["folder"] != second["folder"]


def test_a_function_that_takes_too_long(functions: Place) -> None:
    told = functions.invoke(functions.make_zip(Timeout=1), wait="/nowhere")
    assert told.payload["errorType"] == "Sandbox.Timedout"
