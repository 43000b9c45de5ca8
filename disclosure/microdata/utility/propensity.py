"""Propensity scores: whether a model can tell the records of two tables apart.

Both tables are put together, and a logistic regression predicts which one a record is from. Where the tables are alike
every prediction is the share c of the second table; *pMSE* is the mean squared difference from it. Its *ratio* to what
chance alone would give (1 for a table drawn from the first one) is the measure to compare plans by.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.utility.asked import SEEN, Compared
from saferoom.disclosure.microdata.utility.telling import design
from saferoom.disclosure.microdata.utility.variables import Variable, variables

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.columns import Frame

Matrix = NDArray[np.float64]
_NEARLY_FREE = 1e4
"""Inverse strength of the penalty that keeps coefficients finite where a column tells the tables apart surely."""
_DEPENDENT = 1e-9


@dataclass(frozen=True)
class Fitted:
    """Propensity scores of one model.

    Attributes
    ----------
    pmse : float
        Mean squared difference of the scores from the share of the second table; 0 (alike) to c (1 - c).
    expected : float
        What chance alone gives with as many parameters.
    parameters : int
        Of the model, with the constant.
    """

    pmse: float
    expected: float
    deviation: float
    parameters: int

    @property
    def ratio(self) -> float | None:
        """`pmse` over `expected`: 1 for a table drawn from the first; None where there is nothing to tell apart by."""
        return None if self.expected <= 0 else self.pmse / self.expected

    @property
    def standardised(self) -> float | None:
        """How many standard deviations of chance `pmse` is above what is expected."""
        return None if self.deviation <= 0 else (self.pmse - self.expected) / self.deviation

    def document(self) -> dict[str, Any]:
        """Return the numbers as JSON holds them."""
        return {**asdict(self), "ratio": self.ratio, "standardised": self.standardised}


@dataclass(frozen=True)
class Propensity:
    """How well models tell two tables apart.

    Attributes
    ----------
    main : Fitted
        By every column for itself.
    pairs : Fitted
        By products of two columns too: it notices relations that were lost, which `main` does not.
    by_column : mapping of str to Fitted
        By one column alone.
    seen : pair of int
        Records of both tables that were looked at.
    records : pair of int
        Records of both tables.
    left_out : mapping of str to str
        Columns that play no part, and why.
    """

    main: Fitted
    pairs: Fitted
    by_column: Mapping[str, Fitted]
    seen: tuple[int, int]
    records: tuple[int, int]
    left_out: Mapping[str, str]

    @property
    def sampled(self) -> bool:
        """Whether not all records were looked at."""
        return self.seen != self.records

    def document(self) -> dict[str, Any]:
        """Return the numbers as JSON holds them."""
        return {
            "main": self.main.document(),
            "pairs": self.pairs.document(),
            "by_column": {name: fitted.ratio for name, fitted in self.by_column.items()},
            "seen": list(self.seen),
            "records": list(self.records),
            "left_out": dict(self.left_out),
        }


def propensity(before: Frame, after: Frame, columns: Sequence[str] | None = None) -> Propensity:
    """Compare two tables by propensity scores; the records of the one need not be those of the other.

    Parameters
    ----------
    columns : sequence of str, optional
        Columns that both have; all of these when left out.

    Raises
    ------
    BadInputError
        When a table has no records, or a column is not in both.
    """
    from saferoom.disclosure.microdata import columns as tables

    asked = Compared()
    wanted = tables.names_of(before) if columns is None else list(columns)
    for name, frame in (("before", before), ("after", after)):
        if columns is not None:
            tables.check_names(frame, wanted, f"propensity, the table {name}")
    asked.check_columns(tables.names_of(before), tables.names_of(after), (tables.length(before), tables.length(after)))
    found = variables(before, after, asked)
    chosen = [one for one in found.columns if one.name in wanted]
    left_out = {name: why for name, why in found.left_out.items() if name in wanted}
    return scored(chosen, left_out, wanted, corresponding=False)


def scored(
    chosen: Sequence[Variable],
    left_out: Mapping[str, str],
    alone: Sequence[str],
    *,
    corresponding: bool,
    seen: int = SEEN,
) -> Propensity:
    """Return the propensity scores of columns that are coded alike.

    Parameters
    ----------
    alone : sequence of str
        Columns that are looked at by themselves too.
    corresponding : bool
        Whether record i of one table is record i of the other: of large tables the same records are looked at then.

    Notes
    -----
    With n1 and n2 records looked at, N = n1 + n2, c = n2 / N and k parameters, and the first table held fixed,
    E[pMSE] = (k - 1) (1 - c)^2 c / N, with standard deviation sqrt(2 (k - 1)) (1 - c)^2 c / N. Where the first table is
    itself sampled here, (1 - c) becomes (1 - c) + c (1 - f) once, f the share of it that was looked at.

    References
    ----------
    Snoke, Raab, Nowok, Dibben, Slavkovic (2018). General and specific utility measures for synthetic data. Journal of
    the Royal Statistical Society A 181(3), 663-688, theorem 1.
    """
    usable = [one for one in chosen if one.comparable]
    away = {one.name: "its categories after are others than before" for one in chosen if not one.comparable}
    records = (len(chosen[0].before), len(chosen[0].after)) if chosen else (0, 0)
    places = [_spaced(count, seen) for count in records]
    share = 1.0 if corresponding or not records[0] else len(places[0]) / records[0]
    chance = _Chance(len(places[0]), len(places[1]), share)
    own = [design(one, places[0], places[1]) for one in usable]
    main = np.concatenate([one.columns for one in own], axis=1) if own else chance.nothing()
    products = _products([one.few for one in own])
    pairs = main if products is None else np.concatenate([main, products], axis=1)
    by = {one.name: chance.fitted(part.columns) for one, part in zip(usable, own, strict=True) if one.name in alone}
    seen_now = (len(places[0]), len(places[1]))
    return Propensity(chance.fitted(main), chance.fitted(pairs), by, seen_now, records, {**left_out, **away})


def _spaced(records: int, most: int) -> NDArray[np.intp]:
    """Return the places of at most `most` evenly spaced records."""
    if records <= most:
        return np.arange(records)
    return np.linspace(0, records - 1, most).astype(np.intp)


_MOST_PRODUCTS = 300


def _products(few: Sequence[Matrix]) -> Matrix | None:
    """Return the products of the columns of every two variables; fewer columns of each where these are too many."""
    for most in (3, 2, 1):
        kept = [one[:, :most] for one in few]
        widths = np.array([one.shape[1] for one in kept])
        if (widths.sum() ** 2 - (widths**2).sum()) // 2 <= _MOST_PRODUCTS:
            break
    made = [
        (kept[i][:, :, None] * kept[j][:, None, :]).reshape(len(kept[i]), -1)
        for i in range(len(kept))
        for j in range(i)
    ]
    made = [one for one in made if one.shape[1]]
    return np.concatenate(made, axis=1)[:, :_MOST_PRODUCTS] if made else None


@dataclass(frozen=True)
class _Chance:
    """Fits models that tell n1 records from n2, and says what chance gives."""

    first: int
    second: int
    share: float

    def nothing(self) -> Matrix:
        return np.empty((self.first + self.second, 0))

    def fitted(self, columns: Matrix) -> Fitted:
        total = self.first + self.second
        c = self.second / total if total else 0.0
        kept = _independent(columns)
        if not kept.shape[1] or not self.first or not self.second:
            return Fitted(0.0, 0.0, 0.0, 1)
        scores = _scores(kept, np.arange(total) >= self.first)
        unit = c * (1 - c) * ((1 - c) + c * (1 - self.share)) / total
        width = kept.shape[1]
        pmse = float(((scores - c) ** 2).mean())
        return Fitted(pmse, width * unit, float(np.sqrt(2 * width)) * unit, width + 1)


def _independent(columns: Matrix) -> Matrix:
    """Return standardised columns none of which is a combination of the others."""
    from scipy.linalg import qr

    if not columns.shape[1]:
        return columns
    spread = columns.std(axis=0)
    own: Matrix = columns[:, spread > _DEPENDENT]
    own = (own - own.mean(axis=0)) / spread[spread > _DEPENDENT]
    if not own.shape[1]:
        return own
    # Correlations have the rank of the columns, and are small however many records there are.
    triangle, order = qr(own.T @ own / len(own), mode="r", pivoting=True)
    sizes = np.abs(np.diag(triangle))
    return np.asarray(own[:, np.sort(order[sizes > _DEPENDENT * sizes[0]])])


def _scores(columns: Matrix, second: NDArray[np.bool_]) -> Matrix:
    """Return the estimated probability that each record is of the second table."""
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # separation shows in the scores themselves
        model = LogisticRegression(C=_NEARLY_FREE, solver="newton-cholesky", max_iter=50, tol=1e-6)
        found: Matrix = model.fit(columns, second).predict_proba(columns)[:, 1]
    return found
