"""Ten mistakes planted into the recorded resources are found, each by its name, and nothing else is."""

import re
from collections.abc import Callable

import pytest

from tests.components.conftest import Deployment
from tests.outside.checkers import all_findings
from tests.outside.findings import Finding, unaccepted
from tests.outside.mistakes import MISTAKES, Mistake, with_mistakes
from tests.outside.translation import logical_id, template


@pytest.fixture(scope="module")
def findings(recorded: Callable[[str], Deployment]) -> list[Finding]:
    """What is found in the stack dev with all ten in it."""
    return unaccepted(all_findings(template(with_mistakes(recorded("dev").resources, MISTAKES.values()))))


def place(mistake: Mistake, deployment: Deployment) -> str:
    return logical_id(deployment.one(mistake.type, mistake.name))


@pytest.mark.parametrize("name", MISTAKES)
def test_the_mistake_is_found(name: str, findings: list[Finding], recorded: Callable[[str], Deployment]) -> None:
    mistake = MISTAKES[name]
    there = [finding for finding in findings if finding.resource == place(mistake, recorded("dev"))]

    assert any(
        (finding.checker, finding.rule) == (mistake.checker, mistake.rule) and re.search(mistake.text, finding.text)
        for finding in there
    ), [str(finding) for finding in there]


def test_no_resource_without_a_mistake_is_objected_to(
    findings: list[Finding], recorded: Callable[[str], Deployment]
) -> None:
    assert {finding.resource for finding in findings} == {place(one, recorded("dev")) for one in MISTAKES.values()}
