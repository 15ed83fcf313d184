"""How Lambda starts a Python function of an archive that has a wrapper script.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html#runtime-wrapper
https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.functions.function import WRAPPER, Function

TASK_ROOT = "/var/task"
# Where the image of a managed runtime keeps it: https://github.com/aws/aws-lambda-base-images
_PATH = "/usr/local/bin:/usr/bin/:/bin:/opt/bin"
# The exit codes and what is said are those of the runtime's own script, as the base image python:3.11 has it.
_START = """
    [ -f "$1" ] || { echo "$AWS_LAMBDA_EXEC_WRAPPER: does not exist"; exit 127; }
    [ -x "$1" ] || { echo "$AWS_LAMBDA_EXEC_WRAPPER: is not an executable"; exit 126; }
    exec "$@"
"""
_NO_HANDLERS = 'raise SystemExit("The sandbox has no runtime that calls a handler: a wrapper script starts another.")\n'


@dataclass(frozen=True)
class Start:
    """What an environment starts with.

    Attributes:
        command: the program and its arguments.
        folder: its working directory.
        variables: those of the runtime, in whose place a function may have others.
    """

    command: tuple[str, ...]
    folder: Path
    variables: Mapping[str, str] = field(repr=False)


class ManagedRuntimes:
    """What stands for /var/lang and /var/runtime, for each identifier such as `python3.12`.

    The interpreter is the one that runs the sandbox, under the names that Lambda's has. It sees the standard library
    and none of the sandbox's own packages: what an archive does not bring is missing, the boto3 of Lambda's too.

    Args:
        parent: a folder for them.
    """

    def __init__(self, parent: Path) -> None:
        self._parent = parent
        self._lock = threading.Lock()

    def start(self, function: Function, task_root: Path) -> Start:
        """How a function starts whose archive is unpacked in `task_root`."""
        name = function.runtime
        lang, runtime = self._folders(name)
        wrapper = task_root / function.variables[WRAPPER].removeprefix(f"{TASK_ROOT}/")
        program = (str(wrapper), str(lang / "bin" / name), str(runtime / "bootstrap.py"))
        return Start(
            ("/bin/sh", "-c", _START, "bootstrap", *program),
            task_root,
            {
                "_HANDLER": function.handler,
                "AWS_EXECUTION_ENV": f"AWS_Lambda_{name}",
                "LAMBDA_RUNTIME_DIR": str(runtime),
                "LAMBDA_TASK_ROOT": str(task_root),
                "LANG": "en_US.UTF-8",
                "LD_LIBRARY_PATH": f"/lib64:/usr/lib64:{runtime}:{runtime}/lib:{task_root}:{task_root}/lib:/opt/lib",
                "PATH": f"{lang}/bin:{_PATH}",
            },
        )

    def _folders(self, name: str) -> tuple[Path, Path]:
        lang, runtime = self._parent / name / "lang", self._parent / name / "runtime"
        with self._lock:
            if not runtime.exists():
                _make_lang(lang, name)
                runtime.mkdir()
                (runtime / "bootstrap.py").write_text(_NO_HANDLERS)
        return lang, runtime


def _make_lang(lang: Path, name: str) -> None:
    """A virtual environment with nothing in it: https://docs.python.org/3/library/site.html, `pyvenv.cfg`."""
    interpreter = Path(sys.executable).resolve()
    bin_folder = lang / "bin"
    bin_folder.mkdir(parents=True)
    (lang / "pyvenv.cfg").write_text(f"home = {interpreter.parent}\ninclude-system-site-packages = false\n")
    (bin_folder / name).symlink_to(interpreter)
    (bin_folder / "python3").symlink_to(name)
    (bin_folder / "python").symlink_to("python3")
