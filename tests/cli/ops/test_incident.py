"""docs/incident.md tells of a night as it goes: each of its commands is run here, in order, after a real failure."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.ops.incident import PAGE, ROOT, alike


def test_the_night_goes_as_the_page_says(tmp_path: Path) -> None:
    fresh = tmp_path / "incident.md"
    command = [sys.executable, "-m", "tests.cli.ops.incident", str(fresh)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert fresh.read_text() == PAGE.read_text(), "what the commands print is another: `make docs` writes it anew"


@pytest.mark.parametrize(
    ("told", "instead"),
    [
        ("ended as FAILED", "ended as TIMED_OUT"),
        ("exited with code 64", "exited with code 65"),
        ("50% of 2", "100% of 2"),
        ("expected YYYY-MM-DD, found '24-11-2026'", "expected YYYY-MM-DD, found '25-11-2026'"),
        ('-> "2026-11-24"', '-> "2026-11-23"'),
        ("SUCCEEDED after", "FAILED after"),
        ("by schedule", "by manual"),
        ("next run ", "last run "),
    ],
)
def test_what_matters_is_compared(told: str, instead: str) -> None:
    page = PAGE.read_text()
    assert told in page
    assert alike(page.replace(told, instead)) != alike(page)
