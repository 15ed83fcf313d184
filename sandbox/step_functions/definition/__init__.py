"""Checks state machine definitions: first as AWS does, then for what the sandbox does not run."""

from sandbox.step_functions.definition.diagnostic import Diagnostic
from sandbox.step_functions.definition.nesting import all_states
from sandbox.step_functions.definition.unsupported import unsupported
from sandbox.step_functions.definition.validation import validate

__all__ = ["Diagnostic", "all_states", "unsupported", "validate"]
