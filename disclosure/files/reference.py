"""What is known of the extract that a file was made from: rows, values by column, ids of units.

Notes
-----
Every column is read once, with DuckDB, when a screen first asks; numbers are kept as doubles and texts as Arrow
dictionaries, so that a million rows of twenty columns stay below 250 MB. Of wider extracts only the first columns are
kept (`MOST_VALUES` values), unit ids before all, and the report says so.
"""

# ruff: noqa: S608 - SQL is put together here, from quoted names only
from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from saferoom.disclosure.queries.engine import Engine, Limits
from saferoom.disclosure.queries.source import Source

MOST_VALUES = 24_000_000
_BATCH_ROWS = 100_000
_NUMERIC = re.compile(r"(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL.*|BOOLEAN)$")
_DIRECT = re.compile(
    r"(?:^|_)(?:name|forename|surname|firstname|lastname|fullname|email|mail|phone|telephone|mobile|address|street|"
    r"postcode|zip|nhs|nino|ssn|passport|iban|account|dob|birthdate|date_of_birth|licence|license|ip)(?:_|$|\d)",
    re.IGNORECASE,
)
_NEARLY_UNIQUE = 0.5
_SHORTEST_IDENTIFIER = 4

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Known:
    """A column of the extract.

    Attributes
    ----------
    is_unit : bool
        Whether it holds the ids of statistical units.
    numbers : ndarray of float, shape (rows,), or None
        Values of a column of numbers, nan where missing; ids of units are texts.
    texts : Arrow dictionary array or None
        Values of any other column, without blanks around them, in small letters.
    """

    dataset: str
    name: str
    is_unit: bool
    numbers: Floats | None = None
    texts: Any = None

    @cached_property
    def distinct(self) -> int:
        """How many different values there are."""
        if self.texts is not None:
            return len(self.texts.dictionary)
        return int(self.rounded(9)[0].size)

    @cached_property
    def decimals(self) -> int:
        """To how many decimals the numbers are given, 9 at most."""
        numbers = np.zeros(0) if self.numbers is None else self.numbers[np.isfinite(self.numbers)][:10_000]
        for decimals in range(9):
            units = numbers * 10.0**decimals
            if np.allclose(units, np.rint(units), rtol=1e-12, atol=1e-6):
                return decimals
        return 9

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.texts) if self.numbers is None else int(self.numbers.size)

    @cached_property
    def is_direct(self) -> bool:
        """Whether the values are names, addresses, or texts that nearly every row has for itself."""
        if self.texts is None or self.is_unit:
            return False
        if _DIRECT.search(re.sub(r"[^A-Za-z0-9]+", "_", self.name)):
            return True
        words = self.texts.dictionary.slice(0, 50).to_pylist()
        long = sum(len(word) >= _SHORTEST_IDENTIFIER for word in words) * 2 > len(words)
        dates = sum(bool(re.fullmatch(r"\d{4}-\d\d-\d\d.*", word)) for word in words) * 2 > len(words)
        return long and not dates and self.distinct > max(50, _NEARLY_UNIQUE * self.rows)

    def rounded(self, decimals: int) -> tuple[Codes, Codes]:
        """Return the different values in units of the last decimal, sorted, and every row's position among them.

        Returns
        -------
        values : ndarray of int, shape (distinct,)
        codes : ndarray of int, shape (rows,)
            -1 where the value is missing.
        """
        cached: dict[int, tuple[Codes, Codes]] = self.__dict__.setdefault("_rounded", {})
        if decimals not in cached:
            if len(cached) >= 3:
                cached.pop(next(iter(cached)))
            cached[decimals] = _rounded(self.numbers, decimals)
        return cached[decimals]


def scaled(numbers: Floats, decimals: int) -> Codes:
    """Return numbers as whole multiples of the last printed decimal; the missing become a sentinel."""
    with np.errstate(invalid="ignore", over="ignore"):
        units = np.rint(numbers * 10.0**decimals + np.where(numbers > 0, 1e-9, -1e-9))
        units = np.where(np.isfinite(units) & (np.abs(units) < 2.0**62), units, -(2.0**62))
    return units.astype(np.int64)


def _rounded(numbers: Floats | None, decimals: int) -> tuple[Codes, Codes]:
    if numbers is None:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    units = scaled(numbers, decimals)
    values, codes = np.unique(units, return_inverse=True)
    codes = codes.astype(np.int64)
    if values.size and values[0] == -(2**62):
        values, codes = values[1:], codes - 1
    return values, codes


