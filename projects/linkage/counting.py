"""Counts that a model starts from: pairs that share keys, random pairs by level, and about how many pairs match.

Pairs that share a key are counted by its blocks (the products of their sizes), without making one.
"""

# ruff: noqa: S608 - SQL is put together from names of our own
from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from saferoom.projects.linkage.comparisons import Comparison, comparisons, gamma, internal_names
from saferoom.projects.linkage.plan import FieldKind, LinkPlan, LinkType

if TYPE_CHECKING:
    import duckdb

_FEWEST_SAMPLED, _MOST_SAMPLED = 20_000, 100_000
"""Random pairs; between them, twice the number of records."""
_TWO_OF_THREE = 0.8
"""How often one of two keys finds a match, where there is no third one to tell."""


def total_pairs(plan: LinkPlan, sizes: Sequence[int]) -> int:
    """Return how many pairs there are to be compared, were all of them."""
    count = sum(sizes)
    return count * (count - 1) // 2 if plan.link_type is LinkType.DEDUPE else (count**2 - sum(n**2 for n in sizes)) // 2


def most_matches(plan: LinkPlan, sizes: Sequence[int]) -> float:
    """Return how many pairs can match at most; where a record may have many partners, nothing is known beforehand."""
    if plan.link_type is LinkType.LINK and (plan.one_to_one or plan.many_to_one) and len(sizes) == 2:
        return float(min(sizes) if plan.one_to_one else sizes[0])
    return float(max(total_pairs(plan, sizes), 1))


