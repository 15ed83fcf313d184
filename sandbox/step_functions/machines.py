"""MiniStack's records of state machines: found, described, and copied for an execution."""

from typing import Any

from ministack.services import stepfunctions

from sandbox.step_functions.answers import Answer, ApiError, answer
from sandbox.step_functions.definition import all_states, expressions, jackson
from sandbox.step_functions.machine import Machine

DEFAULT_TRACING = {"enabled": False}


def missing(arn: str) -> ApiError:
    """The error for a machine that does not exist."""
    return ApiError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")


def forget(arn: str) -> None:
    """Have a state machine be no more, nor its tags."""
    stepfunctions._state_machines.pop(arn, None)
    stepfunctions._tags.pop(arn, None)


def snapshot(requested_arn: str) -> Machine:
    """The machine, version or alias of an ARN, as it is now; raises ApiError if there is none."""
    arn = stepfunctions._resolve_state_machine_arn(requested_arn)
    record = stepfunctions._state_machines.get(arn) if arn is not None else None
    if record is None:
        raise missing(requested_arn)
    version = stepfunctions._execution_version_arn(requested_arn)
    source = {**record, **(stepfunctions._state_machine_versions.get(version) or {})} if version else record
    return Machine(
        arn=record["stateMachineArn"],
        name=record["name"],
        role_arn=source["roleArn"],
        definition_text=source["definition"],
        logging=source["loggingConfiguration"],
        tracing=source.get("tracingConfiguration", DEFAULT_TRACING),
        creation_date=record["creationDate"],
        update_date=record.get("updateDate", record["creationDate"]),
    )


def qualifiers(requested_arn: str) -> dict[str, str]:
    """The version and alias of an execution that was started through them."""
    found = {}
    version = stepfunctions._execution_version_arn(requested_arn)
    if version is not None:
        found["stateMachineVersionArn"] = version
    if requested_arn in stepfunctions._state_machine_aliases:
        found["stateMachineAliasArn"] = requested_arn
    return found


def describe_snapshot(machine: Machine, map_run_arn: str | None) -> Answer:
    """DescribeStateMachineForExecution's answer; of a child execution it has the ARN of its Map Run."""
    return answer(
        {
            "stateMachineArn": machine.arn,
            "name": machine.name,
            "definition": machine.definition_text,
            "roleArn": machine.role_arn,
            "mapRunArn": map_run_arn,
            "label": machine.label,
            "updateDate": machine.update_date,
            "loggingConfiguration": machine.logging,
            "tracingConfiguration": machine.tracing,
            "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
            "variableReferences": variable_references(machine.definition_text),
        }
    )


def variable_references(definition_text: str) -> dict[str, list[str]] | None:
    """The variables that each state refers to, by state; None if none does."""
    found: dict[str, Any] = {}
    for _, name, state in all_states(jackson.loads(definition_text)):
        if names := expressions.variables(state):
            found[name] = names
    return found or None
