"""The files that an image is built from."""

import posixpath
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

IGNORE_FILE = ".dockerignore"


def context_files(context: Path, dockerfile: Path) -> list[Path]:
    """The files that a builder is sent, in the order of their names.

    A Dockerfile may have a .dockerignore of its own, in the place of the context's:
    https://docs.docker.com/build/concepts/context/#filename-and-location
    """
    own = dockerfile.with_name(dockerfile.name + IGNORE_FILE)
    ignore = own if own.is_file() else context / IGNORE_FILE
    patterns = list(_patterns(ignore.read_text("utf-8-sig"))) if ignore.is_file() else []
    paths = (path for path in context.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(path for path in paths if not _ignored(path.relative_to(context).as_posix(), patterns))


def _patterns(text: str) -> Iterator[tuple[bool, re.Pattern[str]]]:
    """The lines of a .dockerignore as (ignores, expression): https://docs.docker.com/build/concepts/context/#syntax"""
    for line in text.splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        ignores = not pattern.startswith("!")
        yield ignores, _expression(posixpath.normpath(pattern.removeprefix("!").strip()).strip("/"))


def _ignored(name: str, patterns: Sequence[tuple[bool, re.Pattern[str]]]) -> bool:
    """The last pattern that matches decides."""
    for ignores, expression in reversed(patterns):
        if expression.fullmatch(name):
            return ignores
    return False


def _expression(pattern: str) -> re.Pattern[str]:
    """A pattern matches a path, or a folder with all that is in it; `**` matches any number of folders."""
    text = ""
    for token in re.findall(r"\*\*/|\*\*|\*|\?|\[[^]]*\]|.", pattern):
        match token:
            case "**/":
                text += "(?:.*/)?"
            case "**":
                text += ".*"
            case "*":
                text += "[^/]*"
            case "?":
                text += "[^/]"
            case _ if len(token) > 1:
                text += token
            case _:
                text += re.escape(token)
    return re.compile(f"{text}(?:/.*)?", re.DOTALL)
