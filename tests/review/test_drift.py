"""What Pulumi found in AWS, told apart into drift and jobs that are paused."""

import json
from pathlib import Path
from typing import Any

import pytest

from review.drift import Drift, Drifted, UnreadableDriftError, drift_outline, read_drift
from review.markdown import markdown
from spec.pause_note import TAG, PauseNote, as_tag, noted

RULE = "aws:cloudwatch/eventRule:EventRule"
SCHEDULE = "aws:scheduler/schedule:Schedule"
MACHINE = "aws:sfn/stateMachine:StateMachine"


def step(op: str, kind: str, name: str, old: dict[str, Any] | None = None, new: dict[str, Any] | None = None) -> Any:
    """A step as https://pkg.go.dev/github.com/pulumi/pulumi/sdk/v3/go/common/display#PreviewStep has it."""
    urn = f"urn:pulumi:dev::acme::longhaul:index:ScheduledJob${kind}::{name}"
    states = {key: {"outputs": value} for key, value in (("oldState", old), ("newState", new)) if value is not None}
    differs = {key for key in {**(old or {}), **(new or {})} if (old or {}).get(key) != (new or {}).get(key)}
    detailed = {"detailedDiff": {key: {"kind": "update", "inputDiff": False} for key in differs}} if differs else {}
    return {"op": op, "urn": urn, **states, **(detailed if op == "update" else {})}


def digest(*steps: Any) -> Any:
    stack = {"op": "refresh", "urn": "urn:pulumi:dev::acme::pulumi:pulumi:Stack::acme-dev"}
    return {"steps": [stack, *steps], "duration": 1, "changeSummary": {"refresh": len(steps)}}


ENABLED, DISABLED = {"state": "ENABLED", "name": "x"}, {"state": "DISABLED", "name": "x"}


def test_nothing_drifted() -> None:
    assert read_drift(digest(step("refresh", RULE, "a"), step("same", MACHINE, "a"))) == Drift((), ())
    assert read_drift({"duration": 532130}) == Drift((), ())


def test_a_paused_job_is_no_drift() -> None:
    # The older name of the same thing may differ along with it.
    rule = step("update", RULE, "a", {**ENABLED, "isEnabled": True}, {**DISABLED, "isEnabled": False})
    steps = [step("update", SCHEDULE, "b", ENABLED, DISABLED), rule]

    assert read_drift(digest(*steps)) == Drift(drifted=(), paused=("a", "b"))


def test_a_job_that_says_who_paused_it_is_no_drift() -> None:
    note = PauseNote(when="2026-11-29T14:00:00Z", who="user/jane", reason="disk full")
    tags = {"longhaul:stack": "dev"}
    noted_tags = {**tags, TAG: as_tag(note)}
    rule = step(
        "update",
        RULE,
        "a",
        {**ENABLED, "tags": tags, "tagsAll": tags},
        {**DISABLED, "tags": noted_tags, "tagsAll": noted_tags},
    )
    rule["detailedDiff"] = {"state": {}, 'tags["longhaul:paused"]': {}, "tagsAll.longhaul:paused": {}}
    schedule = step(
        "update",
        SCHEDULE,
        "b",
        {**ENABLED, "description": "Starts b"},
        {**DISABLED, "description": noted("Starts b", note)},
    )

    assert read_drift(digest(rule, schedule)) == Drift(drifted=(), paused=("a", "b"))


@pytest.mark.parametrize(
    "changed",
    [
        step("update", RULE, "a", {**ENABLED, "tags": {"x": "1"}}, {**DISABLED, "tags": {"x": "2", TAG: "now"}}),
        step("update", RULE, "a", ENABLED, {**ENABLED, "tags": {TAG: "now"}}),
        step(
            "update", SCHEDULE, "a", {**ENABLED, "description": "A"}, {**DISABLED, "description": "B [paused now by x]"}
        ),
        # What the stack switched off, someone switched on.
        step("update", RULE, "a", DISABLED, ENABLED),
        step("update", RULE, "a", ENABLED, {**DISABLED, "scheduleExpression": "rate(1 minute)"}),
        step("update", MACHINE, "a", ENABLED, DISABLED),
        step("delete", RULE, "a", ENABLED),
    ],
)
def test_anything_else_is(changed: Any) -> None:
    found = read_drift(digest(changed))

    assert [one.name for one in found.drifted] == ["a"]
    assert not found.paused


def test_what_differs_is_named_and_what_is_gone_is_said_to_be() -> None:
    changed = step("update", MACHINE, "acme-dev-rollup", {"definition": "1"}, {"definition": "2"})

    found = read_drift(digest(step("delete", RULE, "acme-dev-hello", ENABLED), changed))

    assert found.drifted == (
        Drifted(RULE, "acme-dev-hello", True, ()),
        Drifted(MACHINE, "acme-dev-rollup", False, ("definition",)),
    )
    said = markdown([*drift_outline(found)])
    assert f"- `acme-dev-hello` ({RULE}) is gone\n- `acme-dev-rollup` ({MACHINE}) differs in `definition`" in said


@pytest.mark.parametrize("other", [[], {}, None, {"steps": 1, "duration": 1}, digest({"op": "update"})])
def test_other_json_is_refused(other: Any) -> None:
    with pytest.raises(UnreadableDriftError):
        read_drift(other)


def test_what_pulumi_really_prints_is_read() -> None:
    # Recorded from Pulumi's engine, without what is not read. By hand, a rule and a schedule were disabled, and another
    # rule and a state machine changed.
    recorded = json.loads((Path(__file__).parent / "recorded" / "drift.json").read_text())

    assert read_drift(recorded) == Drift(
        drifted=(
            Drifted(RULE, "longhaul-dev-bucket-inventory", False, ("scheduleExpression",)),
            Drifted(MACHINE, "longhaul-dev-daily-rollup", False, ("definition",)),
        ),
        paused=("longhaul-dev-daily-rollup", "longhaul-dev-snapshot-cleanup"),
    )
