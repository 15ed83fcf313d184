"""What a container image would run, read from its Dockerfile: nothing is built, tasks run in the build context."""

from __future__ import annotations

import io
import posixpath
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from dockerfile_parse import DockerfileParser
from dockerfile_parse.parser import image_from
from dockerfile_parse.util import WordSplitter, extract_key_values

from sandbox.errors import SandboxError
from spec.dockerfile_words import exec_form, split_flags, without_heredocs, words

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
    """What a container of an image starts with: folder, ENTRYPOINT, CMD and ENV. `USER` plays no part.

    Attributes:
        folder: what stands for its working directory: the build context, whatever `WORKDIR` says; None for an image
            into whose working directory nothing is copied.
        files: files and folders that are copied to absolute paths, by path, each with where it is on this machine.
        working_directory: what the Dockerfiles say of it; None if nothing.
        platform: see BuildContext.
    """

    folder: Path | None
    entry_point: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    working_directory: str | None = None
    platform: str | None = None

    def here(self, word: str) -> str:
        """A word of a command; where it is the path of a file that was copied, that file's path on this machine."""
        for path in sorted(self.files, key=len, reverse=True):
            if word == path:
                return str(self.files[path])
            if word.startswith(f"{path.rstrip('/')}/"):
                return str(self.files[path] / word.removeprefix(path).lstrip("/"))
        return word


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
        image = read_image(build, self.find)
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
        return None if build is None else read_image(build, self.find)


def read_image(build: BuildContext, find_base: Callable[[str], Image | None] = lambda _uri: None) -> Image:
    """What an image made from `build` would start.

    Args:
        build: what it is made from.
        find_base: asked for the image that is there under a URI that `FROM` names; None for one that only the internet
            has, of which nothing is known.

    Raises:
        SandboxError: a missing or wrong Dockerfile.
    """
    if not build.context.is_dir():
        raise SandboxError(f"{build.context}: the build context is not a folder")
    try:
        text = build.dockerfile.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SandboxError(f"{build.dockerfile}: cannot read the Dockerfile: {error}") from error
    stage = _Dockerfile(build, find_base).stage(text)
    return Image(
        folder=_folder(build, stage),
        entry_point=stage.entry_point,
        command=stage.command,
        environment=dict(stage.environment),
        files=dict(stage.files),
        working_directory=stage.working_directory,
        platform=build.platform or (stage.base.platform if stage.base else None),
    )


@dataclass
class _Stage:
    environment: dict[str, str] = field(default_factory=dict)
    args: dict[str, str] = field(default_factory=dict)
    entry_point: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    shell: tuple[str, ...] = ("/bin/sh", "-c")
    working_directory: str | None = None
    files: dict[str, Path] = field(default_factory=dict)
    # Where the build context's files go; one that is relative to a working directory that is not known stays so.
    destinations: tuple[str, ...] = ()
    base: Image | None = None
    sets_command: bool = False


def _folder(build: BuildContext, stage: _Stage) -> Path | None:
    """What stands for the working directory of an image."""
    inside = stage.working_directory
    fills = any(
        not place.startswith("/") or (inside is not None and posixpath.commonpath((place, inside)) in (place, inside))
        for place in stage.destinations
    )
    if stage.base is None:
        return build.context if fills or not stage.destinations else None
    if fills and stage.base.folder is not None:
        raise SandboxError(f"{build.dockerfile}: the sandbox cannot copy into the working directory of another image")
    return build.context if fills else stage.base.folder


class _Dockerfile:
    """Follows the instructions that decide what a container starts.

    https://docs.docker.com/reference/dockerfile/
    """

    def __init__(self, build: BuildContext, find_base: Callable[[str], Image | None]) -> None:
        self._build = build
        self._find_base = find_base
        self._global_args: dict[str, str] = {}
        self._stages: dict[str, _Stage] = {}

    def stage(self, text: str) -> _Stage:
        """The stage that is the build's target."""
        wanted = self._build.target.lower() if self._build.target is not None else None
        current: _Stage | None = None
        parser = DockerfileParser(fileobj=io.StringIO(without_heredocs(text)))
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
        _, named = split_flags(value)
        base, name = image_from(_expand(named, self._global_args, {}))
        if base is None:
            raise ValueError("names no image")
        stage = self._inherited(base)
        if name:
            self._stages[name.lower()] = stage
        return stage

    def _inherited(self, base: str) -> _Stage:
        """A stage as it begins: what it has of the stage or the image that it is made from."""
        parent = self._stages.get(base.lower())
        if parent is not None:
            copied = replace(parent, environment=dict(parent.environment), files=dict(parent.files), args={})
            return replace(copied, sets_command=False)
        image = self._find_base(base)
        if image is None:
            return _Stage()
        return _Stage(
            environment=dict(image.environment),
            entry_point=image.entry_point,
            command=image.command,
            working_directory=image.working_directory,
            files=dict(image.files),
            base=image,
        )

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
            stage.shell = exec_form(value) or ()
        elif keyword == "CMD":
            stage.command = words(value, stage.shell)
            stage.sets_command = True
        elif keyword == "ENTRYPOINT":
            stage.entry_point = words(value, stage.shell)
            # An image's own ENTRYPOINT drops the CMD that it inherits.
            if not stage.sets_command:
                stage.command = ()
        elif keyword == "WORKDIR":
            place = _place(_expand(value, stage.args, stage.environment), stage.working_directory)
            stage.working_directory = place if place.startswith("/") else None
        elif keyword in ("COPY", "ADD"):
            self._copy(stage, value)

    def _copy(self, stage: _Stage, value: str) -> None:
        flags, rest = split_flags(value)
        paths = exec_form(rest) or tuple(str(word) for word in WordSplitter(rest).split())
        *sources, destination = (_expand(path, stage.args, stage.environment) for path in paths)
        # What comes from another image, from the Dockerfile itself or from elsewhere is not on this machine.
        if "--from=" in flags or any(source.startswith("<<") or "://" in source for source in sources):
            return
        place = _place(destination, stage.working_directory)
        stage.destinations = (*stage.destinations, place)
        if not place.startswith("/"):
            return
        is_folder = posixpath.basename(destination) in ("", ".", "..") or place == stage.working_directory
        for source in sources:
            path = self._build.context / source.lstrip("/")
            into = is_folder or len(sources) > 1
            stage.files[posixpath.join(place, path.name) if into and not path.is_dir() else place] = path


def _place(path: str, inside: str | None) -> str:
    """A path in an image, absolute if it can be told."""
    return posixpath.normpath(path if inside is None else posixpath.join(inside, path))


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
