import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Longhaul

GIT = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]


def git(folder: Path, *arguments: str) -> None:
    subprocess.run([*GIT, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def history(project: Path) -> Path:
    """The project in git with two revisions, tagged one and two: the schedule moves, and one file is a link outside."""
    git(project, "init", "--quiet", "--initial-branch=main")
    (project / "elsewhere").symlink_to("/etc/hostname")
    git(project, "add", ".")
    git(project, "commit", "--quiet", "-m", "One")
    git(project, "tag", "one")
    stack = project / "Pulumi.dev.yaml"
    stack.write_text(stack.read_text().replace("cron(15 3", "cron(15 4"))
    git(project, "commit", "--quiet", "-a", "-m", "Two")
    git(project, "tag", "two")
    return project


def test_two_revisions_are_compared(history: Path, longhaul: Longhaul) -> None:
    shown = longhaul("diff", "one", "two", "--from", "2026-03-27T12:00:00Z", "--format", "json")

    assert (shown.returncode, shown.stderr) == (0, "")
    [stack] = json.loads(shown.stdout)["stacks"]
    [job] = stack["jobs"]
    assert job["fields"] == [{"field": "schedule", "before": "cron(15 3 * * ? *)", "after": "cron(15 4 * * ? *)"}]
    # Paris goes from UTC+1 to UTC+2 on 29 March 2026: https://www.timeanddate.com/time/change/france/paris
    assert [run["utc"][8:16] for run in job["schedule"]["after"]["nextRuns"]] == [
        "28T03:15",
        "29T02:15",
        "30T02:15",
        "31T02:15",
        "01T02:15",
    ]
    assert (history / "elsewhere").is_symlink()


def test_without_a_second_revision_the_files_as_they_are_count(history: Path, longhaul: Longhaul) -> None:
    (history / "jobs" / "hello" / "main.py").write_text("print('other')\n")

    shown = longhaul("diff", "two")

    assert shown.returncode == 0
    assert "jobs/hello/main.py" in shown.stdout
    assert "cron" not in shown.stdout


def test_a_project_within_a_repository_is_compared_alone(tmp_path: Path, project: Path, longhaul: Longhaul) -> None:
    # The project's folder is tmp_path itself: make it a part of a larger repository.
    outer = tmp_path / "outer"
    outer.mkdir()
    inner = outer / "inner"
    inner.mkdir()
    for path in [path for path in project.iterdir() if path != outer]:
        path.rename(inner / path.name)
    git(outer, "init", "--quiet")
    git(outer, "add", ".")
    git(outer, "commit", "--quiet", "-m", "One")

    shown = longhaul("-C", str(inner), "diff", "HEAD", "HEAD")

    assert (shown.returncode, shown.stdout) == (0, "Nothing changes in dev.\n")


def test_two_folders_are_compared_and_nothing_changed_is_said(project: Path, longhaul: Longhaul) -> None:
    shown = longhaul("diff", str(project), str(project), "--format", "markdown")

    assert (shown.returncode, shown.stdout, shown.stderr) == (0, "Nothing changes in `dev`.\n", "")


def test_mistakes_are_shown_as_such(history: Path, longhaul: Longhaul) -> None:
    (history / "jobs" / "hello" / "job.yaml").write_text("cpu: 300\ntimeout: 5\n")

    shown = longhaul("diff", "two", "--format", "markdown")

    assert shown.returncode == 2
    assert shown.stdout.startswith("## Stack `dev`: wrong configuration\n\n2 mistakes after the change:\n")
    assert "jobs/hello/job.yaml:1 cpu: expected" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["three"], "three is neither a folder with a Pulumi.yaml nor a git revision of"),
        (["--", "--output=x"], "--output=x is neither"),
        (["one", "two", "--stack", "prod"], "Pulumi.prod.yaml"),
        (["one", "two", "--from", "yesterday"], "yesterday"),
        (["one", "two", "--format", "html"], "html"),
    ],
)
def test_what_is_not_there_is_one_clear_line(
    history: Path, longhaul: Longhaul, arguments: list[str], said: str
) -> None:
    refused = longhaul("diff", *arguments)

    assert refused.returncode == 2
    assert refused.stdout == ""
    assert said in " ".join(refused.stderr.split())
    assert "Traceback" not in refused.stderr
    assert not (history / "x").exists()


def test_no_repository_is_one_clear_line(project: Path, longhaul: Longhaul) -> None:
    refused = longhaul("diff", "main", GIT_CEILING_DIRECTORIES=str(project.parent))

    assert refused.returncode == 2
    assert "not a git repository" in refused.stderr


def test_no_git_is_one_clear_line(history: Path, longhaul: Longhaul) -> None:
    refused = longhaul("diff", "one", "two", PATH=str(history / "jobs"))

    assert refused.returncode == 2
    assert "there is no git" in " ".join(refused.stderr.split())
