"""The page about where a job runs: made from the program, and what its last table says holds."""

from pathlib import Path
from typing import Any

import pytest

from review.run_on_page import FEATURES, HOLDS, KINDS, NEEDED, NO_EFFECT, REFUSED, page
from spec.job import JobSpec
from spec.run_on_rules import notes

PAGE = Path(__file__).parents[2] / "docs/run-on.md"
SECRET = {"SECRET": {"from": "sales-database", "key": "password"}}

FIELDS: dict[str, list[dict[str, Any]]] = {
    "`overlap: skip`, `queue`, `replace`": [{"overlap": policy} for policy in ("skip", "queue", "replace")],
    "`overlap: {policy: allow, oncePerTime: true}`": [{"overlap": {"policy": "allow", "oncePerTime": True}}],
    "`retries`": [{"retries": {"attempts": 2}}],
    "`timeout`": [{"timeout": "14m"}, {"timeout": "2h"}],
    "`steps`, `count`": [{"steps": [{"name": "one"}]}, {"count": 3}],
    "`results`": [{"results": True}],
    "no `schedule`: people start it": [{"schedule": None}],
    "`startedBy`": [{"startedBy": {"jobs": ["other"]}}, {"startedBy": {"objects": [{"bucket": "sales"}]}}],
    "`secrets`": [{"secrets": SECRET}],
    "`capacity: {spot: true}`": [{"capacity": {"spot": True}}],
}
"""What the rows about fields say, as fields of a job."""


def cells(says: str) -> list[tuple[str, str]]:
    """The kinds of place and the rows where the table says that."""
    return [(kind, what) for index, kind in enumerate(KINDS) for what in FIELDS if FEATURES[what][index] == says]


def fields(kind: str, more: dict[str, Any]) -> dict[str, Any]:
    run_on = {"kind": kind, **NEEDED[kind]}  # pyright: ignore[reportArgumentType]
    said = {"name": "nightly", "image": "alpine", "entrypoint": ["true"], "timeout": "10m", "overlap": "allow"}
    return {**said, "schedule": "rate(1 day)", "runOn": run_on, **more}


def test_the_page_is_made_from_the_program() -> None:
    assert PAGE.read_text("utf-8") == page(), "make docs"


@pytest.mark.parametrize(("kind", "what"), cells(REFUSED))
def test_what_is_said_to_be_refused_is(kind: str, what: str) -> None:
    for more in FIELDS[what]:
        with pytest.raises(ValueError, match="expected"):
            JobSpec.model_validate(fields(kind, more))


@pytest.mark.parametrize(("kind", "what"), cells(NO_EFFECT))
def test_what_is_said_to_have_no_effect_is_taken_with_a_note(kind: str, what: str) -> None:
    for more in FIELDS[what]:
        field = next(iter(more))
        assert field in {str(note.loc[0]) for note in notes(JobSpec.model_validate(fields(kind, more)))}


@pytest.mark.parametrize(("kind", "what"), cells(HOLDS))
def test_what_is_said_to_hold_is_taken_without_a_word(kind: str, what: str) -> None:
    for more in FIELDS[what]:
        field = next(iter(more))
        assert field not in {str(note.loc[0]) for note in notes(JobSpec.model_validate(fields(kind, more)))}


def test_a_function_lasts_no_longer_than_fifteen_minutes() -> None:
    with pytest.raises(ValueError, match="15m"):
        JobSpec.model_validate(fields("lambda", {"timeout": "16m"}))
