"""Takes rights away from the roles of the deployed jobs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.ops.operated import Operated


@contextmanager
def may_not(operated: Operated, job: str, action: str) -> Iterator[None]:
    """Deny the job's state machine an action."""
    machine = operated.states.describe_state_machine(stateMachineArn=operated.job(job).state_machine_arn)
    iam, role = operated.local_aws.client("iam"), machine["roleArn"].rpartition("/")[2]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": action, "Resource": "*"}]}
    iam.put_role_policy(RoleName=role, PolicyName="denies", PolicyDocument=json.dumps(policy))
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="denies")
