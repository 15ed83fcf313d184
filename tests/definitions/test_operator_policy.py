"""What an operator's policies grant, as files to review, and what AWS and others would say of them.

`LONGHAUL_UPDATE_GOLDEN=1 pytest tests/definitions/test_operator_policy.py` writes the files anew. That each verb works
with them, and needs all of them, is in tests/ops/permissions.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from definitions.place import Place
from definitions.policies.operator import operator_policy
from definitions.policies.operator_grants import GRANTS
from definitions.policies.operator_needs import READING, VERBS
from definitions.policies.operator_page import page
from tests.definitions.test_golden import UPDATE
from tests.definitions.validators import policy_problems

GOLDEN = Path(__file__).parent / "operator_golden"
PAGE = Path(__file__).parents[2] / "docs" / "operator-permissions.md"
POLICIES = {"operator": False, "read-only": True}
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, which count no white space.
MOST_CHARACTERS = 6144


def actions(document: dict[str, Any]) -> list[str]:
    return [action for statement in document["Statement"] for action in statement["Action"]]


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_is_as_it_was_reviewed(name: str, place: Place) -> None:
    path = GOLDEN / f"{name}.json"
    document = operator_policy(place, read_only=POLICIES[name])
    if UPDATE:
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")

    assert document == json.loads(path.read_text(encoding="utf-8"))
    assert policy_problems(document) == []


def test_a_managed_policy_holds_it_with_the_longest_names() -> None:
    # A rule's name has 64 characters, of which a job has one at least.
    longest = Place(
        project="p" * 31, stack="s" * 30, partition="aws-us-gov", region="ap-southeast-1", account="123456789012"
    )
    assert len(longest.name("j")) == 64

    assert len("".join(json.dumps(operator_policy(longest)).split())) <= MOST_CHARACTERS


def test_who_only_looks_may_do_nothing_that_no_verb_that_looks_needs(place: Place) -> None:
    looks = {need.action for grant in GRANTS for need in grant.needs if set(need.verbs) & set(READING)}

    assert set(actions(operator_policy(place, read_only=True))) == looks
    # These begin the names of actions that AWS classes as Read or List, as far as they are here.
    assert all(
        action.partition(":")[2].startswith(("Get", "List", "Describe", "Filter", "Simulate")) for action in looks
    )


def test_every_action_is_granted_once_and_for_a_verb(place: Place) -> None:
    statements = operator_policy(place)["Statement"]
    granted = [(action, statement["Resource"]) for statement in statements for action in statement["Action"]]

    assert len(granted) == len(set(granted))
    assert all(need.verbs and set(need.verbs) <= set(VERBS) for grant in GRANTS for need in grant.needs)
    sids = [grant.sid for grant in GRANTS]
    assert len(set(sids)) == len(sids)
    assert all(sid.isalnum() for sid in sids)


def test_what_can_be_bounded_is_bounded_by_the_stack(place: Place) -> None:
    for statement in operator_policy(place)["Statement"]:
        bounds = json.dumps([statement["Resource"], statement.get("Condition")])
        # https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
        knows_no_resource = statement["Sid"] == "TheseKnowNoResource"
        assert (place.prefix in bounds or place.stack_log_group_prefix in bounds) is not knows_no_resource


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "run: make docs"
