"""Kills the processes of tasks when the process that started them is gone, however it went.

Run as a program, with the folder of the tasks' HOMEs as its argument. Its standard input is a pipe from the sandbox: a
line `+<group>` to watch a process group, `-<group>` when it has ended. The pipe closes when the sandbox ends, even by
SIGKILL; then whatever is watched is killed, and whatever else has its HOME in that folder, and the folder is removed.
"""

import contextlib
import os
import shutil
import signal
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

# Each round kills what the processes of the round before have started meanwhile.
_ROUNDS = 100


def main() -> None:
    """Read the pipe to its end, then kill what is left."""
    homes = sys.argv[1]
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        if line.startswith("+"):
            groups.add(group)
        else:
            groups.discard(group)
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    kill_at_home_in(homes)
    remove(homes)


def remove(folder: str) -> None:
    """Remove a folder with all that is in it, as far as it lets: folders that are for reading alone, too."""
    for each, _, _ in os.walk(folder):
        with contextlib.suppress(OSError):
            Path(each).chmod(stat.S_IRWXU)
    shutil.rmtree(folder, ignore_errors=True)


def kill_at_home_in(folder: str) -> None:
    """Kill all processes whose HOME is in `folder`, whatever group they are in; none where there is no /proc."""
    for _ in range(_ROUNDS):
        left = list(_at_home_in(folder))
        if not left:
            break
        for process in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)


def _at_home_in(folder: str) -> Iterator[int]:
    """Processes whose HOME is in `folder`; none where there is no /proc."""
    home = f"\0HOME={folder}/".encode()
    for variables in Path("/proc").glob("[0-9]*/environ"):
        # It is gone by now, or another user's.
        with contextlib.suppress(OSError):
            if home in b"\0" + variables.read_bytes():
                yield int(variables.parent.name)


if __name__ == "__main__":
    main()
