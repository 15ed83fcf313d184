"""A deployment that AWS refuses in its middle."""

from __future__ import annotations

import json

from tests.e2e.jobs_of_dev import JOB, all_of, jobs, like_rollup


def test_a_deployment_that_fails_halfway_is_finished_by_the_next(pulumi):
    states, iam = pulumi.client("stepfunctions"), pulumi.client("iam")
    role = next(one["Arn"] for one in iam.list_roles()["Roles"] if one["RoleName"].startswith(f"longhaul-dev-{JOB}-s"))
    done = json.dumps({"QueryLanguage": "JSONata", "StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
    in_the_way = states.create_state_machine(name="longhaul-dev-third-rollup", definition=done, roleArn=role)
    pulumi.configure(lambda config: jobs(config).update({"third-rollup": like_rollup(config)}))
    _, said = pulumi("up", "--yes", "--skip-preview", fails=True)
    assert "StateMachineAlreadyExists" in said
    states.delete_state_machine(stateMachineArn=in_the_way["stateMachineArn"])
    finished = pulumi.apply()
    assert finished < all_of("create", "third-rollup")
    assert {"create StateMachine third-rollup", "create EventTarget third-rollup"} <= finished
