"""A job that is removed while it runs."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest
from botocore.exceptions import ClientError

from tests.e2e.held_job import SECONDS, SECONDS_BETWEEN_LOOKS, held_job, started
from tests.e2e.jobs_of_dev import jobs
from tests.e2e.pulumi_command import ROOT

JOB = "removed"


def test_check_refuses_it_and_a_deployment_waits_for_the_attempt_and_ends_the_run(pulumi):
    pulumi.configure(lambda config: jobs(config).update({JOB: held_job(pulumi, "removed", "hello")}))
    pulumi.deploy()
    states = pulumi.client("stepfunctions")
    with started(pulumi, JOB) as run:
        attempt = run.attempt()
        pulumi.configure(lambda config: jobs(config).pop(JOB))
        checked = check(pulumi)
        assert checked.returncode == 1
        assert run.arn in checked.stderr

        deployment = threading.Thread(target=pulumi.deploy, daemon=True)
        deployment.start()
        wait_until_it_is_being_deleted(states, run.machine, deployment)
        # No new run begins.
        with pytest.raises(ClientError, match="StateMachineDeleting"):
            states.start_execution(stateMachineArn=run.machine)
        assert states.describe_execution(executionArn=run.arn)["status"] == "RUNNING"
        assert deployment.is_alive()
        # The attempt comes to its end, and nothing comes after it: the work is done, the run is not called a success.
        attempt.end(0)
        assert run.ended()["status"] == "ABORTED"
        deployment.join(SECONDS)
        assert not deployment.is_alive()
        assert pulumi.settled
    with pytest.raises(ClientError, match="StateMachineDoesNotExist"):
        states.describe_state_machine(stateMachineArn=run.machine)
    assert check(pulumi).returncode == 0


def check(pulumi) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", "--cwd", str(pulumi.project), "check", "dev", "--deployed"]
    return subprocess.run(
        command, cwd=ROOT, env=pulumi.environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )


def wait_until_it_is_being_deleted(states, machine: str, deployment: threading.Thread) -> None:
    while states.describe_state_machine(stateMachineArn=machine)["status"] != "DELETING":
        assert deployment.is_alive()
        time.sleep(SECONDS_BETWEEN_LOOKS)
