import json
from pathlib import Path

import pytest

from tests.cli.conftest import Longhaul
from tests.review.test_drift import DISABLED, ENABLED, MACHINE, RULE, digest, step


def test_drift_is_shown_with_exit_code_1(tmp_path: Path, longhaul: Longhaul) -> None:
    changed = step("update", MACHINE, "acme-dev-hello", {"definition": "1"}, {"definition": "2"})
    (tmp_path / "found.json").write_text(json.dumps(digest(changed)))

    shown = longhaul("drift", str(tmp_path / "found.json"))

    assert shown.returncode == 1
    assert "acme-dev-hello (aws:sfn/stateMachine:StateMachine) differs in definition" in shown.stdout


def test_a_paused_job_leaves_exit_code_0(tmp_path: Path, longhaul: Longhaul) -> None:
    (tmp_path / "found.json").write_text(json.dumps(digest(step("update", RULE, "hello", ENABLED, DISABLED))))

    shown = longhaul("drift", str(tmp_path / "found.json"), "--format", "markdown")

    assert shown.returncode == 0
    assert "as it was deployed.\n\nPaused, which is no drift:\n\n- `hello`" in shown.stdout


@pytest.mark.parametrize("content", ["", "{", "[]", None])
def test_what_cannot_be_read_is_one_clear_line(tmp_path: Path, longhaul: Longhaul, content: str | None) -> None:
    if content is not None:
        (tmp_path / "found.json").write_text(content)

    refused = longhaul("drift", str(tmp_path / "found.json"))

    assert (refused.returncode, refused.stdout) == (2, "")
    assert "found.json" in refused.stderr
    assert "Traceback" not in refused.stderr
