"""Starts a job as a person does: beside its schedule, with an input, a command and an environment of the person's own.

An execution's input, of which every key may be missing:

    {"trigger": "manual", "scheduledTime": "2026-11-24T03:15:00Z", "input": any JSON, "command": ["--day", "1"],
     "environment": {"DRY_RUN": "true"}, "rerunOf": "arn:aws:states:..."}

A job with steps takes no command, and beside the others `from`, the step to begin with, and `results`, what the steps
before that have left, by their names.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from typing import Any

from ops.aws import Aws
from ops.errors import OpsError
from ops.stack import DeployedJob, DeployedStack
from ops.task_start import run_name_for, run_task
from ops.top_steps import takes_a_command
from spec.compact_json import compact
from spec.overrides import MOST_CHARACTERS

# Such as an attempt's number, which is part of what ECS is handed: later attempts have no more digits.
_A_TIME, _AN_ATTEMPT = "2026-11-24T03:15:00Z", "99"
_RESERVED = re.compile("(?:LONGHAUL|AWS|ECS)_")


MOST_INPUT_BYTES = 262_144
"""https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html"""


class UnfitInputError(OpsError):
    """An input that no task could be started with."""

    exit_code = 2


def new_name(trigger: str) -> str:
    """A name for an execution that no other one has, such as `manual-1f2e3d4c5b6a`."""
    return f"{trigger}-{secrets.token_hex(6)}"


def check_input(
    aws: Aws, stack: DeployedStack, job: DeployedJob, name: str, execution_input: Mapping[str, Any]
) -> None:
    """Raise UnfitInputError for an input that the state machine would refuse, or leave something out of.

    What a job with steps does with a large input is its steps' matter.

    Args:
        aws: where the job is.
        stack: the job's.
        job: what would run.
        name: of the execution.
        execution_input: of the execution. Where it has no `input`, the job's own is left out of account.
    """
    for variable in execution_input.get("environment", {}):
        if found := _RESERVED.match(variable):
            raise UnfitInputError(f"{variable} cannot be set: the prefix {found[0]} is reserved")
    if job.state_machine_arn is None:
        name = run_name_for(name, execution_input)
    size = overrides_size(stack, job, name, execution_input)
    if ("command" in execution_input or size > MOST_CHARACTERS) and not takes_a_command(aws, job):
        if "command" in execution_input:
            raise UnfitInputError(f"{job.name} has steps or a count, and takes no other command")
        if input_bytes(execution_input) > MOST_INPUT_BYTES:
            raise UnfitInputError(
                f"the input of {job.name} takes {input_bytes(execution_input):,} of the {MOST_INPUT_BYTES:,} bytes "
                "that Step Functions takes: keep larger input in S3 and pass its name"
            )
        without = {key: value for key, value in execution_input.items() if key != "input"}
        size = overrides_size(stack, job, name, without)
    if size > MOST_CHARACTERS:
        raise UnfitInputError(
            f"the input of {job.name} and what goes with it take {size:,} of the {MOST_CHARACTERS:,} characters that "
            "ECS takes: keep larger input in S3 and pass its name"
        )


def input_bytes(execution_input: Mapping[str, Any]) -> int:
    """How many bytes Step Functions is handed for an input."""
    return len(compact(execution_input).encode())


def overrides_size(stack: DeployedStack, job: DeployedJob, name: str, execution_input: Mapping[str, Any]) -> int:
    """How many characters ECS is handed for an input, as the state machine counts them.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html
    """
    given = execution_input.get("input")
    variables = {
        "LONGHAUL_JOB": job.name,
        "LONGHAUL_STACK": stack.name,
        "LONGHAUL_EXECUTION": name,
        "LONGHAUL_SCHEDULED_TIME": execution_input.get("scheduledTime") or _A_TIME,
        "LONGHAUL_ATTEMPT": _AN_ATTEMPT,
        "LONGHAUL_INPUT": compact(given) if "input" in execution_input else "",
        **execution_input.get("environment", {}),
    }
    container: dict[str, Any] = {
        "Name": "job",
        "Environment": [{"Name": variable, "Value": value} for variable, value in variables.items()],
    }
    if "command" in execution_input:
        container["Command"] = execution_input["command"]
    return len(compact({"containerOverrides": [container]}))


def start_run(aws: Aws, job: DeployedJob, name: str, execution_input: Mapping[str, Any]) -> str:
    """Start an execution of a name that is new, or a task of a job without a state machine; its ARN.

    StartExecution of the same name and input is made once, however often it is asked for while the execution runs:
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html

    Raises:
        as `run_task` does.
        botocore's errors.
    """
    if job.state_machine_arn is None:
        return run_task(aws, job, name, execution_input)
    states = aws("stepfunctions")
    try:
        answer = states.start_execution(
            stateMachineArn=job.state_machine_arn, name=name, input=compact(execution_input)
        )
    except states.exceptions.ExecutionAlreadyExists:
        # The SDK asked again after an answer that got lost, and the run had ended by then.
        return job.execution_arn(name)
    return answer["executionArn"]
