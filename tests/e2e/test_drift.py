"""What someone changed in AWS by hand."""

from __future__ import annotations

import json

from tests.e2e.jobs_of_dev import JOB


def test_drift_is_found_by_refresh_and_repaired(pulumi):
    events, states = pulumi.client("events"), pulumi.client("stepfunctions")
    name = f"longhaul-dev-{JOB}"
    (arn,) = [one["stateMachineArn"] for one in states.list_state_machines()["stateMachines"] if one["name"] == name]
    rule, machine = events.describe_rule(Name=name), states.describe_state_machine(stateMachineArn=arn)
    pulumi.settled = False
    events.put_rule(Name=name, ScheduleExpression="rate(1 minute)", State="DISABLED")
    states.update_state_machine(
        stateMachineArn=arn,
        definition=json.dumps({"QueryLanguage": "JSONata", "StartAt": "End", "States": {"End": {"Type": "Succeed"}}}),
    )
    pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes", fails=True)
    assert pulumi.apply() == {f"update EventRule {JOB}", f"update StateMachine {JOB}"}
    after = events.describe_rule(Name=name)
    assert (after["ScheduleExpression"], after["State"]) == (rule["ScheduleExpression"], rule["State"])
    definition = states.describe_state_machine(stateMachineArn=arn)["definition"]
    assert json.loads(definition) == json.loads(machine["definition"])
