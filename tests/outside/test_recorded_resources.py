"""What outsiders say of the resources that the program registers, and of the policies for those who operate a stack:
nothing that is not accepted with a reason."""

from collections.abc import Callable

import pytest

from definitions.place import Place
from definitions.policies.operator import operator_policy
from tests.components.conftest import Deployment
from tests.components.provider_answers import ACCOUNT, REGION
from tests.outside.checkers import all_findings
from tests.outside.conftest import STACKS
from tests.outside.findings import ACCEPTED, Finding, unaccepted
from tests.outside.translation import Template, template

OPERATORS = Place(project="longhaul", stack="dev", partition="aws", region=REGION, account=ACCOUNT)


def managed_policies() -> Template:
    """The operator's policies as one would have CloudFormation make them."""
    documents = {"Operator": operator_policy(OPERATORS), "Onlooker": operator_policy(OPERATORS, read_only=True)}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {
            f"ManagedPolicy{name}": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}
            for name, document in documents.items()
        },
    }


@pytest.fixture(scope="module")
def findings(recorded: Callable[[str], Deployment]) -> dict[str, list[Finding]]:
    """Stack, or the operator's policies, to whatever anybody finds there. One fixture for all: cfn-lint takes long to
    load."""
    templates = {stack: template(recorded(stack).resources) for stack in STACKS}
    return {name: all_findings(each) for name, each in {**templates, "operators": managed_policies()}.items()}


def test_nobody_objects_to_a_resource_of_any_stack(findings: dict[str, list[Finding]]) -> None:
    objections = {name: [str(one) for one in unaccepted(found)] for name, found in findings.items()}

    assert objections == {name: [] for name in (*STACKS, "operators")}


def test_every_exception_is_still_needed(findings: dict[str, list[Finding]]) -> None:
    everything = [finding for found in findings.values() for finding in found]
    unneeded = [accepted for accepted in ACCEPTED if not any(accepted.covers(finding) for finding in everything)]

    assert unneeded == []
