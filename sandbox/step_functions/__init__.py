"""A Step Functions engine for JSONata state machines behind MiniStack's Step Functions API.

MiniStack keeps the records (machines, executions, histories) and answers the HTTP calls; this package checks
definitions as AWS does, runs executions and writes their histories. `install` puts it in the place of MiniStack's own.
"""

from sandbox.step_functions.api import install

__all__ = ["install"]
