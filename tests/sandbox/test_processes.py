"""Processes end with their container, and none outlives the sandbox, however that ends."""

from __future__ import annotations

import ast
import contextlib
import os
import select
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.processes import Process, Processes

PATIENCE_SECONDS = 120
ENVIRONMENT = {"PATH": os.environ["PATH"]}
# Prints its own id and its child's, then both wait for ever.
PARENT_AND_CHILD = "sleep 1000 & echo $$ $!; wait"


@pytest.fixture
def processes() -> Iterator[Processes]:
    running = Processes()
    yield running
    running.kill_all()


class Output:
    """Collects a process's output; `line` is set with the first line."""

    def __init__(self) -> None:
        self.text = b""
        self.ended = threading.Event()
        self.line = threading.Event()

    def __call__(self, chunk: bytes) -> None:
        self.text += chunk
        if b"\n" in self.text:
            self.line.set()
        if not chunk:
            self.ended.set()


def start(processes: Processes, folder: Path, *command: str) -> tuple[Process, Output]:
    output = Output()
    return processes.start(command, folder, ENVIRONMENT, output), output


def is_running(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    try:
        return state.read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def await_end(pid: int) -> None:
    """Return when the process is gone."""
    if not is_running(pid):
        return
    with contextlib.suppress(ProcessLookupError), os.fdopen(os.pidfd_open(pid)) as handle:
        assert select.select([handle], [], [], PATIENCE_SECONDS)[0]


@pytest.mark.parametrize(
    ("command", "code"),
    [(["true"], 0), (["sh", "-c", "exit 3"], 3), (["sh", "-c", "kill -9 $$"], 137), (["sh", "-c", "kill -15 $$"], 143)],
)
def test_exit_codes_are_a_containers(processes: Processes, tmp_path: Path, command: list[str], code: int) -> None:
    process, _output = start(processes, tmp_path, *command)
    assert processes.wait(process) == code


def test_output_and_errors_arrive_in_order_before_the_end(processes: Processes, tmp_path: Path) -> None:
    process, output = start(processes, tmp_path, "sh", "-c", "echo one; echo two >&2; echo three")
    processes.wait(process)
    assert output.text == b"one\ntwo\nthree\n"
    assert output.ended.is_set()


def test_what_is_written_is_delivered_when_it_is_asked_for(
    processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing else reads until the end.
    read_on = Process._read
    monkeypatch.setattr(Process, "_read", lambda _process: None)
    done = tmp_path / "done"
    process, output = start(processes, tmp_path, "sh", "-c", f"echo one; echo two; touch {done}; sleep 1000")
    while not done.exists():
        os.sched_yield()
    process.deliver_written()
    assert output.text == b"one\ntwo\n"
    process.deliver_written()
    assert output.text == b"one\ntwo\n"
    process.kill()
    read_on(process)
    assert output.ended.is_set()
    process.deliver_written()
    assert process.wait() == 137
    assert process.signal == 9


def test_what_has_its_home_in_a_processs_own_ends_with_it(processes: Processes, tmp_path: Path) -> None:
    home, output = processes.homes / "own", Output()
    environment = {**ENVIRONMENT, "HOME": str(home / "home")}
    command = ["sh", "-c", "setsid sleep 1000 & echo $!; wait"]
    process = processes.start(command, tmp_path, environment, output, home)
    assert output.line.wait(PATIENCE_SECONDS)
    process.kill()
    assert processes.wait(process) == 137
    await_end(int(output.text))


def test_a_group_stands_still_and_goes_on(processes: Processes, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    program = "import os, sys; print('ready', flush=True)\nwhile not os.path.exists(sys.argv[1]): pass\nprint('on')"
    process, output = start(processes, tmp_path, sys.executable, "-c", program, str(gate))
    assert output.line.wait(PATIENCE_SECONDS)
    process.freeze()
    state = Path(f"/proc/{process.group}/stat")
    while state.read_text().rpartition(")")[2].split()[0] != "T":
        os.sched_yield()
    gate.touch()
    assert output.text == b"ready\n"
    process.thaw()
    assert processes.wait(process) == 0
    assert output.text == b"ready\non\n"
    assert process.signal is None


def test_environment_and_folder_are_exactly_what_is_given(
    processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THIS_MACHINE", "x")
    process, output = start(
        processes, tmp_path, sys.executable, "-c", "import os; print(os.getcwd(), sorted(os.environ))"
    )
    processes.wait(process)
    folder, _, names = output.text.decode().partition(" ")
    assert folder == str(tmp_path)
    # The C library's locale coercion adds LC_CTYPE.
    assert set(ast.literal_eval(names.strip())) <= {"PATH", "LC_CTYPE"}


def test_children_die_with_the_first_process(processes: Processes, tmp_path: Path) -> None:
    process, output = start(processes, tmp_path, "sh", "-c", "sleep 1000 & echo $!")
    assert processes.wait(process) == 0
    await_end(int(output.text))


def test_terminate_reaches_the_first_process_alone(processes: Processes, tmp_path: Path) -> None:
    script = "trap 'echo first; exit 5' TERM; (trap 'echo child' TERM; echo ready; sleep 1000 & wait) & wait"
    process, output = start(processes, tmp_path, "sh", "-c", script)
    assert output.line.wait(PATIENCE_SECONDS)
    process.terminate()
    assert processes.wait(process) == 5
    assert output.text == b"ready\nfirst\n"


def test_nothing_starts_after_kill_all_and_nothing_is_left(processes: Processes, tmp_path: Path) -> None:
    process, output = start(processes, tmp_path, "sh", "-c", PARENT_AND_CHILD)
    assert output.line.wait(PATIENCE_SECONDS)
    processes.kill_all()
    assert processes.wait(process) == 137
    for pid in output.text.split():
        await_end(int(pid))
    with pytest.raises(OSError, match="stopping"):
        start(processes, tmp_path, "true")


def test_a_missing_executable_is_an_error(processes: Processes, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        start(processes, tmp_path, "no-such-command")


START = """
import os, sys
from pathlib import Path
from sandbox.processes import Processes
def show(chunk):
    sys.stdout.write(chunk.decode())
    sys.stdout.flush()
processes = Processes()
def start():
    environment = {"PATH": os.environ["PATH"], "HOME": str(processes.homes / "task")}
    return processes.start(["sh", "-c", sys.argv[1]], Path(sys.argv[2]), environment, show)
first = start()
"""
WITHOUT_ITS_WATCHDOG = """
processes._watchdog.kill()
processes._watchdog.wait()
start()
"""


UNTOLD = """
processes._tell_watchdog(f"-{first.group}\\n")
"""
DAEMON = "setsid sleep 1000 & echo $$ $!; wait"


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize(
    ("script", "more", "count"),
    [
        (PARENT_AND_CHILD, "", 2),
        (PARENT_AND_CHILD, WITHOUT_ITS_WATCHDOG, 4),
        (PARENT_AND_CHILD, UNTOLD, 2),
        (DAEMON, "", 2),
    ],
)
def test_nothing_is_left_when_the_sandbox_is_killed(tmp_path: Path, script: str, more: str, count: int) -> None:
    command = [sys.executable, "-c", f"{START}{more}processes.wait(first)", script, str(tmp_path)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as sandbox:
        assert sandbox.stdout is not None
        pids: list[int] = []
        while len(pids) < count and (line := sandbox.stdout.readline()):
            pids += map(int, line.split())
        assert len(pids) == count
        assert all(map(is_running, pids))
        sandbox.kill()
    for pid in pids:
        await_end(pid)


def test_folders_that_are_for_reading_alone_are_removed_at_the_end() -> None:
    processes = Processes()
    code = processes.homes / "code" / "package"
    code.mkdir(parents=True)
    (code / "job.py").touch(0o400)
    for folder in (code, code.parent):
        folder.chmod(0o500)
    processes.kill_all()
    assert not processes.homes.exists()
