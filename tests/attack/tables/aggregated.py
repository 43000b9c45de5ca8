"""Aggregated tables for ``saferoom suppress``, and attackers who have only what it publishes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tests.attack.tables.scenarios import skewed
from tests.support.attackers.linear import Equation, Interval, System, Vector, exactly

if TYPE_CHECKING:
    import pandas as pd

Labels = tuple[str, ...]
Children = Mapping[str, Sequence[str]]
CLOSE = 0.05
TOTAL = "Total"


@dataclass(frozen=True)
class Known:
    """What an insider knows: bounds of some leaf cells, and which cells are then of interest."""

    leaves: Mapping[Labels, tuple[float, float]]
    targets: tuple[tuple[Labels, float, float], ...]
    """Cells with what the insider takes off them, and what is then left, which is the victim's."""


@dataclass(frozen=True)
class Aggregated:
    """One table with its specification.

    Attributes
    ----------
    rows : DataFrame
        One row per leaf cell.
    hierarchies : mapping of dimension to its children by parent
        Dimensions that are not in it have only their total.
    tables : sequence of sequences of dimensions
        Which linked tables are published; all cells when empty.
    """

    name: str
    rows: pd.DataFrame = field(repr=False)
    dimensions: tuple[str, ...]
    specification: Mapping[str, Any]
    hierarchies: Mapping[str, Children] = field(default_factory=dict)
    insiders: tuple[Known, ...] = ()
    bounds: tuple[float, float] = (0.0, np.inf)

    @property
    def counted(self) -> bool:
        """Whether the values are counts."""
        return bool(self.specification["value"] == "count")

    def write(self, folder: Path) -> list[str]:
        """Write the files of a command line, and return its words."""
        table, spec = folder / f"{self.name}.csv", folder / f"{self.name}.json"
        self.rows.to_csv(table, index=False)
        named = {"dimensions": list(self.dimensions), **self.specification}
        if self.hierarchies:
            named["hierarchies"] = {name: {p: list(c) for p, c in of.items()} for name, of in self.hierarchies.items()}
        spec.write_text(json.dumps(named))
        return ["suppress", str(table), "--spec", str(spec), "--json"]

    @cached_property
    def leaves(self) -> dict[Labels, int]:
        """Every leaf cell by its labels."""
        categories = [sorted(self.rows[name].unique()) for name in self.dimensions]
        return {labels: place for place, labels in enumerate(product(*categories))}

    @cached_property
    def values(self) -> Vector:
        """The true value of every leaf cell; nothing where there is no row."""
        found = np.zeros(len(self.leaves))
        columns = [*self.dimensions, self.specification["value"]]
        for row in self.rows[columns].itertuples(index=False, name=None):
            found[self.leaves[row[:-1]]] = row[-1]
        return found

    def inside(self, labels: Labels) -> Vector:
        """Return the factors of a cell: 1 for each leaf cell in it."""
        parts = [self._below(name, label) for name, label in zip(self.dimensions, labels, strict=True)]
        inside = np.zeros(len(self.leaves))
        inside[[self.leaves[leaf] for leaf in product(*parts)]] = 1.0
        return inside

    def _below(self, dimension: str, label: str) -> list[str]:
        children = self.hierarchies.get(dimension, {})
        if label in children:
            return [leaf for child in children[label] for leaf in self._below(dimension, child)]
        return sorted(self.rows[dimension].unique()) if label == TOTAL else [label]

    def system(self, published: Mapping[Labels, float], known: Known | None = None) -> System:
        """Return what an attacker holds: published cells, and that cells without rows are empty, if they are shown."""
        there = {tuple(row) for row in self.rows[list(self.dimensions)].itertuples(index=False, name=None)}
        if "tables" in self.specification:
            there = set(self.leaves)
        lowest, highest = (np.array([end if leaf in there else 0.0 for leaf in self.leaves]) for end in self.bounds)
        for leaf, (low, high) in ({} if known is None else known.leaves).items():
            lowest[self.leaves[leaf]], highest[self.leaves[leaf]] = low, high
        equations: list[Equation] = [exactly(self.inside(labels), value) for labels, value in published.items()]
        return System(lowest, highest, tuple(equations), whole=self.counted)

    def interval(self, labels: Labels, published: Mapping[Labels, float]) -> Interval:
        """Return what everybody can tell of a cell."""
        return self.system(published).bounds(self.inside(labels))

    def found_out(self, primary: Sequence[Labels], published: Mapping[Labels, float]) -> Iterator[Labels]:
        """Yield the cells of which somebody learns too much."""
        system = self.system(published)
        for labels in primary:
            inside = self.inside(labels)
            truth = float(inside @ self.values)
            within = 1.0 if self.counted else CLOSE * abs(truth)
            if system.bounds(inside).tells(truth, within):
                yield labels
        for insider in self.insiders:
            system = self.system(published, insider)
            for labels, own, truth in insider.targets:
                seen = system.bounds(self.inside(labels))
                if Interval(seen.low - own, seen.high - own).tells(truth, CLOSE * abs(truth)):
                    yield labels


