"""Reads a Dockerfile as plain Python: what of it says something else is refused, line by line.

https://docs.docker.com/reference/dockerfile/
"""

from __future__ import annotations

import io
import posixpath
import re
from collections.abc import Callable, Mapping

from dockerfile_parse import DockerfileParser
from dockerfile_parse.util import get_key_val_dictionary

from spec.aws_forms import LAMBDA_VARIABLE
from spec.container import ImageStart
from spec.dockerfile_words import exec_form, split_flags, without_heredocs, words
from spec.pip_words import is_harmless, pip_installs
from spec.plain_python import GLIBC_MINORS, Copied, Installed, Mistake, PlainPython, names_workdir
from spec.words import listed, shortened

_SHELL = ("/bin/sh", "-c")
_BASE = re.compile(
    r"(?:[A-Za-z0-9][A-Za-z0-9.:_-]*/)*python:(?P<python>[0-9]+\.[0-9]+)(?:\.[0-9]+)?(?:-[A-Za-z0-9._-]+)?"
    r"(?:@sha256:[0-9a-f]{64})?(?:\s+as\s+(?P<name>\S+))?",
    re.IGNORECASE,
)
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
_LAMBDAS_OWN = re.compile(
    "_.*|LAMBDA_.*|AWS_LAMBDA_.*|AWS_(?:DEFAULT_REGION|REGION|EXECUTION_ENV|ACCESS_KEY|ACCESS_KEY_ID|SECRET_ACCESS_KEY|"
    "SESSION_TOKEN)"
)
_QUOTED_OR_NAMED = re.compile(r"""\\.|'[^']*'|(?P<name>\$(?:\w+|\{\w+\}))|(?P<other>\$\{[^}]*\}|\$)""", re.DOTALL)
_WITHOUT_EFFECT = ("ARG", "COMMENT", "EXPOSE", "HEALTHCHECK", "LABEL", "MAINTAINER", "STOPSIGNAL", "USER")
_KNOWN = ("FROM", "ENV", "WORKDIR", "COPY", "RUN", "CMD", "ENTRYPOINT", *_WITHOUT_EFFECT[2:])
_CHMOD = re.compile("0?[0-7]{3}")


def read_plain(text: str, target: str | None) -> tuple[PlainPython | None, list[Mistake]]:
    """What a Dockerfile's text says, and what of it is not plain Python; None where it has no Python or no WORKDIR.

    Args:
        text: the Dockerfile.
        target: the stage to build; None for the last one.
    """
    reader = _Reader(target)
    for instruction in DockerfileParser(fileobj=io.StringIO(without_heredocs(text))).structure:
        reader.read(instruction["startline"] + 1, instruction["instruction"], instruction["value"].strip())
    return reader.result()


