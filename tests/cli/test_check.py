import subprocess
import sys
from pathlib import Path

import yaml

from tests.cli.conftest import COMMAND, ENVIRONMENT, Longhaul


def test_a_right_project_passes(longhaul: Longhaul) -> None:
    checked = longhaul("check")
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "dev: 1 job, no mistakes\n", "")


def test_every_mistake_is_reported_with_its_place_and_exit_code_2(project: Path, longhaul: Longhaul) -> None:
    (project / "Pulumi.dev.yaml").write_text(
        "config:\n  longhaul:jobs:\n    hello:\n      schedul: rate(1 hours)\n      cpu: 300\n"
    )
    checked = longhaul("check", "dev")
    assert checked.returncode == 2
    assert checked.stdout == ""
    places = [line.split(": ")[0] for line in checked.stderr.splitlines()]
    assert places == ["Pulumi.dev.yaml:4 longhaul:jobs.hello.schedul", "Pulumi.dev.yaml:5 longhaul:jobs.hello.cpu"]
    assert "schedule" in checked.stderr


def test_a_mistake_that_two_stacks_share_is_said_once(project: Path, longhaul: Longhaul) -> None:
    (project / "Pulumi.prod.yaml").write_text((project / "Pulumi.dev.yaml").read_text())
    (project / "jobs" / "hello" / "job.yaml").write_text("timeout: soon\n")
    checked = longhaul("check")
    assert checked.returncode == 2
    assert len(checked.stderr.splitlines()) == 1


def test_a_role_with_more_than_iam_takes_is_refused(project: Path, longhaul: Longhaul) -> None:
    # Each step with permissions and secrets of its own has two roles, whose ARNs stand in the policy of the machine's.
    steps = [
        {
            "name": f"shop_{number}_of_the_whole_north_west",
            "secrets": {"USER": "sales"},
            "permissions": [{"actions": ["s3:GetObject"], "resources": [f"arn:aws:s3:::sales/{number}/*"]}],
        }
        for number in range(40)
    ]
    jobs = {"hello": {"image": "example.com/hello:1", "steps": steps}}
    (project / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": {"longhaul:jobs": jobs}}))

    checked = longhaul("check", "dev")

    assert (checked.returncode, checked.stdout) == (2, "")
    (line,) = checked.stderr.splitlines()
    assert line.startswith(
        "Pulumi.dev.yaml longhaul:jobs.hello: expected at most 10,240 characters of policy, IAM's limit, for the state "
        "machine role, found 1"
    )


def test_what_is_worth_a_word_of_several_jobs_is_said_once(project: Path, longhaul: Longhaul) -> None:
    run_on = {"kind": "ec2", "capacityProvider": "warehouse"}
    jobs = {name: {"image": "example.com/load:1", "runOn": run_on} for name in ("load", "more", "third")}
    jobs["third"] |= {"ephemeralStorage": 50}
    (project / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": {"longhaul:jobs": jobs}}))

    checked = longhaul("check", "dev")

    assert (checked.returncode, checked.stderr) == (0, "")
    said, *notes = checked.stdout.splitlines()
    assert said == "dev: 3 jobs, no mistakes"
    assert [note.partition(": ")[0] for note in notes] == [
        "  load, more and third, runOn.networkMode",
        "  load, more and third, runOn.networkMode",
        "  third, ephemeralStorage",
    ]


def test_an_unknown_stack_gets_the_nearest_name(longhaul: Longhaul) -> None:
    checked = longhaul("check", "dve")
    assert checked.returncode == 2
    assert "dev" in checked.stderr
    assert "Traceback" not in checked.stderr


def test_a_folder_without_a_project_is_refused(tmp_path: Path, longhaul: Longhaul) -> None:
    (tmp_path / "elsewhere").mkdir()
    refused = longhaul("-C", str(tmp_path / "elsewhere"), "check")
    assert refused.returncode == 2
    assert "no Pulumi.yaml" in refused.stderr


def test_a_project_without_a_stack_is_no_success(project: Path, longhaul: Longhaul) -> None:
    (project / "Pulumi.dev.yaml").unlink()
    checked = longhaul("check")
    assert (checked.returncode, checked.stdout) == (2, "")
    assert "Pulumi.dev.yaml, found none" in checked.stderr


def test_an_answer_that_cannot_be_written_is_one_line_and_exit_code_1(project: Path) -> None:
    with Path("/dev/full").open("w") as full:
        checked = subprocess.run(
            [*COMMAND, "-C", str(project), "check"], stdout=full, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
        )
    assert checked.returncode == 1
    assert checked.stderr == "longhaul: No space left on device\n"


def test_help_names_the_command_as_people_type_it_and_cuts_no_sentence(longhaul: Longhaul) -> None:
    shown = longhaul("--help")
    assert shown.stdout.startswith("Usage: longhaul ")
    assert "..." not in shown.stdout.partition("Commands:")[2]


def test_an_installation_that_was_interrupted_is_told_of() -> None:
    # Without site, nothing that is installed is found.
    command = [sys.executable, "-S", "-P", "-m", "cli", "check"]
    checked = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT)
    assert checked.returncode == 2
    assert checked.stderr == "longhaul: typer is not installed: run 'make install' first\n"
