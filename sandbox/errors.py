"""The exceptions of the sandbox."""


class SandboxError(Exception):
    """Something the sandbox cannot do, in one line: what was wanted, what is in the way, what to do instead."""


class TaskStartError(Exception):
    """Why an ECS task could not start, in the words of its `stoppedReason`."""
