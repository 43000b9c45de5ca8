"""The disclosure check of a twin: everything that is measured, and whether the limits hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from saferoom.disclosure.microdata.synthetic.check.attribution import Attribution, Intruder
from saferoom.disclosure.microdata.synthetic.check.closeness import MOST_TRIED, Closeness, Coordinates, closeness
from saferoom.disclosure.microdata.synthetic.check.leftovers import rare_values
from saferoom.disclosure.microdata.synthetic.check.pair import Coding
from saferoom.disclosure.microdata.synthetic.check.uniques import Singles, Uniques, replicated
from saferoom.disclosure.microdata.synthetic.described import Described, Limits, Role
from saferoom.disclosure.microdata.synthetic.scales import numbers_of
from saferoom.disclosure.microdata.synthetic.units import Units

MOST_SENSITIVE = 20
"""Sensitive variables that are looked at where nobody names any."""


@dataclass(frozen=True)
class Disclosure:
    """What a twin would disclose.

    Attributes
    ----------
    keys, sensitive : tuple of str
    chosen : bool
        Whether the keys were chosen, since nobody named any.
    removed : int
        The twin's records that were taken out, or made again, because they replicated a unique.
    copied : int
        The twin's records that are a record which one unit alone has.
    rare : tuple of str
        Columns with values of too few units.
    """

    keys: tuple[str, ...]
    sensitive: tuple[str, ...]
    chosen: bool
    removed: int
    uniques: Uniques | None
    copied: int
    rare: tuple[str, ...]
    attributions: tuple[Attribution, ...]
    closeness: Closeness | None

    def broken(self, limits: Limits) -> list[str]:
        """Return in sentences which limits do not hold."""
        said = []
        if self.rare:
            said.append(f"values of too few units are left in {', '.join(self.rare)}")
        if self.copied:
            said.append(f"{self.copied:,} records are copies of a record that one unit alone has")
        found = 0 if self.uniques is None else int(self.uniques.records.sum())
        if found > limits.replicated_uniques:
            said.append(f"{found:,} records replicate a unique key, above {limits.replicated_uniques:,}")
        said += [
            f"'{one.target}' is given away rightly more often than others' records would tell, by {one.gain:.2f}, "
            f"above {limits.attribution_gain:g}"
            for one in self.attributions
            if one.gain > limits.attribution_gain
        ]
        if self.closeness is not None and self.closeness.excess > limits.closeness_excess:
            said.append(
                f"its records lie nearer to people than other people do, by {self.closeness.excess:.2f}, above "
                f"{limits.closeness_excess:g}"
            )
        return said

    def document(self, limits: Limits) -> dict[str, Any]:
        """Return the measures beside their limits, JSON-ready, without values."""
        return {
            "keys": list(self.keys),
            "sensitive": list(self.sensitive),
            "keys_chosen": self.chosen,
            "removed_records": self.removed,
            "replicated_uniques": None if self.uniques is None else self.uniques.document(),
            "copies_of_uniques": self.copied,
            "columns_with_rare_values": list(self.rare),
            "attribution": [one.document() for one in self.attributions],
            "closeness": None if self.closeness is None else self.closeness.document(),
            "limits": {
                "replicated_uniques": limits.replicated_uniques,
                "copies_of_uniques": 0,
                "columns_with_rare_values": 0,
                "attribution_gain": limits.attribution_gain,
                "closeness_excess": limits.closeness_excess,
            },
            "holds": not self.broken(limits),
        }


class Check:
    """Compares twins with one file; what is of the file alone is worked out once.

    Parameters
    ----------
    table : Arrow table
    roles : mapping of str to Role
        Of every column.
    threshold : int
    """

    def __init__(
        self, table: Any, roles: Mapping[str, Role], described: Mapping[str, Described], units: Units, threshold: int
    ) -> None:
        self._table, self._roles, self._described = table, dict(roles), described
        self._units, self._threshold = units, threshold
        compared = [name for name, role in roles.items() if role not in (Role.UNIT, Role.ID)]
        self._compared = compared
        self._texts = [name for name in compared if roles[name] is Role.TEXT]
        self._exact = Coding(table, compared, banded=False) if compared else None
        self._singles = None if self._exact is None else Singles(self._exact.before, units)
        self._banded: Coding | None = None
        self.keys: tuple[str, ...] = ()
        self.sensitive: tuple[str, ...] = ()
        self.chosen = False

    def asks(self, keys: Sequence[str], sensitive: Sequence[str], usual: Sequence[str]) -> None:
        """Take what an intruder knows and wants; `usual` are the keys where none are named."""
        self.chosen = not keys
        self.keys = tuple(keys or [name for name in usual if name not in sensitive])
        others = [name for name in self._compared if name not in self.keys and name not in self._texts]
        self.sensitive = tuple(sensitive or others[:MOST_SENSITIVE])
        names = [*self.keys, *self.sensitive]
        self._banded = Coding(self._table, names, banded=True) if names else None

    def replicating(self, twin: Any) -> Any:
        """Return which of the twin's records replicate a unique key or are a copy; ndarray of bool, shape (r,)."""
        found = np.zeros(twin.num_rows, dtype=bool)
        found |= self._copied(twin)
        if self._banded is not None and self.keys:
            found |= replicated(self._banded.pair(twin), self.keys, self._units).records
        return found

    def _copied(self, twin: Any) -> Any:
        if self._exact is None or self._singles is None:
            return np.zeros(twin.num_rows, dtype=bool)
        return self._singles.copied(self._exact.pair(twin).after)

    def measured(self, twin: Any, removed: int, random: np.random.Generator) -> Disclosure:
        """Measure all of it on the finished twin."""
        pair = None if self._banded is None else self._banded.pair(twin)
        keyed = pair is not None and bool(self.keys)
        attributions = list[Attribution]()
        if pair is not None and keyed:
            intruder = Intruder(pair, self.keys, self._units, self._threshold)
            attributions = [intruder.attribution(target, random) for target in self.sensitive]
        return Disclosure(
            keys=self.keys,
            sensitive=self.sensitive,
            chosen=self.chosen,
            removed=removed,
            uniques=replicated(pair, self.keys, self._units) if pair is not None and keyed else None,
            copied=int(self._copied(twin).sum()),
            rare=tuple(rare_values(self._table, twin, self._roles, self._described, (self._units, self._threshold))),
            attributions=tuple(attributions),
            closeness=self._closeness(twin, random),
        )

    def _closeness(self, twin: Any, random: np.random.Generator) -> Closeness | None:
        names = [name for name in self._compared if name not in self._texts]
        if self._exact is None or not names:
            return None
        if twin.num_rows > MOST_TRIED:  # those that are not tried need not be coded
            twin = twin.take(random.choice(twin.num_rows, MOST_TRIED, replace=False))
        pair = self._exact.pair(twin)
        numbers, categories = [], []
        for name in names:
            place = pair.places([name])[0]
            if self._roles[name] in (Role.NUMBER, Role.DATE):
                numbers.append(_ranked(self._table.column(name), twin.column(name), name))
            else:
                categories.append((pair.before[:, place], pair.after[:, place]))
        before, after = (
            Coordinates([one[side] for one in numbers], [one[side] for one in categories]) for side in (0, 1)
        )
        return closeness(before, after, self._units, random)


def _ranked(column: Any, made: Any, name: str) -> tuple[Any, Any]:
    """Return the share of the file's numbers below each number of the file and of the twin; -1 where missing."""
    numbers, missing, scale = numbers_of(column, name)
    own, absent, other = numbers_of(made, name)
    known = np.sort(scale.absolute(numbers[~missing]))
    ranks = []
    for values, none in ((scale.absolute(numbers), missing), (other.absolute(own), absent)):
        middle = np.searchsorted(known, values, "left") + np.searchsorted(known, values, "right")
        ranks.append(np.where(none, -1.0, middle / max(1, 2 * len(known))).astype(np.float32))
    return ranks[0], ranks[1]
