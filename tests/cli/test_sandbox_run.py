"""`sandbox run` with real jobs: processes with exit codes, in an AWS that lives as long as the command."""

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, ENVIRONMENT, Longhaul

DAY = ["--from", "2026-03-28T00:00:00Z", "--hours", "48", "--output", "json"]
FAILS_ONCE = """\
import os, sys
print("attempt", os.environ["LONGHAUL_ATTEMPT"])
sys.exit(3 if os.environ["LONGHAUL_ATTEMPT"] == "1" else 0)
"""


def code(project: Path, text: str) -> None:
    (project / "jobs" / "hello" / "main.py").write_text(text)


def test_schedules_are_played_in_their_own_time_zone(longhaul: Longhaul) -> None:
    played = longhaul("sandbox", "run", *DAY)
    assert played.returncode == 0, played.stderr
    runs = json.loads(played.stdout)
    # 03:15 in Paris, before and after its clocks go forward.
    assert [run["scheduledTime"] for run in runs] == ["2026-03-28T02:15:00Z", "2026-03-29T01:15:00Z"]
    assert [(run["job"], run["status"], run["exitCode"], run["attempts"]) for run in runs] == [
        ("hello", "SUCCEEDED", 0, 1)
    ] * 2
    assert runs[0]["lastLogLine"] == "hello {}"


def test_a_retry_waits_as_long_as_the_job_says_in_no_real_time(project: Path, longhaul: Longhaul) -> None:
    code(project, FAILS_ONCE)
    played = longhaul("sandbox", "run", *DAY)
    assert played.returncode == 0, played.stdout + played.stderr
    run = json.loads(played.stdout)[0]
    assert (run["attempts"], run["lastLogLine"]) == (2, "attempt 2")
    assert run["durationSeconds"] >= 600


def test_a_failed_run_is_exit_code_1_and_its_cause_is_shown(project: Path, longhaul: Longhaul) -> None:
    code(project, "import sys\nprint('no such day')\nprint('cannot go on')\nsys.exit(3)\n")
    played = longhaul("sandbox", "run", *DAY[:-2])
    assert played.returncode == 1
    assert "  no such day\n  cannot go on\n" in played.stdout
    assert "FAILED" in played.stdout
    # One line, so that what a pipe gets can be searched and copied.
    causes = [line for line in played.stdout.splitlines() if "Job.ExitedNonZero" in line]
    assert ["stream run/job/" in cause for cause in causes] == [True, True]


def test_a_job_started_by_hand_shows_its_run_and_gives_its_exit_code(project: Path, longhaul: Longhaul) -> None:
    code(project, "import os, sys\nprint(os.environ['LONGHAUL_INPUT'])\nsys.exit(7)\n")
    (project / "jobs" / "hello" / "job.yaml").write_text("retries: {finalExitCodes: [7], attempts: 1}\n")
    (project / "input.json").write_text('{"day": "2026-01-31"}')
    run = longhaul("sandbox", "run", "--job", "hello", "--input", f"@{project / 'input.json'}")
    assert run.returncode == 7, run.stderr
    for part in ("start ", "end ", 'input   {"input": {"day": "2026-01-31"}}', '  {"day":"2026-01-31"}', "exit code 7"):
        assert part in run.stdout
    (cause,) = [line for line in run.stdout.splitlines() if line.startswith("cause ")]
    assert "stream run/job/" in cause


def test_jobs_without_a_state_machine_are_played_and_started_by_hand(project: Path, longhaul: Longhaul) -> None:
    code(project, "import os, sys\nprint(os.environ['LONGHAUL_INPUT'])\nsys.exit(7)\n")
    (project / "jobs" / "hello" / "job.yaml").write_text("runOn: task\noverlap: allow\n")
    played = longhaul("sandbox", "run", *DAY, "--fault", "capacity:hello:1")
    assert played.returncode == 1, played.stderr
    assert "capacity:hello:1: 1 of 2 calls of RunTask" in played.stderr
    lost, failed = json.loads(played.stdout)
    assert (lost["status"], lost["error"], lost["exitCode"]) == ("NOT_STARTED", "RunTask", None)
    assert (failed["status"], failed["error"], failed["exitCode"]) == ("FAILED", "Job.ExitedNonZero", 7)
    assert (failed["scheduledTime"], failed["lastLogLine"]) == ("2026-03-29T01:15:00Z", "{}")
    run = longhaul("sandbox", "run", "--job", "hello", "--input", '{"day": 1}')
    assert run.returncode == 7, run.stderr
    for part in ('"input": {"day": 1}', '  {"day":1}', "exit code 7", "Job.ExitedNonZero"):
        assert part in run.stdout


