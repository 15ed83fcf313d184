"""Which project the command works on."""

from pathlib import Path

import typer

_root = Path(__file__).resolve().parent.parent


def use(directory: Path) -> None:
    """Work on the project in `directory`. Raises typer.BadParameter when no project is there."""
    global _root
    if not (directory / "Pulumi.yaml").is_file():
        raise typer.BadParameter(f"there is no Pulumi.yaml in {directory}")
    _root = directory.resolve()


def root() -> Path:
    """The folder with Pulumi.yaml: of `--cwd`, or else the one this command stands in."""
    return _root
