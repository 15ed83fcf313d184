"""`longhaul redrive`, a process that continues real runs in the local AWS."""

from __future__ import annotations

from pathlib import Path

from ops.runs import read_run
from tests.cli.conftest import Longhaul
from tests.ops.operated import Operated
from tests.ops.tasks import tasks


def test_a_run_that_was_stopped_goes_on(operated: Operated, operate: Longhaul, tmp_path: Path) -> None:
    goes_on = tmp_path / "goes-on"
    goes_on.touch()
    execution_arn = operated.start("obeys", {"input": {"while": str(goes_on), "exit": 64}})
    operated.until_submitted(execution_arn)
    operated.stop(execution_arn)
    goes_on.unlink()

    dry = operate("redrive", execution_arn, "--dry-run")
    assert dry.returncode == 0
    assert dry.stdout.startswith("Would redrive ")
    assert read_run(operated.aws, "obeys", execution_arn).redrives == 0

    done = operate("redrive", execution_arn, "--wait")
    # The end before the redrive is none: the exit code is that of the second task.
    assert (done.returncode, done.stdout) == (64, f"{execution_arn}\n"), done.stderr
    run = read_run(operated.aws, "obeys", execution_arn)
    assert (run.status, run.redrives) == ("FAILED", 1)
    assert len(tasks(operated, execution_arn)) == 2


def test_a_run_that_came_to_its_end_would_only_fail_again(operated: Operated, operate: Longhaul) -> None:
    execution_arn = operated.run("obeys", {"input": {"exit": 64}})
    name = execution_arn.rpartition(":")[2]
    told = operated.states.describe_execution(executionArn=execution_arn)
    # Step Functions would do it.
    assert told["redriveStatus"] == "REDRIVABLE"
    done = operate("redrive", execution_arn)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"longhaul: {name} of obeys is not redriven: it has come to its end, Job.ExitedNonZero, and would only fail "
        f"there again. Instead: longhaul rerun obeys@{name}\n"
    )
    assert read_run(operated.aws, "obeys", execution_arn).redrives == 0


def test_what_step_functions_refuses_has_its_reason(operated: Operated, operate: Longhaul) -> None:
    succeeded = operated.run("obeys")
    done = operate("redrive", succeeded)
    assert done.returncode == 1
    assert "Execution is SUCCEEDED and cannot be redriven. Instead: longhaul rerun obeys@" in done.stderr

    goes_on = operated.start("obeys", {"input": {"seconds": 600}})
    done = operate("redrive", goes_on)
    operated.stop(goes_on)
    assert done.returncode == 1
    assert "Execution is RUNNING and cannot be redriven. Instead: longhaul stop obeys@" in done.stderr
