"""What a Dockerfile says of a job that is Python and nothing else: all that a zip archive for Lambda is made from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spec.container import ImageStart

GLIBC_MINORS: Mapping[str, int] = {"3.11": 26, "3.12": 34, "3.13": 34, "3.14": 34}
"""The Pythons that Lambda runs, each with the glibc 2.X of its Amazon Linux: 2 has 2.26, 2023 has 2.34.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html#runtimes-supported,
https://docs.aws.amazon.com/linux/al2023/ug/compare-with-al2.html
"""

INSTEAD = "leave package out, and its image has all of it"
"""What to do about what no archive can have."""


@dataclass(frozen=True)
class Mistake:
    """What is not plain Python: the line of the Dockerfile, from 1, its instruction, what was expected and found."""

    line: int
    instruction: str
    expected: str
    found: str
    hint: str = INSTEAD

    @property
    def message(self) -> str:
        """What people read."""
        hint = f": {self.hint}" if self.hint else ""
        return f"expected {self.expected} with package: zip, found {self.found}{hint}"


@dataclass(frozen=True)
class Copied:
    """A COPY.

    line: of the Dockerfile.
    sources: patterns of paths below the context, without a slash at either end; the context itself is "".
    destination: below WORKDIR, which itself is "".
    into_folder: whether the destination is written as a folder.
    executable: whether `--chmod` makes its files so; None where it leaves them as they are.
    """

    line: int
    sources: tuple[str, ...]
    destination: str
    into_folder: bool
    executable: bool | None


@dataclass(frozen=True)
class Installed:
    """A RUN of `pip install`.

    line: of the Dockerfile.
    arguments: requirements, and the flags that decide what of them is installed.
    files: those of `-r`, below WORKDIR.
    """

    line: int
    arguments: tuple[str, ...]
    files: tuple[str, ...]


@dataclass(frozen=True)
class PlainPython:
    """A Dockerfile that is plain Python.

    python: its version, `3.13`.
    workdir: the absolute path of what becomes the root of the archive.
    environment: the variables of ENV, whole.
    copies: what COPY puts below WORKDIR, in order.
    installs: what pip installs, in order.
    start: ENTRYPOINT and CMD; the images of Python have no entry point of their own.
    start_line: the line of the last of the two; None where there is neither.
    """

    python: str
    workdir: str
    environment: Mapping[str, str]
    copies: tuple[Copied, ...]
    installs: tuple[Installed, ...]
    start: ImageStart
    start_line: int | None

    @property
    def runtime(self) -> str:
        """What Lambda calls that Python."""
        return f"python{self.python}"

    @property
    def interpreters(self) -> tuple[str, ...]:
        """What a job may call its interpreter."""
        return ("python", "python3", self.runtime)


def names_workdir(text: str, workdir: str) -> bool:
    """Whether a text has the path of WORKDIR in it, which is another one on Lambda."""
    return re.search(rf"""(?:^|[\s:=,;'"]){re.escape(workdir)}(?:[\s:,;'"/]|$)""", text) is not None
