"""Fires the deployed EventBridge rules and EventBridge Scheduler schedules, as AWS delivers them.

MiniStack keeps the records and answers the HTTP calls; `install` has it refuse what AWS refuses, and `Triggers` reads
the records, knows what is due and starts the executions with the credentials of each target's role. What cannot be
started is retried, and goes to the target's dead-letter queue in the end. Import it once a sandbox runs: MiniStack
reads its environment when it is imported.
"""

from sandbox.triggers.api import install
from sandbox.triggers.driver import Delivery, Triggers

__all__ = ["Delivery", "Triggers", "install"]
