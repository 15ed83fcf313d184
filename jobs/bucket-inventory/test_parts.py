"""The job's parts on their own: settings, counting in constant memory, ages, progress."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from bucket_inventory.inventory import Entry, Inventory
from bucket_inventory.job import with_progress
from bucket_inventory.outcome import JobError
from bucket_inventory.settings import read_settings
from hypothesis import given
from hypothesis import strategies as st

AS_OF = datetime(2026, 11, 24, 6, tzinfo=UTC)
ENVIRONMENT = {"BUCKET": "data", "REPORT_BUCKET": "reports", "LONGHAUL_SCHEDULED_TIME": "2026-11-24T06:00:00Z"}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("BUCKET", "", "BUCKET: expected a value, found none"),
        ("BUCKET", "fast--euw1-az1--x-s3", "BUCKET: expected a general purpose bucket"),
        ("REPORT_BUCKET", "", "REPORT_BUCKET: expected a value, found none"),
        ("PREFIX_DEPTH", "-1", "PREFIX_DEPTH: expected a whole number from 0 to 10, found '-1'"),
        ("PREFIX_DEPTH", "11", "PREFIX_DEPTH: expected a whole number from 0 to 10, found '11'"),
        ("PREFIX_DEPTH", "", "PREFIX_DEPTH: expected a whole number from 0 to 10, found ''"),
        ("LONGHAUL_SCHEDULED_TIME", "", "LONGHAUL_SCHEDULED_TIME: expected a time such as"),
        ("LONGHAUL_INPUT", "nonsense", "LONGHAUL_INPUT: expected JSON"),
        ("LONGHAUL_INPUT", '"a/"', "LONGHAUL_INPUT: expected an object, found str"),
        ("LONGHAUL_INPUT", '{"bucket": "x"}', "LONGHAUL_INPUT: expected only the key 'prefix', found 'bucket'"),
        ("LONGHAUL_INPUT", '{"prefix": "a"}', "LONGHAUL_INPUT.prefix: expected text that ends with '/', found 'a'"),
        ("LONGHAUL_INPUT", '{"prefix": 1}', "LONGHAUL_INPUT.prefix: expected text that ends with '/', found 1"),
    ],
)
def test_a_wrong_setting_is_64_and_named_with_what_was_expected(name, value, said) -> None:
    with pytest.raises(JobError) as caught:
        read_settings({**ENVIRONMENT, name: value})
    assert caught.value.exit_code == 64
    assert str(caught.value).startswith(said)


keys = st.lists(st.text(alphabet="ab/-é0", min_size=1, max_size=12), max_size=40, unique=True)


@given(keys, st.integers(0, 4))
def test_each_prefix_is_counted_once_and_in_full_with_one_open_a_level(found, depth) -> None:
    listed = sorted(found, key=str.encode)
    expected: dict[str, int] = defaultdict(int)
    for key in listed:
        expected["".join(part + "/" for part in key.split("/")[:-1][:depth])] += 1

    inventory = Inventory(depth, AS_OF)
    most_open = 0
    rows = []
    for row in inventory.rows(Entry(key, "STANDARD", 1, AS_OF) for key in listed):
        most_open = max(most_open, len(inventory._open))
        rows.append((row.prefix, row.totals.objects))

    assert sorted(rows) == sorted(expected.items())
    assert most_open <= depth + 1
    assert inventory.objects == inventory.size_bytes == len(listed)


@pytest.mark.parametrize(
    ("age", "column"),
    [
        (timedelta(days=-1), 0),
        (timedelta(0), 0),
        (timedelta(days=30, seconds=-1), 0),
        (timedelta(days=30), 1),
        (timedelta(days=90, seconds=-1), 1),
        (timedelta(days=90), 2),
        (timedelta(days=180, seconds=-1), 2),
        (timedelta(days=180), 3),
        (timedelta(days=4000), 3),
    ],
)
def test_an_object_is_in_one_class_of_age_as_of_the_scheduled_time(age, column) -> None:
    inventory = Inventory(0, AS_OF)
    (row,) = inventory.rows([Entry("a", "STANDARD", 7, AS_OF - age)])
    assert row.totals.size_bytes_by_age == [7 if index == column else 0 for index in range(4)]


def test_oldest_and_newest_are_of_the_prefix() -> None:
    moments = [AS_OF - timedelta(days=days) for days in (5, 9, 2)]
    (row,) = Inventory(1, AS_OF).rows(Entry(f"a/{index}", "STANDARD", 1, at) for index, at in enumerate(moments))
    assert (row.totals.oldest, row.totals.newest) == (moments[1], moments[2])


def test_the_log_says_how_far_it_is_every_ten_thousand_objects(capsys) -> None:
    listed = [Entry(f"key-{number:05}", "STANDARD", 1, AS_OF) for number in range(1, 25_001)]
    assert list(with_progress(listed)) == listed
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["objects"], line["key"]) for line in lines] == [(10_000, "key-10000"), (20_000, "key-20000")]
