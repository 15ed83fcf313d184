"""The part of a state machine that makes sure that no function of a run is left which has not ended.

An invocation cannot be stopped, and nobody tells whether one has ended whose execution is over. But it ends at its
timeout. So before another run takes the lock of one that ended without giving it back, and before an attempt follows
one that may run on, the time that it may take is waited for: an entry of the line says how long that is.

Variables: `leaving` (of whose function: its `entry` in the line, `since` when it can have begun no more, `seconds` how
long it may take, `isSelf`).
"""

from typing import Any

from definitions import names
from definitions.calls import rule
from definitions.jsonata import NOW_SECONDS, UNCHANGED, expression
from spec.job import JobSpec
from spec.run_on_rules.lambda_ import LONGEST_SECONDS
from spec.step_containers import containers

SLACK_SECONDS = 60
"""How much later an invocation may begin that was under way when its execution ended, its environment included."""


def longest_seconds(job: JobSpec) -> int:
    """The longest timeout of a function of the job."""
    return max((container.timeout_seconds for container in containers(job)), default=1)


def own_function(job: JobSpec) -> dict[str, Any]:
    """What to assign before the wait for that of the run itself."""
    seconds, since = longest_seconds(job), expression(NOW_SECONDS)
    return {"leaving": {"entry": expression("$entry"), "since": since, "seconds": seconds, "isSelf": True}}


def function_of_dead_run(ended_at: str) -> dict[str, Any]:
    """What to assign before the wait for that of the run that has the lock; `ended_at` is JSONata."""
    # An entry that was made before the job came to Lambda says no seconds.
    seconds = f"($head := $split($seen.head, ' '); $exists($head[3]) ? $number($head[3]) : {LONGEST_SECONDS})"
    return {
        "leaving": {
            "entry": expression("$seen.head"),
            "since": expression(ended_at),
            "seconds": expression(seconds),
            "isSelf": False,
        }
    }


def left_over_function_states(*, when_self: str, when_self_assign: dict[str, Any] | None) -> dict[str, Any]:
    """The states that wait until the function of `leaving` must have ended.

    Args:
        when_self: the state that follows when it was the run's own; a dead run's lock is cleared otherwise.
        when_self_assign: what to assign on the way there.
    """
    left = f"$ceil($leaving.since + $leaving.seconds + {SLACK_SECONDS} - {NOW_SECONDS})"
    return {
        names.WAIT_FOR_FUNCTION: {
            "Comment": "Its function cannot be stopped, and ends at its timeout.",
            "Type": "Wait",
            "Seconds": expression(f"$max([0, {left}])"),
            "Output": UNCHANGED,
            "Next": names.WHOSE_FUNCTION,
        },
        names.WHOSE_FUNCTION: {
            "Comment": "Tells the run's own from a dead run's.",
            "Type": "Choice",
            "Choices": [rule("its own has ended", "$leaving.isSelf", when_self, when_self_assign)],
            "Default": names.CLEAR,
        },
    }
