"""`longhaul doctor`, a process that asks the local AWS."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from pathlib import Path

import pytest

from sandbox.local_aws import LocalAws
from tests.cli.conftest import COMMAND, ENVIRONMENT
from tests.ops.doctor.sick import Sick, sick_stack

KEYS = ["check", "job", "problem", "advice", "arn"]


@pytest.fixture(scope="session")
def sick(local_aws: LocalAws) -> Sick:
    return sick_stack(local_aws)


def doctor(sick: Sick, *arguments: str, root: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "-C", str(root or sick.root), "doctor", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env=ENVIRONMENT | sick.local_aws.environment,
    )


def test_a_healthy_stack(sick: Sick) -> None:
    done = doctor(sick)
    assert (done.returncode, done.stdout, done.stderr) == (0, "Nothing is wrong.\n", "")


def test_what_is_found_is_told_as_documented(sick: Sick) -> None:
    events = sick.local_aws.client("events")
    own = events.list_targets_by_rule(Rule="acme-sick-daily")["Targets"]
    events.remove_targets(Rule="acme-sick-daily", Ids=[own[0]["Id"]])
    as_text, as_json, as_csv = (doctor(sick, "--no-checkout", "--output", form) for form in ("table", "json", "csv"))
    events.put_targets(Rule="acme-sick-daily", Targets=own)
    for done in (as_text, as_json, as_csv):
        assert (done.returncode, done.stderr) == (1, "Not compared with the checked-out stack: --no-checkout.\n")
    (finding,) = json.loads(as_json.stdout)
    assert list(finding) == KEYS
    assert (finding["check"], finding["job"]) == ("trigger-without-target", "daily")
    assert finding["arn"] == "arn:aws:events:eu-west-1:123456789012:rule/acme-sick-daily"
    assert [dict(row) for row in csv.DictReader(io.StringIO(as_csv.stdout))] == [finding]
    assert as_text.stdout.splitlines() == [
        "trigger-without-target daily",
        f"  {finding['problem']}",
        f"  {finding['advice']}",
        f"  {finding['arn']}",
    ]


def test_a_checkout_without_the_stack_s_file_is_no_finding(sick: Sick, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: acme\nruntime: python\n")
    done = doctor(sick, "--stack", "sick", "--output", "json", root=tmp_path)
    assert (done.returncode, json.loads(done.stdout)) == (0, [])
    assert done.stderr == "Not compared with the checked-out stack: there is no Pulumi.sick.yaml here.\n"


def test_another_checkout_differs(sick: Sick) -> None:
    root = sick.project_with(off=None)
    done = doctor(sick, "--output", "json", root=root)
    assert (done.returncode, done.stderr) == (1, "")
    assert [(row["check"], row["job"]) for row in json.loads(done.stdout)] == [("job-surplus", "off")]


def test_wrong_use_is_one_clear_line(sick: Sick) -> None:
    done = doctor(sick, "--stack", "sickest", "--no-checkout")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].startswith(
        "longhaul: there is no job of the stack sickest of acme in eu-west-1"
    )
    mistaken = sick.project_with(daily={"image": "example.com/obeys:1", "schedule": "cron(0 25 * * ? *)"})
    done = doctor(sick, root=mistaken)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Pulumi.sick.yaml:1 longhaul:jobs.daily.schedule" in done.stderr
