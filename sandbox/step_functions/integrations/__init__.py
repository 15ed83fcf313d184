"""The services that Task states can call, found by the task's Resource."""

from sandbox.step_functions.integrations.events import AttemptEvents
from sandbox.step_functions.integrations.resource import Integration, find, refusal

__all__ = ["AttemptEvents", "Integration", "find", "refusal"]
