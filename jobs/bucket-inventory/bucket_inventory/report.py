"""The report as it is written: rows as CSV, the whole as JSON."""

import csv
from collections.abc import Iterable
from datetime import datetime
from typing import IO, Any

from bucket_inventory.inventory import COLUMNS, Inventory, Row, Totals
from bucket_inventory.settings import Settings


def write_csv(file: IO[str], rows: Iterable[Row]) -> int:
    """Writes the header and each row as it comes; returns how many rows there were."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    count = 0
    for row in rows:
        count += 1
        totals = row.totals
        writer.writerow(
            (
                row.prefix,
                row.storage_class,
                totals.objects,
                totals.size_bytes,
                *totals.size_bytes_by_age,
                _text(totals.oldest),
                _text(totals.newest),
            )
        )
    return count


def summary(
    settings: Settings, inventory: Inventory, *, csv_key: str, csv_sha256: str, csv_rows: int
) -> dict[str, Any]:
    """The report in short, and which CSV belongs to it."""
    return {
        "bucket": settings.bucket,
        "prefix": settings.prefix,
        "as_of": _text(settings.as_of),
        "objects": inventory.objects,
        "bytes": inventory.size_bytes,
        "by_storage_class": {name: _totals(totals) for name, totals in sorted(inventory.by_storage_class.items())},
        "csv": {"key": csv_key, "sha256": csv_sha256, "rows": csv_rows},
    }


def _totals(totals: Totals) -> dict[str, Any]:
    columns = COLUMNS[COLUMNS.index("objects") :]
    values = (totals.objects, totals.size_bytes, *totals.size_bytes_by_age, _text(totals.oldest), _text(totals.newest))
    return dict(zip(columns, values, strict=True))


def _text(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""
