"""What needs each right: the table of actions by role, and what to do to see one of them used."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tests.sandbox.permissions.deployed import Execution, Jobs
from tests.sandbox.permissions.policies import Document, Part, listed

NOT_FOR_A_RUN: list[dict[str, Any]] = json.loads(Path(__file__).with_name("not_for_a_run.json").read_text())
"""The rights that no run and no trigger uses here, each with the page of AWS that asks for it."""

DENIAL = re.compile(
    r"User: arn:aws:sts::\d{12}:assumed-role/(?P<role>[^/]+)/\S+ is not authorized to perform: (?P<action>\S+) "
    r'on resource: "?(?P<resource>[^"\s]+)"? because no identity-based policy allows the (?P=action) action'
)


@dataclass(frozen=True)
class Outcome:
    """How it ended: AWS's name of the error, "" if there was none, and the cause that people are shown."""

    error: str = ""
    cause: str = ""


@dataclass(frozen=True)
class Scenario:
    """Something that needs a right.

    Attributes:
        act: does it, for a holder.
        error: how it fails without the right.
        denied: whether the cause is AWS's sentence that names role, action and resource.
    """

    act: Callable[[Jobs, str], Outcome]
    error: str
    denied: bool = True


def scenarios(holder: str, action: str) -> list[Scenario]:
    """What needs this action of this role; nothing for a right that no run needs."""
    return _OF_HOLDERS.get((holder, action)) or _SCENARIOS.get((kind(holder), action), [])


def known_rights() -> set[tuple[str, str]]:
    """Each kind of role with each of its actions that has a scenario or stands in the golden list."""
    of_holders = {(kind(holder), action) for holder, action in _OF_HOLDERS}
    return (
        set(_SCENARIOS)
        | of_holders
        | {(entry["role"], action) for entry in NOT_FOR_A_RUN for action in entry["actions"]}
    )


def kind(holder: str) -> str:
    """`states`, `exec`, `task`, `trigger`."""
    return holder.rpartition("-")[2]


def names_all(cause: str, role_name: str, part: Part, document: Document) -> bool:
    """Whether a cause names the role, the action and a resource that the statement is about."""
    statement = document["Statement"][part.statement]
    patterns = [part.resource] if part.resource else listed(statement["Resource"])
    return any(
        (found["role"], found["action"]) == (role_name, part.action)
        and any(fnmatchcase(found["resource"], pattern) for pattern in patterns)
        for found in DENIAL.finditer(cause)
    )


def outcome(execution: Execution) -> Outcome:
    """An execution's end: the error that AWS gave the machine, and what the machine made of it for people."""
    if execution.status == "SUCCEEDED":
        return Outcome()
    if not any(event["type"] == "TaskFailed" for event in execution.events):
        return Outcome(execution.error, execution.cause)
    failed = execution.event("TaskFailed")
    if failed["error"] != "States.TaskFailed":
        return Outcome(failed["error"], execution.cause)
    return Outcome(json.loads(failed["cause"])["StoppedReason"].partition(":")[0], execution.cause)


def job_of(holder: str) -> str:
    """The job that a role is of; one of those that share it."""
    return holder.rpartition("-")[0].partition("_")[0] or "plain"


def _run(jobs: Jobs, holder: str) -> Outcome:
    return outcome(jobs.run(job_of(holder)))


def _abort(jobs: Jobs, holder: str) -> Outcome:
    """Stop an execution while its task runs: the task is to stop too."""
    execution_arn, task_arn = jobs.running_task(job_of(holder))
    jobs.abort(execution_arn)
    task = jobs.task(task_arn)
    jobs.stop_task(task_arn)
    return Outcome() if task["desiredStatus"] == "STOPPED" else Outcome("the task runs on")


def _run_as_scheduled(jobs: Jobs, holder: str) -> Outcome:
    """Run for a scheduled time, which is written down."""
    return outcome(jobs.end(jobs.start_as_scheduled(job_of(holder))))


def _succeed_a_dead_run(jobs: Jobs, holder: str) -> Outcome:
    """Run for a scheduled time when a run that is gone has the lock: it is asked for, and its tasks are looked for."""
    jobs.leave_lock(job_of(holder))
    return _run_as_scheduled(jobs, holder)


