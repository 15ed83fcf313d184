"""What docs/run-on-kubernetes.md says is what the program does."""

import re
from pathlib import Path

import pytest
import yaml

from definitions.render import documents
from spec.job import JobSpec
from spec.load import load_stack
from spec.stack import StackSpec
from tests.definitions.test_kubernetes_endings import CASES

PAGE = (Path(__file__).parents[1] / "docs" / "run-on-kubernetes.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.S)
ROWS = [line.split(" | ") for line in PAGE.partition("## How a run ends")[2].splitlines() if line.startswith("| ")][2:]


@pytest.fixture
def scoring(tmp_path: Path) -> tuple[JobSpec, StackSpec]:
    """The page's job, in its stack."""
    (tmp_path / "Pulumi.yaml").write_text("name: longhaul\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(EXAMPLES[0])
    (tmp_path / "jobs" / "scoring").mkdir(parents=True)
    for name, text in {"job.yaml": "description: Scores\n", "Dockerfile": "FROM scratch\n"}.items():
        (tmp_path / "jobs" / "scoring" / name).write_text(text)
    stack = load_stack(tmp_path, "dev")
    return stack.jobs[0], stack


def test_its_job_is_a_job(scoring: tuple[JobSpec, StackSpec]) -> None:
    job, _ = scoring

    assert (job.run_on.kind, job.run_on.cluster, job.run_on.namespace) == ("kubernetes", "analytics", "batch")


def test_its_objects_are_those_of_its_job(scoring: tuple[JobSpec, StackSpec]) -> None:
    assert list(yaml.safe_load_all(EXAMPLES[1])) == documents(*scoring)["kubernetes"]["objects"]


def test_its_table_has_every_outcome_that_is_tried() -> None:
    told = {outcome for row in ROWS for outcome in re.findall(r"`(Job\.\w+)`", row[2])}

    assert told == {case.error for case in CASES}


def test_its_table_says_what_is_tried_again() -> None:
    for row in ROWS:
        (error,) = re.findall(r"`(Job\.\w+)`", row[2]) or [None]
        for case in (case for case in CASES if case.error == error):
            expected = "`retries`" if case.retried else "`startRetries`" if case.restarted else None
            # An exit code may be final.
            assert expected is None or expected in row[3]
            assert expected is not None or "`startRetries`" not in row[3]
