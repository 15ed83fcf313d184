"""What the image of a Dockerfile starts, as far as the Dockerfile says it: what its base image says is not known here.

https://docs.docker.com/reference/dockerfile/
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass

from dockerfile_parse import DockerfileParser
from dockerfile_parse.parser import image_from
from dockerfile_parse.util import WordSplitter

from spec.container import ImageStart
from spec.dockerfile_words import exec_form, split_flags, without_heredocs, words

_EMPTY_IMAGE = "scratch"


@dataclass
class _Stage:
    # None: the base image's, whatever that is.
    entrypoint: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    shell: tuple[str, ...] = ("/bin/sh", "-c")
    sets_command: bool = False


def image_start(text: str, target: str | None, args: Mapping[str, str]) -> ImageStart | None:
    """What an image starts that is built from a Dockerfile's text, or None if only its base image says that.

    Args:
        text: the Dockerfile.
        target: the stage to build; None for the last one.
        args: build arguments.
    """
    stages: dict[str, _Stage] = {}
    known: dict[str, str] = {}
    current: _Stage | None = None
    wanted = target.lower() if target is not None else None
    parser = DockerfileParser(fileobj=io.StringIO(without_heredocs(text)))
    for instruction in parser.structure:
        keyword, value = instruction["instruction"], instruction["value"].strip()
        if keyword == "FROM":
            # What FROM's flags name may be unknown here, such as the platform that builds.
            _, named = split_flags(value)
            base, name = image_from(WordSplitter(named, args=known, envs={}).dequote())
            current = _begin(stages, str(base).lower())
            if name:
                stages[name.lower()] = current
        elif keyword == "ARG" and current is None:
            known |= _declared(value, args)
        elif current is not None and (wanted is None or stages.get(wanted) in (None, current)):
            _apply(current, keyword, value)
    stage = current if wanted is None else stages.get(wanted)
    if stage is None or stage.entrypoint is None:
        return None
    return ImageStart(stage.entrypoint, stage.command or ())


def _begin(stages: Mapping[str, _Stage], base: str) -> _Stage:
    if base == _EMPTY_IMAGE:
        return _Stage((), ())
    parent = stages.get(base)
    return _Stage() if parent is None else _Stage(parent.entrypoint, parent.command, parent.shell)


def _declared(value: str, args: Mapping[str, str]) -> dict[str, str]:
    declared = (str(word).partition("=") for word in WordSplitter(value).split())
    return {name: args.get(name, default) for name, equals, default in declared if equals or name in args}


def _apply(stage: _Stage, keyword: str, value: str) -> None:
    if keyword == "SHELL":
        stage.shell = exec_form(value) or stage.shell
    elif keyword == "CMD":
        stage.command = words(value, stage.shell)
        stage.sets_command = True
    elif keyword == "ENTRYPOINT":
        stage.entrypoint = words(value, stage.shell)
        # An image's own ENTRYPOINT drops the CMD that it inherits.
        if not stage.sets_command:
            stage.command = ()
