"""The formats say the same, and no value breaks out of its place."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from review.as_json import as_json
from review.blocks import Code, Table
from review.flow_yaml import flow
from review.markdown import markdown
from review.outline import outline
from review.revisions import review_folders
from review.text import text
from tests.review.changes import CHANGES, DAILY, IMAGE, START, project, write

texts = st.text(max_size=20) | st.text("|`\\\n <>&*_[]()!#-@", max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@given(values)
def test_a_value_is_one_line_of_yaml_that_reads_back(value: Any) -> None:
    line = flow(value)

    assert len(line.splitlines()) == 1
    assert yaml.safe_load(line) == value


@given(texts.filter(str.strip))
def test_no_text_breaks_out_of_a_table(value: str) -> None:
    *_, row = markdown([Table(["field", "value"], [[["a"], [Code(value)]]])]).splitlines()

    # https://github.github.com/gfm/#tables-extension-: a bar ends a cell unless a backslash stands before it.
    assert len(re.findall(r"(?<!\\)\|", row)) == 3
    # https://github.github.com/gfm/#code-spans: the span ends at the first run of as many backticks as it began with.
    cell = re.split(r"(?<!\\)\|", row)[2].strip()
    fence = re.match("`+", cell)
    assert fence
    assert [run for run in re.findall("`+", cell) if run == fence[0]] == [fence[0]] * 2
    assert cell.endswith(fence[0])


@pytest.mark.parametrize("name", CHANGES)
def test_text_and_json_say_what_markdown_says(name: str, tmp_path: Path) -> None:
    before, after = CHANGES[name]
    reviews = review_folders(write(tmp_path / "base", before), write(tmp_path / "head", after), START)

    plain, marked = text(outline(reviews)), markdown(outline(reviews))

    def words(said: str) -> list[str]:
        return re.findall(r"[A-Za-z0-9]{2,}", said)

    assert words(plain) == words(marked)
    stacks = json.loads(json.dumps(as_json(reviews)))["stacks"]
    for job in (job for stack in stacks for job in stack.get("jobs", [])):
        assert job["job"] in plain
        for field in job["fields"]:
            assert field["field"] in plain


def test_json_tells_what_becomes_of_runs_that_meet(tmp_path: Path) -> None:
    before, after = CHANGES["overlap"]
    reviews = review_folders(write(tmp_path / "base", before), write(tmp_path / "head", after), START)

    overlaps = [job["overlap"] for job in as_json(reviews)["stacks"][0]["jobs"]]

    assert [(sides["before"] is None, sides["after"].split()[-1]) for sides in overlaps] == [
        (False, "already"),
        (False, "one"),
        (True, "skipped"),
    ]


def test_json_has_values_and_times(tmp_path: Path) -> None:
    before, after = CHANGES["schedule-moved"]
    reviews = review_folders(write(tmp_path / "base", before), write(tmp_path / "head", after), START)

    [job] = as_json(reviews)["stacks"][0]["jobs"]

    assert job["fields"] == [
        {"field": "schedule", "before": "cron(15 3 * * ? *)", "after": "cron(30 9 ? * MON-FRI *)"},
        {"field": "timezone", "after": "Europe/Dublin"},
    ]
    assert job["schedule"]["after"]["nextRuns"][0] == {
        "utc": "2026-11-25T09:30:00Z",
        "local": "2026-11-25T09:30:00+00:00",
    }


@pytest.mark.parametrize(
    ("others", "heading"),
    [(2, "### Changed: `rollup`, `job0`, `job1`\n"), (9, "### Changed alike: 10 jobs\n\n`rollup`, `job0`, ")],
)
def test_jobs_that_change_alike_are_told_of_together(tmp_path: Path, others: int, heading: str) -> None:
    jobs = {"rollup": DAILY, **{f"job{index}": {"image": IMAGE} for index in range(others)}}
    base = write(tmp_path / "base", project(jobs, defaults={"logRetention": 14}))
    head = write(tmp_path / "head", project(jobs, defaults={"logRetention": 30}))

    said = markdown(outline(review_folders(base, head, START)))

    assert heading in said
    assert said.count("logRetention") == 1
