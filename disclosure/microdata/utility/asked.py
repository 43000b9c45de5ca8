"""What is asked of a comparison of records before and after protection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from saferoom.disclosure.microdata.columns import all_missing, check_wanted
from saferoom.errors import BadInputError

Family = Literal["ols", "logit", "poisson"]
LEAST = 10
"""Fewer records or changes than this are told of nobody."""
SEEN = 10_000
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


def regression_of(text: str, what: str) -> Regression:
    """Return what a formula asks for: ``outcome ~ a + b``, and after a comma its family.

    Parameters
    ----------
    what : str
        What messages begin with.

    Raises
    ------
    BadInputError
    """
    formula, _comma, family = text.partition(",")
    outcome, tilde, on = formula.partition("~")
    names = tuple(name.strip() for name in on.split("+") if name.strip())
    wanted: Any = family.strip() or "ols"
    if not tilde or not outcome.strip() or not names or wanted not in get_args(Family):
        raise BadInputError(
            f"{what}: write OUTCOME ~ COLUMN + COLUMN, and after a comma one of {', '.join(get_args(Family))}"
        )
    return Regression(outcome.strip(), names, wanted)


@dataclass(frozen=True)
class Compared:
    """How two tables of records are compared.

    Attributes
    ----------
    weight : str, optional
        Column of sampling weights in both tables; means, quantiles, shares, intervals and regressions use them.
    keys : tuple of str
        Key variables: compared two by two.
    ids : tuple of str
        Columns that name units (persons, households) and are not compared.
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
    ids: tuple[str, ...] = ()
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
        self.check_before(before)
        check_wanted(after, [] if self.weight is None else [self.weight], "utility, weight")
        if not set(before) & set(after) - {self.weight}:
            raise BadInputError("utility: the two tables have no column in common; name the same columns in both")

    def check_before(self, present: Sequence[str]) -> None:
        """Check that what is asked names columns that are `present` before.

        Raises
        ------
        BadInputError
        """
        for regression in self.regressions:
            what = f"utility, regression of '{regression.outcome}'"
            check_wanted(present, [regression.outcome, *regression.on], what)
            named = [name for name in (regression.outcome, *regression.on) if name in (self.weight, *self.ids)]
            if named:
                raise BadInputError(f"{what}: '{named[0]}' is the weight or an id, and is not compared")
        for table in self.tables:
            check_wanted(present, table, "utility, tables")
        check_wanted(present, self.keys, "utility, keys")
        check_wanted(present, self.ids, "utility, ids")
        check_wanted(present, [] if self.weight is None else [self.weight], "utility, weight")

    def check_told(self, empty: Sequence[str]) -> None:
        """Check that nothing is asked of the columns `empty`, which have no value before.

        Raises
        ------
        BadInputError
        """
        asked = [(f"regression of '{one.outcome}'", (one.outcome, *one.on)) for one in self.regressions]
        for what, names in (("keys", self.keys), *(("tables", pair) for pair in self.tables), *asked):
            for name in names:
                if name in empty:
                    raise all_missing(name, f"utility, {what}")
