"""The README's commands do what it says: each is run here, in a copy of the project, in the README's order."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
COMMANDS = [
    command for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for command in block.strip().splitlines()
]
# What cannot run here, and why.
NOT_RUN = {
    "make test": "it is what runs this test",
    "make install": "it made the environment that this test runs in",
    "pulumi login": "it needs the Pulumi CLI",
    "pulumi stack init dev": "it needs the Pulumi CLI",
    "pulumi preview --stack dev": "it needs an AWS account",
    "pulumi up --stack dev": "it needs an AWS account",
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as a clone has it, with this environment."""
    copy = tmp_path_factory.mktemp("readme") / "longhaul"
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    (copy / ".venv").symlink_to(ROOT / ".venv")
    author = ["-c", "user.name=reader", "-c", "user.email=reader@example.com"]
    for command in (["init", "-q"], ["add", "."], [*author, "commit", "-q", "-m", "The project"]):
        subprocess.run(["git", *command], cwd=copy, check=True)
    return copy


def output_of(command: str) -> str:
    """What the README says that the command prints."""
    found = re.search(rf"<!-- output: {re.escape(command)} -->\n```text\n(.*?)```", README, re.DOTALL)
    assert found, f"the README shows no output of {command}"
    return found[1]


def shape(text: str) -> list[str]:
    """The lines of an output without what differs from day to day: numbers, column widths and the order of runs."""
    lines = (re.sub(r"[\s─]+", " ", re.sub(r"[\d.:-]+", "#", line)).strip() for line in text.splitlines())
    return sorted(line for line in lines if line)


def test_every_command_runs(copy: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(copy.parent), "COLUMNS": "200"}
    printed = {}
    for command in COMMANDS:
        if command not in NOT_RUN:
            done = subprocess.run(
                command, shell=True, cwd=copy, env=environment, capture_output=True, text=True, check=False, timeout=300
            )
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
            printed[command] = done.stdout
    assert shape(printed["make sandbox"]) == shape(output_of("make sandbox"))
    lines = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert lines
    assert lines[1].rstrip() in printed["./longhaul new nightly-report"]


def test_what_is_not_run_is_in_the_readme() -> None:
    assert set(NOT_RUN) <= set(COMMANDS)


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)h][^)]*)\)", README):
        page, _, anchor = target.partition("#")
        assert (ROOT / page).exists(), target
        headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(), re.MULTILINE) if anchor else []
        anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert anchor in {"", *anchors}, target
