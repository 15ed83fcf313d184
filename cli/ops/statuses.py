"""How the status of a run looks."""

_COLOURS = {"SUCCEEDED": "green", "RUNNING": "cyan", "SKIPPED": "yellow"}


def coloured(status: str) -> str:
    """A status as rich's markup: red for one that is no success, no step on the way and no skip."""
    return f"[{_COLOURS.get(status, 'red')}]{status}[/]"
