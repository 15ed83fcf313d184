"""What docs/run-on-ec2.md says is what the program does."""

import re
from pathlib import Path

from definitions.outcome import Outcome
from spec.load import load_stack
from tests.scenarios import instances

PAGE = (Path(__file__).parents[1] / "docs" / "run-on-ec2.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.partition("## What can go wrong")[2].splitlines() if line.startswith("| ")][2:]


def test_its_job_is_a_job(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.S)
    lines = "".join(f"  {line}\n" for line in example.splitlines())
    (tmp_path / "Pulumi.yaml").write_text("name: longhaul\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(f"config:\n{lines}")
    (tmp_path / "jobs" / "nightly-load").mkdir(parents=True)
    for name, text in {"job.yaml": "description: Loads\n", "Dockerfile": "FROM scratch\n"}.items():
        (tmp_path / "jobs" / "nightly-load" / name).write_text(text)
    (job,) = load_stack(tmp_path, "dev").jobs
    assert (job.run_on.kind, job.run_on.capacity_provider, job.run_on.network_mode) == ("ec2", "warehouse", "bridge")


def test_every_error_of_its_table_is_played() -> None:
    told = {error for row in ROWS for error in re.findall(r"`(Job\.\w+)`", row)}
    assert told <= {outcome.value for outcome in Outcome}
    assert "Job.NotPlaced" in told
    played = {end.outcome for scenario in instances.SCENARIOS for end in scenario.ends.values()}
    # A lost machine is started again in the scenario, and so succeeds.
    assert told - played == {"Job.Interrupted"}