def tables() -> Iterator[Aggregated]:
    """Yield all of them."""
    for seed in (5, 7):
        yield from _counts(seed)
        yield from _amounts(seed)
        yield from _contributors(seed)


GROUPS: Mapping[str, Children] = {
    "a": {TOTAL: ("a01", "a2", "a34"), "a01": ("a0", "a1"), "a34": ("a3", "a4")},
    "b": {TOTAL: ("b01", "b23"), "b01": ("b0", "b1"), "b23": ("b2", "b3")},
}
TWO_WAYS: Mapping[str, Children] = {
    "a": {"a01": ("a0", "a1"), "a24": ("a2", "a3", "a4"), "a02": ("a0", "a2"), "a14": ("a1", "a3", "a4")},
}
COUNTED = {"value": "count", "count": "count", "rules": {"threshold": 10}, "protection": {"mode": "heuristic"}}


def aggregate(seed: int, *by: str, where: str = "") -> pd.DataFrame:
    """Return how many there are in each cell, what they have together, and the two that have most."""
    frame = skewed(seed).frame
    frame = frame.query(where) if where else frame
    grouped = frame.groupby(list(by))["pay"]
    table = grouped.agg(count="size", value="sum").reset_index()
    ranked = grouped.apply(lambda values: sorted(values, reverse=True)[:2]).reset_index(drop=True)
    table["top1"] = [values[0] for values in ranked]
    table["top2"] = [values[1] if len(values) > 1 else 0.0 for values in ranked]
    return table.round({"value": 2})


def _counts(seed: int) -> Iterator[Aggregated]:
    few = aggregate(seed, "b", where="d == 'd1' and e == 'e0'")
    yield Aggregated(f"counts-b-{seed}", few, ("b",), COUNTED)
    for by in (("a", "b"), ("a", "b", "c"), ("b", "c", "d", "e")):
        yield Aggregated(f"counts-{'-'.join(by)}-{seed}", aggregate(seed, *by), by, COUNTED)
    yield Aggregated(f"counts-groups-{seed}", aggregate(seed, "a", "b"), ("a", "b"), COUNTED, GROUPS)
    yield Aggregated(f"counts-two-ways-{seed}", aggregate(seed, "a", "c"), ("a", "c"), COUNTED, TWO_WAYS)
    linked = {**COUNTED, "tables": [["a", "b"], ["b", "c"], ["a", "c"]]}
    yield Aggregated(f"counts-linked-{seed}", aggregate(seed, "a", "b", "c"), ("a", "b", "c"), linked)


def _amounts(seed: int) -> Iterator[Aggregated]:
    rules = {"rules": {"threshold": 10, "p": 10}, "protection": {"mode": "heuristic"}, "top": ["top1", "top2"]}
    given = {"value": "value", "count": "count", **rules}
    yield Aggregated(f"amounts-{seed}", aggregate(seed, "a", "b"), ("a", "b"), given)
    yield Aggregated(f"amounts-groups-{seed}", aggregate(seed, "a", "b"), ("a", "b"), given, GROUPS)
    yield Aggregated(f"amounts-three-{seed}", aggregate(seed, "a", "b", "d"), ("a", "b", "d"), given)
    rows = aggregate(seed, "a", "b").drop(columns=["top1", "top2"])
    rows["value"] = (rows["value"] - 26_000 * rows["count"]).round(2)
    negative = {
        "value": "value",
        "count": "count",
        "rules": {"threshold": 10},
        "bounds": {"lower": -5_000_000.0, "upper": 5_000_000.0},
        "protection": {"mode": "heuristic"},
    }
    yield Aggregated(f"amounts-negative-{seed}", rows, ("a", "b"), negative, bounds=(-5e6, 5e6))


def _contributors(seed: int) -> Iterator[Aggregated]:
    """A single contributor and two others in a row whose other cells are large: each takes her own off."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    found: list[dict[str, Any]] = []
    for a, b in product(("a0", "a1", "a2"), ("b0", "b1", "b2", "b3")):
        size = {("a2", "b0"): 1, ("a2", "b1"): 2}.get((a, b), 40)
        pay = [round(float(value), 2) for value in np.sort(rng.lognormal(10, 0.4, size))[::-1]]
        two = [*pay, 0.0][:2]
        found.append({"a": a, "b": b, "count": size, "value": round(sum(pay), 2), "top1": two[0], "top2": two[1]})
    rows = pd.DataFrame(found)
    single, pair = (rows[(rows["a"] == "a2") & (rows["b"] == f"b{place}")].iloc[0] for place in (0, 1))
    alone = Known({("a2", "b0"): (float(single["value"]),) * 2}, ((("a2", "b1"), 0.0, float(pair["value"])),))
    of_two = Known({}, ((("a2", "b1"), float(pair["top2"]), float(pair["top1"])),))
    given = {
        "value": "value",
        "count": "count",
        "top": ["top1", "top2"],
        "rules": {"threshold": 3, "p": 10},
        "protection": {"mode": "heuristic"},
    }
    yield Aggregated(f"contributors-{seed}", rows, ("a", "b"), given, insiders=(alone, of_two))
