"""What docs/run-on-lambda.md says is what the program does."""

import re
from pathlib import Path

import pytest

from components.lambda_zip.archive import LARGEST_UNZIPPED_MIB, LARGEST_ZIPPED_MIB
from definitions.lambda_outcome import ANSWERS_LOST, PASSING_ERRORS
from definitions.outcome import Outcome
from spec.load import load_stack
from spec.plain_python import GLIBC_MINORS
from tests.scenarios.on_lambda.rows import SCENARIOS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "run-on-lambda.md").read_text(encoding="utf-8")
ROWS = [
    line for line in PAGE.partition("## What can go wrong")[2].partition("\n## ")[0].splitlines() if line[:2] == "| "
][2:]


@pytest.mark.parametrize("place", ["lambda", "lambda with package: zip"])
def test_its_jobs_are_this_repositorys_own(tmp_path: Path, place: str) -> None:
    examples = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.S)
    assert len(examples) == 2
    example = examples["zip" in place]
    lines = "".join(f"  {line}\n" for line in example.splitlines())
    (tmp_path / "Pulumi.yaml").write_text("name: longhaul\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(f"config:\n{lines}")
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "daily-rollup").symlink_to(ROOT / "jobs" / "daily-rollup")
    (job,) = load_stack(tmp_path, "dev").jobs
    assert job.run_on.place == place


def test_it_names_the_pythons_and_limits_of_archives() -> None:
    (base,) = [line for line in PAGE.splitlines() if line.startswith("| `FROM` |")]
    assert set(re.findall(r"3\.\d+", base)) == set(GLIBC_MINORS)
    text = " ".join(PAGE.split())
    assert f"An archive of {LARGEST_ZIPPED_MIB} MiB or more, or of {LARGEST_UNZIPPED_MIB} MiB unpacked" in text


def test_every_error_of_its_table_is_played() -> None:
    told = {error for row in ROWS for error in re.findall(r"`(Job\.\w+)`", row)}
    assert told <= {outcome.value for outcome in Outcome}
    played = {end.outcome for scenario in SCENARIOS for end in scenario.ends.values()}
    assert told <= played


def test_its_table_has_the_errors_that_are_tried_again() -> None:
    table = "\n".join(ROWS)
    assert all(f"`{error}`" in table for error in ANSWERS_LOST)
    named = set(re.findall(r"`(Lambda\.\w+)`", table))
    assert named <= {*PASSING_ERRORS, *ANSWERS_LOST, "Lambda.ResourceNotFoundException"}