class Reference:
    """Everything screens know of the extract; without sources it knows nothing."""

    def __init__(self, sources: Sequence[Source] = (), limits: Limits | None = None) -> None:
        self._sources = tuple(sources)
        self._limits = limits or Limits(memory_mib=400, threads=2)
        self.partial = False

    def __bool__(self) -> bool:
        return bool(self._sources)

    @property
    def unit_names(self) -> tuple[str, ...]:
        """Names of the columns that hold unit ids."""
        return tuple(dict.fromkeys(unit for source in self._sources for unit in source.units))

    @cached_property
    def columns(self) -> tuple[Known, ...]:
        """All columns; they are read now.

        Raises
        ------
        BadInputError
            When the extract cannot be read.
        """
        found: list[Known] = []
        for source in self._sources:
            with Engine([source], self._limits) as engine:
                found += self._read(engine, source)
        return tuple(found)

    def of(self, dataset: str) -> tuple[Known, ...]:
        """Return the columns of one dataset."""
        return tuple(column for column in self.columns if column.dataset == dataset)

    @property
    def datasets(self) -> tuple[str, ...]:
        """Names of the datasets."""
        return tuple(source.name for source in self._sources)

    @cached_property
    def rows(self) -> int:
        """Rows of the largest dataset; 0 when nothing is known."""
        return max((column.rows for column in self.columns), default=0)

    @cached_property
    def units(self) -> tuple[Known, ...]:
        """The columns of unit ids."""
        return tuple(column for column in self.columns if column.is_unit)

    @cached_property
    def direct(self) -> tuple[Known, ...]:
        """Columns of direct identifiers."""
        return tuple(column for column in self.columns if column.is_direct)

    @cached_property
    def unit_count(self) -> int:
        """Units of the most numerous kind, or rows when no unit is named."""
        return max((column.distinct for column in self.units), default=self.rows)

    def _read(self, engine: Engine, source: Source) -> Iterable[Known]:
        table = '"' + source.name.replace('"', '""') + '"'
        names = [column.name for column in engine.relations[0].columns.values()]
        types = engine.types(f"SELECT * FROM {table}")
        rows = int(engine.rows(f"SELECT count(*) FROM {table}")[0][0])
        units = {unit.lower() for unit in source.units}
        order = sorted(range(len(names)), key=lambda i: (names[i].lower() not in units, i))
        most = max(1, MOST_VALUES // max(rows, 1))
        self.partial = self.partial or len(order) > most
        chosen = [(names[i], names[i].lower() in units, _NUMERIC.match(types[i]) is not None) for i in order[:most]]
        yield from _columns(engine, source.name, table, chosen)


def _columns(engine: Engine, dataset: str, table: str, chosen: Sequence[tuple[str, bool, bool]]) -> Iterable[Known]:
    """Read columns (name, is a unit, is a number) in one pass, so that their rows stand side by side."""
    import pyarrow as pa

    parts: list[list[Any]] = [[] for _ in chosen]
    for batch in engine.batches(_select(table, chosen), _BATCH_ROWS):
        for position, (_, is_unit, is_number) in enumerate(chosen):
            values = batch[f"c{position}"]
            if is_number and not is_unit:
                parts[position].append(values.astype(np.float64))
            else:
                parts[position].append(pa.array(values, type=pa.string(), from_pandas=True).dictionary_encode())
    for position, (name, is_unit, is_number) in enumerate(chosen):
        chunks, parts[position] = parts[position], []
        if is_number and not is_unit:
            yield Known(dataset, name, is_unit, numbers=np.concatenate(chunks) if chunks else np.zeros(0))
        else:
            whole = pa.chunked_array(chunks, type=pa.dictionary(pa.int32(), pa.string())).unify_dictionaries()
            empty = pa.array([], type=pa.string()).dictionary_encode()
            yield Known(dataset, name, is_unit, texts=whole.combine_chunks() if chunks else empty)


def _select(table: str, chosen: Sequence[tuple[str, bool, bool]]) -> str:
    parts = []
    for position, (name, is_unit, is_number) in enumerate(chosen):
        column = '"' + name.replace('"', '""') + '"'
        value = f"{column}::DOUBLE" if is_number and not is_unit else f"lower(trim({column}::VARCHAR))"
        parts.append(f"{value} AS c{position}")
    return f"SELECT {', '.join(parts)} FROM {table}"
