"""Real dead letters of a deployed stack, and what is read of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ops.dead_letter_advice import in_words
from ops.dead_letters import find_letters, letter_count, queue_of, short_ids
from ops.errors import AmbiguousError, NotFoundError
from ops.letters_in_hand import letters_in_hand
from ops.stack import DeployedStack
from sandbox.local_aws import LocalAws
from tests.ops.undelivered import Undelivered, look, undelivered_stack


@pytest.fixture
def stack(local_aws: LocalAws) -> Iterator[Undelivered]:
    with undelivered_stack(local_aws) as stack:
        yield stack


def test_while_one_has_letters_in_hand_nobody_else_sees_them(stack: Undelivered) -> None:
    ids = {stack.send(str(number)) for number in range(23)}
    with letters_in_hand(stack.aws, stack.found(), stack.queue()) as hand:
        assert {letter.id for letter in hand.letters} == ids
        assert look(stack) == ()
        assert letter_count(stack.aws, stack.queue()) == 23
        hand.delete(hand.letters[0])
    assert len(look(stack)) == 22


@pytest.mark.parametrize("end", [KeyboardInterrupt, RuntimeError])
def test_whatever_happens_they_go_back(stack: Undelivered, end: type[BaseException]) -> None:
    stack.send("x")

    def interrupted() -> None:
        with letters_in_hand(stack.aws, stack.found(), stack.queue()):
            raise end

    with pytest.raises(end):
        interrupted()
    assert len(look(stack)) == 1


def test_the_deadline_that_passed_is_said(stack: Undelivered) -> None:
    machine = stack.deployment.outputs["stateMachines"]["ruled"]
    given = {"RULE_ARN": "arn:aws:events:eu-west-1:123456789012:rule/late-dev-ruled", "TARGET_ARN": machine}
    stack.send("{}", **given, ERROR_CODE="THROTTLING", EXHAUSTED_RETRY_CONDITION="MaximumEventAgeInSeconds",
               RETRY_ATTEMPTS="12")  # fmt: skip
    (letter,) = look(stack)
    assert letter.attempts == 13
    assert in_words(letter) == "AWS throttled what was asked of the state machine, until its deadline had passed"


def test_a_queue_is_found_by_its_stack_alone(stack: Undelivered) -> None:
    sqs = stack.local_aws.client("sqs")
    other = sqs.create_queue(QueueName="late-dev-dead-letters-dead-letters-0a1b2c3")["QueueUrl"]
    try:
        assert queue_of(stack.aws, stack.found()) == stack.queue_url
        elsewhere = DeployedStack(project="late", name="none", region="eu-west-1", jobs=())
        assert queue_of(stack.aws, elsewhere) is None
    finally:
        sqs.delete_queue(QueueUrl=other)


def test_ids_may_be_short(stack: Undelivered) -> None:
    for number in range(2):
        stack.send(str(number))
    first, second = letters = look(stack)
    short = short_ids(letters)
    assert {len(text) for text in short.values()} == {8}
    assert find_letters(letters, [second.id, short[first.id]]) == [first, second]
    with pytest.raises(NotFoundError, match=f"did you mean {short[first.id]}"):
        find_letters(letters, [f"{first.id[:7]}x"])
    with pytest.raises(AmbiguousError):
        find_letters([first, first], [first.id[:3]])
    with pytest.raises(NotFoundError, match="nothing lies there"):
        find_letters([], ["1"])
