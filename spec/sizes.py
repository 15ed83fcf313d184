"""CPU, memory and disk of a Fargate task, as people write them and as Fargate sells them.

Legal pairs: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
"""

import re
from fractions import Fraction
from typing import Any

from spec.forms import Form
from spec.words import UnexpectedValueError, listed, nearest_numbers_hint, shown

# CPU units to the memory in MiB that goes with them.
FARGATE_MEMORY_MIB: dict[int, tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4096 + 1, 1024)),
    1024: tuple(range(2048, 8192 + 1, 1024)),
    2048: tuple(range(4096, 16384 + 1, 1024)),
    4096: tuple(range(8192, 30720 + 1, 1024)),
    8192: tuple(range(16384, 61440 + 1, 4096)),
    16384: tuple(range(32768, 122880 + 1, 8192)),
}
_NUMBER = r"[0-9]{1,6}(?:\.[0-9]{1,3})?"
_PLAIN = r"[0-9]{1,6}"


def cpu() -> Form:
    """CPU units: 1024, "1024" or "1 vCPU"."""
    legal = tuple(FARGATE_MEMORY_MIB)
    expects = f"{listed(legal)} CPU units, or as many vCPUs such as 0.25 vCPU"

    def read(value: Any) -> int:
        units = _amount(value, "vCPU|vcpu", 1024)
        if units in legal:
            return units
        vcpus = isinstance(value, int | float) and not isinstance(value, bool) and value * 1024 in legal
        hint = f"did you mean {value} vCPU?" if vcpus else ""
        raise UnexpectedValueError(expects, shown(value), hint or (nearest_numbers_hint(units, legal) if units else ""))

    return Form(expects, read, _schema("vCPU|vcpu", legal))


def memory() -> Form:
    """Memory in MiB: 2048, "2048" or "2 GB". Which memory goes with which CPU is for `pair_mistake` to say."""
    legal = sorted({size for sizes in FARGATE_MEMORY_MIB.values() for size in sizes})
    expects = "memory of a Fargate size in MiB, such as 512 or 2048, or in GB such as 2 GB"

    def read(value: Any) -> int:
        mib = _amount(value, "GB", 1024)
        if mib in legal:
            return mib
        if mib is None:
            raise UnexpectedValueError(expects, shown(value))
        hint = f"did you mean {value} GB?" if isinstance(value, int) and value * 1024 in legal else ""
        raise UnexpectedValueError(expects, shown(value), hint or nearest_numbers_hint(mib, legal))

    return Form(expects, read, _schema("GB", tuple(legal)))


def disk(lowest_gib: int, highest_gib: int) -> Form:
    """Disk in GiB: 100 or "100 GB"."""
    expects = f"a whole number of GiB from {lowest_gib} to {highest_gib}, such as 100 or 100 GB"

    def read(value: Any) -> int:
        gib = _amount(value, "GB", 1)
        if gib is None or not lowest_gib <= gib <= highest_gib:
            raise UnexpectedValueError(expects, shown(value))
        return gib

    schema = {
        "anyOf": [
            {"type": "integer", "minimum": lowest_gib, "maximum": highest_gib},
            {"type": "string", "pattern": rf"^{_NUMBER} ?GB$|^{_PLAIN}$"},
        ]
    }
    return Form(expects, read, schema)


def pair_mistake(cpu_units: int, memory_mib: int) -> str | None:
    """What is wrong with the memory for that CPU, naming the nearest legal pairs; None when Fargate sells the pair."""
    sizes = FARGATE_MEMORY_MIB[cpu_units]
    if memory_mib in sizes:
        return None
    with_memory = [units for units, offered in FARGATE_MEMORY_MIB.items() if memory_mib in offered]
    other_cpu = min(with_memory, key=lambda units: abs(units - cpu_units))
    closest = min(sizes, key=lambda size: abs(size - memory_mib))
    step = "" if cpu_units == 256 else f" in steps of {sizes[1] - sizes[0]}"
    return (
        f"expected memory of {sizes[0]} to {sizes[-1]} MiB{step} with cpu {cpu_units}, found {memory_mib}: "
        f"the nearest are cpu {cpu_units} with memory {closest}, and cpu {other_cpu} with memory {memory_mib}"
    )


def _amount(value: Any, unit: str, per_unit: int) -> int | None:
    """A plain whole number, or `<number> <unit>` times `per_unit`; None when it is neither or not whole."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str):
        return None
    if re.fullmatch(_PLAIN, value):
        return int(value)
    match = re.fullmatch(rf"({_NUMBER}) ?(?:{unit})", value)
    amount = Fraction(match[1]) * per_unit if match else None
    return int(amount) if amount is not None and amount.denominator == 1 else None


def _schema(unit: str, legal: tuple[int, ...]) -> dict[str, Any]:
    return {"anyOf": [{"enum": list(legal)}, {"type": "string", "pattern": rf"^{_NUMBER} ?(?:{unit})$|^{_PLAIN}$"}]}
