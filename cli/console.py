"""The terminal: colours only where one is there to show them."""

from functools import cache

from rich.console import Console


@cache
def console() -> Console:
    """For what was asked for. Rich leaves colours out under NO_COLOR and in a pipe; a pipe gets whole lines."""
    console = Console(highlight=False, soft_wrap=False)
    return console if console.is_terminal else Console(highlight=False, width=200)


@cache
def notices() -> Console:
    """For what goes on meanwhile: on standard error, so that a pipe gets the answer alone."""
    return Console(stderr=True, highlight=False)
