"""Searches the lock's protocol further than the tests do: `python -m tests.definitions.lock_model [PART OF A NAME]`."""

import sys
import time

from tests.definitions.lock_model.check import described, search
from tests.definitions.lock_model.scenarios import DEEP, SCENARIOS


def main(wanted: str = "") -> int:
    """Search the scenarios with `wanted` in their names, and say what was found; 1 if something is wrong."""
    wrong = 0
    for name, scenario in {**SCENARIOS, **DEEP}.items():
        if wanted not in name:
            continue
        begun = time.monotonic()
        found = search(scenario)
        took = time.monotonic() - begun
        print(
            f"{name:34}{found.states:>10,} states{found.moves:>12,} moves{took:>8.1f} s  {found.violation or 'holds'}"
        )
        if found.violation:
            print(described(found.trace))
            wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
