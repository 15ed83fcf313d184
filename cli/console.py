"""The terminal: colours only where one is there to show them, and nothing cut that is there to be copied."""

from functools import cache

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

_WIDEST = 10_000


@cache
def console() -> Console:
    """For what was asked for. Rich leaves colours out under NO_COLOR and in a pipe; a pipe gets whole lines."""
    return _console(stderr=False)


@cache
def notices() -> Console:
    """For what goes on meanwhile: on standard error, so that a pipe gets the answer alone."""
    return _console(stderr=True)


def natural_width(console: Console, table: Table) -> int:
    """The columns of the terminal that a table takes when nothing in it is wrapped or cut."""
    return Measurement.get(console, console.options.update(width=_WIDEST), table).maximum


def print_whole(console: Console, table: Table) -> None:
    """Print a table of which nothing may be cut: where the terminal is narrower, it wraps the lines."""
    width = max(console.width, natural_width(console, table))
    wide = Console(
        file=console.file,
        force_terminal=console.is_terminal,
        no_color=console.no_color,
        width=width,
        highlight=False,
    )
    wide.print(table, soft_wrap=True)


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False)
    return console if console.is_terminal else Console(stderr=stderr, highlight=False, width=200)