def _replace(jobs: Jobs, holder: str) -> Outcome:
    """Run while another run does, which is to be stopped."""
    first, task_arn = jobs.running_task(job_of(holder))
    with jobs.hurried():
        second = jobs.run(job_of(holder))
    jobs.abort(first)
    jobs.stop_task(task_arn)
    return outcome(second)


def _log(jobs: Jobs, holder: str) -> Outcome:
    execution = jobs.run(job_of(holder))
    assert execution.status == "SUCCEEDED"
    return Outcome() if jobs.lines(job_of(holder), execution) else Outcome("its lines are lost")


def _leave_nothing(jobs: Jobs, holder: str) -> Outcome:
    """Run without leaving a result: that none is there is to be told, and is an end of its own."""
    execution = jobs.run(job_of(holder), "nothing")
    return Outcome() if execution.error == "Job.InvalidResult" else outcome(execution)


def _run_with_a_large_input(jobs: Jobs, holder: str) -> Outcome:
    """Run with an input that ECS does not take, which goes through S3."""
    return outcome(jobs.run(job_of(holder), _LARGE))


def _abort_what_runs_another_job(jobs: Jobs, holder: str) -> Outcome:
    """Stop an execution while another job runs for it: that one is to stop too."""
    execution_arn = jobs.start(job_of(holder), "wait")
    inner_arn, task_arn = jobs.until(lambda: jobs.running("zoned"))
    jobs.abort(execution_arn)
    status = jobs.aws.client("stepfunctions").describe_execution(executionArn=inner_arn)["status"]
    jobs.abort(inner_arn)
    jobs.stop_task(task_arn)
    return Outcome() if status == "ABORTED" else Outcome("the other job runs on")


def _redrive(jobs: Jobs, holder: str) -> Outcome:
    """Stop an execution while an item's task runs, and redrive it: the item is to be begun again."""
    execution_arn, task_arn = jobs.running_task(job_of(holder))
    jobs.abort(execution_arn)
    jobs.stop_task(task_arn)
    ended = jobs.redrive(execution_arn)
    if ended is not None:
        return outcome(ended)
    _, task_arn = jobs.until(lambda: jobs.running(job_of(holder)))
    jobs.abort(execution_arn)
    jobs.stop_task(task_arn)
    return Outcome()


def _start_by(job: str) -> Callable[[Jobs, str], Outcome]:
    def act(jobs: Jobs, _holder: str) -> Outcome:
        delivery = jobs.fire(job)
        return Outcome(delivery.error_code, delivery.error_message)

    return act


def _keep_dead_letter(jobs: Jobs, holder: str) -> Outcome:
    """Have a schedule fail to start its machine: what it could not start is to go to the queue."""
    with jobs.without_action(holder, "states:StartExecution"):
        delivery = jobs.fire("zoned")
    assert not delivery.started_arn
    return Outcome() if delivery.status == "DEAD_LETTERED" else Outcome(delivery.status, delivery.error_message)


def _work(jobs: Jobs, holder: str, value: str = "work") -> Outcome:
    """Run the job's own code, which says of each call why it was refused."""
    execution = jobs.run(job_of(holder), value)
    lines = jobs.lines(job_of(holder), execution)
    if execution.status == "SUCCEEDED":
        return Outcome()
    # One call is refused, and only one.
    assert (execution.error, execution.details["exitCode"]) == ("Job.ExitedNonZero", 1)
    error, _, cause = lines[0].partition(" ")
    return Outcome(error, cause)


def _work_with_a_large_input(jobs: Jobs, holder: str) -> Outcome:
    return _work(jobs, holder, _LARGE)


_LARGE = "work " * 2000
_DENIED_BY_ECS = [Scenario(_run, "ECS.AccessDeniedException")]
_NOT_PULLED = [Scenario(_run, "CannotPullContainerError")]
_NOT_INITIALIZED = [Scenario(_run, "ResourceInitializationError")]

_UNKNOWN_TO_THE_INTEGRATION = "StepFunctions.AWSStepFunctionsException"

