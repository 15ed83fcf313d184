"""What outsiders say of the resources that the program registers: nothing that is not accepted with a reason."""

from collections.abc import Callable

import pytest

from tests.components.conftest import Deployment
from tests.outside.checkers import all_findings
from tests.outside.conftest import STACKS
from tests.outside.findings import ACCEPTED, Finding, unaccepted
from tests.outside.translation import template


@pytest.fixture(scope="module")
def findings(recorded: Callable[[str], Deployment]) -> dict[str, list[Finding]]:
    """Stack to whatever anybody finds there. One fixture for all: cfn-lint takes long to load."""
    return {stack: all_findings(template(recorded(stack).resources)) for stack in STACKS}


def test_nobody_objects_to_a_resource_of_any_stack(findings: dict[str, list[Finding]]) -> None:
    objections = {stack: [str(one) for one in unaccepted(found)] for stack, found in findings.items()}

    assert objections == {stack: [] for stack in STACKS}


def test_every_exception_is_still_needed(findings: dict[str, list[Finding]]) -> None:
    everything = [finding for found in findings.values() for finding in found]
    unneeded = [accepted for accepted in ACCEPTED if not any(accepted.covers(finding) for finding in everything)]

    assert unneeded == []
