"""Execution environments are used again while they are warm, and never for two events at once."""

from __future__ import annotations

import threading
from pathlib import Path

from tests.sandbox.functions.conftest import Place, Told, until


def test_a_warm_one_is_used_again_with_what_was_left_in_it(functions: Place) -> None:
    name = functions.make()
    first, second = (functions.invoke(name, write="left").payload for _ in range(2))
    assert (first["left"], second["left"]) == ([], ["left"])
    assert first["process"] == second["process"]
    assert len(functions.streams()) == 1


def test_it_stands_still_in_between(functions: Place) -> None:
    name = functions.make()
    process = functions.invoke(name).payload["process"]
    state = Path(f"/proc/{process}/stat")
    # The signal reaches it when the machine lets it run.
    until(lambda: state.read_text().rpartition(")")[2].split()[0] == "T")


def test_it_is_gone_after_a_while_without_an_event(functions: Place) -> None:
    name, clock = functions.make(), functions.aws.clock
    process = functions.invoke(name).payload["process"]
    assert clock.wait_idle(30)
    assert clock.advance_to(clock.now() + 3600)
    told = functions.invoke(name).payload
    assert told["left"] == []
    assert told["process"] != process
    until(lambda: not Path(f"/proc/{process}").exists())


def test_two_events_at_once_have_one_each(functions: Place, tmp_path: Path) -> None:
    name, gate, told = functions.make(), tmp_path / "gate", list[Told]()
    running = [
        threading.Thread(target=lambda: told.append(functions.invoke(name, say="ready", wait=str(gate))))
        for _ in range(2)
    ]
    for each in running:
        each.start()
    while sum("ready\n" in functions.lines(stream) for stream in functions.streams()) < 2:
        running[0].join(0.01)
    gate.touch()
    for each in running:
        each.join()
    assert len({each.payload["process"] for each in told}) == 2


def test_one_is_for_one_version_and_what_was_last_configured(functions: Place) -> None:
    name = functions.make(Publish=True, Environment={"Variables": {"COLOUR": "red"}})
    latest, first = (functions.invoke(each).payload for each in (name, f"{name}:1"))
    assert latest["process"] != first["process"]
    functions.client.update_function_configuration(
        FunctionName=name, Environment={"Variables": {"COLOUR": "blue"}}, Timeout=30
    )
    again, still = (functions.invoke(each).payload for each in (name, f"{name}:1"))
    assert (again["variables"]["COLOUR"], still["variables"]["COLOUR"]) == ("blue", "red")
    assert again["process"] != latest["process"]
    assert still["process"] == first["process"]


def test_an_error_leaves_it_and_an_end_does_not(functions: Place) -> None:
    name = functions.make()
    process = functions.invoke(name).payload["process"]
    functions.invoke(name, fail="Any")
    assert functions.invoke(name).payload["process"] == process
    functions.invoke(name, exit=1)
    assert functions.invoke(name).payload["process"] != process


def test_those_of_a_deleted_function_are_gone(functions: Place) -> None:
    name = functions.make()
    told = functions.invoke(name).payload
    # What it has of a disk goes with it.
    temporary = Path(told["variables"]["TMPDIR"])
    assert temporary.is_dir()
    functions.client.delete_function(FunctionName=functions.made.pop())
    until(lambda: not Path(f"/proc/{told['process']}").exists())
    until(lambda: not temporary.exists())
