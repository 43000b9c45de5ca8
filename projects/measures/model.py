"""What a step says about itself.

Vocabulary
----------
step
    A versioned recipe that makes one table out of others. The same inputs and settings give the same table, whatever
    the order of the rows.
setting
    A number, date or list of columns that a step takes beside its tables.
refusal
    A condition on the inputs under which a step makes nothing, with the sentence that says so.
chosen columns
    Numeric columns of an input whose names a setting lists; in a step's SQL they are called x1, x2, ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from saferoom.digests import canonical, sha256

Value = int | float | date | tuple[str, ...]
"""A setting's value."""
Settings = Mapping[str, Value]
Facts = Mapping[str, Any]
"""What a step found on its way that is no row of its table, such as the loadings of an index."""
Rows = Callable[[str], list[tuple[Any, ...]]]
"""Runs a query over a step's checked inputs."""


class Kind(StrEnum):
    """How a column's values are to be read."""

    ID = "id"
    INTEGER = "integer"
    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"
    DATE = "date"


@dataclass(frozen=True)
class Column:
    """One column of an input or of the table that is made.

    Attributes
    ----------
    missing : bool
        Whether it may have missing values.
    low, high : float
        Least and greatest value of a number; None for no bound.
    codes : sequence of str
        Every value of a text; empty for any.
    default : str
        SQL of the values where an input has no such column; None when it must have it.
    """

    name: str
    kind: Kind
    meaning: str
    missing: bool = False
    low: float | None = None
    high: float | None = None
    codes: Sequence[str] = ()
    default: str | None = None


@dataclass(frozen=True)
class Input:
    """A table that a step reads.

    Attributes
    ----------
    key : sequence of str
        Columns of which no two rows have the same values; empty for no such rule.
    chosen : str
        The setting that lists further numeric columns; None for none.
    """

    name: str
    meaning: str
    columns: Sequence[Column]
    key: Sequence[str] = ()
    chosen: str | None = None


@dataclass(frozen=True)
class Setting:
    """A setting; one without a default must be given.

    Attributes
    ----------
    type : `int`, `float`, `date` or `tuple` (names of columns)
    low, high : float
        Least and greatest number, or least and greatest count of columns.
    """

    name: str
    type: type
    meaning: str
    default: Value | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Refusal:
    """What a step's inputs must not be.

    Attributes
    ----------
    sentence : str
        What is wrong and what to do, for a person; never with a value of the data.
    sql : str
        A query with rows exactly when it is so.
    """

    sentence: str
    sql: str


@dataclass(frozen=True)
class Step:
    """A derived table.

    Attributes
    ----------
    sql : str
        The query over the inputs' names; settings are its parameters, as ``$fraction``.
    formula, source : str
        How it is computed, and where that comes from.
    cost : str
        What time and memory grow with.
    key : sequence of str
        Columns that tell the rows of the table apart, and by which they are ordered.
    find : callable
        Computes facts from the checked inputs.
    write : callable
        Writes the query where it depends on how many columns are chosen; `sql` is empty then.
    """

    name: str
    version: int
    title: str
    formula: str
    source: str
    cost: str
    inputs: Sequence[Input]
    output: Sequence[Column]
    key: Sequence[str]
    sql: str = ""
    settings: Sequence[Setting] = ()
    refusals: Sequence[Refusal] = ()
    find: Callable[[Rows, Settings], Facts] | None = None
    write: Callable[[Settings, Facts], str] | None = None

    def digest(self) -> str:
        """Return the SHA-256 of all that decides what the step makes, apart from `find` and `write`."""
        told: dict[str, Any] = {
            "inputs": [[i.name, [_told(c) for c in i.columns], list(i.key), i.chosen] for i in self.inputs],
            "output": [_told(column) for column in self.output],
            "key": list(self.key),
            "sql": " ".join(self.sql.split()),
            "settings": [[s.name, s.type.__name__, repr(s.default), repr(s.low), repr(s.high)] for s in self.settings],
            "refusals": [" ".join(refusal.sql.split()) for refusal in self.refusals],
        }
        return str(sha256(canonical(told)))


def _told(column: Column) -> list[Any]:
    bounds = [repr(column.low), repr(column.high)]
    return [column.name, column.kind.value, column.missing, *bounds, list(column.codes), column.default]


@dataclass(frozen=True)
class Table:
    """A table of the engine that a step is to read.

    Attributes
    ----------
    columns : mapping of str to str
        The table's own name of a column, by the step's, where they differ.
    """

    name: str
    columns: Mapping[str, str]


@dataclass(frozen=True)
class Made:
    """What was made: enough to say in a catalogue where a dataset comes from."""

    step: str
    version: int
    table: str
    rows: int
    settings: Settings
    facts: Facts
