"""The workflows, held by outside tools to GitHub's grammar and to what makes them safe; and by us to this project."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from spec.load import stack_names

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
ACTIONS = sorted((GITHUB / "actions").glob("*/action.yml"))
TOOLS = Path(sys.executable).parent


def run(*command: str | Path) -> str:
    """The output of a tool that finds nothing."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "NO_COLOR": "1"}
    done = subprocess.run(
        [*map(str, command)], cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def parsed(path: Path) -> dict[str, Any]:
    # YAML 1.1 reads the key `on` as true.
    return {"on" if key is True else key: value for key, value in yaml.safe_load(path.read_text()).items()}


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in WORKFLOWS:
        for name, job in parsed(path)["jobs"].items():
            yield f"{path.stem}.{name}", job


JOBS = dict(jobs())


def test_the_grammar_is_github_s() -> None:
    for schema, paths in (("workflows", WORKFLOWS), ("actions", ACTIONS)):
        run(TOOLS / "check-jsonschema", "--builtin-schema", f"vendor.github-{schema}", *paths)
    run(TOOLS / "check-jsonschema", "--builtin-schema", "vendor.dependabot", GITHUB / "dependabot.yml")


def test_zizmor_finds_nothing() -> None:
    assert "No findings" in run(TOOLS / "zizmor", "--offline", "--no-progress", "--persona=pedantic", GITHUB)


def test_actionlint_finds_nothing() -> None:
    actionlint = shutil.which("actionlint", path=f"{os.environ['PATH']}:{Path.home() / 'go' / 'bin'}")
    if actionlint is None:
        pytest.skip("no actionlint: go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12")
    # Not the linters of scripts: they are not everywhere, and zizmor looks at what matters.
    run(actionlint, "-shellcheck=", "-pyflakes=", *WORKFLOWS)


def test_every_action_is_pinned_to_a_commit_with_its_version() -> None:
    used = [line for path in [*WORKFLOWS, *ACTIONS] for line in re.findall(r"uses: (.*)", path.read_text())]

    foreign = [line for line in used if not line.startswith("./")]

    assert foreign
    assert [line for line in foreign if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)] == []
    # One commit an action, wherever it is used.
    assert len({line.partition("@")[0] for line in foreign}) == len(set(foreign))


def test_there_is_no_long_lived_key() -> None:
    text = "".join(path.read_text() for path in [*WORKFLOWS, *ACTIONS])

    assert "secrets." not in text
    assert not re.search(r"aws-(access-key-id|secret-access-key)|PULUMI_ACCESS_TOKEN", text)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_nothing_is_granted_but_to_the_job_that_needs_it(path: Path) -> None:
    workflow = parsed(path)

    assert workflow["permissions"] == {}
    assert "pull_request_target" not in workflow["on"]
    for job in workflow["jobs"].values():
        assert job["permissions"]


def test_no_role_and_no_write_for_forks() -> None:
    same_repository = "github.event.pull_request.head.repo.full_name == github.repository"
    for name, job in JOBS.items():
        if name.startswith("pull-request.") and "write" in job["permissions"].values():
            assert same_repository in job["if"], name


def test_what_may_write_to_github_runs_nothing_of_the_repository() -> None:
    writers = [job for job in JOBS.values() if {"pull-requests", "issues", "contents"} & writes(job)]

    assert writers
    for job in writers:
        uses = [step["uses"] for step in job["steps"] if "uses" in step]
        assert [use.partition("@")[0] for use in uses] == ["actions/download-artifact"]


def writes(job: dict[str, Any]) -> set[str]:
    return {scope for scope, level in job["permissions"].items() if level == "write"}


def test_every_stack_is_previewed_deployed_and_looked_at() -> None:
    stacks = stack_names(ROOT)

    assert JOBS["pull-request.preview"]["strategy"]["matrix"]["stack"] == stacks
    assert JOBS["drift.look"]["strategy"]["matrix"]["stack"] == stacks
    assert [job["with"]["stack"] for job in JOBS.values() if job.get("uses", "").endswith("/up.yml")] == stacks


def test_a_deployment_is_never_cut_off_or_pushed_out() -> None:
    groups = {name: job["concurrency"]["group"] for name, job in JOBS.items() if "concurrency" in job}

    assert JOBS["up.up"]["concurrency"] == {"group": "stack-${{ inputs.stack }}", "cancel-in-progress": False}
    assert [name for name, group in groups.items() if group.startswith("stack-")] == ["up.up"]


def test_nothing_is_deployed_over_a_running_job_that_would_go() -> None:
    commands = [step["run"] for step in JOBS["up.up"]["steps"] if "run" in step]

    assert commands[0] == './longhaul check "$STACK" --deployed'
    assert commands[1].startswith("pulumi up ")


def test_the_pulumi_command_is_of_the_library_s_version() -> None:
    required = re.search(r"^pulumi==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    of_actions = [step for path in ACTIONS for step in yaml.safe_load(path.read_text())["runs"]["steps"]]
    of_jobs = [step for job in JOBS.values() for step in job.get("steps", ())]
    installed = [
        step["with"]["pulumi-version"]
        for step in [*of_actions, *of_jobs]
        if step.get("uses", "").startswith("pulumi/actions@")
    ]

    assert required
    assert installed == [required[1]] * 2
