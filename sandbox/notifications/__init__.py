"""What rules and alarms publish to SNS topics, and rules write to log groups and start, let through as on AWS.

MiniStack keeps topics, subscriptions, log groups, alarms and metrics; `install` has it ask who may publish or write,
apply a target's input transformer, keep what was not delivered in the dead-letter queue, and leave alone whoever is
outside of the sandbox. Import it once a sandbox runs: MiniStack reads its environment when it is imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.notifications import alarms, callers, objects, rules, subscriptions

if TYPE_CHECKING:
    from sandbox.local_aws import LocalAws


def install(aws: LocalAws) -> None:
    """Put all of it in place; again does no harm."""
    subscriptions.install()
    callers.install()
    rules.install(aws)
    alarms.install(aws)
    objects.install(aws)
