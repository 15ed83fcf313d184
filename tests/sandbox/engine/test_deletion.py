"""The provider answers a deletion when the resource is gone, as the real one does."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.engine.local_account import local_account
from sandbox.engine.provider import Provider
from sandbox.errors import SandboxError
from sandbox.local_aws import LocalAws
from sandbox.pulumi_values import to_struct
from sandbox.resources.registry import handler_for

URN = "urn:pulumi:dev::longhaul::aws:sfn/stateMachine:StateMachine::waits"
WAITS = {
    "QueryLanguage": "JSONata",
    "StartAt": "Wait",
    "States": {"Wait": {"Type": "Wait", "Seconds": 3600, "End": True}},
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}


@pytest.fixture
def running(local_aws: LocalAws) -> Iterator[tuple[str, str]]:
    """The ARNs of a state machine and of an execution that runs."""
    iam, states = local_aws.client("iam"), local_aws.client("stepfunctions")
    # Of a machine that was deleted before, the name is free only when its execution is over.
    name = f"waits-{secrets.token_hex(6)}"
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    machine = states.create_state_machine(name=name, definition=json.dumps(WAITS), roleArn=role)
    execution = states.start_execution(stateMachineArn=machine["stateMachineArn"])["executionArn"]
    yield machine["stateMachineArn"], execution
    states.stop_execution(executionArn=execution)
    iam.delete_role(RoleName=name)


def delete(local_aws: LocalAws, root: Path, machine: str, seconds: float = 0) -> None:
    provider = Provider("aws", lambda settings: local_account(local_aws.environment, settings, root))
    provider.Configure(provider_pb2.ConfigureRequest(args=to_struct({"region": "eu-west-1"})), None)
    properties = to_struct({"arn": machine})
    request = provider_pb2.DeleteRequest(urn=URN, id=machine, properties=properties, timeout=seconds)
    provider.Delete(request, None)


def test_it_gives_up_on_a_machine_whose_executions_go_on(local_aws, running, tmp_path) -> None:
    machine, execution = running
    with pytest.raises(SandboxError, match=r"timeout while waiting .*last state: 'DELETING', timeout: 0\.5s"):
        delete(local_aws, tmp_path, machine, seconds=0.5)
    states = local_aws.client("stepfunctions")
    assert states.describe_execution(executionArn=execution)["status"] == "RUNNING"
    assert states.describe_state_machine(stateMachineArn=machine)["status"] == "DELETING"


def test_it_waits_until_the_executions_have_ended(local_aws, running, tmp_path) -> None:
    machine, execution = running
    states: Any = local_aws.client("stepfunctions")
    deletion = threading.Thread(target=delete, args=(local_aws, tmp_path, machine), daemon=True)
    deletion.start()
    while states.describe_state_machine(stateMachineArn=machine)["status"] != "DELETING":
        assert deletion.is_alive()
    # Long enough for an answer that does not wait.
    deletion.join(0.5)
    assert deletion.is_alive()
    states.stop_execution(executionArn=execution)
    deletion.join(60)
    assert not deletion.is_alive()


def test_it_gives_up_after_five_minutes_as_the_real_provider() -> None:
    # https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/sfn_state_machine#timeouts
    assert handler_for("aws:sfn/stateMachine:StateMachine").seconds_to_be_gone == 5 * 60
