"""`longhaul stop`, a process that stops real runs in the local AWS."""

from __future__ import annotations

from ops.runs import read_run
from tests.cli.conftest import Longhaul
from tests.ops.operated import Operated
from tests.ops.tasks import tasks

LONG = {"input": {"seconds": 600}}


def test_a_run_and_its_task_are_stopped(operated: Operated, operate: Longhaul) -> None:
    execution_arn = operated.start("obeys", LONG)
    operated.until_working(execution_arn)
    (task,) = tasks(operated, execution_arn)
    name, task_id = execution_arn.rpartition(":")[2], task["taskArn"].rpartition("/")[2]

    dry = operate("stop", f"obeys@{name}", "--dry-run")
    assert (dry.returncode, dry.stderr) == (0, "")
    assert dry.stdout.startswith(f"Would stop {name} of obeys, running for ")
    assert f"task {task_id} (RUNNING)" in dry.stdout
    unasked = operate("stop", f"obeys@{name}")
    assert unasked.returncode == 2
    assert "say --yes" in unasked.stderr
    assert read_run(operated.aws, "obeys", execution_arn).status == "RUNNING"

    done = operate("stop", f"obeys@{name}", "--yes", "--reason", "wrong day")
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        f"task {task_id} STOPPED with exit code 143\n{name} of obeys has ended (ABORTED), and no task of it runs.\n"
    )
    assert tasks(operated, execution_arn)[0]["lastStatus"] == "STOPPED"
    cause = read_run(operated.aws, "obeys", execution_arn).cause
    assert cause is not None
    assert cause.startswith("wrong day (stopped by ")

    again = operate("stop", execution_arn, "--yes")
    assert (again.returncode, again.stdout) == (
        0,
        f"{name} of obeys has ended (ABORTED), and no task of it runs.\n",
    )


def test_a_run_that_is_not_there_is_wrong_use(operate: Longhaul) -> None:
    done = operate("stop", "obeys@never-was", "--yes")
    assert (done.returncode, done.stdout) == (2, "")
    assert "obeys has no run 'never-was'" in done.stderr
