"""The course of one run of a job, whether it is an execution or a task, and whoever still knows it."""

from __future__ import annotations

from ops.aws import Aws
from ops.course import Course, read_course
from ops.job_runs import forgotten
from ops.ledger import told_run
from ops.map_runs import Children
from ops.names import NamedRun
from ops.runs import Run, read_run
from ops.task_changes import is_task
from ops.task_course import task_course
from ops.task_runs import read_task
from ops.written_course import written_course


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
    if is_task(named.execution_arn):
        change = read_task(aws, named.job, named.execution_arn)
        return told_run(named.job.name, change), task_course(change)
    try:
        run = read_run(aws, named.job.name, named.execution_arn)
    except aws("stepfunctions").exceptions.ExecutionDoesNotExist:
        change = forgotten(aws, named.job, named.execution_arn)
        if change is None:
            raise
        return told_run(named.job.name, change), written_course(change)
    return run, read_course(aws, named.execution_arn, children)
