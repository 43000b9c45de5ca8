"""Sequences of other statistics than counts and sums: what differs by one person, or by one row of one person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from tests.benchmark import attacks
from tests.benchmark import attacks_on_magnitudes as on_magnitudes
from tests.benchmark.corpus.frequencies import query as counts
from tests.benchmark.corpus.histories import BARN
from tests.benchmark.corpus.linear import query
from tests.benchmark.model import Attack, Case, Document
from tests.benchmark.worlds import Data, made, people, real


def cases() -> Iterator[Case]:
    """Yield the family."""
    yield from _without_one()
    yield from _without_one_row()
    yield from _treated_differently()


def _unsafe(name: str, data: Data, documents: tuple[Document, ...], attack: Attack) -> Case:
    return Case(f"sequence-{name}", BARN, False, data, documents, attack=attack)


def _without_one() -> Iterator[Case]:
    base = people()
    data = made("people", base)
    victim = base[base["age"] == 80].iloc[0]
    pay, n = float(victim["pay"]), len(base)
    seen = f"age = 80 and region = '{victim['region']}' and sex = '{victim['sex']}' and hours = {victim['hours']}"
    rest = f"not ({seen})"
    both: tuple[Document, ...] = (query("variance", "pay"), query("variance", "pay", where=rest))
    known: dict[str, Any] = {"n": n, "mean": float(base["pay"].mean()), "high": bool(pay > base["pay"].mean())}
    attack = Attack(on_magnitudes.distance_from_two_variances, pay, known, tolerance=1e-3)
    yield _unsafe("two-variances", data, both, attack)
    both = (query("mean", "pay"), query("mean", "pay", where=rest))
    attack = Attack(attacks.subtracts_means_of_known_sizes, pay, {"cell": (), "sizes": (n, n - 1)}, tolerance=1e-4)
    yield _unsafe("two-means-of-known-sizes", data, both, attack)
    both = (query("sum", "pay"), query("mean", "pay", where=rest))
    attack = Attack(attacks.subtracts_a_mean_from_a_sum, pay, {"cell": (), "n": n - 1}, tolerance=1e-4)
    yield _unsafe("a-sum-and-a-mean", data, both, attack)
    both = (query("sum", "pay"), query("sum", "pay * 2", where=rest))
    attack = Attack(attacks.subtracts_a_multiple, pay, {"cell": (), "factor": 2.0}, tolerance=1e-5)
    yield _unsafe("a-sum-and-its-double", data, both, attack)
    both = (query("sum", "pay"), query("sum", "pay + hours", where=rest), query("sum", "hours"))
    attack = Attack(attacks.subtracts_two_parts, pay + float(victim["hours"]), {"cell": ()}, tolerance=1e-5)
    yield _unsafe("a-sum-and-a-sum-of-two", data, both, attack)
    both = (counts(weight="grossing"), counts(weight="grossing", where=rest))
    attack = Attack(attacks.subtracts_one_from_the_other, float(victim["grossing"]), {"cell": ()}, tolerance=1e-4)
    yield _unsafe("two-weighted-counts", data, both, attack)
    bins = [0.0, 15_000.0, 25_000.0, 40_000.0, 1_000_000.0]
    both = tuple(query("histogram", "pay", options={"bins": bins}, **more) for more in ({}, {"where": rest}))
    labels = ("under 15000", "15000 to 25000", "25000 to 40000", "40000 and over")
    truth = labels[int(np.searchsorted(bins[1:-1], pay, side="right"))]
    yield _unsafe("two-histograms", data, both, Attack(attacks.finds_where_two_counts_differ, truth, {"place": 0}))
    share = {"denominator": "hours"}
    both = (query("sum", "pay"), query("ratio", "pay", where=rest, options=share), query("sum", "hours", where=rest))
    attack = Attack(attacks.subtracts_a_ratio, pay, {"cell": ()}, tolerance=1e-3)
    yield _unsafe("a-sum-and-a-ratio", data, both, attack)
    both = (query("mean", "smokes", "sex"), query("mean", "smokes", "sex", where=rest))
    size = int((base["sex"] == victim["sex"]).sum())
    known = {"cell": (victim["sex"],), "sizes": (size, size - 1)}
    attack = Attack(attacks.subtracts_means_of_known_sizes, float(victim["smokes"]), known, tolerance=1e-3)
    yield _unsafe("two-shares", data, both, attack)


def _without_one_row() -> Iterator[Case]:
    """The same people are behind both numbers; one row of one of them is not."""
    panel = real("wagepan")
    traits = ["year", "hours", "exper"]
    alone = panel.frame[~panel.frame.duplicated(traits, keep=False)]
    row = alone.iloc[0]
    seen = " and ".join(f"{trait} = {int(row[trait])}" for trait in traits)
    both = (query("sum", "wage"), query("sum", "wage", where=f"not ({seen})"))
    attack = Attack(attacks.subtracts_one_from_the_other, float(row["wage"]), {"cell": ()}, tolerance=1e-4)
    yield _unsafe("one-row-of-one-person", panel, both, attack)
    both = (counts("in_union"), counts("in_union", where=f"not ({seen})"))
    found = Attack(attacks.finds_where_two_counts_differ, row["in_union"], {"place": 0})
    yield _unsafe("one-row-in-two-counts", panel, both, found)


def _treated_differently() -> Iterator[Case]:
    """The same people and rows are behind both numbers; the measure treats one of them differently."""
    base = people()
    data = made("people", base)
    richest = base.sort_values("pay").iloc[-1]
    second = float(base["pay"].nlargest(2).iloc[-1])
    cap = round(second + 1.0, 2)
    both = (query("sum", "pay"), query("sum", f"least(pay, {cap})"))
    attack = Attack(attacks.adds_the_cap, float(richest["pay"]), {"cell": (), "cap": cap}, tolerance=1e-4)
    yield _unsafe("a-sum-and-a-capped-sum", data, both, attack)
    oldest = base[base["age"] == 80]
    victim = oldest.iloc[0]
    bump = f"greatest(0, 1 - 1000 * abs(hours - {victim['hours']})) * greatest(0, age - 79)"
    alike = oldest[oldest["hours"] == victim["hours"]]
    both = (query("sum", "pay"), query("sum", f"pay * (1 + {bump})"))
    attack = Attack(attacks.subtracts_one_from_the_other, float(alike["pay"].sum()), {"cell": ()}, tolerance=1e-4)
    yield _unsafe("a-sum-and-one-with-a-bump", data, both, attack)
    documents: tuple[Any, ...] = (query("sum", "pay"), query("sum", "pay", weight="1 + greatest(0, age - 79)"))
    truth = float(oldest["pay"].sum())
    if len(oldest) < 10:
        attack = Attack(attacks.subtracts_one_from_the_other, truth, {"cell": ()}, tolerance=1e-4)
        yield _unsafe("a-sum-and-one-with-a-weight", data, documents, attack)
