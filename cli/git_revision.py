"""The files of a git revision, for commands that compare revisions."""

import io
import subprocess
import tarfile
from pathlib import Path

import typer


def extract(root: Path, revision: str, into: Path) -> None:
    """Write the project in `root`, as it was in a git revision, into the folder `into`.

    Raises typer.BadParameter for a revision that git does not know, and where there is no git.
    """
    commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", of=revision)
    # Run in a folder of the repository, it archives that folder.
    archive = _git(root, "archive", "--format=tar", commit.decode().strip(), of=revision)
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        files.extractall(into, filter=_within)


def _git(root: Path, *arguments: str, of: str) -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        raise typer.BadParameter(f"{of} is no folder, and there is no git to look it up as a revision") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        reason = f": {said[0]}" if said else ""
        raise typer.BadParameter(f"{of} is neither a folder with a Pulumi.yaml nor a git revision of {root}{reason}")
    return done.stdout


def _within(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo | None:
    """The member, unless it is a link that leads out of the project: nothing there is the project's."""
    try:
        return tarfile.data_filter(member, path)
    except tarfile.FilterError:
        return None
