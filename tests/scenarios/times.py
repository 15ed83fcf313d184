"""The rows of scheduled times: EventBridge delivers each at least once, and in no certain order."""

from __future__ import annotations

from typing import Any

from definitions import names
from sandbox.faults import DeliverLate, DeliverTwice
from tests.scenarios.rivals import ALONE
from tests.scenarios.scenario import MEETS, TRIES, End, Scenario
from tests.scenarios.steps import delivers, meets, starts_for_the_time_of

OFTEN: dict[str, Any] = {"schedule": "cron(0/15 * * * ? *)"}
ONCE = {**OFTEN, "overlap": {"policy": "allow", "oncePerTime": True}}
OVERLAPPING = {**OFTEN, "overlap": "allow"}
SAYS = " was started before"

DUPLICATE = End(outcome="SKIPPED", path=[*MEETS, names.SKIPPED], says=SAYS, because="first")
NOTED = End(
    outcome="SUCCEEDED",
    attempts=1,
    start_retries=0,
    tasks=["on demand"],
    path=[names.NOTE_TIME, *TRIES, names.SUCCEEDED],
)
NOT_NOTED = End(outcome="SUCCEEDED", attempts=1, start_retries=0, tasks=["on demand"], path=[*TRIES, names.SUCCEEDED])

SCENARIOS = [
    Scenario(
        name="a scheduled time is delivered twice at once",
        jobs={"job": OFTEN},
        steps=[meets(DeliverTwice), delivers("first", "second")],
        ends={"first": ALONE, "second": DUPLICATE},
    ),
    Scenario(
        name="a scheduled time is delivered again after the next one's run has ended",
        jobs={"job": OFTEN},
        steps=[meets(DeliverTwice, first=1, after=1200), delivers("first", "next", "second", minutes=30)],
        ends={"first": ALONE, "next": ALONE, "second": DUPLICATE},
    ),
    Scenario(
        name="a scheduled time is delivered for the first time after the next one's run has ended",
        jobs={"job": OFTEN},
        steps=[meets(DeliverLate, first=1), delivers("next", "first", minutes=30)],
        ends={"next": ALONE, "first": ALONE},
    ),
    Scenario(
        name="a person starts a run for a time that the schedule has started",
        jobs={"job": OFTEN},
        steps=[delivers("first"), starts_for_the_time_of("first", "by hand", trigger="manual")],
        ends={"first": ALONE, "by hand": ALONE},
    ),
    Scenario(
        name="allow, once per time: a time that is delivered twice starts one run, and a person's is another",
        jobs={"job": ONCE},
        steps=[
            meets(DeliverTwice),
            delivers("first", "second"),
            starts_for_the_time_of("first", "by hand"),
        ],
        ends={
            "first": NOTED,
            "second": End(outcome="SKIPPED", path=[names.NOTE_TIME, names.SKIPPED], says=SAYS),
            "by hand": NOTED,
        },
    ),
    Scenario(
        name="allow: a time that is delivered twice starts two runs",
        jobs={"job": OVERLAPPING},
        steps=[meets(DeliverTwice), delivers("first", "second")],
        ends={"first": NOT_NOTED, "second": NOT_NOTED},
    ),
]
