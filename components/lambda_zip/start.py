"""What Lambda starts in place of its own Python runtime: a script of the shell, which starts the bootstrap.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html#runtime-wrapper
"""

import shlex
from collections.abc import Mapping

from spec.container import ImageStart
from spec.copied_files import OURS
from spec.plain_python import PlainPython

START = f"{OURS}/start"
_BOOTSTRAP = f"{OURS}/bootstrap.py"
_NAMES = f"{OURS}/bin"
_PYTHON = "LONGHAUL_PYTHON"
"""Names Lambda's interpreter to those that go by the names that jobs call it by."""


def scripts(plain: PlainPython, start: ImageStart) -> Mapping[str, str]:
    """The scripts that start a job, all of them executable, by their paths in the archive.

    Args:
        plain: what its Dockerfile says.
        start: what it starts, one of the interpreter's names first.
    """
    named = f'#!/bin/sh\nexec "${_PYTHON}" "$@"\n'
    return {START: _start([*start.entrypoint, *start.command]), **{f"{_NAMES}/{n}": named for n in plain.interpreters}}


def _start(command: list[str]) -> str:
    """The script. Lambda gives it the path of the interpreter, and the arguments of its own runtime, which go unused.

    A command of a person's, and whatever the job itself starts, finds the interpreter under the image's names for it.
    The bootstrap finds what is beside it, and must not find a module of the job's under the name of one of Python's.
    An archive has no bytecode and its folder cannot be written to: what is compiled once stays for the environment's
    next runs, also of a job whose image shall have none in its layers.
    """
    words = " ".join(['"$1"', *map(shlex.quote, command[1:])])
    return f"""\
#!/bin/sh
export {_PYTHON}="$1"
export PATH="$LAMBDA_TASK_ROOT/{_NAMES}:$PATH"
export PYTHONPATH="$LAMBDA_TASK_ROOT${{PYTHONPATH:+:$PYTHONPATH}}"
unset PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX="${{PYTHONPYCACHEPREFIX:-${{TMPDIR:-/tmp}}/longhaul-bytecode}}"
cd "$LAMBDA_TASK_ROOT" || exit
exec "$1" -E -s "$LAMBDA_TASK_ROOT/{_BOOTSTRAP}" {words}
"""
