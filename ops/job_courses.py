"""The course of one run of a job, whether it is an execution or a task without a state machine."""

from __future__ import annotations

from ops.aws import Aws
from ops.course import Course, read_course
from ops.ledger import told_run
from ops.map_runs import Children
from ops.names import NamedRun
from ops.runs import Run, read_run
from ops.task_course import task_course
from ops.task_runs import read_task


def read_run_and_course(aws: Aws, named: NamedRun, children: Children[Course] | None = None) -> tuple[Run, Course]:
    """A run, and its course up to now or later: no attempt comes between the two.

    Args:
        aws: where it is.
        named: the run.
        children: see `ops.course.read_course`.

    Raises:
        NotFoundError: it is a task that nobody knows.
        botocore's errors.
    """
    if named.job.state_machine_arn is None:
        change = read_task(aws, named.job, named.execution_arn)
        return told_run(named.job.name, change), task_course(change)
    run = read_run(aws, named.job.name, named.execution_arn)
    return run, read_course(aws, named.execution_arn, children)
