"""What differs between two stacks is found: every field, no matter how it is nested; and nothing else."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from review.compare import Revision, review
from review.report import UNSET, FieldChange, JobReview, OverlapChange, StackReview
from spec.alerts import AlertsSpec
from spec.job import JobSpec
from spec.network import NetworkSpec
from spec.stack import StackSettings, StackSpec
from tests.definitions.samples import job
from tests.definitions.strategies import jobs
from tests.definitions.test_every_field_counts import BUILT, CHANGES
from tests.review.changes import START

# What the documents' test has no change for, because no document holds it.
ELSEWHERE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "build.context": (BUILT, {**BUILT, "build": {**BUILT["build"], "context": "."}}),
    "build.dockerfile": (BUILT, {**BUILT, "build": {**BUILT["build"], "dockerfile": "Dockerfile"}}),
    "build.target": (BUILT, {**BUILT, "build": {**BUILT["build"], "target": "slim"}}),
    "build.args": (BUILT, {**BUILT, "build": {**BUILT["build"], "args": {"VERSION": "2"}}}),
    "log_retention_days": ({}, {"logRetention": 60}),
}
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alerts"
stacks = st.builds(
    StackSpec,
    project=st.sampled_from(["acme", "other"]),
    name=st.just("dev"),
    region=st.sampled_from([None, "eu-west-1"]),
    network=st.sampled_from([NetworkSpec(), NetworkSpec(nat="single")]),
    trigger=st.sampled_from(["rule", "scheduler"]),
    tags=st.dictionaries(st.sampled_from(["team", "owner"]), st.sampled_from(["a", "b"])),
    jobs=st.lists(jobs, max_size=3, unique_by=lambda one: one.name).map(tuple),
)


def stack(*of: JobSpec, **settings: Any) -> StackSpec:
    return StackSpec(project="acme", name="dev", jobs=of, **settings)


def compared(old: StackSpec, new: StackSpec) -> StackReview:
    return review(Revision(old), Revision(new), START)


@given(stacks)
@settings(max_examples=25)
def test_a_stack_does_not_differ_from_itself(one: StackSpec) -> None:
    again = one.model_copy(deep=True)

    assert compared(one, again) == StackReview(stack="dev", kind=None, keeps_logs=one.keep_logs)


@given(stacks, stacks)
@settings(max_examples=25)
def test_the_other_way_round_everything_is_the_other_way_round(one: StackSpec, other: StackSpec) -> None:
    there, back = compared(one, other), compared(other, one)

    assert {(change.loc, change.old, change.new) for change in map(hashable, there.settings)} == {
        (change.loc, change.new, change.old) for change in map(hashable, back.settings)
    }
    opposite = {"added": "removed", "removed": "added", "changed": "changed"}
    assert {(one.name, one.kind) for one in there.jobs} == {(one.name, opposite[one.kind]) for one in back.jobs}
    for found, reverse in pairs(there, back):
        assert {hashable(change).loc for change in found.changes} == {
            hashable(change).loc for change in reverse.changes
        }
        assert (found.schedule is None) == (reverse.schedule is None)


def pairs(there: StackReview, back: StackReview) -> list[tuple[JobReview, JobReview]]:
    by_name = {one.name: one for one in back.jobs}
    return [(one, by_name[one.name]) for one in there.jobs if one.kind == "changed"]


def hashable(change: FieldChange) -> FieldChange:
    return replace(change, old=repr(change.old), new=repr(change.new))


@pytest.mark.parametrize("field", [field for field in {**CHANGES, **ELSEWHERE} if field != "name"])
def test_every_field_of_a_job_is_compared(field: str) -> None:
    before, after = {**CHANGES, **ELSEWHERE}[field]

    [found] = compared(stack(job(**before)), stack(job(**after))).jobs

    old, new = ({"image": job().image, **fields} for fields in (before, after))
    keys = {key for key in {*old, *new} if old.get(key) != new.get(key)}
    assert {change.loc[0] for change in found.changes} == keys


@pytest.mark.parametrize(
    ("key", "value", "written"),
    [
        ("network", NetworkSpec(availability_zones=3), 3),
        ("trigger", "scheduler", "scheduler"),
        ("container_insights", "enhanced", "enhanced"),
        ("keep_logs", True, True),
        ("ledger_retention_days", 30, 30),
        ("result_retention_days", 30, 30),
        ("alerts", AlertsSpec(topic=TOPIC), TOPIC),
        ("tags", {"team": "sales"}, "sales"),
    ],
)
def test_every_setting_of_a_stack_is_compared(key: str, value: Any, written: Any) -> None:
    [change] = compared(stack(job()), stack(job(), **{key: value})).settings

    assert change.new == written
    assert str(change.loc[0]).startswith("longhaul:")


def test_no_setting_is_forgotten_here() -> None:
    tried = {"network", "trigger", "container_insights", "keep_logs", "ledger_retention_days", "alerts", "tags"}
    assert tried | {"result_retention_days"} == set(StackSettings.model_fields)


def test_region_and_project_are_compared_and_arns_do_not_differ_for_them() -> None:
    old = StackSpec(project="acme", name="dev", region="eu-west-1", jobs=(job(),))
    new = StackSpec(project="beta", name="dev", region="eu-west-2", jobs=(job(),))

    found = compared(old, new)

    assert {change.loc: (change.old, change.new) for change in found.settings} == {
        ("name",): ("acme", "beta"),
        ("aws:region",): ("eu-west-1", "eu-west-2"),
    }
    assert not found.grants
    assert not found.jobs


def test_values_are_as_people_write_them() -> None:
    found = compared(stack(job(timeout="2h")), stack(job(timeout="90m", flexibleWindow="15m", schedule="rate(1 day)")))

    assert found.jobs[0].changes == (
        FieldChange(("timeout",), "2h", "1h30m"),
        FieldChange(("schedule",), UNSET, "rate(1 day)"),
        FieldChange(("flexibleWindow",), UNSET, "15m"),
    )


def test_of_permissions_the_statements_that_differ_are_shown() -> None:
    kept = {"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::sales/*"]}
    lost = {"actions": ["s3:PutObject"], "resources": ["arn:aws:s3:::sales/*"]}

    found = compared(stack(job(permissions=[kept, lost])), stack(job(permissions=[kept])))

    [change] = found.jobs[0].changes
    assert (change.old, change.new) == ([lost], UNSET)


def test_an_order_that_means_nothing_is_no_change_of_what_a_role_may() -> None:
    first = {"actions": ["s3:GetObject", "s3:PutObject"], "resources": ["arn:aws:s3:::sales/*"]}
    second = {"actions": ["s3:PutObject"], "resources": ["arn:aws:s3:::reports/*"]}
    swapped = {**first, "actions": ["s3:PutObject", "s3:GetObject"]}

    found = compared(stack(job(permissions=[first, second])), stack(job(permissions=[second, swapped])))

    assert not found.jobs[0].grants
    assert found.jobs[0].changes


@pytest.mark.parametrize("gone", [True, False])
def test_a_stack_that_comes_or_goes_is_all_of_its_jobs(gone: bool) -> None:
    there = Revision(stack(job(), job(name="other")))

    found = review(there, None, START) if gone else review(None, there, START)

    assert found.kind == ("removed" if gone else "added")
    assert [one.kind for one in found.jobs] == [found.kind] * 2


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("skip", {"policy": "skip"}, None),
        ("queue", {"policy": "queue", "queueLimit": 100}, None),
        (
            "queue",
            {"policy": "queue", "queueLimit": 5},
            (
                "a run that meets another one of the job waits its turn, or is skipped when 100 are there already",
                "a run that meets another one of the job waits its turn, or is skipped when 5 are there already",
            ),
        ),
        ("allow", "skip", ("runs may overlap", "a run that meets another one of the job is skipped")),
    ],
)
def test_what_becomes_of_runs_that_meet_is_told_when_it_changes(
    before: Any, after: Any, found: tuple[str, str] | None
) -> None:
    jobs = compared(stack(job(overlap=before)), stack(job(overlap=after))).jobs

    assert [one.overlap for one in jobs] == ([OverlapChange(*found)] if found else [])


def test_only_what_grows_is_named() -> None:
    old, new = job(cpu=1024, memory=8192), job(cpu=2048, memory=4096, ephemeralStorage=50)

    [found] = compared(stack(old), stack(new)).jobs

    assert [(growth.what, growth.factor) for growth in found.growth] == [("cpu", 2), ("ephemeralStorage", 2.5)]
