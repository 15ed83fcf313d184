"""The job's parts on their own: settings, totals, and reading a partition in pages and in pieces."""

from __future__ import annotations

import io
from datetime import date

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber
from daily_rollup.outcome import JobError
from daily_rollup.partition import READ_BUFFER_BYTES, Source, list_partition, rows
from daily_rollup.settings import read_settings
from daily_rollup.totals import COLUMNS_READ, Rollup, read_header
from hypothesis import given
from hypothesis import strategies as st

ENVIRONMENT = {
    "SOURCE_BUCKET": "flights",
    "SOURCE_PREFIX": "in/",
    "RESULT_BUCKET": "reports",
    "RESULT_PREFIX": "out/",
    "LONGHAUL_SCHEDULED_TIME": "2026-11-24T03:15:00Z",
}


@pytest.mark.parametrize(
    ("environment", "day"),
    [
        ({}, "2026-11-23"),
        ({"LONGHAUL_SCHEDULED_TIME": "2026-03-01T00:00:00Z"}, "2026-02-28"),
        # Days are UTC's: half past midnight in Paris is still the day before.
        ({"LONGHAUL_SCHEDULED_TIME": "2026-11-24T00:30:00+01:00"}, "2026-11-22"),
        ({"LONGHAUL_INPUT": '{"date": "2024-02-29"}'}, "2024-02-29"),
        ({"LONGHAUL_INPUT": "{}"}, "2026-11-23"),
        ({"LONGHAUL_INPUT": '{"date": "2024-02-29"}', "LONGHAUL_SCHEDULED_TIME": ""}, "2024-02-29"),
    ],
)
def test_the_day_is_the_one_before_the_scheduled_time_or_the_one_asked_for(environment, day) -> None:
    settings = read_settings({**ENVIRONMENT, **environment})
    assert settings.partition_prefix == f"in/day={day}/"
    assert settings.result_key == f"out/day={day}/departures.csv"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SOURCE_BUCKET", "", "SOURCE_BUCKET: expected a value, found none"),
        ("RESULT_BUCKET", " ", "RESULT_BUCKET: expected a value, found none"),
        ("MAX_REJECTED_PERCENT", "few", "MAX_REJECTED_PERCENT: expected a number from 0 to 100, found 'few'"),
        ("MAX_REJECTED_PERCENT", "nan", "MAX_REJECTED_PERCENT: expected a number from 0 to 100, found 'nan'"),
        ("MAX_REJECTED_PERCENT", "101", "MAX_REJECTED_PERCENT: expected a number from 0 to 100, found '101'"),
        ("LONGHAUL_SCHEDULED_TIME", "today", "LONGHAUL_SCHEDULED_TIME: expected a time such as"),
        ("LONGHAUL_INPUT", "{", "LONGHAUL_INPUT: expected JSON"),
        ("LONGHAUL_INPUT", "[1]", "LONGHAUL_INPUT: expected an object, found list"),
        ("LONGHAUL_INPUT", '{"day": "2026-11-20"}', "LONGHAUL_INPUT: expected only the key 'date', found 'day'"),
        ("LONGHAUL_INPUT", '{"date": "20 November"}', "LONGHAUL_INPUT.date: expected YYYY-MM-DD, found '20 November'"),
        ("LONGHAUL_INPUT", '{"date": 20261120}', "LONGHAUL_INPUT.date: expected YYYY-MM-DD, found 20261120"),
    ],
)
def test_a_wrong_setting_is_64_and_named_with_what_was_expected(name, value, said) -> None:
    with pytest.raises(JobError) as caught:
        read_settings({**ENVIRONMENT, name: value})
    assert caught.value.exit_code == 64
    assert str(caught.value).startswith(said)


delays = st.one_of(st.just("NA"), st.just(""), st.integers(-60, 1500).map(str))
flights = st.lists(
    st.tuples(delays, delays, delays, st.sampled_from(["UA", "9E"]), st.sampled_from(["EWR", "JFK"]), st.just("100")),
    max_size=30,
)


@given(flights, st.randoms())
def test_the_order_of_flights_does_not_change_a_byte(found, random) -> None:
    layout = read_header(COLUMNS_READ)
    rollups = (Rollup(date(2026, 11, 20)), Rollup(date(2026, 11, 20)))
    for rollup in rollups:
        for flight in found:
            rollup.add(layout, ["2026", "11", "20", *flight])
        assert rollup.flights == len(found)
        random.shuffle(found)
    assert rollups[0].to_csv() == rollups[1].to_csv()


@pytest.fixture
def stubbed_s3():
    s3 = boto3.client("s3", region_name="eu-west-1", aws_access_key_id="none", aws_secret_access_key="none")
    with Stubber(s3) as stub:
        yield s3, stub
        stub.assert_no_pending_responses()


def test_a_partition_of_many_pages_is_listed_whole(stubbed_s3) -> None:
    s3, stub = stubbed_s3
    request = {"Bucket": "flights", "Prefix": "day=2026-11-20/"}
    stub.add_response(
        "list_objects_v2",
        {"IsTruncated": True, "NextContinuationToken": "more", "Contents": [{"Key": "a.csv", "ETag": '"1"'}]},
        request,
    )
    stub.add_response(
        "list_objects_v2",
        {"IsTruncated": False, "Contents": [{"Key": "b.csv", "ETag": '"2"'}, {"Key": "b.csv.md5", "ETag": '"3"'}]},
        {**request, "ContinuationToken": "more"},
    )
    assert list_partition(s3, "flights", "day=2026-11-20/") == (Source("a.csv", '"1"'), Source("b.csv", '"2"'))


class CountingStream(io.BytesIO):
    """Knows how far it has been read."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.size = len(data)


def test_an_object_is_read_piece_by_piece(stubbed_s3) -> None:
    s3, stub = stubbed_s3
    stream = CountingStream(b"\xef\xbb\xbfa,b\n" + b"1,2\n" * READ_BUFFER_BYTES)
    stub.add_response(
        "get_object",
        {"Body": StreamingBody(stream, stream.size)},
        {"Bucket": "flights", "Key": "a.csv", "IfMatch": '"1"'},
    )
    lines = rows(s3, "flights", Source("a.csv", '"1"'))
    # A byte order mark is no part of the first column's name.
    assert next(lines) == ["a", "b"]
    assert next(lines) == ["1", "2"]
    assert stream.tell() <= READ_BUFFER_BYTES < stream.size
    lines.close()
    assert stream.closed
