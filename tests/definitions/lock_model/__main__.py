"""Goes further than the tests do: `python -m tests.definitions.lock_model [search|replay] [PART OF A NAME]`.

`search` looks at every state of the scenarios, the large ones too; `replay` moves the rendered machines along hundreds
of random traces of each scenario that is too large for that.
"""

import sys
import time

from sandbox.local_aws import LocalAws
from tests.definitions.lock_model.aws import DynamoDb
from tests.definitions.lock_model.check import described, search
from tests.definitions.lock_model.replay import replay
from tests.definitions.lock_model.scenarios import DEEP, SCENARIOS, WANDERED
from tests.definitions.lock_model.traces import wander

TRACES = 300
"""Of each scenario."""


def search_all(wanted: str) -> int:
    """Search the scenarios with `wanted` in their names; how many do not hold."""
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
            wrong += 1
        sys.stdout.flush()
    return wrong


def replay_all(wanted: str) -> int:
    """Replay random traces of the scenarios with a policy that has `wanted` in its name; how many machines differ."""
    wrong = 0
    with LocalAws():
        from ministack.services import dynamodb

        table = DynamoDb(dynamodb.handle_request)
        for scenario in WANDERED:
            if wanted not in " ".join(scenario.policies):
                continue
            moves, differ = 0, 0
            for seed in range(TRACES):
                trace = wander(scenario, seed)
                moves += len(trace)
                try:
                    replay(scenario, trace, table)
                except AssertionError as problem:
                    differ += 1
                    # One is enough to begin with.
                    print(f"seed {seed}: {problem}" + (f"\n{described(trace)}" if differ == 1 else ""))
            wrong += differ
            print(f"{', '.join(scenario.policies):26}limit {scenario.limit}{TRACES:>8,} traces{moves:>10,} moves")
            sys.stdout.flush()
    return wrong


def main(what: str = "", wanted: str = "") -> int:
    """Search, replay, or both; 1 if something is wrong."""
    wrong = search_all(wanted) if what != "replay" else 0
    wrong += replay_all(wanted) if what != "search" else 0
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
