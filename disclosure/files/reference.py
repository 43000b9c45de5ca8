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
from functools import cached_property, lru_cache
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt

from saferoom.disclosure.queries.engine import Engine, Limits
from saferoom.disclosure.queries.source import Source

MOST_VALUES = 24_000_000
_BATCH_ROWS = 100_000
_KEPT = 2
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
class Coded:
    """The different values of a column, and which of them every row has.

    Attributes
    ----------
    values : ndarray of int, shape (distinct,)
        Sorted: numbers in units of the last decimal, or hashes of texts.
    codes : ndarray of int, shape (rows,)
        Positions in `values`, -1 where the value is missing.
    frequency : ndarray of int, shape (distinct,)
        Rows that have each value.
    """

    values: Codes
    codes: npt.NDArray[np.int32]
    frequency: npt.NDArray[np.int32]

    def find(self, wanted: Codes) -> Codes:
        """Return the positions of `wanted` values, -1 for those that are not there."""
        if not self.values.size:
            return np.full(wanted.shape, -1, dtype=np.int64)
        position = np.minimum(np.searchsorted(self.values, wanted), self.values.size - 1)
        return np.where(self.values[position] == wanted, position, -1).astype(np.int64)


@dataclass(frozen=True)
class Known:
    """A column of the extract.

    Attributes
    ----------
    is_unit : bool
        Whether it holds the ids of statistical units.
    numbers : ndarray of float, shape (rows,), or None
        Values of a column of numbers, nan where missing; ids of units are texts.
    texts : Coded or None
        Hashes of any other column's values, without blanks around them and in small letters; no text is kept.
    is_direct : bool
        Whether the values are names, addresses, or texts that nearly every row has for itself.
    """

    dataset: str
    name: str
    is_unit: bool
    numbers: Floats | None = None
    texts: Coded | None = None
    is_direct: bool = False

    @cached_property
    def distinct(self) -> int:
        """How many different values there are."""
        return int(self.coded(self.decimals).values.size)

    @cached_property
    def decimals(self) -> int:
        """To how many decimals the numbers are given, 9 at most."""
        numbers = np.zeros(0) if self.numbers is None else self.numbers[:10_000]
        numbers = numbers[np.isfinite(numbers)]
        for decimals in range(9):
            units = numbers * 10.0**decimals
            if np.allclose(units, np.rint(units), rtol=1e-12, atol=1e-6):
                return decimals
        return 9

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """The smallest and the largest number; nothing lies between them when there is none."""
        numbers = np.zeros(0) if self.numbers is None else self.numbers[np.isfinite(self.numbers)]
        return (float(numbers.min()), float(numbers.max())) if numbers.size else (np.inf, -np.inf)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return (
            0
            if self.texts is None and self.numbers is None
            else int(
                self.texts.codes.size if self.texts is not None else self.numbers.size  # type: ignore[union-attr]
            )
        )

    def coded(self, decimals: int) -> Coded:
        """Return the column's values, numbers rounded to `decimals`; the last answers are kept."""
        if self.texts is not None:
            return self.texts
        kept: dict[int, Coded] = self.__dict__.setdefault("_kept", {})
        if decimals not in kept:
            if len(kept) == _KEPT:
                kept.pop(next(iter(kept)))
            kept[decimals] = coded_values(scaled(np.zeros(0) if self.numbers is None else self.numbers, decimals))
        return kept[decimals]


_MISSING = -(2**62)


def coded_values(units: Codes) -> Coded:
    """Return values with their codes; the sentinel for missing values is none."""
    values, codes, frequency = np.unique(units, return_inverse=True, return_counts=True)
    if values.size and values[0] == _MISSING:
        values, codes, frequency = values[1:], codes - 1, frequency[1:]
    return Coded(values, codes.astype(np.int32), frequency.astype(np.int32))


def hashes(texts: Sequence[str | None]) -> Codes:
    """Return the hashes by which texts are found in the extract; small letters and trimming are the caller's.

    Returns
    -------
    ndarray of int, shape (n,)
        The sentinel of `coded_values` where a text is None.
    """
    import pyarrow as pa

    # One thread, and therefore the order of the rows that were given.
    with _hashing().cursor() as cursor:
        cursor.register("given", pa.table({"v": pa.array(texts, type=pa.string())}))
        found = cursor.execute(f"SELECT {_hash('v')} AS h FROM given").fetchnumpy()["h"]
        cursor.unregister("given")
    return np.asarray(found, dtype=np.int64)


@lru_cache(maxsize=1)
def _hashing() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:", config={"threads": "1", "enable_external_access": "false"})


def _hash(value: str) -> str:
    # 62 bits, so that a hash is never the sentinel.
    return f"coalesce((hash({value}) >> 2)::BIGINT, {_MISSING})"


def scaled(numbers: Floats, decimals: int) -> Codes:
    """Return numbers as whole multiples of the last printed decimal; the missing become a sentinel."""
    with np.errstate(invalid="ignore", over="ignore"):
        units = np.rint(numbers * 10.0**decimals + np.where(numbers > 0, 1e-9, -1e-9))
        units = np.where(np.isfinite(units) & (np.abs(units) < 2.0**62), units, float(_MISSING))
    return units.astype(np.int64)


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
    parts: list[list[Any]] = [[] for _ in chosen]
    for batch in engine.batches(_select(table, chosen), _BATCH_ROWS):
        for position in range(len(chosen)):
            parts[position].append(batch[f"c{position}"])
    for position, (name, is_unit, is_number) in enumerate(chosen):
        chunks, parts[position] = parts[position], []
        if is_number and not is_unit:
            numbers = np.concatenate(chunks).astype(np.float64) if chunks else np.zeros(0)
            yield Known(dataset, name, is_unit, numbers=numbers)
        else:
            texts = coded_values(np.concatenate(chunks).astype(np.int64) if chunks else np.zeros(0, dtype=np.int64))
            direct = not is_unit and _direct(engine, table, name, texts)
            yield Known(dataset, name, is_unit, texts=texts, is_direct=direct)


def _select(table: str, chosen: Sequence[tuple[str, bool, bool]]) -> str:
    parts = []
    for position, (name, is_unit, is_number) in enumerate(chosen):
        value = (
            f"{_quoted(name)}::DOUBLE" if is_number and not is_unit else _hash(f"lower(trim({_quoted(name)}::VARCHAR))")
        )
        parts.append(f"{value} AS c{position}")
    return f"SELECT {', '.join(parts)} FROM {table}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _direct(engine: Engine, table: str, name: str, texts: Coded) -> bool:
    if _DIRECT.search(re.sub(r"[^A-Za-z0-9]+", "_", name)):
        return True
    if texts.values.size <= max(50, _NEARLY_UNIQUE * texts.codes.size):
        return False
    column = f"{_quoted(name)}::VARCHAR"
    words = [str(row[0]) for row in engine.rows(f"SELECT {column} FROM {table} WHERE {column} <> '' LIMIT 50")]
    long = sum(len(word) >= _SHORTEST_IDENTIFIER for word in words) * 2 > len(words)
    dates = sum(bool(re.fullmatch(r"\d{4}-\d\d-\d\d.*", word)) for word in words) * 2 > len(words)
    return long and not dates
