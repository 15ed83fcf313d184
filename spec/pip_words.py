"""RUN with `pip install` in it, and with nothing else: what it installs.

https://pip.pypa.io/en/stable/cli/pip_install/
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from spec.dockerfile_words import exec_form

_PIP = (("pip",), ("pip3",), ("python", "-m", "pip"), ("python3", "-m", "pip"))
# Nothing of what is installed depends on these: with a value, and without.
_VALUED = ("--progress-bar", "--root-user-action", "--retries", "--timeout")
_FLAGS = (
    "--compile",
    "--disable-pip-version-check",
    "--no-cache-dir",
    "--no-color",
    "--no-compile",
    "--no-input",
    "--no-python-version-warning",
    "--no-warn-script-location",
    "--prefer-binary",
    "--quiet",
    "--upgrade",
    "--verbose",
)
_SHORT = ("-q", "-qq", "-v", "-U")
_KEPT = ("--require-hashes",)
_FILE = ("-r", "--requirement")
# https://packaging.python.org/en/latest/specifications/dependency-specifiers/, without those that name a URL.
_REQUIREMENT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\s*(?:\[[^]]*\])?\s*(?:[(<>=!~;][^@]*)?")
_OF_A_SHELL = re.compile(r"[$`]")


@dataclass(frozen=True)
class PipInstall:
    """What one `pip install` is told: its arguments but those that change nothing, and apart the files of `-r`."""

    arguments: tuple[str, ...]
    files: tuple[str, ...]


def pip_installs(value: str) -> tuple[list[PipInstall], list[str]]:
    """What a RUN installs, and what of it is something else: each as `what was found`."""
    commands, wrong = _commands(value)
    installs = []
    for command in commands:
        prefix = next((each for each in _PIP if tuple(command[: len(each)]) == each), None)
        rest = command[len(prefix) :] if prefix else []
        if prefix is None or rest[:1] != ["install"]:
            wrong.append(shlex.join(command[:4]) + (" ..." if len(command) > 4 else ""))
            continue
        install, mistakes = _install(rest[1:])
        installs.append(install)
        wrong += mistakes
    return installs, wrong


def is_harmless(variable: str) -> bool:
    """Whether a variable of the environment that pip reads, `PIP_NO_CACHE_DIR`, changes nothing that it installs."""
    flag = f"--{variable.removeprefix('PIP_').lower().replace('_', '-')}"
    return flag in (*_FLAGS, *_VALUED, *_KEPT)


def _commands(value: str) -> tuple[list[list[str]], list[str]]:
    listed = exec_form(value)
    if listed is not None:
        return [list(listed)], []
    if _OF_A_SHELL.search(value):
        return [], [f"{value.split()[0]} with a variable or a command in it"]
    # An operator of the shell is a word of its own: of `requests>=2`, unquoted, a shell makes a file.
    lexer = shlex.shlex(value, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    commands: list[list[str]] = [[]]
    try:
        for word in lexer:
            if word == "&&":
                commands.append([])
            elif word and not set(word) - set("();<>|&"):
                return [], [f"the shell's {word}"]
            else:
                commands[-1].append(word)
    except ValueError:
        return [], ["a quote without its end"]
    return [command for command in commands if command], []


def _install(words: Sequence[str]) -> tuple[PipInstall, list[str]]:
    arguments: list[str] = []
    files: list[str] = []
    wrong: list[str] = []
    left = iter(words)
    for word in left:
        name, equals, given = word.partition("=")
        if (file := _file(word, left)) is not None:
            files.append(file)
        elif word in _KEPT:
            arguments.append(word)
        elif name in _VALUED:
            if not (equals and given):
                next(left, None)
        elif word in (*_FLAGS, *_SHORT):
            continue
        elif not word.startswith("-") and _REQUIREMENT.fullmatch(word):
            arguments.append(word)
        else:
            wrong.append(f"pip install {word}")
    if not wrong and not files and not any(not word.startswith("-") for word in arguments):
        wrong.append("pip install of nothing")
    return PipInstall(tuple(arguments), tuple(files)), wrong


def _file(word: str, left: Iterator[str]) -> str | None:
    """The file of `-r FILE`, `-rFILE`, `--requirement FILE` and `--requirement=FILE`; None for another word."""
    if word in _FILE:
        return next(left, "")
    if word.startswith("--requirement="):
        return word.partition("=")[2]
    return word[2:] if word.startswith("-r") and not word.startswith("--") else None
