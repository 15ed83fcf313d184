"""Every way in which a task can end, and what is expected of the machine of a job with two retries."""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.definitions.samples import LOG_GROUP, failed, task
from tests.definitions.walker import Failure

INPUT = {"scheduledTime": "2026-11-24T03:15:00Z", "input": {"day": "2026-11-23"}}
RUN, DECIDE = "Run the job", "How did it end?"
RETRIED = "Wait before the next attempt"
STARTED_AGAIN = "Wait before starting again"
LOG = f"; log group {LOG_GROUP}, stream run/job/0123456789abcdef"
NO_LOG = f"; nothing was written to log group {LOG_GROUP}"
SOME_LOG = f"; look for the latest stream run/job/... in log group {LOG_GROUP}"


@dataclass(frozen=True)
class Case:
    """One way to end: what the task state gives, and what is expected of a job that has two retries of each kind.

    `retried`: on the job's own budget. `restarted`: on the infrastructure's.
    """

    name: str
    result: dict[str, Any] | Failure
    error: str
    state: str
    sentence: str
    retried: bool = False
    restarted: bool = False
    fields: dict[str, Any] = field(default_factory=dict)


USED_UP = "in attempt 1 of 3 and 2 of 2 start retries"
REFUSED = "User: arn:aws:sts::123456789012:assumed-role/x is not authorized to perform: ecs:RunTask"
OUT_OF_MEMORY = [{"Name": "job", "ExitCode": 137, "Reason": "OutOfMemoryError: Container killed due to memory usage"}]
PULL = "CannotPullContainerError: pull image manifest has been retried 1 time(s): ...:nope: not found"
NEVER_STARTED = {"StopCode": "TaskFailedToStart", "StartedAt": None, "Containers": [{"Name": "job"}]}

SPOT = failed(143, StopCode="SpotInterruption", StoppedReason="Your Spot Task was interrupted.")

