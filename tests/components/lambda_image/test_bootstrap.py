"""What lets Lambda run a job's own program: real processes, and a Runtime API over HTTP."""

from __future__ import annotations

import ast
import contextlib
import os
import select
import signal
from datetime import datetime
from pathlib import Path

import pytest

from tests.components.lambda_image.function import PATIENCE_SECONDS, Start, answer, error_of, python
from tests.components.lambda_image.runtime_api import TRACE, RuntimeApi


def test_a_program_that_exits_with_0_is_a_response(api: RuntimeApi, start: Start) -> None:
    start("sh", "-c", "exit 0")
    api.invoke("request-1", {})
    request_id, kind, facts, _ = answer(api)
    assert (request_id, kind) == ("request-1", "response")
    started, stopped = (datetime.fromisoformat(facts.pop(key)) for key in ("startedAt", "stoppedAt"))
    assert started <= stopped
    assert facts == {
        "exitCode": 0,
        "requestId": "request-1",
        "logGroup": "/longhaul/x",
        "logStream": "2026/11/30/x[7]abc",
    }


@pytest.mark.parametrize(
    ("program", "code"),
    [("exit 64", 64), ("exit 255", 255), ("kill -TERM $$", 128 + signal.SIGTERM), ("kill -SEGV $$", 139)],
)
def test_any_other_exit_code_is_an_error_that_names_it(api: RuntimeApi, start: Start, program: str, code: int) -> None:
    start("sh", "-c", program)
    api.invoke("request-1", {})
    error, facts = error_of(api)
    assert error == "Job.ExitedNonZero"
    assert facts["exitCode"] == code
    assert facts["requestId"] == "request-1"
    assert facts["startedAt"] <= facts["stoppedAt"]


KILLED_BEFORE_AND_AFTER = """
import importlib.util, os, sys

spec = importlib.util.spec_from_file_location("bootstrap", sys.argv[1])
bootstrap = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bootstrap)
counts = iter((7, 7 + int(os.environ["KILLED"])))
bootstrap._killed_for_memory = lambda: next(counts)
bootstrap.Bootstrap(os.environ["AWS_LAMBDA_RUNTIME_API"], sys.argv[2:]).run()
"""


@pytest.mark.parametrize(("killed", "error"), [(1, "Job.OutOfMemory"), (0, "Job.ExitedNonZero")])
def test_a_program_that_the_kernel_killed_ran_out_of_memory(
    api: RuntimeApi, start: Start, tmp_path: Path, killed: int, error: str
) -> None:
    driver = tmp_path / "driver.py"
    driver.write_text(KILLED_BEFORE_AND_AFTER)
    start("sh", "-c", "kill -KILL $$", program=driver, KILLED=str(killed))
    api.invoke("request-1", {})
    found, facts = error_of(api)
    assert (found, facts["exitCode"]) == (error, 137)


def test_the_kernel_shall_choose_the_program_when_there_is_no_memory_left(api: RuntimeApi, start: Start) -> None:
    start("sh", "-c", 'until [ "$(cat /proc/self/oom_score_adj)" = 1000 ]; do sleep 0.01; done')
    api.invoke("request-1", {})
    assert answer(api)[1] == "response"


def test_one_environment_takes_one_invocation_after_the_other(api: RuntimeApi, start: Start) -> None:
    start("sh", "-c", "exit $CODE")
    for code in ("0", "3", "0"):
        api.invoke(f"request-{code}", {"environment": {"CODE": code}})
        assert answer(api)[1] == ("response" if code == "0" else "error")


def test_a_program_has_the_variables_of_the_event_over_those_of_the_function(api: RuntimeApi, start: Start) -> None:
    names = ("BOTH", "OF_EVENT", "OF_FUNCTION", "AWS_LAMBDA_RUNTIME_API", "_X_AMZN_TRACE_ID")
    process = start(
        *python(f"import os; print([os.environ.get(name) for name in {names}], flush=True)"),
        **{"BOTH": "function", "OF_FUNCTION": "function"},
    )
    api.invoke("request-1", {"environment": {"BOTH": "event", "OF_EVENT": "event"}})
    answer(api)
    assert process.stdout is not None
    assert ast.literal_eval(process.stdout.readline()) == ["event", "event", "function", None, TRACE]


def test_what_a_program_prints_is_the_functions_own_output(api: RuntimeApi, start: Start) -> None:
    process = start("sh", "-c", "echo out; echo err >&2; cat")
    api.invoke("request-1", {})
    answer(api)
    assert process.stdout is not None
    assert [process.stdout.readline(), process.stdout.readline()] == ["out\n", "err\n"]


def test_an_events_command_takes_the_place_of_the_functions(api: RuntimeApi, start: Start) -> None:
    start("false")
    api.invoke("request-1", {"command": ["true"]})
    assert answer(api)[1] == "response"
    api.invoke("request-2", {})
    assert answer(api)[1] == "error"


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (b"{", "the event is not JSON"),
        ([], "the event is not an object"),
        ({"command": "true"}, "its command is not a list of texts, the program first"),
        ({"command": []}, "its command is not a list of texts, the program first"),
        ({"command": ["true", 1]}, "its command is not a list of texts, the program first"),
        ({"environment": {"A": 1}}, "its environment is not names with texts"),
        ({"command": ["no-such-program"]}, "cannot start no-such-program: "),
        ({"environment": {"A=B": "c"}}, "cannot start true: "),
        ({"environment": {"A": "a\0b"}}, "cannot start true: "),
    ],
)
def test_what_cannot_be_started_is_told_from_what_failed(
    api: RuntimeApi, start: Start, event: object, reason: str
) -> None:
    start("true")
    api.invoke("request-1", event)
    error, facts = error_of(api)
    assert error == "Job.NotStarted"
    assert facts["reason"].startswith(reason)
    assert "exitCode" not in facts
    # And the environment is fit for the next one.
    api.invoke("request-2", {})
    assert answer(api)[1] == "response"


