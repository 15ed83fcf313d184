"""What keeps a job from being packed."""


class PackError(Exception):
    """Says in one line what is wrong, and of which job."""
