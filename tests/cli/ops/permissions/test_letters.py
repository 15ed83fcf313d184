"""What reads, delivers and throws away dead letters works with exactly the operator's policy, and needs all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from typer.main import get_command

from cli.app import app
from definitions.place import Place
from definitions.policies.operator import operator_policy
from definitions.policies.operator_needs import VERBS
from sandbox.local_aws import LocalAws
from tests.cli.ops.permissions.person import Person, needed, people
from tests.cli.ops.permissions.verbs import USES as OTHERS
from tests.cli.ops.permissions.verbs import well
from tests.ops.undelivered import Undelivered, undelivered_stack


@pytest.fixture(scope="module")
def stack(local_aws: LocalAws) -> Iterator[Undelivered]:
    with undelivered_stack(local_aws) as stack:
        yield stack


@pytest.fixture(scope="module")
def everybody(stack: Undelivered, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Person]]:
    """An operator, and somebody who only looks."""
    aws = stack.local_aws
    place = Place(project=stack.project, stack=stack.name, partition="aws", region=aws.region, account=aws.account)
    policies = {"operator": operator_policy(place), "onlooker": operator_policy(place, read_only=True)}
    with people(aws, stack.root, tmp_path_factory.mktemp("people"), policies) as found:
        yield found


def show(person: Person, stack: Undelivered) -> None:
    stack.send("anything")
    well(person.run("dead-letters", "list"))


def retry(person: Person, stack: Undelivered) -> None:
    stack.empty()
    stack.fire_in_vain("ruled")
    for job in ("ruled-task", "scheduled-task"):
        stack.fire_in_vain(job)
    # Of which ECS knows.
    stack.fire("ruled-task")
    # Of which the ledger does not know.
    with stack.nobody_may_write():
        stack.run("ruled", 0)
    with stack.nobody_may_publish():
        stack.run("by-hand", 3)
    stray = stack.send("anything")
    done = person.run("dead-letters", "retry", "--all", "--yes")
    # All but the one that is nobody's.
    assert [line for line in done.out.splitlines() if ": stays: " in line] == [
        f"{stray}  nothing of this stack: stays: nothing of this stack sent it"
    ]
    well(done, code=1)


def discard(person: Person, stack: Undelivered) -> None:
    stack.send("anything")
    well(person.run("dead-letters", "discard", stack.send("anything"), "--yes"))


USES: dict[str, Callable[[Person, Undelivered], None]] = {
    "dead-letters list": show,
    "dead-letters retry": retry,
    "dead-letters discard": discard,
}


@pytest.mark.parametrize("verb", USES)
def test_an_operator_may_use_a_verb_which_needs_all_that_it_is_said_to(
    everybody: dict[str, Person], stack: Undelivered, verb: str
) -> None:
    operator = everybody["operator"]
    operator.asked.clear()
    USES[verb](operator, stack)
    assert operator.asked == needed(verb)


@pytest.mark.parametrize("verb", USES)
def test_who_only_looks_takes_no_letter_in_hand(everybody: dict[str, Person], verb: str) -> None:
    which = [] if verb.endswith("list") else ["--all", "--yes"]
    done = everybody["onlooker"].run(*verb.split(), *which)
    assert (done.code, done.out) == (3, "")
    assert "lacks sqs:ReceiveMessage on " in done.err


def test_every_verb_that_asks_aws_is_used_here_or_with_the_others() -> None:
    assert {*USES, *OTHERS} == set(VERBS)
    # It has a profile for that. Who it is needs no permission.
    asking = {" ".join(path) for path, command in commands(get_command(app)) if "profile" in names(command)} - {
        "policy"
    }
    assert asking == set(VERBS) - {"check --deployed"}


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command, by the words with which it is called."""
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, child in command.commands.items():
        yield from commands(child, (*path, name))


def names(command: Any) -> set[str]:
    return {parameter.name for parameter in command.params}
