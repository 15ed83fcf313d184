"""RunTask that is asked for with a client token."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.faults import RefuseCapacity
from tests.sandbox.conftest import TaskPlace


def variables(value: str) -> dict[str, Any]:
    return {"containerOverrides": [{"name": "job", "environment": [{"name": "DAY", "value": value}]}]}


def test_the_same_request_starts_one_task(place: TaskPlace) -> None:
    definition = place.register("true")
    one = place.run(definition, clientToken="a", overrides=variables("1"))
    assert place.run(definition, clientToken="a", overrides=variables("1")) == one
    place.finish(one)
    assert place.run(definition, clientToken="a", overrides=variables("1")) == one
    other = place.run(definition, clientToken="b", overrides=variables("1"))
    assert other != one
    place.finish(other)


def test_another_request_with_a_token_that_is_taken_is_told_of_its_task(place: TaskPlace) -> None:
    definition = place.register("true")
    one = place.run(definition, clientToken="a", overrides=variables("1"))
    with pytest.raises(ClientError) as refused:
        place.run(definition, clientToken="a", overrides=variables("2"))
    assert refused.value.response["Error"]["Code"] == "ConflictException"
    assert refused.value.response["resourceIds"] == [one]
    place.finish(one)


def test_a_token_is_free_again_once_its_task_is_forgotten(place: TaskPlace) -> None:
    definition = place.register("true")
    one = place.run(definition, clientToken="a")
    place.finish(one)
    clock = place.aws.clock
    while not clock.advance_to(clock.now() + 3700):
        clock.wait_idle()
    other = place.run(definition, clientToken="a")
    assert other != one
    place.finish(other)


def test_a_request_for_which_there_was_no_room_may_be_made_again(place: TaskPlace) -> None:
    definition = place.register("true")
    place.aws.faults.add(RefuseCapacity(first=1))
    try:
        with pytest.raises(AssertionError):
            place.run(definition, clientToken="a")
        place.finish(place.run(definition, clientToken="a"))
    finally:
        place.aws.faults.clear()


def test_a_token_has_at_most_64_characters(place: TaskPlace) -> None:
    definition = place.register("true")
    for token in ("x" * 65, "with space", ""):
        with pytest.raises(ClientError, match="clientToken"):
            place.run(definition, clientToken=token)
