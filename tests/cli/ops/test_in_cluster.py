"""The verbs on a job that runs in an EKS cluster: what Step Functions tells, and what they leave to the cluster."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.sandbox_stack import provide_clusters
from sandbox.deploy import deploy
from sandbox.local_aws import LocalAws
from sandbox.play import run_to_end
from spec.load import load_stack
from tests.cli.conftest import COMMAND, ENVIRONMENT
from tests.project import new_project
from tests.waiting import PATIENCE_SECONDS, until_left

CLUSTER = "operated-analytics"
JOB = {
    "image": "public.ecr.aws/docker/library/alpine:3",
    "entrypoint": ["sh", "-c", 'eval "eval $LONGHAUL_INPUT"'],
    "overlap": "allow",
    "retries": {"attempts": 1},
    "runOn": {"kind": "kubernetes", "cluster": CLUSTER, "namespace": "batch"},
}


class Operator:
    """Runs the command on a deployed stack with jobs in a cluster: one of an image that is there, and a built one."""

    def __init__(self, aws: LocalAws, root: Path) -> None:
        self.aws = aws
        self.root = root
        config = {
            "aws:region": aws.region,
            "longhaul:network": {"nat": "none", "availabilityZones": 1},
            "longhaul:jobs": {"scoring": JOB, "built": {key: JOB[key] for key in ("overlap", "runOn")}},
        }
        (root / "jobs/built").mkdir(parents=True)
        (root / "jobs/built/Dockerfile").write_text('FROM alpine:3\nENTRYPOINT ["true"]\n')
        (root / "jobs/built/job.yaml").write_text("description: of an image that is built\n")
        new_project(root, "operated", config)
        provide_clusters(aws, load_stack(root, "dev"))
        self.deployment = deploy(root, "dev", aws)

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, "-C", str(self.root), *arguments, "--stack", "dev"],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
            env=ENVIRONMENT | self.aws.environment,
        )

    def start(self, script: str) -> str:
        """Start a run; its ARN."""
        machine = self.deployment.outputs["stateMachines"]["scoring"]
        states = self.aws.client("stepfunctions")
        return states.start_execution(stateMachineArn=machine, input=json.dumps({"input": script}))["executionArn"]

    def run(self, script: str) -> str:
        """Start a run, and wait until it has ended; its name."""
        arn = self.start(script)
        run_to_end(self.aws, arn)
        return arn.rpartition(":")[2]

    def jobs(self) -> list[str]:
        """The names of the Jobs in the cluster."""
        cluster = self.aws.kubernetes.find(CLUSTER)
        assert cluster is not None
        return cluster.job_names("batch")


@pytest.fixture(scope="module")
def operate(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    operator = Operator(local_aws, tmp_path_factory.mktemp("operated"))
    yield operator
    operator.deployment.destroy()


def shown(operate: Operator, run: str) -> dict[str, Any]:
    done = operate("show", f"scoring@{run}", "--output", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_failed_run_shows_its_jobs_their_ends_and_the_last_lines(operate: Operator) -> None:
    name = operate.run("echo one; echo two; exit 3")
    first, second = operate.jobs()[-2:]
    done = operate("show", f"scoring@{name}")
    assert done.returncode == 0, done.stderr
    assert f"batch/{second}" in done.stdout
    assert f"kubectl logs --namespace batch --selector batch.kubernetes.io/job-name={second}" in done.stdout
    assert "it exited with code 3" in done.stdout
    told = shown(operate, name)
    assert [each["kubernetesJob"] for each in told["tasks"]] == [f"batch/{first}", f"batch/{second}"]
    assert [each["exitCode"] for each in told["tasks"]] == [3, 3]
    assert [each["outcome"] for each in told["tasks"]] == ["Job.ExitedNonZero"] * 2
    assert all(each["started"] for each in told["tasks"])
    assert told["lastLogLines"] == ["one", "two"]


def test_the_lines_of_each_attempt_are_told_and_that_there_may_be_more(operate: Operator) -> None:
    name = operate.run('echo "attempt $LONGHAUL_ATTEMPT"; [ $LONGHAUL_ATTEMPT -ge 2 ] || exit 3')
    done = operate("logs", f"scoring@{name}")
    assert (done.returncode, done.stdout) == (0, "attempt 1\nattempt 2\n")
    # Which nobody wants as one line of JSON beside that.
    (output,) = [line for line in operate("show", f"scoring@{name}").stdout.splitlines() if line.startswith("output")]
    assert "attempt 2" not in output
    assert "Step Functions keeps the last lines of each attempt" in done.stderr
    assert f"./longhaul show scoring@{name}" in done.stderr
    assert operate("logs", f"scoring@{name}", "--attempt", "2").stdout == "attempt 2\n"
    history = json.loads(operate("history", "scoring", "--output", "json").stdout)
    (listed,) = [each for each in history if each["name"] == name]
    assert (listed["status"], listed["attempts"], listed["exitCode"]) == ("SUCCEEDED", 2, 0)


def test_a_start_is_followed_to_its_end_and_its_lines_come_then(operate: Operator) -> None:
    # Step Functions asks once a minute.
    operate.aws.clock.speed = 100.0
    try:
        done = operate("start", "scoring", "--input", '"echo hi; exit 3"', "--follow")
    finally:
        operate.aws.clock.speed = 1.0
    assert done.returncode == 3, done.stderr
    assert [line for line in done.stdout.splitlines() if line == "hi"] == ["hi", "hi"], done.stdout


def test_a_stopped_run_s_job_is_deleted_and_the_cluster_is_to_be_asked(operate: Operator) -> None:
    before = operate.jobs()
    arn = operate.start("echo ready; sleep 600")
    over = time.monotonic() + PATIENCE_SECONDS
    while not (new := [name for name in operate.jobs() if name not in before]):
        assert time.monotonic() < over
        operate.aws.clock.wait_idle(0.05)
    name, (job,) = arn.rpartition(":")[2], new
    dry = operate("stop", f"scoring@{name}", "--dry-run")
    assert dry.stdout.startswith(f"Would stop {name} of scoring, running for ")
    assert dry.stdout.endswith(f"the Job batch/{job}.\n")
    done = operate("stop", f"scoring@{name}", "--yes")
    assert done.returncode == 0, done.stderr
    until_left(name)
    assert job not in operate.jobs()
    asked = f"kubectl get pods --namespace batch --selector batch.kubernetes.io/job-name={job}"
    assert done.stdout == (
        f"{name} of scoring has ended (ABORTED). Step Functions deletes what it waited for in the cluster, and the "
        f"cluster ends its pods.\nWhether it has, the cluster alone tells:\n{asked}\n"
    )
    again = operate("stop", f"scoring@{name}", "--yes")
    assert asked in again.stdout
    (attempt,) = shown(operate, name)["tasks"]
    assert (attempt["outcome"], attempt["kubernetesJob"]) == ("ABORTED", f"batch/{job}")


def test_doctor_tells_of_access_entries_that_are_gone_or_lack_the_group(operate: Operator) -> None:
    eks, states = operate.aws.client("eks"), operate.aws.client("stepfunctions")
    gone, less = (
        {
            "clusterName": CLUSTER,
            "principalArn": states.describe_state_machine(
                stateMachineArn=operate.deployment.outputs["stateMachines"][job]
            )["roleArn"],
        }
        for job in ("scoring", "built")
    )
    own = eks.describe_access_entry(**gone)["accessEntry"]
    eks.delete_access_entry(**gone)
    eks.update_access_entry(**less, kubernetesGroups=["readers"])
    try:
        done = operate("doctor", "--output", "json")
    finally:
        eks.create_access_entry(**gone, kubernetesGroups=own["kubernetesGroups"], tags=own["tags"])
        eks.update_access_entry(**less, kubernetesGroups=own["kubernetesGroups"])
    found = {each["job"]: each for each in json.loads(done.stdout) if each["job"]}
    assert {job: each["check"] for job, each in found.items()} == {
        "scoring": "access-entry-missing",
        "built": "access-entry-without-group",
    }
    assert found["scoring"]["arn"] == gone["principalArn"]
    assert (
        f"The cluster {CLUSTER} has no access entry for the role operated-dev-scoring-states-"
        in found["scoring"]["problem"]
    )
    assert "lacks the group operated-dev-jobs: runs of built are refused with EKS.403." in found["built"]["problem"]
    # The groups are replaced by those that are given. https://docs.aws.amazon.com/cli/latest/reference/eks/update-access-entry.html
    command = f"--principal-arn {less['principalArn']} --kubernetes-groups readers operated-dev-jobs`"
    assert command in found["built"]["advice"]


def doctors_findings(operate: Operator) -> list[tuple[str, str]]:
    """What doctor finds wrong with the jobs: its check, and the problem."""
    done = operate("doctor", "--output", "json")
    assert done.stdout, done.stderr
    return [(each["check"], each["problem"]) for each in json.loads(done.stdout) if each["job"]]


def test_doctor_finds_nothing_wrong_and_sees_what_is_not_deployed(operate: Operator) -> None:
    operate.run("exit 0")
    assert doctors_findings(operate) == []
    file = operate.root / "Pulumi.dev.yaml"
    own = file.read_text()
    changed = json.loads(own)
    changed["config"]["longhaul:jobs"]["scoring"]["memory"] = 4096
    file.write_text(json.dumps(changed))
    try:
        ((check, problem),) = doctors_findings(operate)
    finally:
        file.write_text(own)
    assert check == "machine-differs"
    assert "'Run the job'" in problem