CASES = [
    Case(
        "a bug in the job",
        failed(3),
        "Job.ExitedNonZero",
        "Exited non-zero",
        f"nightly (dev) exited with code 3 after 3 of 3 attempts{LOG}",
        retried=True,
    ),
    Case(
        "an exit code that is final",
        failed(64),
        "Job.ExitedNonZero",
        "Exited non-zero",
        f"nightly (dev) exited with code 64, which is never retried, after 1 of 3 attempts{LOG}",
    ),
    Case(
        "killed by SIGKILL, which is not out of memory by itself",
        failed(137),
        "Job.ExitedNonZero",
        "Exited non-zero",
        f"nightly (dev) exited with code 137 after 3 of 3 attempts{LOG}",
        retried=True,
    ),
    Case(
        "out of memory",
        failed(137, Containers=OUT_OF_MEMORY),
        "Job.OutOfMemory",
        "Ran out of memory",
        f"nightly (dev) ran out of its 512 MiB of memory (exit code 137) after 3 of 3 attempts{LOG}",
        retried=True,
    ),
    Case(
        "longer than its timeout",
        Failure("States.Timeout", ""),
        "Job.TimedOut",
        "Timed out",
        f"nightly (dev) ran longer than its timeout of 1h30m in attempt 1 of 3 and was stopped{SOME_LOG}",
        fields={"timeout": "90m"},
    ),
    Case(
        "an image that is not there",
        failed(StoppedReason=PULL, **NEVER_STARTED),
        "Job.Refused",
        "Refused",
        f"nightly (dev) was refused and did not start in attempt 1 of 3 ({PULL}){NO_LOG}",
    ),
    Case(
        "a reason that is told twice",
        failed(StoppedReason=PULL, **{**NEVER_STARTED, "Containers": [{"Name": "job", "Reason": PULL}]}),
        "Job.Refused",
        "Refused",
        f"nightly (dev) was refused and did not start in attempt 1 of 3 ({PULL}){NO_LOG}",
    ),
    Case(
        "a machine that may not run tasks",
        Failure("ECS.AccessDeniedException", REFUSED),
        "Job.Refused",
        "Refused",
        f"nightly (dev) was refused and did not start in attempt 1 of 3: ECS.AccessDeniedException ({REFUSED}){NO_LOG}",
    ),
    Case(
        "RunTask answers with failures, once too often",
        Failure(
            "AmazonECS.Unknown",
            json.dumps({"Failures": [{"Arn": "arn:aws:ecs:x", "Reason": "RESOURCE:ENI"}], "Tasks": []}),
        ),
        "Job.NeverStarted",
        "Never started",
        f"nightly (dev) never started {USED_UP}: AmazonECS.Unknown (RESOURCE:ENI){NO_LOG}",
        restarted=True,
    ),
    Case(
        "no capacity, once too often",
        Failure("ECS.AmazonECSException", "Capacity is unavailable at this time. Please try again later."),
        "Job.NeverStarted",
        "Never started",
        f"nightly (dev) never started {USED_UP}"
        f": ECS.AmazonECSException (Capacity is unavailable at this time. "
        f"Please try again later.){NO_LOG}",
        restarted=True,
    ),
    Case(
        "a wrong parameter",
        Failure("ECS.InvalidParameterException", "No Container Instances were found in your cluster."),
        "Job.Refused",
        "Refused",
        "nightly (dev) was refused and did not start in attempt 1 of 3: ECS.InvalidParameterException "
        f"(No Container Instances were found in your cluster.){NO_LOG}",
    ),
    Case(
        "Spot took the machine",
        SPOT,
        "Job.Interrupted",
        "Interrupted",
        f"nightly (dev) lost its machine before it finished {USED_UP}"
        f": SpotInterruption (Your Spot Task was "
        f"interrupted.){LOG}",
        restarted=True,
    ),
    Case(
        "Spot took the machine, and the job answered SIGTERM with exit code 0: no success",
        task(0, StopCode="TerminationNotice", StoppedReason="Your Spot Task was interrupted."),
        "Job.Interrupted",
        "Interrupted",
        f"nightly (dev) lost its machine before it finished {USED_UP}"
        f": TerminationNotice (Your Spot Task was "
        f"interrupted.){LOG}",
        restarted=True,
    ),
    Case(
        "the host broke",
        failed(None, StopCode="InfrastructureHealth", StoppedReason=None),
        "Job.Interrupted",
        "Interrupted",
        f"nightly (dev) lost its machine before it finished {USED_UP}: InfrastructureHealth (AWS gave no reason){LOG}",
        restarted=True,
    ),
    Case(
        "it ran and has no exit code",
        failed(None, StopCode=None, StoppedReason="Host EC2 (instance i-0a1b2c3d) terminated."),
        "Job.Interrupted",
        "Interrupted",
        f"nightly (dev) lost its machine before it finished {USED_UP}"
        f" (Host EC2 (instance i-0a1b2c3d) "
        f"terminated.){LOG}",
        restarted=True,
    ),
    Case(
        "somebody stopped it",
        failed(143, StopCode="UserInitiated", StoppedReason="wrong day"),
        "Job.Stopped",
        "Stopped",
        f"nightly (dev) was stopped by a person or a tool in attempt 1 of 3 (wrong day){LOG}",
    ),
    Case(
        "somebody stopped it, and the job answered SIGTERM with exit code 0: no success",
        task(0, StopCode="UserInitiated", StoppedReason="Task stopped by user"),
        "Job.Stopped",
        "Stopped",
        f"nightly (dev) was stopped by a person or a tool in attempt 1 of 3 (Task stopped by user){LOG}",
    ),
    Case(
        "a Cause that is not JSON",
        Failure("States.TaskFailed", "Essential container exited\nand that is {all}"),
        "Job.Unexplained",
        "Failed without a reason",
        "nightly (dev) failed in attempt 3 of 3, and AWS did not explain it (Essential container exited and that is "
        f"{{all}}){SOME_LOG}",
        retried=True,
    ),
    Case(
        "a Cause of an unknown shape",
        Failure("States.TaskFailed", '{"Containers": "none", "StopCode": 5, "StartedAt": {}}'),
        "Job.Unexplained",
        "Failed without a reason",
        'nightly (dev) failed in attempt 3 of 3, and AWS did not explain it ({"Containers": "none", "StopCode": 5, '
        f'"StartedAt": {{}}}}){SOME_LOG}',
        retried=True,
    ),
    Case(
        "no Cause at all",
        Failure("States.TaskFailed", ""),
        "Job.Unexplained",
        "Failed without a reason",
        f"nightly (dev) failed in attempt 3 of 3, and AWS did not explain it (AWS gave no reason){SOME_LOG}",
        retried=True,
    ),
]

PASSING = [
    Failure("ECS.InvalidParameterException", "Rate exceeded (Service: AmazonECS; Status Code: 400)"),
    Failure("ECS.ClientException", "You've reached the limit on the number of vCPUs you can run concurrently"),
    failed(StoppedReason="Capacity is unavailable at this time. Please try again later", **NEVER_STARTED),
    failed(StoppedReason="Timeout waiting for network interface provisioning to complete.", **NEVER_STARTED),
    failed(StoppedReason="CannotPullContainerError: dial tcp 10.0.0.1:443: i/o timeout", **NEVER_STARTED),
]
"""Starts that fail for a reason that passes, under names that other failures have too."""
