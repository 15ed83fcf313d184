"""`longhaul backfill`, a process that makes up for times with real runs in the local AWS."""

from __future__ import annotations

import signal
import subprocess

import pytest

from tests.cli.conftest import COMMAND, ENVIRONMENT, Longhaul
from tests.ops.operated import Operated
from tests.ops.slow_request import Hold

SPAN = ("--from", "2026-06-01", "--to", "2026-06-03T12:00Z")


def test_what_is_left_is_run_and_then_nothing(operated: Operated, operate: Longhaul) -> None:
    operated.run("obeys", {"scheduledTime": "2026-06-02T03:15:00Z", "trigger": "schedule"})
    dry = operate("backfill", "obeys", *SPAN, "--dry-run")
    assert (dry.returncode, dry.stdout) == (0, "2026-06-01T03:15:00Z\n2026-06-03T03:15:00Z\n")
    unasked = operate("backfill", "obeys", *SPAN)
    assert (unasked.returncode, unasked.stdout) == (2, "")
    assert "Run obeys for 2 times, 2026-06-01T03:15:00Z first?" in unasked.stderr

    done = operate("backfill", "obeys", *SPAN, "--yes", "--concurrency", "2")
    assert (done.returncode, done.stdout) == (0, "2 of 2 succeeded; 0 were not started.\n"), done.stderr
    assert "2026-06-01T03:15:00Z: backfill-20260601T031500Z-1 SUCCEEDED after" in done.stderr
    again = operate("backfill", "obeys", *SPAN, "--yes")
    assert again.stdout == "Nothing to run of obeys: 3 of its times there are done or being done.\n"


def test_after_ctrl_c_the_same_command_does_the_rest(operated: Operated, operate: Longhaul) -> None:
    operated.run("obeys", {"scheduledTime": "2026-05-01T03:15:00Z", "trigger": "schedule"})
    arguments = ("backfill", "obeys", "--from", "2026-05-01", "--to", "2026-05-06", "--yes")
    # The first of its runs does not end before it is interrupted.
    hold = operated.local_aws.faults.add(Hold(operated.job("obeys").resource_name))
    interrupted = subprocess.Popen(
        [*COMMAND, "-C", str(operated.root), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT | operated.local_aws.environment,
    )
    hold.reached.wait()
    interrupted.send_signal(signal.SIGINT)
    _, errors = interrupted.communicate(timeout=300)
    hold.go_on.set()
    operated.local_aws.faults.clear()
    assert interrupted.returncode == 130
    assert "The same command does what is left" in errors

    rest = operate(*arguments)
    assert rest.returncode == 0, rest.stderr
    # The one that went on is done, or being done.
    assert rest.stdout == "3 of 3 succeeded; 0 were not started.\n"
    again = operate(*arguments)
    assert again.stdout.startswith("Nothing to run of obeys: 5 of its times there ")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("idle", *SPAN), "its past times are not known"),
        (("absent", *SPAN), "absent has no schedule"),
        (("obeys", "--from", "soon", "--to", "2026-06-01"), "expected a time such as"),
    ],
)
def test_wrong_use(operate: Longhaul, arguments: tuple[str, ...], says: str) -> None:
    done = operate("backfill", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in " ".join(done.stderr.replace("│", " ").split())
