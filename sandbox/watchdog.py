"""Kills the process groups of tasks when the process that started them is gone, however it went.

Run as a program. Its standard input is a pipe from the sandbox: a line `+<group>` to watch a process group, `-<group>`
when it has ended. The pipe closes when the sandbox ends, even by SIGKILL; whatever is watched then is killed.
"""

import contextlib
import os
import signal
import sys


def main() -> None:
    """Read the pipe to its end, then kill what is left."""
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


if __name__ == "__main__":
    main()
