"""Made-up people for encodings: names with common and rare ones, dates, and errors."""

from __future__ import annotations

import numpy as np

_SYLLABLES = ("ba", "ri", "so", "me", "lan", "ter", "wick", "ham", "der", "son", "ka", "mo", "field", "ton", "ash")


def names(size: int, seed: int) -> list[str]:
    """Return `size` different names of two or three syllables."""
    rng = np.random.default_rng(seed)
    found: dict[str, None] = {}
    while len(found) < size:
        found["".join(rng.choice(_SYLLABLES, size=rng.integers(2, 4)))] = None
    return list(found)


def people(size: int, seed: int, errors: float = 0.0) -> dict[str, list[str | None]]:
    """Return columns of people; names are the likelier the smaller their number (Zipf), `errors` changes letters."""
    rng = np.random.default_rng(seed)
    columns: dict[str, list[str | None]] = {}
    for column, number in (("given", 200), ("family", 800)):
        shares = 1 / np.arange(1, number + 1)
        columns[column] = [str(name) for name in rng.choice(names(number, number), size, p=shares / shares.sum())]
    days = np.datetime64("1940-01-01") + rng.integers(0, 25_000, size)
    columns["born"] = [str(day).replace("-", "") for day in days]
    columns["sex"] = [str(sex) for sex in rng.choice(["f", "m"], size)]
    for column in ("given", "family", "born"):
        values = columns[column]
        for row in np.flatnonzero(rng.random(size) < errors):
            value = str(values[row])
            place = int(rng.integers(len(value)))
            letter = str(rng.integers(10)) if column == "born" else chr(97 + int(rng.integers(26)))
            values[row] = value[:place] + letter + value[place + 1 :]
    return columns
