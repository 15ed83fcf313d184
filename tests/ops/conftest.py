"""The stacks that most tests of this folder ask about, and a role that may nothing yet."""

import json
from collections.abc import Iterator

import pytest

from sandbox.local_aws import LocalAws
from tests.ops.alone import Alone, alone_stack
from tests.ops.as_role import TRUST
from tests.ops.operated import Operated, operated_stack


@pytest.fixture(scope="session")
def operated(local_aws: LocalAws) -> Operated:
    return operated_stack(local_aws)


@pytest.fixture(scope="session")
def alone(local_aws: LocalAws) -> Alone:
    return alone_stack(local_aws)


@pytest.fixture
def role(local_aws: LocalAws) -> Iterator[str]:
    iam = local_aws.client("iam")
    yield iam.create_role(RoleName="asks", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    for name in iam.list_role_policies(RoleName="asks")["PolicyNames"]:
        iam.delete_role_policy(RoleName="asks", PolicyName=name)
    iam.delete_role(RoleName="asks")
