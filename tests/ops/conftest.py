"""The stack that most tests of this folder ask about."""

import pytest

from sandbox.local_aws import LocalAws
from tests.ops.operated import Operated, operated_stack


@pytest.fixture(scope="session")
def operated(local_aws: LocalAws) -> Operated:
    return operated_stack(local_aws)
