"""What is asked of a risk report, checked before any work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

from saferoom.disclosure.microdata.columns import check_wanted
from saferoom.disclosure.microdata.risk.individual import Method
from saferoom.disclosure.microdata.risk.suda import FRACTION
from saferoom.disclosure.microdata.risk.uniques import MOST_VARIABLES
from saferoom.disclosure.queries.relations import unknown
from saferoom.errors import BadInputError

KS = (2, 3, 5)
"""Group sizes for which records below are always counted."""
_MOST_SETS = 5_000


@dataclass(frozen=True)
class Asked:
    """Columns and parameters of a risk report.

    Attributes
    ----------
    keys : tuple of str
        Key variables.
    weight, household : str, optional
        Columns of sampling weights and of household ids.
    sensitive : tuple of str
        Columns whose diversity within keys is measured.
    ks : tuple of int
        Further group sizes for which records below are counted, besides 2, 3 and 5.
    alpha : float
        How much a match counts that needs a missing value.
    method : Method
        Of the individual risk.
    largest : int, optional
        Most variables of a minimal sample unique; when left out all, or what can be tried in reasonable time.
    fraction : float
        Sampling fraction of DIS.
    c : float
        Of recursive l-diversity.
    model : str
        Log-linear model of the global risk: none, main, two-way or auto.
    explain : int
        Special uniques to explain.
    subsets : tuple of tuple of str
        Sets of fewer key variables, for which records below are counted too.
    """

    keys: tuple[str, ...]
    weight: str | None = None
    household: str | None = None
    sensitive: tuple[str, ...] = ()
    ks: tuple[int, ...] = ()
    alpha: float = 1.0
    method: Method = Method.APPROXIMATE
    largest: int | None = None
    fraction: float = FRACTION
    c: float = 2.0
    model: str = "none"
    explain: int = 0
    subsets: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        if not self.keys:
            raise BadInputError("keys: name at least one key variable")
        single = [("weight", self.weight), ("household", self.household), *(("sensitive", s) for s in self.sensitive)]
        for what, name in single:
            if name is not None and name in self.keys:
                raise BadInputError(f"{what}: '{name}' is a key variable as well; it can be only one of the two")
        if len(self.keys) > MOST_VARIABLES:
            raise BadInputError(f"keys: {len(self.keys)} key variables are too many; name at most {MOST_VARIABLES}")
        if not self.c > 0:
            raise BadInputError("c: the c of recursive l-diversity is a number above 0")
        for subset in self.subsets:
            for name in subset:
                if name not in self.keys:
                    raise unknown("key variable", name, self.keys, "subset")
                if subset.count(name) > 1:
                    raise BadInputError(f"subset: '{name}' is named twice")

    def check_columns(self, present: Sequence[str], prefix: str = "") -> None:
        """Check that all columns are among those that are `present`.

        Parameters
        ----------
        prefix : str
            What stands before the role in messages, such as "--" on a command line.

        Raises
        ------
        BadInputError
        """
        for role, name in (("weight", self.weight), ("household", self.household)):
            check_wanted(present, [] if name is None else [name], prefix + role)
        check_wanted(present, self.keys, f"{prefix}keys")
        check_wanted(present, self.sensitive, f"{prefix}sensitive")

    @property
    def all_ks(self) -> tuple[int, ...]:
        """The group sizes for which records below are counted, ascending."""
        return tuple(sorted({*KS, *self.ks}))

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are read, each once."""
        more = [name for name in (self.weight, self.household) if name is not None]
        return tuple(dict.fromkeys([*self.keys, *more, *self.sensitive]))

    @property
    def largest_tried(self) -> int:
        """The most variables of a minimal sample unique that are tried together."""
        variables = len(self.keys)
        if self.largest is not None:
            return min(self.largest, variables)
        sets = 0
        for size in range(1, variables + 1):
            sets += comb(variables, size)
            if sets > _MOST_SETS:
                return size - 1
        return variables
