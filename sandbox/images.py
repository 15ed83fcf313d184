"""What a container image would run, read from its Dockerfile: nothing is built, tasks run in the build context."""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dockerfile_parse import DockerfileParser
from dockerfile_parse.parser import image_from
from dockerfile_parse.util import WordSplitter, extract_key_values

from sandbox.errors import SandboxError

_HEREDOC = re.compile(r"""^\s*(?:RUN|COPY|ADD)\b.*<<-?\s*(["']?)(?P<delimiter>\w+)\1""", re.IGNORECASE)
_WITH_DEFAULT = re.compile(r"\$\{(?P<name>\w+):(?P<operator>[-+])(?P<word>[^}]*)\}")


@dataclass(frozen=True)
class BuildContext:
    """What an image is built from.

    Attributes:
        context: the folder whose files the image gets; tasks run there.
        dockerfile: the Dockerfile.
        target: the stage to build; None for the last one.
        args: build arguments.
        platform: for example `linux/amd64`; processes run on this machine's, whatever it says.
    """

    context: Path
    dockerfile: Path
    target: str | None = None
    args: Mapping[str, str] = field(default_factory=dict)
    platform: str | None = None


@dataclass(frozen=True)
class Image:
    """What a container of an image starts with: folder, ENTRYPOINT, CMD and ENV. `USER` and `WORKDIR` play no part."""

    folder: Path
    entry_point: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


class ImageStore:
    """The images that tasks can run, by the URI under which a task definition names them.

    Args:
        find_build: asked for what an image that is not registered here would be built from; None for nothing.
    """

    def __init__(self, find_build: Callable[[str], BuildContext | None] | None = None) -> None:
        self._find_build = find_build
        self._lock = threading.Lock()
        self._images: dict[str, Image] = {}

    def register(self, uri: str, build: BuildContext) -> Image:
        """Keep what `build` would make under `uri`; its Dockerfile is read now, its other files when a task runs.

        Raises:
            SandboxError: there is no such folder or Dockerfile, or the Dockerfile is wrong.
        """
        image = read_image(build)
        with self._lock:
            self._images[uri] = image
        return image

    def find(self, uri: str) -> Image | None:
        """The image that is there as `uri`; None if there is none.

        Raises:
            SandboxError: what it would be built from is no longer there, or wrong.
        """
        with self._lock:
            registered = self._images.get(uri)
        if registered is not None or self._find_build is None:
            return registered
        build = self._find_build(uri)
        return None if build is None else read_image(build)


def read_image(build: BuildContext) -> Image:
    """What an image made from `build` would start; raises SandboxError for a missing or wrong Dockerfile."""
    if not build.context.is_dir():
        raise SandboxError(f"{build.context}: the build context is not a folder")
    try:
        text = build.dockerfile.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SandboxError(f"{build.dockerfile}: cannot read the Dockerfile: {error}") from error
    stage = _Dockerfile(build).stage(text)
    return Image(build.context, stage.entry_point, stage.command, dict(stage.environment))


@dataclass
class _Stage:
    environment: dict[str, str] = field(default_factory=dict)
    args: dict[str, str] = field(default_factory=dict)
    entry_point: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    shell: tuple[str, ...] = ("/bin/sh", "-c")
    sets_command: bool = False