class Counting:
    """Counts that the model starts from."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: str, plan: LinkPlan, sizes: Sequence[int]) -> None:
        self._connection, self._table, self._plan, self.sizes = connection, table, plan, sizes
        self.names = internal_names(plan)
        self.dedupe = plan.link_type is LinkType.DEDUPE
        self.total = total_pairs(plan, sizes)
        self.most_matches = most_matches(plan, sizes)
        self._sampled: dict[str, dict[int, int]] | None = None

    def sharing(self, columns: Sequence[str]) -> int:
        """Return the number of pairs that share all `columns` of the prepared table."""
        given = " and ".join(f"{c} is not null" for c in columns)
        listed = ", ".join(f"k{i}" for i in range(len(columns)))
        values = ", ".join(f"{c} as k{i}" for i, c in enumerate(columns))
        blocks = f"select {values}, src, count(*) as n from {self._table} where {given} group by all"
        if self.dedupe:
            query = f"select sum(n * (n - 1) // 2) from ({blocks})"
        else:
            query = (
                f"select sum(pairs) from (select (sum(n) * sum(n) - sum(n * n)) // 2 as pairs from ({blocks}) "
                f"group by {listed})"
            )
        return int(self._connection.execute(query).fetchall()[0][0] or 0)

    def comparable(self, column: str) -> int:
        """Return the number of pairs in which both have a value in `column`."""
        rows = self._connection.execute(f"select src, count({column}) from {self._table} group by all").fetchall()
        counts = [int(n) for _, n in rows]
        if self.dedupe:
            return counts[0] * (counts[0] - 1) // 2 if counts else 0
        return (sum(counts) ** 2 - sum(n**2 for n in counts)) // 2

    def training_keys(self) -> list[list[str]]:
        """Return the sets of columns on which m is trained: who shares one is, mostly, one person.

        They are made of what tells a person from the others of the household, and from people of the same name: a given
        name or an id, and a date of birth or a place.
        """
        given, surname, date = (self.first(k) for k in (FieldKind.GIVEN_NAME, FieldKind.SURNAME, FieldKind.DATE))
        place = self.first(FieldKind.ADDRESS) or self.first(FieldKind.POSTCODE)
        keys = [[self.names[column]] for column in self._plan.of_kind(FieldKind.ID)]
        keys += [given + date] if given and date else []
        keys += [surname + date] if surname and date else []
        keys += [given + surname + place] if given and surname else []
        keys = [key for key in keys if self.sharing(key)]
        return keys if len(keys) > 1 else self.disjoint_keys()

    def first(self, kind: FieldKind) -> list[str]:
        """Return the first column of `kind`, if there is one."""
        return [self.names[column] for column in self._plan.of_kind(kind)[:1]]

    def disjoint_keys(self) -> list[list[str]]:
        """Return up to three disjoint sets of columns, each so telling that many pairs that share it may match."""
        given, surname, date = (self.first(k) for k in (FieldKind.GIVEN_NAME, FieldKind.SURNAME, FieldKind.DATE))
        place = self.first(FieldKind.ADDRESS) or self.first(FieldKind.POSTCODE)
        if given and surname and date and place:
            return [date, given + surname, place]
        wanted = 5 * max(self.sizes) + 10
        found = []
        for column, kind in self._plan.fields.items():
            if kind is not FieldKind.SEX:
                name = self.names[column]
                found.append((self.sharing([name]), name))
        found = [one for one in sorted(found) if one[0] > 0]
        keys: list[list[str]] = []
        while found and len(keys) < 3:
            taken = [found.pop(0)]
            while found and self.sharing([name for _, name in taken]) > wanted:
                taken.append(found.pop(0))
            keys.append([name for _, name in taken])
        return keys

    def matches(self) -> float:
        """Return about how many pairs match."""
        keys = self.disjoint_keys()
        if len(keys) < 2:
            return float(min(self.sharing(keys[0]), self.most_matches)) if keys else 0.0
        pairs = [self.sharing([*a, *b]) for i, a in enumerate(keys) for b in keys[i + 1 :]]
        reckoned = float(max(pairs))
        if len(keys) == 3:
            all_three = self.sharing([*keys[0], *keys[1], *keys[2]])
            if all_three:
                reckoned = max(reckoned, pairs[0] * pairs[1] * pairs[2] / all_three**2)
        else:
            reckoned /= _TWO_OF_THREE
        return min(reckoned, self.most_matches)

    def sampled(self) -> dict[str, dict[int, int]]:
        """Return comparison's name -> level -> how many of a sample of random pairs are on it."""
        if self._sampled is None:
            self._sampled = self._sample()
        return self._sampled

    def _sample(self) -> dict[str, dict[int, int]]:
        compared = comparisons(self._plan)
        count, seed = sum(self.sizes), self._plan.seed
        wanted = min(max(_FEWEST_SAMPLED, min(2 * count, _MOST_SAMPLED)), self.total)
        pick = "cast(hash(i, {}) % {} as bigint) + 1"
        pairs = (
            f"select {pick.format(f'{seed}, 1', count)} as a, {pick.format(f'{seed}, 2', count)} as b "
            f"from range({2 * wanted}) t(i)"
        )
        columns = sorted({word for c in compared for word in _columns(c)})
        left = ", ".join(f"l.{c} as {c}_l" for c in columns)
        right = ", ".join(f"r.{c} as {c}_r" for c in columns)
        apart = "a <> b" if self.dedupe else "l.src <> r.src"
        rows = f"select {left}, {right} from ({pairs}) join {self._table} l on l.id = a join {self._table} r on r.id = b where {apart}"  # noqa: E501
        levels = ", ".join(f"{gamma(c)} as g{i}" for i, c in enumerate(compared))
        grouped = ", ".join(f"g{i}" for i in range(len(compared)))
        counted = self._connection.execute(
            f"select {grouped}, count(*) from (select {levels} from ({rows})) group by all"
        ).fetchall()
        found: dict[str, dict[int, int]] = {c.name: {} for c in compared}
        for *row, n in counted:
            for c, level in zip(compared, row, strict=True):
                found[c.name][level] = found[c.name].get(level, 0) + n
        return found


def _columns(comparison: Comparison) -> set[str]:
    text = " ".join([comparison.null, *(level.condition for level in comparison.levels)])
    return set(re.findall(r"\b([a-z_]+_[0-9]+(?:_[a-z]+)?)_l\b", text)) | set(
        re.findall(r"\b([a-z_]+_[0-9]+(?:_[a-z]+)?)_r\b", text)
    )
