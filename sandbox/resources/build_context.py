"""What an image would be built from, and a digest that changes exactly when that changes."""

import hashlib
import json
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from spec.build_files import context_files


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
    for path in context_files(context, dockerfile):
        mode = path.lstat().st_mode
        content = str(path.readlink()).encode() if stat.S_ISLNK(mode) else path.read_bytes()
        kind = "link" if stat.S_ISLNK(mode) else "executable" if mode & stat.S_IXUSR else "file"
        for part in (path.relative_to(context).as_posix().encode(), kind.encode(), content):
            _add(total, part)
    return f"sha256:{total.hexdigest()}"


def _add(total: "hashlib._Hash", part: bytes) -> None:
    # With its length in front, so that no two different lists of parts read the same.
    total.update(len(part).to_bytes(8, "big"))
    total.update(part)
