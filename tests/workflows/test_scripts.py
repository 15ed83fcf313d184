"""The scripts within the workflows do what they are there for: run here with a stand-in for `gh`."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.workflows.test_workflows import JOBS

GH = """\
#!/bin/sh
echo "$@" >> "$CALLS"
case "$*" in
  "issue list"*|"api --paginate"*) printf '%s' "$FOUND" ;;
esac
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    gh = tmp_path / "bin" / "gh"
    gh.write_text(GH)
    gh.chmod(0o755)
    return tmp_path


def run(folder: Path, job: str, step: int, found: str = "") -> list[str]:
    """Run one step's script as the runner does; gives the calls of `gh` that change something."""
    environment = {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "CALLS": str(folder / "calls"),
        "FOUND": found,
        "GH_REPO": "acme/jobs",
        "NUMBER": "7",
        "RUN": "https://github.com/acme/jobs/actions/runs/1",
    }
    script = JOBS[job]["steps"][step]["run"]
    subprocess.run(["bash", "-e", "-c", script], cwd=folder, env=environment, check=True, timeout=300)
    calls = (folder / "calls").read_text().splitlines() if (folder / "calls").exists() else []
    return [call for call in calls if not call.startswith(("issue list", "api --paginate"))]


def test_the_comment_has_the_difference_and_each_preview(folder: Path) -> None:
    (folder / "diff.md").write_text("Nothing changes in `dev`.\n")
    (folder / "preview-dev.txt").write_text("x" * 40_000 + "\n~~~~~~\nResources: 3 unchanged\n")
    (folder / "preview-prod.txt").write_text("error: no credentials\n")

    run(folder, "pull-request.comment", 1)

    comment = (folder / "comment.md").read_text()
    assert comment.startswith("<!-- longhaul -->\nNothing changes in `dev`.\n")
    assert "<code>dev</code>" in comment
    assert "Resources: 3 unchanged\n\n~~~~~~\n" in comment
    assert "error: no credentials" in comment
    # The fence is closed by its own end alone.
    assert comment.count("\n~~~~~~") == 4
    assert len(comment) < 65_536


def test_without_previews_there_is_a_comment_as_well(folder: Path) -> None:
    (folder / "diff.md").write_text("Nothing changes in `dev`.\n")

    run(folder, "pull-request.comment", 1)

    assert (folder / "comment.md").read_text() == "<!-- longhaul -->\nNothing changes in `dev`.\n"


@pytest.mark.parametrize(
    ("found", "call"),
    [
        ("", "pr comment 7 --body-file comment.md"),
        ("41\n42\n", "api --silent --method PATCH repos/acme/jobs/issues/comments/41 --field body=@comment.md"),
    ],
)
def test_there_is_one_comment(folder: Path, found: str, call: str) -> None:
    assert run(folder, "pull-request.comment", 2, found) == [call]


@pytest.mark.parametrize(
    ("file", "found", "calls"),
    [
        ("drift-dev.md", "", ["issue create --title Drift in dev --body-file drift-dev.md"]),
        ("drift-dev.md", "3\n", ["issue edit 3 --body-file drift-dev.md"]),
        ("clean-dev.md", "", []),
        (
            "clean-dev.md",
            "3\n",
            [
                "issue close 3 --comment Everything is as it was deployed again: "
                "https://github.com/acme/jobs/actions/runs/1"
            ],
        ),
    ],
)
def test_drift_is_one_issue_a_stack(folder: Path, file: str, found: str, calls: list[str]) -> None:
    (folder / file).write_text("`x` is gone\n")

    assert run(folder, "drift.issue", 1, found) == calls
    assert "Found by https://github.com/acme/jobs/actions/runs/1" in (folder / file).read_text()