def test_a_run_with_steps_shows_what_each_of_them_logged(project: Path, longhaul: Longhaul) -> None:
    code(project, "import os, sys\nprint(os.environ['LONGHAUL_INPUT'])\nsys.exit(int(sys.argv[1]))\n")
    (project / "jobs" / "hello" / "job.yaml").write_text(
        'command: ["0"]\n'
        "steps: [{name: greet, forEach: [a, b]}, {name: last, command: ['7'], input: {day: 1}}]\n"
        "onFailure: [{name: clean, input: '{% $failure.step %}'}]\n"
    )
    run = longhaul("sandbox", "run", "--job", "hello")
    assert run.returncode == 7, run.stderr
    before, _, log = run.stdout.partition("\nlog\n")
    assert "cause   Job.ExitedNonZero: step last of hello (dev) exited with code 7 after 1 attempt; " in before
    assert sorted(log.splitlines()) == ['  clean: "last"', '  greet[0]: "a"', '  greet[1]: "b"', '  last: {"day":1}']


def test_a_job_on_ec2_instances_finds_them_and_their_faults_are_played(project: Path, longhaul: Longhaul) -> None:
    code(project, "import os\nprint(os.environ['AWS_EXECUTION_ENV'], os.environ['LONGHAUL_ATTEMPT'])\n")
    stack = (project / "Pulumi.dev.yaml").read_text()
    run_on = (
        "{kind: ec2, capacityProvider: warehouse, networkMode: bridge, placement: ['binpack:memory'], "
        "constraints: ['attribute:ecs.instance-type =~ r6.*']}"
    )
    (project / "Pulumi.dev.yaml").write_text(f"{stack}      runOn: {run_on}\n      cpu: 3 vCPU\n      memory: 5 GB\n")
    run = longhaul("sandbox", "run", "--job", "hello", "--fault", "capacity:1")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "  AWS_ECS_EC2 2\n" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--job", "helo"], "did you mean hello?"),
        (["--job", "hello", "--input", "{"], "expected JSON"),
        (["--job", "hello", "--input", "@missing.json"], "cannot read missing.json"),
        (["--input", "{}"], "--input goes with --job"),
        (["--stack", "dve"], "dev"),
        (["--from", "noon"], "expected a time"),
    ],
)
def test_wrong_use_is_exit_code_2_and_one_line(longhaul: Longhaul, arguments: list[str], word: str) -> None:
    refused = longhaul("sandbox", "run", *arguments)
    assert refused.returncode == 2
    assert word in refused.stderr
    assert "Traceback" not in refused.stderr


def test_an_encrypted_value_is_named(project: Path, longhaul: Longhaul) -> None:
    stack = project / "Pulumi.dev.yaml"
    stack.write_text(stack.read_text() + "    other:\n      secure: AAABADQXFlU0mxbTuNyl\n")
    refused = longhaul("sandbox", "run")
    assert refused.returncode == 2
    assert "Pulumi.dev.yaml" in refused.stderr
    assert "AAABADQXFlU0mxbTuNyl" not in refused.stderr
    assert "Traceback" not in refused.stderr


def wait_for(what: Path, process: subprocess.Popen[str]) -> str:
    end = time.monotonic() + 40
    while time.monotonic() < end and process.poll() is None:
        if what.exists() and what.read_text():
            return what.read_text()
        time.sleep(0.02)
    raise AssertionError(f"{what.name} did not come; exit code {process.poll()}")


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_job_outlives_the_command(project: Path, tmp_path: Path, ending: signal.Signals) -> None:
    code(project, f"import os, time\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\ntime.sleep(300)\n")
    command = [*COMMAND, "-C", str(project), "sandbox", "run", "--job", "hello"]
    process = subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        job = int(wait_for(tmp_path / "pid", process))
        process.send_signal(ending)
        _, said = process.communicate(timeout=300)
    finally:
        process.kill()
    assert process.returncode == (-9 if ending is signal.SIGKILL else 130)
    assert "Traceback" not in said
    end = time.monotonic() + 10
    while Path(f"/proc/{job}").exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert not Path(f"/proc/{job}").exists()


