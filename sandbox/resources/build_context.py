"""What an image would be built from, and a digest that changes exactly when that changes."""

import hashlib
import json
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

IGNORE_FILE = ".dockerignore"


def digest(
    context: Path, dockerfile: Path, *, target: str | None, args: Mapping[str, str], platforms: Sequence[str]
) -> str:
    """`sha256:` and 64 hexadecimal digits over all that goes into a build.

    That is each file of the context that `.dockerignore` leaves in (by name, executable bit and content; a link by what
    it points to), the Dockerfile's content, and how it is built.
    """
    total = hashlib.sha256()
    how = [target, sorted(args.items()), list(platforms)]
    for part in (json.dumps(how).encode(), dockerfile.read_bytes()):
        _add(total, part)
    for path in context_files(context):
        mode = path.lstat().st_mode
        content = str(path.readlink()).encode() if stat.S_ISLNK(mode) else path.read_bytes()
        kind = "link" if stat.S_ISLNK(mode) else "executable" if mode & stat.S_IXUSR else "file"
        for part in (path.relative_to(context).as_posix().encode(), kind.encode(), content):
            _add(total, part)
    return f"sha256:{total.hexdigest()}"


def context_files(context: Path) -> list[Path]:
    """The files that a builder is sent, in the order of their names."""
    ignore = context / IGNORE_FILE
    patterns = list(_patterns(ignore.read_text())) if ignore.is_file() else []
    paths = (path for path in context.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(path for path in paths if not _ignored(path.relative_to(context).as_posix(), patterns))


def _add(total: "hashlib._Hash", part: bytes) -> None:
    # With its length in front, so that no two different lists of parts read the same.
    total.update(len(part).to_bytes(8, "big"))
    total.update(part)


def _patterns(text: str) -> Iterator[tuple[bool, re.Pattern[str]]]:
    """The lines of a .dockerignore as (ignores, expression): https://docs.docker.com/build/concepts/context/#syntax"""
    for line in text.splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        ignores = not pattern.startswith("!")
        yield ignores, _expression(pattern.removeprefix("!").strip().strip("/"))


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
