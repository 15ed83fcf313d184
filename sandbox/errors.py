"""The one exception of the sandbox that a person is meant to read."""


class SandboxError(Exception):
    """Something the sandbox cannot do, in one line: what was wanted, what is in the way, what to do instead."""
