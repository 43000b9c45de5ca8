"""The corpus' vocabulary: what is judged, whether it is safe, and the attack that proves that it is not.

Vocabulary
----------
case
    One piece of work that a researcher would hand in: a query, a file, or a sequence of queries released one after
    another.
attack
    A function that takes only the released numbers and what an attacker legitimately knows (their own and colluding
    people's values, who belongs to which group) and works out something confidential.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tests.benchmark.worlds import Data

from saferoom.disclosure.verdict import Label, Table
from saferoom.policies.models import RiskAppetite

Kind = Literal["query", "sequence", "file"]
Document = Mapping[str, Any]
Known = Mapping[str, Any]


@dataclass(frozen=True)
class Numbers:
    """A released table, as somebody outside reads it."""

    table: Table

    def value(self, cell: Sequence[Label], column: str | None = None) -> Any:
        """Return the number of the cell with these labels; the last column's when none is named."""
        place = -1 if column is None else self.table.columns.index(column)
        for row in self.table.rows:
            if row[: len(cell)] == tuple(cell):
                return row[place]
        raise KeyError("the released table has no such cell")

    def cells(self) -> Iterator[tuple[Any, ...]]:
        """Yield the rows as they were released."""
        yield from self.table.rows


@dataclass(frozen=True)
class Released:
    """Everything that left: tables in the order of their release, or a file's bytes."""

    tables: tuple[Numbers, ...] = ()
    file: bytes = b""

    def value(self, cell: Sequence[Label], column: str | None = None, table: int = 0) -> Any:
        """Return a number of one of the tables."""
        return self.tables[table].value(cell, column)


@dataclass(frozen=True)
class Attack:
    """How something confidential follows from what was released.

    Attributes
    ----------
    infer : function of what was released and of what is known
        It stands at the top of a module, so that it can hold on to nothing of the population.
    truth : object
        What the population says.
    tolerance : float
        Largest relative error at which the inference still counts as disclosure.
    """

    infer: Callable[[Released, Known], Any]
    truth: Any
    known: Known = field(default_factory=dict)
    tolerance: float = 1e-6

    def succeeds(self, released: Released) -> bool:
        """Run the attack, and say whether what it infers is true."""
        found = self.infer(released, self.known)
        if isinstance(self.truth, int | float) and not isinstance(self.truth, bool):
            return isinstance(found, int | float) and math.isclose(
                float(found), float(self.truth), rel_tol=self.tolerance, abs_tol=1e-9
            )
        return bool(found == self.truth)


@dataclass(frozen=True)
class File:
    """A file that is handed in, with the extract it was made from and, perhaps, the query it claims to be."""

    name: str
    content: Callable[[], bytes]
    query: Document | None = None


@dataclass(frozen=True)
class Case:
    """One labelled piece of work.

    Attributes
    ----------
    statbarn : str
        Under which it is counted.
    safe : bool
        What a careful output checker who knows the population would say.
    queries : tuple of documents
        One for a query, several for a sequence, none for a file.
    attack : Attack or None
        Of an unsafe case always there.
    blanked : bool
        The label is proven on the tables as a tool would release them that blanks the cells its rules name and keeps
        the margins. If Saferoom passes, the attack is run on what it releases.
    plain : function, optional
        The numbers as a plain tool prints them, where Saferoom prints others (bins, steps): they prove the label. If
        Saferoom passes, the attack is run on what it releases.
    acro : mapping, optional
        A call of ACRO for work that Saferoom is given as a file: a query, and the function that aggregates.
    """

    name: str
    statbarn: str
    safe: bool
    data: Data
    queries: tuple[Document, ...] = ()
    file: File | None = None
    attack: Attack | None = None
    blanked: bool = False
    plain: Callable[[], Released] | None = None
    acro: Mapping[str, Any] | None = None
    policy: RiskAppetite = field(default_factory=RiskAppetite)

    def __post_init__(self) -> None:
        if self.safe != (self.attack is None):
            raise ValueError(f"{self.name}: an unsafe case, and no other, has an attack")

    @property
    def kind(self) -> Kind:
        """Whether a query, a sequence of them or a file is handed in."""
        if self.file is not None:
            return "file"
        return "query" if len(self.queries) == 1 else "sequence"


@dataclass(frozen=True)
class Judged:
    """What came of a case.

    Attributes
    ----------
    verdict : str
        ``pass``, ``review`` or ``fail``; of a sequence the worst of its steps; ``refused`` where the work was not
        accepted at all.
    disclosed : bool or None
        Whether the attack worked on the numbers as they were asked for; None for safe cases, and where nothing was
        computed that it could work on.
    mended : bool
        Whether it passed because other numbers are released, on which the attack does not work.
    """

    name: str
    statbarn: str
    kind: Kind
    safe: bool
    verdict: str
    rules: tuple[str, ...] = ()
    disclosed: bool | None = None
    mended: bool = False
    note: str = ""
    seconds: float = 0.0

    @property
    def missed(self) -> bool:
        """Unsafe, and judged `pass` as it is."""
        return not self.safe and self.verdict == "pass" and not self.mended

    @property
    def false_alarm(self) -> bool:
        """Safe, and judged `fail` or refused."""
        return self.safe and self.verdict not in {"pass", "review"}


Family = Callable[[], Iterator[Case]]


def write_all(cases: Sequence[Case], folder: Path) -> None:
    """Write the data of all cases once."""
    for data in {case.data.key: case.data for case in cases}.values():
        data.parquet(folder)
