"""Counts objects by prefix, storage class and age as they are listed. Pure; its memory depends on the depth only."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

# The minimum storage durations of S3's colder classes, which is what a decision about moving objects turns on:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html
AGE_BOUNDS_DAYS = (30, 90, 180)
COLUMNS = (
    "prefix",
    "storage_class",
    "objects",
    "bytes",
    "bytes_under_30_days",
    "bytes_30_to_89_days",
    "bytes_90_to_179_days",
    "bytes_180_days_and_over",
    "oldest",
    "newest",
)


class Entry(NamedTuple):
    """One listed object: its size in bytes and when it was last written."""

    key: str
    storage_class: str
    size_bytes: int
    last_modified: datetime


@dataclass(slots=True)
class Totals:
    """Sums of some objects: how many, how many bytes in all and by age class, and the oldest and newest of them."""

    objects: int = 0
    size_bytes: int = 0
    size_bytes_by_age: list[int] = field(default_factory=lambda: [0] * (len(AGE_BOUNDS_DAYS) + 1))
    oldest: datetime | None = None
    newest: datetime | None = None

    def add(self, entry: Entry, as_of: datetime) -> None:
        """Counts one object; one written after `as_of` is in the youngest class."""
        self.objects += 1
        self.size_bytes += entry.size_bytes
        age_days = (as_of - entry.last_modified).days
        self.size_bytes_by_age[sum(age_days >= bound for bound in AGE_BOUNDS_DAYS)] += entry.size_bytes
        if self.oldest is None or entry.last_modified < self.oldest:
            self.oldest = entry.last_modified
        if self.newest is None or entry.last_modified > self.newest:
            self.newest = entry.last_modified


class Row(NamedTuple):
    """What one prefix holds in one storage class."""

    prefix: str
    storage_class: str
    totals: Totals


@dataclass
class Inventory:
    """Running totals: of everything by storage class, and of the prefixes that are still open.

    S3 lists a general purpose bucket in the order of keys, so all keys below a prefix come one after the other, and a
    prefix is done as soon as a key outside of it comes. Open at any time are only those prefixes that the
    current key is below: at most one for each level.
    """

    prefix_depth: int
    as_of: datetime
    by_storage_class: dict[str, Totals] = field(default_factory=dict)
    _open: list[tuple[str, dict[str, Totals]]] = field(default_factory=list)

    def rows(self, entries: Iterable[Entry]) -> Iterator[Row]:
        """Counts all entries; yields the rows of each prefix when it is done, by storage class."""
        for entry in entries:
            while self._open and not entry.key.startswith(self._open[-1][0]):
                yield from self._close()
            prefix = prefix_of(entry.key, self.prefix_depth)
            if not self._open or self._open[-1][0] != prefix:
                self._open.append((prefix, {}))
            for totals in (self._open[-1][1], self.by_storage_class):
                totals.setdefault(entry.storage_class, Totals()).add(entry, self.as_of)
        while self._open:
            yield from self._close()

    def _close(self) -> Iterator[Row]:
        prefix, by_storage_class = self._open.pop()
        for storage_class, totals in sorted(by_storage_class.items()):
            yield Row(prefix, storage_class, totals)

    @property
    def objects(self) -> int:
        """Objects counted so far."""
        return sum(totals.objects for totals in self.by_storage_class.values())

    @property
    def size_bytes(self) -> int:
        """Bytes counted so far."""
        return sum(totals.size_bytes for totals in self.by_storage_class.values())


def prefix_of(key: str, depth: int) -> str:
    """The key's first `depth` path segments with their closing slash, fewer if it has fewer: `a/b/c` at 1 is `a/`."""
    end = 0
    for _ in range(depth):
        slash = key.find("/", end)
        if slash < 0:
            break
        end = slash + 1
    return key[:end]
