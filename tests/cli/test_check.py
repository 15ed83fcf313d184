from pathlib import Path

from tests.cli.conftest import Longhaul


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
