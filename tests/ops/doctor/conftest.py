"""The stack that the tests of this folder break."""

import pytest

from sandbox.local_aws import LocalAws
from tests.ops.doctor.sick import Sick, sick_stack


@pytest.fixture(scope="session")
def sick(local_aws: LocalAws) -> Sick:
    return sick_stack(local_aws)
