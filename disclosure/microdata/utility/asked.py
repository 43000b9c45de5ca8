"""What is asked of a comparison of records before and after protection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from saferoom.disclosure.microdata.columns import check_wanted
from saferoom.errors import BadInputError

Family = Literal["ols", "logit", "poisson"]
LEAST = 10
"""Fewer records or changes than this are told of nobody."""
SEEN = 20_000
"""Records of each table that propensity scores are estimated from; evenly spaced ones of larger tables."""


@dataclass(frozen=True)
class Regression:
    """A regression that is fitted to both tables: `outcome` on the columns `on`; texts enter as categories."""

    outcome: str
    on: tuple[str, ...]
    family: Family = "ols"

    def __post_init__(self) -> None:
        if not self.on:
            raise BadInputError(f"regression of '{self.outcome}': name at least one column under 'on'")
        for name in self.on:
            if name == self.outcome or self.on.count(name) > 1:
                raise BadInputError(f"regression of '{self.outcome}': '{name}' is named twice")

    @property
    def title(self) -> str:
        """The regression in one line, as people write formulas."""
        return f"{self.outcome} ~ {' + '.join(self.on)} ({self.family})"


@dataclass(frozen=True)
class Compared:
    """How two tables of records are compared.

    Attributes
    ----------
    weight : str, optional
        Column of sampling weights in both tables; means, quantiles, shares, intervals and regressions use them.
    keys : tuple of str
        Key variables: compared as categories, and two by two.
    corresponding : bool
        Whether record i of one table is record i of the other. Measures that need pairs are left out otherwise, as for
        synthetic records.
    tables : tuple of pairs of str
        Two-way tables to compare; every pair of the keys (or of the first categories) when left out.
    regressions : tuple of Regression
    least : int
        What rests on fewer records, or tells of fewer changed ones, is not told.
    seen : int
        Records of each table that propensity scores are estimated from.
    """

    weight: str | None = None
    keys: tuple[str, ...] = ()
    corresponding: bool = False
    tables: tuple[tuple[str, str], ...] = ()
    regressions: tuple[Regression, ...] = ()
    least: int = LEAST
    seen: int = SEEN

    def check_columns(self, before: Sequence[str], after: Sequence[str], records: tuple[int, int]) -> None:
        """Check that the columns are there and the tables have records.

        Parameters
        ----------
        records : pair of int
            Numbers of records of the two tables.

        Raises
        ------
        BadInputError
        """
        for name, names, count in (("before", before, records[0]), ("after", after, records[1])):
            if not count:
                raise BadInputError(f"utility: the table {name} has no records")
            for column in names:
                if list(names).count(column) > 1:
                    raise BadInputError(f"utility: the table {name} has two columns '{column}'; rename one")
        if self.corresponding and records[0] != records[1]:
            raise BadInputError(
                f"utility: {records[0]:,} records before and {records[1]:,} after cannot correspond one to one; "
                "compare them as different records"
            )
        for regression in self.regressions:
            check_wanted(before, [regression.outcome, *regression.on], f"utility, regression of '{regression.outcome}'")
        for table in self.tables:
            check_wanted(before, table, "utility, tables")
        check_wanted(before, self.keys, "utility, keys")
        for names in (before, after):
            check_wanted(names, [] if self.weight is None else [self.weight], "utility, weight")
        if not set(before) & set(after) - {self.weight}:
            raise BadInputError("utility: the two tables have no column in common; name the same columns in both")