class _Reader:
    """One Dockerfile; `mistakes` are in the order of its lines, but for those that only its end shows."""

    def __init__(self, target: str | None) -> None:
        self.mistakes: list[Mistake] = []
        self._target = target
        self._python: str | None = None
        self._workdir: str | None = None
        self._environment: dict[str, str] = {}
        self._lines: dict[str, int] = {}
        self._copies: list[Copied] = []
        self._installs: list[Installed] = []
        self._start = ImageStart((), ())
        self._start_line: int | None = None
        self._stages = 0
        self._line, self._keyword = 0, ""
        self._readers: Mapping[str, Callable[[str], None]] = {
            "FROM": self._from,
            "ARG": self._arg,
            "ENV": self._env,
            "WORKDIR": self._read_workdir,
            "COPY": self._copy,
            "RUN": self._run,
            "CMD": self._cmd,
            "ENTRYPOINT": self._entrypoint,
        }

    def read(self, line: int, keyword: str, value: str) -> None:
        self._line, self._keyword = line, keyword
        if keyword in self._readers:
            self._readers[keyword](value)
        elif keyword not in _WITHOUT_EFFECT:
            self._expected(f"{listed(_KNOWN, 'and')} alone", shortened(f"{keyword} {value}".strip()))

    def result(self) -> tuple[PlainPython | None, list[Mistake]]:
        if not self._stages:
            self._line, self._keyword = 1, "FROM"
            self._expected("FROM python:3.X", "none")
        elif self._workdir is None:
            self._line, self._keyword = self._lines.get("FROM", 1), "WORKDIR"
            self._expected("one, an absolute path other than /, with all the files in it", "none")
        else:
            self._look_for_workdir(self._workdir)
        mistakes = sorted(self.mistakes, key=lambda mistake: mistake.line)
        if self._python is None or self._workdir is None:
            return None, mistakes
        plain = PlainPython(
            python=self._python,
            workdir=self._workdir,
            environment=self._environment,
            copies=tuple(self._copies),
            installs=tuple(self._installs),
            start=self._start,
            start_line=self._start_line,
        )
        return plain, mistakes

    def _expected(self, expected: str, found: str) -> None:
        self.mistakes.append(Mistake(self._line, self._keyword, expected, found))

    def _from(self, value: str) -> None:
        self._stages += 1
        self._lines.setdefault("FROM", self._line)
        if self._stages > 1:
            self._expected("one stage", f"FROM {shortened(value)} too")
            return
        base = _BASE.fullmatch(value)
        if base is None:
            self._expected(f"python:3.X, X of {listed(GLIBC_MINORS)}", shortened(value))
        elif base["python"] not in GLIBC_MINORS:
            self._expected(f"a Python that Lambda runs, {listed(GLIBC_MINORS)}", base["python"])
        else:
            self._python = base["python"]
        if base is not None and self._target is not None and (base["name"] or "").lower() != self._target.lower():
            self._expected(f"the stage {shortened(self._target)} of build's target", base["name"] or "none with a name")

    def _arg(self, value: str) -> None:
        for word in value.split():
            name = word.partition("=")[0]
            if name.startswith("PIP_") and not is_harmless(name):
                self._expected("no variable that changes what pip installs", shortened(name))

    def _env(self, value: str) -> None:
        if unknown := _unknown_names(value, self._environment):
            self._expected("values of its own and of ENV before it", listed(unknown, "and"))
            return
        try:
            variables = get_key_val_dictionary(value, env_replace=True, envs=self._environment)
        except (ValueError, IndexError):
            variables = {}
        if not variables or ("=" not in value and not value.split()[1:]):
            self._expected("NAME=value", shortened(value))
            return
        for name in variables:
            if not LAMBDA_VARIABLE.fullmatch(name) or _LAMBDAS_OWN.fullmatch(name):
                self._expected("a name that Lambda takes, two or more letters, digits and underscores", shortened(name))
            elif name.startswith("LONGHAUL_"):
                self._expected("a name without LONGHAUL_, which is set for the job", shortened(name))
            elif name.startswith("PIP_") and not is_harmless(name):
                self._expected("no variable that changes what pip installs", shortened(name))
            self._lines[f"ENV {name}"] = self._line
        self._environment.update(variables)

    def _look_for_workdir(self, workdir: str) -> None:
        for name, value in self._environment.items():
            if names_workdir(value, workdir):
                self._line, self._keyword = self._lines[f"ENV {name}"], "ENV"
                self._expected(f"no path of {workdir}, which is another one on Lambda", f"it in {name}")

    def _read_workdir(self, value: str) -> None:
        path = posixpath.normpath(value)
        if not path.startswith("/") or path.strip("/") == "" or "$" in value or '"' in value:
            self._expected("an absolute path other than /, in plain text", shortened(value))
        elif self._workdir not in (None, path):
            self._expected(f"the one WORKDIR, {self._workdir}", path)
        else:
            self._workdir = path

    def _copy(self, value: str) -> None:
        flags, rest = split_flags(value)
        executable = None
        for flag in flags.split():
            name, _, given = flag.partition("=")
            if name == "--chmod" and _CHMOD.fullmatch(given):
                executable = bool(int(given, 8) & 0o111)
            elif name != "--chown":
                self._expected("no flag but --chown and --chmod with a number", shortened(flag))
        listed_words = exec_form(rest) or tuple(rest.split())
        if len(listed_words) < 2 or any("$" in word or word.startswith("<<") for word in listed_words):
            self._expected("files and where they go, in plain text", shortened(rest))
            return
        *sources, destination = listed_words
        inside = [_below("/", source) for source in sources]
        if None in inside:
            self._expected("files below the context", shortened(sources[inside.index(None)]))
            return
        place = _below(self._workdir, destination)
        if place is None:
            where = "WORKDIR, which comes before it," if self._workdir is None else f"WORKDIR, {self._workdir}"
            self._expected(f"a destination in {where}", shortened(destination))
            return
        is_folder = destination.endswith("/") or destination == "." or len(sources) > 1
        self._copies.append(Copied(self._line, tuple(each or "" for each in inside), place, is_folder, executable))

    def _run(self, value: str) -> None:
        flags, rest = split_flags(value)
        if flags:
            self._expected("no flags", shortened(flags.strip()))
            return
        installs, wrong = pip_installs(rest)
        for found in wrong:
            self._expected("pip install of -r FILE and requirements alone", shortened(found))
        for install in installs:
            files = [_below(self._workdir, file) for file in install.files]
            if None in files:
                self._expected("files in WORKDIR, which comes before it", shortened(install.files[files.index(None)]))
            else:
                self._installs.append(
                    Installed(self._line, install.arguments, tuple(file for file in files if file is not None))
                )

    def _cmd(self, value: str) -> None:
        self._start = ImageStart(self._start.entrypoint, words(value, _SHELL))
        self._start_line = self._line

    def _entrypoint(self, value: str) -> None:
        self._start = ImageStart(words(value, _SHELL), self._start.command)
        self._start_line = self._line


def _below(folder: str | None, path: str) -> str | None:
    """A path, taken as one of `folder` where it is relative, as one below it; None where it leads out of it."""
    if folder is None:
        return None
    whole = posixpath.normpath(posixpath.join(folder, path))
    relative = posixpath.relpath(whole, folder)
    climbs = folder == "/" and ".." in path.split("/")
    return None if climbs or relative.split("/")[0] == ".." else "" if relative == "." else relative


def _unknown_names(value: str, known: Mapping[str, str]) -> list[str]:
    """What `$` in an ENV stands for that is not known, or that only a shell would know."""
    found = []
    # Within double quotes a single one means itself, and `$` what it means without.
    for part in re.findall(r"""\\.|"(?:\\.|[^"\\])*"|'[^']*'|[^"'\\]+|.""", value, re.DOTALL):
        text = part.replace("'", " ") if part.startswith('"') else part
        for match in _QUOTED_OR_NAMED.finditer(text):
            if match["other"] or (match["name"] and match["name"].strip("${}") not in known):
                found.append(match[0])
    return found
