"""Files of records to make twins of, and what must not be in a twin, found record by record."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

THRESHOLD = 10


def people(rows: int = 1_000, seed: int = 1) -> pa.Table:
    """Return made-up people whose variables depend on each other: age, education, civil status, pay, birthday."""
    random = np.random.default_rng(seed)
    age = random.integers(0, 90, rows)
    education = np.where(age < 16, 1, 1 + np.minimum(age // 20, 2) + random.integers(0, 3, rows))
    civil = np.where(age < 18, "single", random.choice(["single", "married", "widowed"], rows, p=[0.3, 0.6, 0.1]))
    pay = np.round(np.exp(8 + 0.4 * education + 0.3 * random.normal(size=rows)) * (age > 16), 2)
    return pa.table(
        {
            "region": random.choice(["north", "south", "east"], rows, p=[0.5, 0.3, 0.2]),
            "sex": random.choice(["f", "m"], rows),
            "age": age,
            "education": education,
            "civil": civil,
            "pay": pay,
            "tax": np.round(0.2 * pay + np.abs(random.normal(0, 50, rows)), 2),
            "born": pa.array((20_000 - 365 * age - random.integers(0, 365, rows)).astype(np.int32)).cast(pa.date32()),
        }
    )


def told(table: Any, name: str) -> list[Any]:
    """Return a column's values that are not missing."""
    return [value for value in table.column(name).to_pylist() if value is not None]


def rare(table: Any, name: str, unit: str | None = None, threshold: int = THRESHOLD) -> set[Any]:
    """Return the values that fewer units have than the threshold, counted one by one."""
    units = range(table.num_rows) if unit is None else table.column(unit).to_pylist()
    owners: dict[Any, set[Any]] = {}
    for value, owner in zip(table.column(name).to_pylist(), units, strict=True):
        if value is not None:
            owners.setdefault(value, set()).add(owner)
    return {value for value, own in owners.items() if len(own - {None}) < threshold}


def farthest(table: Any, name: str, unit: str, threshold: int = THRESHOLD) -> set[Any]:
    """Return the values that fewer units reach, from below or from above, than the threshold."""
    owners: dict[Any, set[Any]] = {}
    for value, owner in zip(table.column(name).to_pylist(), table.column(unit).to_pylist(), strict=True):
        if value is not None:
            owners.setdefault(value, set()).add(owner)
    found = set()
    for order in (sorted(owners), sorted(owners, reverse=True)):
        reached: set[Any] = set()
        for value in order:
            reached |= owners[value]
            if len(reached) >= threshold:
                break
            found.add(value)
    return found
