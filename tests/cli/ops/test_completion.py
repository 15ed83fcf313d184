"""What the shell completes: it asks the command itself, which asks no AWS."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, ENVIRONMENT


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("longhaul sta", ["start", "status"]),
        ("longhaul history --no", ["--no-ledger"]),
        ("longhaul -C {project} history he", ["hello"]),
        ("longhaul -C {project} status hello h", ["hello"]),
        ("longhaul -C {project} history x", []),
    ],
)
def test_what_is_completed(project: Path, words: str, completed: list[str]) -> None:
    words = words.format(project=project)
    (project / "Pulumi.broken.yaml").write_text("config: [\n")
    done = subprocess.run(
        COMMAND,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env=ENVIRONMENT
        | {
            "_LONGHAUL_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split()) - 1),
        },
    )
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, completed, "")
