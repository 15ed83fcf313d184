"""Mistakes in what people wrote, each with the place it was written."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class SpecError:
    """One mistake: `file` relative to the repository, `line` from 1 (None: no line), `path` of the field, `message`."""

    file: str
    line: int | None
    path: str
    message: str

    @property
    def place(self) -> str:
        """The file, with the line where there is one."""
        return self.file if self.line is None else f"{self.file}:{self.line}"

    def __str__(self) -> str:
        return f"{self.place} {self.path}: {self.message}" if self.path else f"{self.place}: {self.message}"


class SpecErrors(Exception):  # noqa: N818 - it holds many
    """All mistakes of a stack; its text is one line for each, its `errors` the items."""

    def __init__(self, errors: Iterable[SpecError]) -> None:
        # A mistake in longhaul:defaults shows in every job that inherits it: it is one mistake.
        self.errors = tuple(dict.fromkeys(errors))
        super().__init__("\n".join(str(error) for error in self.errors))
