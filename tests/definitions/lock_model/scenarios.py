"""What is searched: every policy alone and mixed in one group, with what may go wrong."""

from dataclasses import replace

from tests.definitions.lock_model.model import Faults, Policy, Scenario

SKIP: tuple[Policy, ...] = ("skip", "skip", "skip")
QUEUE: tuple[Policy, ...] = ("queue", "queue", "queue")
REPLACE: tuple[Policy, ...] = ("replace", "replace", "replace")
SKIP_AND_QUEUE: tuple[Policy, ...] = ("skip", "queue", "queue")
ALL_THREE: tuple[Policy, ...] = ("skip", "queue", "replace")

KILLED = Faults(aborts=1, forgets=1)
KILLED_IN_A_CALL = Faults(aborts=1, late=1)
UNANSWERED = Faults(lost=1, conflicts=1)
TRIED_AGAIN = Faults(timeouts=1, retries=1)
REDRIVEN = Faults(aborts=1, redrives=1)
EVERYTHING = Faults(aborts=1, redrives=1, lost=1, conflicts=1, late=1, timeouts=1, retries=1, forgets=1)

EVERYTHING_TWICE = Faults(aborts=2, redrives=2, lost=2, conflicts=2, late=1, timeouts=1, retries=2, forgets=1)

SCENARIOS = {
    "skip, killed": Scenario(SKIP, faults=KILLED),
    "skip, killed in a call": Scenario(SKIP, faults=KILLED_IN_A_CALL),
    "skip, unanswered": Scenario(SKIP, faults=UNANSWERED),
    "skip, tried again": Scenario(SKIP, faults=TRIED_AGAIN),
    "skip, redriven": Scenario(SKIP, faults=REDRIVEN),
    "skip, delivered twice": Scenario(SKIP, frozenset((0, 1)), Faults(aborts=1, lost=1)),
    "queue, killed": Scenario(QUEUE, faults=KILLED),
    "queue, killed in a call": Scenario(QUEUE, faults=KILLED_IN_A_CALL),
    "queue, unanswered": Scenario(QUEUE, faults=UNANSWERED),
    "queue, tried again": Scenario(QUEUE, faults=TRIED_AGAIN),
    "two that queue, redriven": Scenario(QUEUE[:2], faults=REDRIVEN._replace(lost=1)),
    "queue, delivered twice": Scenario(QUEUE, frozenset((0, 1)), Faults(aborts=1, lost=1)),
    "queue, full": Scenario(QUEUE, faults=Faults(aborts=1), limit=2),
    "replace, killed": Scenario(REPLACE, faults=KILLED),
    "replace, killed in a call": Scenario(REPLACE, faults=KILLED_IN_A_CALL),
    "replace, unanswered": Scenario(REPLACE, faults=UNANSWERED),
    "replace, tried again": Scenario(REPLACE, faults=TRIED_AGAIN),
    "replace, delivered twice": Scenario(REPLACE, frozenset((0, 1)), Faults(aborts=1, lost=1)),
    "skip and queue, killed": Scenario(SKIP_AND_QUEUE, faults=KILLED),
    "skip and queue, unanswered": Scenario(SKIP_AND_QUEUE, faults=UNANSWERED),
    "all three, killed": Scenario(ALL_THREE, faults=KILLED),
    "all three, unanswered": Scenario(ALL_THREE, faults=UNANSWERED),
}
"""A few seconds each at most: these are tests."""

FUNCTIONS = {
    name: replace(SCENARIOS[name], functions=True)
    for name in SCENARIOS
    if not name.endswith(("unanswered", "delivered twice", "full"))
} | {"two that skip, redriven, in a call": Scenario(SKIP[:2], faults=REDRIVEN._replace(late=1), functions=True)}
"""The same on Lambda, where what may be left over of a run counts."""

REPLAYED = {
    policies[0]: [
        *([Scenario(policies, faults=Faults(aborts=1), limit=2)] if policies is QUEUE else []),
        *(Scenario(policies[:2], faults=faults) for faults in (REDRIVEN, KILLED_IN_A_CALL, UNANSWERED, TRIED_AGAIN)),
        Scenario(policies[:2], frozenset((0, 1)), Faults(aborts=1, lost=1)),
        Scenario(policies, faults=KILLED),
        Scenario(policies, faults=UNANSWERED),
    ]
    for policies in (SKIP, QUEUE, REPLACE)
}
"""What shows every kind of step that a run of a policy may take, in small spaces."""

REPLAYED_FUNCTIONS = {
    policy: [replace(scenario, functions=True) for scenario in scenarios] for policy, scenarios in REPLAYED.items()
}

WANDERED = [
    Scenario(policies, scheduled, EVERYTHING_TWICE, limit)
    for policies, scheduled in (
        (SKIP, frozenset((0, 1))),
        (QUEUE, frozenset()),
        (QUEUE, frozenset((0, 1))),
        (REPLACE, frozenset()),
        (REPLACE, frozenset((1, 2))),
        (SKIP_AND_QUEUE, frozenset()),
        (ALL_THREE, frozenset()),
    )
    for limit in ((2, 3) if "queue" in policies else (3,))
]
"""Everything at once: too much to be searched, so that traces go through it at random."""

DEEP = {
    "two that skip, everything": Scenario(SKIP[:2], faults=EVERYTHING._replace(aborts=2, redrives=2)),
    "two that queue, everything": Scenario(QUEUE[:2], faults=EVERYTHING._replace(aborts=2, redrives=2)),
    "two that replace, everything": Scenario(REPLACE[:2], faults=EVERYTHING),
    "skip, redriven twice": Scenario(SKIP, faults=Faults(aborts=2, redrives=2)),
    "skip, redriven, unanswered": Scenario(SKIP, faults=REDRIVEN._replace(lost=1, late=1)),
    "skip, delivered twice, redriven": Scenario(SKIP, frozenset((0, 1, 2)), REDRIVEN._replace(lost=1)),
    "queue, redriven": Scenario(QUEUE, faults=REDRIVEN),
    "queue, redriven, in a call": Scenario(QUEUE, faults=REDRIVEN._replace(late=1)),
    "queue, redriven, unanswered": Scenario(QUEUE, faults=REDRIVEN._replace(lost=1)),
    "replace, redriven": Scenario(REPLACE, faults=REDRIVEN),
    "replace, redriven, in a call": Scenario(REPLACE, faults=Faults(redrives=1, late=1)),
    "skip and queue, redriven": Scenario(SKIP_AND_QUEUE, faults=REDRIVEN._replace(forgets=1)),
    "all three, redriven": Scenario(ALL_THREE, faults=REDRIVEN),
}
"""Minutes each."""
