"""The rules of a function that is made from an archive: what starts it must be Python, which Lambda brings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from spec.container import ImageStart
from spec.model import Problem
from spec.plain_python import INSTEAD, PlainPython, names_workdir
from spec.words import listed, shown

if TYPE_CHECKING:
    from spec.job import JobSpec

WRAPPER_VARIABLE = "AWS_LAMBDA_EXEC_WRAPPER"
"""Names what Lambda starts in place of its Python: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html"""
WRAPPER = "/var/task/longhaul/start"

_PACKAGE = (("runOn", "package"),)
_SHELL = ("/bin/sh", "-c")
"""What Docker starts where ENTRYPOINT or CMD is text."""
# https://docs.python.org/3/using/cmdline.html: with these the packages of the archive are not found.
_WITHOUT_PACKAGES = ("I", "E")


def problems(container: JobSpec, start: ImageStart | None) -> Iterator[Problem]:
    """What would make a run of the container go wrong, beside what its Dockerfile has wrong.

    Args:
        container: what the function runs.
        start: what it starts; None where nobody says it.
    """
    if container.image is not None:
        message = f"expected none with package: zip, found {shown(container.image)}: an archive is made from a "
        yield Problem(("image",), f"{message}Dockerfile; {INSTEAD}", _PACKAGE)
    plain = container.build.plain if container.build is not None else None
    if plain is None or start is None or container.image is not None:
        return
    words = (*start.entrypoint, *start.command)
    yield from _start(container, plain, words)
    for name, value in container.environment.items():
        if names_workdir(value, plain.workdir):
            message = f"expected no path of {plain.workdir} with package: zip, found it: there it is another one"
            yield Problem(("environment", name), message, _PACKAGE)


def _start(container: JobSpec, plain: PlainPython, words: Sequence[str]) -> Iterator[Problem]:
    key = "command" if container.command is not None and not (container.entrypoint or plain.start.entrypoint) else None
    key = key or "entrypoint"
    whose = _whose(container, plain, key)
    if words[0] not in plain.interpreters:
        expected = f"{listed(plain.interpreters)} first in {whose} with package: zip"
        hint = "write it as a list of words" if words[:2] == _SHELL else INSTEAD
        yield Problem((key,), f"expected {expected}, found {shown(words[0])}: {hint}", (*_PACKAGE, ("build",)))
        return
    for option in _options(words[1:]):
        if any(letter in option for letter in _WITHOUT_PACKAGES):
            expected = f"no {option} of Python in {whose} with package: zip"
            yield Problem((key,), f"expected {expected}, found it: packages are found by PYTHONPATH", _PACKAGE)
    for word in words[1:]:
        if names_workdir(word, plain.workdir):
            expected = f"no path of {plain.workdir} in {whose} with package: zip"
            yield Problem((key,), f"expected {expected}, found {shown(word)}: say it from there", _PACKAGE)


def _whose(container: JobSpec, plain: PlainPython, key: str) -> str:
    written = container.entrypoint is not None or key == "command"
    dockerfile = container.build.dockerfile if container.build is not None else "Dockerfile"
    return key if written or plain.start_line is None else f"ENTRYPOINT and CMD of {dockerfile}:{plain.start_line}"


def _options(words: Sequence[str]) -> Iterator[str]:
    """Python's own, before what it runs; none of those with a value."""
    for word in words:
        if not word.startswith("-") or word.startswith(("-m", "-c", "--")) or word == "-":
            return
        if not word.startswith(("-W", "-X")):
            yield word