def test_serve_is_reached_from_another_process_and_stops_in_order(project: Path, tmp_path: Path) -> None:
    import boto3

    command = [*COMMAND, "-C", str(project), "sandbox", "serve", "--stack", "dev"]
    with (tmp_path / "served").open("w") as served:
        process = subprocess.Popen(command, env=ENVIRONMENT, stdout=served, stderr=subprocess.PIPE, text=True)
    try:
        while "is up" not in (printed := wait_for(tmp_path / "served", process)):
            time.sleep(0.02)
        variables = dict(
            line.removeprefix("export ").split("=", 1) for line in printed.splitlines() if line.startswith("export ")
        )
        session = boto3.Session(
            variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"], region_name=variables["AWS_REGION"]
        )
        states = session.client("stepfunctions", endpoint_url=variables["AWS_ENDPOINT_URL"])
        names = [machine["name"] for machine in states.list_state_machines()["stateMachines"]]
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=300)
    finally:
        process.kill()
    assert names == ["acme-dev-hello"]
    assert (process.returncode, "Traceback" in said) == (0, False)


def test_serve_has_the_clusters_and_instances_that_any_stack_names(tmp_path: Path) -> None:
    import boto3

    (tmp_path / "Pulumi.yaml").write_text("name: acme\nruntime: python\n")
    jobs = {
        "scored": {"image": "example.com/scored:1", "overlap": "allow"}
        | {"runOn": {"kind": "kubernetes", "cluster": "analytics", "namespace": "batch"}},
        "loaded": {"image": "example.com/loaded:1", "runOn": {"kind": "ec2", "capacityProvider": "warehouse"}},
    }
    config = {"aws:region": "eu-west-1", "longhaul:jobs": jobs}
    (tmp_path / "Pulumi.dev.yaml").write_text(json.dumps({"config": config}))
    command = [*COMMAND, "-C", str(tmp_path), "sandbox", "serve"]
    with (tmp_path / "served").open("w") as served:
        process = subprocess.Popen(command, env=ENVIRONMENT, stdout=served, stderr=subprocess.PIPE, text=True)
    try:
        while "is up" not in (printed := wait_for(tmp_path / "served", process)):
            time.sleep(0.02)
        told = dict(line.removeprefix("export ").split("=", 1) for line in printed.splitlines() if "AWS_" in line)
        session = boto3.Session(told["AWS_ACCESS_KEY_ID"], told["AWS_SECRET_ACCESS_KEY"], region_name="eu-west-1")
        cluster = session.client("eks", endpoint_url=told["AWS_ENDPOINT_URL"]).describe_cluster(name="analytics")
        providers = session.client("ecs", endpoint_url=told["AWS_ENDPOINT_URL"]).describe_capacity_providers()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=300)
    finally:
        process.kill()
    assert cluster["cluster"]["status"] == "ACTIVE"
    assert "warehouse" in {provider["name"] for provider in providers["capacityProviders"]}


def test_a_port_in_use_is_one_line(longhaul: Longhaul) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = longhaul("sandbox", "serve", "--port", str(taken.getsockname()[1]))
    assert refused.returncode == 2
    assert "in use" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_the_host_s_aws_settings_reach_neither_the_deployment_nor_a_job(project: Path, longhaul: Longhaul) -> None:
    code(project, "import os\nprint(sorted(name for name in os.environ if 'SECRET' in name or 'PROFILE' in name))\n")
    run = longhaul("sandbox", "run", "--job", "hello", AWS_PROFILE="prod", MY_SECRET="x")
    assert run.returncode == 0, run.stderr
    assert "['AWS_SECRET_ACCESS_KEY']" in run.stdout
    assert os.environ.get("AWS_PROFILE") is None
