"""A repository to write stacks and jobs into."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from spec.errors import SpecErrors
from spec.load import load_stack
from spec.stack import StackSpec


@dataclass(frozen=True)
class Repository:
    """A repository with a project's file; what is not written to it is not there."""

    root: Path

    def write(self, file: str, text: str) -> None:
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def write_job(self, name: str, text: str = "", *, dockerfile: bool = True) -> None:
        self.write(f"jobs/{name}/job.yaml", text)
        if dockerfile:
            self.write(f"jobs/{name}/Dockerfile", "FROM scratch\n")

    def load(self, config: Mapping[str, object] | None = None, stack: str = "dev") -> StackSpec:
        return load_stack(self.root, stack, config)

    def mistakes(self, config: Mapping[str, object] | None = None, stack: str = "dev") -> list[str]:
        """The lines people would read; fails when there are none."""
        with pytest.raises(SpecErrors) as caught:
            load_stack(self.root, stack, config)
        lines = str(caught.value).splitlines()
        assert lines == [str(error) for error in caught.value.errors]
        return lines


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path)
    repository.write("Pulumi.yaml", "name: longhaul\nruntime: python\n")
    return repository
