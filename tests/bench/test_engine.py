"""Who took a deployment's time, told from what its processes noted."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.at_work import Record
from bench.engine import RUN, parts


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """A program at work from 12 to 14 and from 16 to 17, and two plugins."""
    noted = {
        "sandbox.engine.language_host.1": "10 11 start",
        "sandbox.engine.language_host.2": f"12 13 start\n13 14 {RUN}\n16 17 {RUN}",
        "sandbox.engine.plugin.3": "2 9 of the command before\n13.5 15 Create\n14.5 15.5 Create",
        "sandbox.engine.plugin.4": "16 18 Delete\n19 25 Delete",
    }
    for name, lines in noted.items():
        (tmp_path / name).write_text(lines)
    return tmp_path


def test_what_happens_at_the_same_time_is_the_programs(records: Path) -> None:
    assert parts(10, 20, records) == {"wall": 10, "program": 3, "provider": 3.5, "engine": 3.5}


def test_waiting_is_no_work_but_for_what_the_process_does_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It waits from 2 to 5, works until 6, and waits until 7 while other threads keep both cores busy.
    clock = SimpleNamespace(monotonic=iter([2, 5, 6, 7, 8]).__next__, process_time=iter([0.5, 0.75, 1, 3]).__next__)
    monkeypatch.setattr("bench.at_work.time", clock)
    record = Record(tmp_path / "noted")
    record.begin(since=1)
    for _ in range(2):
        with record.waiting():
            pass
    record.end("Run")
    assert (tmp_path / "noted").read_text().splitlines() == ["1 2.25 Run", "5 7 Run", "7 8 Run"]