class _Dockerfile:
    """Follows the instructions that decide what a container starts.

    https://docs.docker.com/reference/dockerfile/
    """

    def __init__(self, build: BuildContext) -> None:
        self._build = build
        self._global_args: dict[str, str] = {}
        self._stages: dict[str, _Stage] = {}

    def stage(self, text: str) -> _Stage:
        """The stage that is the build's target."""
        wanted = self._build.target.lower() if self._build.target is not None else None
        current: _Stage | None = None
        parser = DockerfileParser(fileobj=io.StringIO(_without_heredocs(text)))
        for instruction in parser.structure:
            keyword, value = instruction["instruction"], instruction["value"].strip()
            line = instruction["startline"] + 1
            try:
                if keyword == "FROM":
                    if current is not None and wanted is not None and self._stages.get(wanted) is current:
                        return current
                    current = self._begin(value)
                elif keyword == "ARG":
                    self._declare_arg(current, value)
                elif current is not None:
                    self._apply(current, keyword, value)
            except (ValueError, IndexError) as error:
                raise SandboxError(f"{self._build.dockerfile}:{line}: {keyword} {value}: {error}") from error
        if current is None:
            raise SandboxError(f"{self._build.dockerfile}: no FROM instruction")
        if wanted is not None and self._stages.get(wanted) is not current:
            if wanted not in self._stages:
                names = ", ".join(sorted(self._stages)) or "none"
                raise SandboxError(f"{self._build.dockerfile}: no stage {self._build.target!r}; its stages: {names}")
            return self._stages[wanted]
        return current

    def _begin(self, value: str) -> _Stage:
        base, name = image_from(_expand(value, self._global_args, {}))
        if base is None:
            raise ValueError("names no image")
        stage = _Stage()
        parent = self._stages.get(base.lower())
        if parent is not None:
            stage = _Stage(dict(parent.environment), {}, parent.entry_point, parent.command, parent.shell)
        if name:
            self._stages[name.lower()] = stage
        return stage

    def _declare_arg(self, stage: _Stage | None, value: str) -> None:
        known = self._global_args if stage is None else stage.args
        environment = {} if stage is None else stage.environment
        for word in WordSplitter(value).split(dequote=False):
            name, separator, default = str(word).partition("=")
            if name in self._build.args:
                known[name] = self._build.args[name]
            elif separator:
                known[name] = _expand(default, known, environment)
            elif stage is not None and name in self._global_args:
                known[name] = self._global_args[name]

    def _apply(self, stage: _Stage, keyword: str, value: str) -> None:
        if keyword == "ENV":
            # All of one instruction's values see the environment before it.
            value = _resolve_defaults(value, {**stage.args, **stage.environment})
            stage.environment.update(extract_key_values(True, stage.args, dict(stage.environment), value))
        elif keyword == "SHELL":
            stage.shell = _exec_form(value) or ()
        elif keyword == "CMD":
            stage.command = _words(value, stage.shell)
            stage.sets_command = True
        elif keyword == "ENTRYPOINT":
            stage.entry_point = _words(value, stage.shell)
            # An image's own ENTRYPOINT drops the CMD that it inherits.
            if not stage.sets_command:
                stage.command = ()


def _words(value: str, shell: tuple[str, ...]) -> tuple[str, ...]:
    words = _exec_form(value)
    return (*shell, value) if words is None else words


def _exec_form(value: str) -> tuple[str, ...] | None:
    try:
        words = json.loads(value)
    except json.JSONDecodeError:
        return None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        return None
    return tuple(words)


def _expand(text: str, args: Mapping[str, str], environment: Mapping[str, str]) -> str:
    text = _resolve_defaults(text, {**args, **environment})
    return WordSplitter(text, args=args, envs=environment).dequote()


def _resolve_defaults(text: str, values: Mapping[str, str]) -> str:
    """Replace `${name:-word}` and `${name:+word}`, which dockerfile-parse leaves as they are."""

    def resolved(match: re.Match[str]) -> str:
        value = values.get(match["name"], "")
        if match["operator"] == "-":
            return value or match["word"]
        return match["word"] if value else ""

    return _WITH_DEFAULT.sub(resolved, text)


def _without_heredocs(text: str) -> str:
    """The text with the lines of here-documents emptied: dockerfile-parse takes them for instructions."""
    lines, delimiter = [], None
    for line in text.splitlines():
        if delimiter is not None:
            delimiter = None if line.strip() == delimiter else delimiter
            lines.append("")
            continue
        match = _HEREDOC.match(line)
        delimiter = match["delimiter"] if match else None
        lines.append(line)
    return "\n".join(lines) + "\n"