# Where it takes something else than for other roles of its kind.
_OF_HOLDERS: dict[tuple[str, str], list[Scenario]] = {
    ("calling-states", "states:StartExecution"): [Scenario(_run, _UNKNOWN_TO_THE_INTEGRATION)],
    ("calling-states", "states:DescribeExecution"): [Scenario(_run, _UNKNOWN_TO_THE_INTEGRATION)],
    ("calling-states", "states:StopExecution"): [
        Scenario(_abort_what_runs_another_job, "the other job runs on", denied=False)
    ],
    ("mapping-states", "states:StartExecution"): [Scenario(_run, _UNKNOWN_TO_THE_INTEGRATION)],
    ("mapping-states", "states:DescribeExecution"): [Scenario(_run, _UNKNOWN_TO_THE_INTEGRATION)],
    ("mapping-states", "states:StopExecution"): [Scenario(_run, _UNKNOWN_TO_THE_INTEGRATION)],
    ("mapping-states", "states:RedriveExecution"): [Scenario(_redrive, _UNKNOWN_TO_THE_INTEGRATION)],
    **{
        ("mapping-states", f"s3:{action}"): [Scenario(_run, "States.ResultWriterFailed")]
        for action in ("PutObject", "GetObject", "ListMultipartUploadParts", "AbortMultipartUpload")
    },
    ("mapping-states", "s3:ListBucket"): [Scenario(_run, "States.ItemReaderFailed")],
    **{
        (holder, "s3:GetObject"): [Scenario(_work_with_a_large_input, "AccessDenied")]
        for holder in ("stepping-task", "stepping_first-task", "mapping-task")
    },
}

_SCENARIOS: dict[tuple[str, str], list[Scenario]] = {
    ("states", "ecs:RunTask"): _DENIED_BY_ECS,
    ("states", "ecs:DescribeTasks"): _DENIED_BY_ECS,
    ("states", "ecs:TagResource"): _DENIED_BY_ECS,
    ("states", "iam:PassRole"): _DENIED_BY_ECS,
    # Neither DynamoDB's model nor Step Functions' has the error, which is the service's general one then.
    ("states", "dynamodb:UpdateItem"): [Scenario(_run, "DynamoDb.DynamoDbException")],
    ("states", "dynamodb:PutItem"): [Scenario(_run_as_scheduled, "DynamoDb.DynamoDbException")],
    ("states", "dynamodb:BatchGetItem"): [Scenario(_succeed_a_dead_run, "DynamoDb.DynamoDbException")],
    ("states", "states:DescribeExecution"): [Scenario(_succeed_a_dead_run, "Sfn.SfnException")],
    ("states", "states:StopExecution"): [Scenario(_replace, "Sfn.SfnException")],
    ("states", "ecs:ListTasks"): [Scenario(_succeed_a_dead_run, "Ecs.AccessDeniedException")],
    ("states", "s3:PutObject"): [Scenario(_run_with_a_large_input, "S3.AccessDeniedException")],
    ("states", "s3:GetObject"): [Scenario(_run, "S3.AccessDeniedException")],
    ("states", "s3:ListBucket"): [Scenario(_leave_nothing, "S3.AccessDeniedException")],
    # Step Functions tries once, and tells no one. https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html
    ("states", "ecs:StopTask"): [Scenario(_abort, "the task runs on", denied=False)],
    ("exec", "ecr:GetAuthorizationToken"): _NOT_INITIALIZED,
    ("exec", "ecr:BatchCheckLayerAvailability"): _NOT_PULLED,
    ("exec", "ecr:BatchGetImage"): _NOT_PULLED,
    ("exec", "ecr:GetDownloadUrlForLayer"): _NOT_PULLED,
    ("exec", "logs:CreateLogStream"): _NOT_INITIALIZED,
    # The log driver tells its host alone.
    ("exec", "logs:PutLogEvents"): [Scenario(_log, "its lines are lost", denied=False)],
    ("exec", "secretsmanager:GetSecretValue"): _NOT_INITIALIZED,
    ("exec", "ssm:GetParameters"): _NOT_INITIALIZED,
    ("exec", "kms:Decrypt"): _NOT_INITIALIZED,
    # A rule's code: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
    ("trigger", "states:StartExecution"): [
        Scenario(_start_by("plain"), "NO_PERMISSIONS"),
        Scenario(_start_by("zoned"), "AccessDeniedException"),
    ],
    ("trigger", "sqs:SendMessage"): [Scenario(_keep_dead_letter, "LOST")],
    ("task", "s3:GetObject"): [Scenario(_work, "AccessDenied")],
    ("task", "s3:PutObject"): [Scenario(_work, "AccessDenied")],
    ("task", "s3:ListBucket"): [Scenario(_work, "AccessDenied")],
    ("task", "s3:DeleteObject"): [Scenario(_work, "AccessDenied")],
}
