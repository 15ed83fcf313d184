"""Output becomes log events as the awslogs driver makes them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sandbox.container_logs import MAX_EVENT_BYTES, LineSplitter


def messages(*chunks: bytes) -> list[str]:
    splitter = LineSplitter()
    found = [message for chunk in chunks for message in splitter.feed(chunk)]
    return found + splitter.feed(b"")


def test_a_line_is_a_message_once_it_is_complete() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b"one\ntw") == ["one"]
    assert splitter.feed(b"o\n") == ["two"]
    assert splitter.feed(b"") == []


def test_a_last_line_without_an_end_is_not_lost() -> None:
    assert messages(b"a\nb") == ["a", "b"]


def test_empty_lines_are_left_out() -> None:
    # CloudWatch Logs takes no empty message: InputLogEvent.message has a minimum length of 1.
    assert messages(b"a\n\n\nb\n") == ["a", "b"]


def test_bytes_that_are_not_utf8_are_replaced() -> None:
    assert messages(b"caf\xe9 ok\n") == ["caf\ufffd ok"]


def test_a_character_may_arrive_in_two_chunks() -> None:
    assert messages("é".encode()[:1], "é".encode()[1:] + b"\n") == ["é"]


def test_a_long_line_is_cut_at_the_drivers_limit() -> None:
    assert MAX_EVENT_BYTES == 262_118
    assert messages(b"x" * (MAX_EVENT_BYTES + 1) + b"\nnext\n") == ["x" * MAX_EVENT_BYTES, "x", "next"]


def test_a_long_line_is_not_cut_inside_a_character() -> None:
    text = "x" * (MAX_EVENT_BYTES - 1) + "é" + "rest"
    assert messages(text.encode()) == ["x" * (MAX_EVENT_BYTES - 1), "érest"]


def test_a_line_without_end_is_delivered_while_it_grows() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b"x" * (MAX_EVENT_BYTES + 10)) == ["x" * MAX_EVENT_BYTES]


@given(st.lists(st.text(st.characters(blacklist_characters="\n", blacklist_categories=("Cs",)), min_size=1)), st.data())
def test_however_the_output_is_chunked_the_lines_are_the_same(lines: list[str], data: st.DataObject) -> None:
    output = "".join(f"{line}\n" for line in lines).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(output)), max_size=10)))
    chunks = [output[start:end] for start, end in zip([0, *cuts], [*cuts, len(output)], strict=True)]
    assert messages(*[chunk for chunk in chunks if chunk]) == lines
