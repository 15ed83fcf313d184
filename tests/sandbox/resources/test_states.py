from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

STATE_MACHINE = "aws:sfn/stateMachine:StateMachine"
DEFINITION = {"QueryLanguage": "JSONata", "StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "states.amazonaws.com"}}],
}

# What a role needs before a state machine may log:
# https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html#cloudwatch-iam-policy
LOG_DELIVERY = [
    f"logs:{action}"
    for action in (
        "CreateLogDelivery",
        "GetLogDelivery",
        "UpdateLogDelivery",
        "DeleteLogDelivery",
        "ListLogDeliveries",
        "PutResourcePolicy",
        "DescribeResourcePolicies",
        "DescribeLogGroups",
    )
]
GRANT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": LOG_DELIVERY, "Resource": "*"}]}


def test_state_machine_is_made_as_asked_and_deleted(aws, make, delete, unique):
    role = make("aws:iam/role:Role", {"name": unique, "assumeRolePolicy": json.dumps(TRUST)})
    make("aws:iam/rolePolicy:RolePolicy", {"role": unique, "name": "log-delivery", "policy": json.dumps(GRANT)})
    group = make("aws:cloudwatch/logGroup:LogGroup", {"name": f"/aws/vendedlogs/states/{unique}"})
    destination = f"{group.outputs['arn']}:*"
    made = make(
        STATE_MACHINE,
        {
            "name": unique,
            "definition": json.dumps(DEFINITION),
            "roleArn": role.outputs["arn"],
            "type": "STANDARD",
            "loggingConfiguration": {"level": "ERROR", "includeExecutionData": False, "logDestination": destination},
            "tracingConfiguration": {"enabled": True},
            "tags": {"a": "b"},
        },
    )
    states = aws.client("stepfunctions")
    machine = states.describe_state_machine(stateMachineArn=made.id)
    assert machine["name"] == unique
    assert json.loads(machine["definition"]) == DEFINITION
    assert machine["roleArn"] == role.outputs["arn"]
    assert machine["type"] == "STANDARD"
    assert machine["loggingConfiguration"] == {
        "level": "ERROR",
        "includeExecutionData": False,
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": destination}}],
    }
    assert machine["tracingConfiguration"] == {"enabled": True}
    assert states.list_tags_for_resource(resourceArn=made.id)["tags"] == [{"key": "a", "value": "b"}]
    assert made.id == made.outputs["arn"]
    assert made.outputs["status"] == "ACTIVE"
    delete(STATE_MACHINE, made)
    with pytest.raises(ClientError, match="StateMachineDoesNotExist"):
        states.describe_state_machine(stateMachineArn=made.id)
