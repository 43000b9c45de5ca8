"""What a query says of its numbers without any look at the data: of whom, of what, by what.

Two queries that say the same are about the same cells. Two that are about the same cells may say it in other ways
(``age > 15`` of whole years is ``age >= 16``): for those that were computed, who is behind the cells is compared as
well. Texts are kept as digests, so that another project's query can be compared without being told.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlglot
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.simplify import simplify

from saferoom.digests import sha256
from saferoom.disclosure.queries.forms import FORMS
from saferoom.disclosure.queries.model import Method, Statistic

_GROUPS = {
    Statistic.SUM: "total",
    Statistic.MEAN: "total",
    Statistic.VARIANCE: "spread",
    Statistic.STD: "spread",
    Statistic.MEDIAN: "position",
    Statistic.QUANTILE: "position",
}
"""Statistics of which one gives the other, or nearly; every other one is a group of its own."""
_ADDED_UP = frozenset({Statistic.FREQUENCY, Statistic.SUM, Statistic.HISTOGRAM})
"""Whose inner cells tell every margin, whether it is shown or not."""


@dataclass(frozen=True)
class Announced:
    """What a canonical query says of its numbers.

    Attributes
    ----------
    noisy : bool
        Whether they get noise from a privacy budget.
    population : str
        Digest of the data, views and filter.
    quantity : str
        Digest of the kind of statistic, its measure and its weight.
    dimensions : frozenset of str
        A digest each.
    margins : bool
        Whether every margin is shown, too.
    adds : bool
        Whether margins follow from the inner cells.
    """

    noisy: bool
    population: str
    quantity: str
    dimensions: frozenset[str]
    margins: bool
    adds: bool

    def tells(self, other: Announced) -> bool:
        """Tell whether this gives numbers of `other` for the same cells.

        The one number of everybody does not count where `other` has cells: it takes no noise off any of them.
        """
        if (self.population, self.quantity) != (other.population, other.quantity):
            return False
        if not other.margins:
            return other.dimensions == self.dimensions or (self._coarser and other.dimensions < self.dimensions)
        if not other.dimensions:
            return self._coarser or not self.dimensions
        return bool(self.dimensions & other.dimensions if self._coarser else self.dimensions <= other.dimensions)

    @property
    def _coarser(self) -> bool:
        return self.margins or self.adds

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready form."""
        return {
            "noisy": self.noisy,
            "population": self.population,
            "quantity": self.quantity,
            "dimensions": sorted(self.dimensions),
            "margins": self.margins,
            "adds": self.adds,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Announced:
        """Read what `to_json` wrote; anything else raises one of the errors that `frames.guarded` catches."""
        return cls(
            noisy=bool(document["noisy"]),
            population=str(document["population"]),
            quantity=str(document["quantity"]),
            dimensions=frozenset(map(str, document["dimensions"])),
            margins=bool(document["margins"]),
            adds=bool(document["adds"]),
        )


def announced_of(canonical: Mapping[str, Any]) -> Announced | None:
    """Return what a canonical query says; None where there is none, as of a file or another project's release."""
    if "statistic" not in canonical:
        return None
    return _read(json.dumps(canonical, sort_keys=True))


@lru_cache(maxsize=512)
def _read(text: str) -> Announced:
    canonical = json.loads(text)
    statistic = Statistic(canonical["statistic"])
    derive, options = canonical.get("derive", {}), canonical.get("options", {})
    expressions = [canonical.get("measure"), *(options.get(name) for name in FORMS[statistic].expressions)]
    return Announced(
        noisy=(canonical.get("protect") or {}).get("method") == Method.DP.value,
        population=_digest([canonical.get("from"), canonical.get("views", {}), _normal(canonical.get("where"))]),
        quantity=_digest(
            [_GROUPS.get(statistic, statistic.value), [_normal(one) for one in expressions], canonical.get("weight")]
        ),
        dimensions=frozenset(_digest(_normal(derive.get(name, f'"{name}"'))) for name in canonical.get("by", ())),
        margins=bool(canonical.get("margins")),
        adds=statistic in _ADDED_UP,
    )


def _normal(text: Any) -> Any:
    """Return an expression in one order and form, as far as that is easily told."""
    if not isinstance(text, str):
        return text
    try:
        return simplify(sqlglot.parse_one(text, dialect="duckdb")).sql(dialect="duckdb")
    except (SqlglotError, RecursionError):  # it is compared as it stands
        return text


def _digest(value: Any) -> str:
    return sha256(json.dumps(value, sort_keys=True).encode())
