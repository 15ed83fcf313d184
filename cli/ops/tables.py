"""One way to print a listing: as a table for people, as JSON or CSV for programs."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from cli.ops.options import Listing

if TYPE_CHECKING:
    from rich.table import Table

Row = TypeVar("Row")


@dataclass(frozen=True)
class Column(Generic[Row]):
    """One fact of each row.

    Attributes:
        key: its name in JSON and CSV, which never changes; empty for one that only people read.
        value: what JSON has of a row; CSV has the same, with lists and objects as JSON text, and nothing for null.
        heading: its name in the table; empty for one that only programs read.
        text: what the table has of a row, with rich's markup; the value where there is no text.
        right: whether it is set to the right, as numbers are.
    """

    key: str = ""
    value: Callable[[Row], Any] = lambda _row: None
    heading: str = ""
    text: Callable[[Row], str] | None = None
    right: bool = False

    def cell(self, row: Row) -> str:
        if self.text is not None:
            return self.text(row)
        from rich.markup import escape

        value = self.value(row)
        return "-" if value is None else escape(str(value))


def print_listing(rows: Sequence[Row], columns: Sequence[Column[Row]], output: Listing, *, nothing: str) -> None:
    """Print rows in their order; `nothing` is what people read where there are none."""
    if output is Listing.TABLE:
        _print_table(rows, columns, nothing)
    elif output is Listing.JSON:
        print(json.dumps([as_json(row, columns) for row in rows], indent=2))
    else:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(column.key for column in columns if column.key)
        for row in rows:
            writer.writerow(_csv_value(value) for value in as_json(row, columns).values())


def as_json(row: Row, columns: Sequence[Column[Row]]) -> dict[str, Any]:
    """A row as JSON has it."""
    return {column.key: column.value(row) for column in columns if column.key}


def _print_table(rows: Sequence[Row], columns: Sequence[Column[Row]], nothing: str) -> None:
    from cli.console import console, print_whole

    if rows:
        print_whole(console(), listing_table(rows, columns))
    else:
        console().print(nothing, markup=False)


def listing_table(rows: Sequence[Row], columns: Sequence[Column[Row]]) -> Table:
    """Rows as a table of rich's."""
    from rich import box
    from rich.table import Table

    shown = [column for column in columns if column.heading]
    table = Table(box=box.SIMPLE_HEAD)
    for column in shown:
        table.add_column(column.heading, justify="right" if column.right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(column.cell(row) for column in shown))
    return table


def _csv_value(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool | list | dict):
        return json.dumps(value)
    return value