def test_sigterm_is_passed_on_and_what_the_program_came_to_is_still_told(api: RuntimeApi, start: Start) -> None:
    process = start("sh", "-c", "trap 'exit 5' TERM; echo ready; while :; do sleep 0.05; done")
    api.invoke("request-1", {})
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.terminate()
    assert error_of(api)[1]["exitCode"] == 5
    assert process.wait(PATIENCE_SECONDS) == 0


SIGTERM_BEFORE_POPEN_RETURNS = """
import os, runpy, signal, subprocess, sys

class Popen(subprocess.Popen):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        signal.raise_signal(signal.SIGTERM)

subprocess.Popen = Popen
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_sigterm_while_a_program_is_being_started_is_passed_on(api: RuntimeApi, start: Start, tmp_path: Path) -> None:
    driver = tmp_path / "driver.py"
    driver.write_text(SIGTERM_BEFORE_POPEN_RETURNS)
    process = start("sleep", "1000", program=driver)
    api.invoke("request-1", {})
    assert error_of(api)[1]["exitCode"] == 128 + signal.SIGTERM
    assert process.wait(PATIENCE_SECONDS) == 0


def test_sigterm_between_invocations_ends_the_function(api: RuntimeApi, start: Start) -> None:
    process = start("true")
    api.invoke("request-1", {})
    answer(api)
    process.terminate()
    assert process.wait(PATIENCE_SECONDS) == 0


DAEMON = """
import os

ready, is_ready = os.pipe()
daemon = os.fork()
if not daemon:
    os.setsid()
    os.write(is_ready, b".")
    os.execlp("sleep", "sleep", "1000")
os.read(ready, 1)
print(daemon, flush=True)
"""


@pytest.mark.parametrize("program", [("sh", "-c", "sleep 1000 & echo $!"), python(DAEMON)], ids=["group", "session"])
def test_what_a_program_leaves_running_ends_with_it(api: RuntimeApi, start: Start, program: tuple[str, ...]) -> None:
    process = start(*program)
    api.invoke("request-1", {})
    answer(api)
    assert process.stdout is not None
    process_id = int(process.stdout.readline())
    with contextlib.suppress(ProcessLookupError):
        watched = os.pidfd_open(process_id)
        assert select.select([watched], [], [], PATIENCE_SECONDS)[0], "it runs on"
        os.close(watched)


LEAVES_AN_ORPHAN = """
import os, time

told, tell = os.pipe()
child = os.fork()
if not child:
    parent = os.getpid()
    if not os.fork():
        while os.getppid() == parent:
            time.sleep(0.001)
        os.write(tell, str(os.getpid()).encode())
    os._exit(0)
os.waitpid(child, 0)
orphan = os.read(told, 20).decode()
while os.path.exists(f"/proc/{orphan}"):
    time.sleep(0.001)
"""


def test_what_ends_before_its_program_leaves_no_zombie(api: RuntimeApi, start: Start) -> None:
    start(*python(LEAVES_AN_ORPHAN))
    api.invoke("request-1", {})
    assert answer(api)[1] == "response"


@pytest.mark.parametrize("home", ["", "/nowhere"])
def test_a_home_that_cannot_be_written_to_is_the_temporary_folder(api: RuntimeApi, start: Start, home: str) -> None:
    start("sh", "-c", 'touch "$HOME/left" && [ -e "$TMPDIR/left" ]', **({"HOME": home} if home else {}))
    api.invoke("request-1", {})
    assert answer(api)[1] == "response"


def test_a_home_that_can_be_written_to_stays(api: RuntimeApi, start: Start, tmp_path: Path) -> None:
    start("sh", "-c", 'touch "$HOME/left"', HOME=str(tmp_path))
    api.invoke("request-1", {})
    assert answer(api)[1] == "response"
    assert (tmp_path / "left").exists()


NO_ROOM = """
import errno, os, runpy, sys, tempfile

def mkdtemp(**_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

tempfile.mkdtemp = mkdtemp
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_a_disk_that_earlier_runs_have_filled_is_told_of(api: RuntimeApi, start: Start, tmp_path: Path) -> None:
    driver = tmp_path / "driver.py"
    driver.write_text(NO_ROOM)
    start("true", program=driver)
    api.invoke("request-1", {})
    error, facts = error_of(api)
    assert (error, facts["reason"]) == (
        "Job.NotStarted",
        "cannot make its temporary folder: [Errno 28] No space left on device",
    )


def test_the_temporary_folder_is_new_for_each_run(api: RuntimeApi, start: Start) -> None:
    process = start("sh", "-c", 'ls "$TMPDIR" | wc -l; touch "$TMPDIR/left"; echo "$TMPDIR"')
    folders = []
    for number in range(2):
        api.invoke(f"request-{number}", {})
        answer(api)
        assert process.stdout is not None
        assert int(process.stdout.readline()) == 0
        folders.append(Path(process.stdout.readline().strip()))
    assert folders[0] != folders[1]
    assert not any(folder.exists() for folder in folders)
