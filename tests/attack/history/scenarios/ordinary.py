"""Ordinary work: sequences of which every step should pass, or Saferoom is of no use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from tests.attack.history.model import Document, Safe, Step
from tests.attack.history.populations import REAL, SEEDS, altered, isle, ordinary, without
from tests.attack.history.scenarios.making import count, mean, model, steps, total
from tests.benchmark.worlds import Data


def sequences() -> Iterator[Safe]:
    """Yield all of them."""
    for known in REAL:
        numeric = [key for key in known.keys if known.data.frame[key].nunique() > 3]
        yield from _common(known.data, known.measure, known.by, (numeric[0], numeric[1]))
    for seed in SEEDS:
        yield from _common(ordinary(seed), "pay", ("region", "job"), ("age", "hours"))
        yield from _of_panels(seed)


def _common(data: Data, measure: str, by: tuple[str, ...], numeric: tuple[str, str]) -> Iterator[Safe]:
    frame, (first, second) = data.frame, by
    low = f"{numeric[0]} <= {float(frame[numeric[0]].median())}"
    high = f"{numeric[0]} > {float(frame[numeric[0]].median())}"
    cap = float(np.round(frame[measure].quantile(0.75), 2))
    by_first = mean(measure, first)
    quartiles: Document = {"statistic": "quantile", "measure": measure, "options": {"quantiles": [0.25, 0.5, 0.75]}}
    rows: dict[str, tuple[Document, ...]] = {
        "describe": (by_first, count(first), {**by_first, "statistic": "std"}),
        "other-category": (by_first, mean(measure, second)),
        "crossed": (by_first, count(first, second, protect={"method": "suppress"})),
        "margins": (by_first, mean(measure, first, margins=True)),
        "median": (by_first, {**by_first, "statistic": "median"}),
        "model": (by_first, model(f"{measure} ~ {numeric[0]}"), model(f"{measure} ~ {numeric[0]} + {numeric[1]}")),
        "again": (by_first, by_first, total(measure, first)),
        "half": (by_first, mean(measure, first, where=low), mean(measure, first, where=high)),
        "halves-counted": (count(first), count(first, where=low)),
        "quartiles": (quartiles, {**quartiles, "where": low}),
        "scaled": (by_first, mean(f"2 * {measure}", first)),
        "top-coded": (by_first, mean(f"least({measure}, {cap})", first)),
        "rounded": (count(first), count(first, second, protect={"method": "round"})),
    }
    for name, documents in rows.items():
        yield Safe(f"{data.key}-{name}", (data,), steps(*documents))


def _of_panels(seed: int) -> Iterator[Safe]:
    """New versions, small areas that are blanked, refreshed tables."""
    later = ordinary(seed)
    new = np.zeros(len(later.frame), dtype=bool)
    new[np.random.default_rng(seed).choice(len(new), 150, replace=False)] = True
    earlier = without(later, "before-150", new)
    for query in (mean("pay", "sex"), count("sex", "smoker", derive={"smoker": "smokes = 1"})):
        name = f"refresh-{query['statistic']}-{seed}"
        yield Safe(name, (earlier, later), (Step(query, 0), Step(query, 1)))
    few = isle(seed, 6)
    hidden: dict[str, Any] = {"protect": {"method": "suppress"}}
    yield Safe(f"blank-area-{seed}", (few,), steps(count("region", **hidden), mean("pay", "region", **hidden)))
    banded = altered(later, "banded", band=np.where(later.frame["age"] < 45, "younger", "older"))
    yield Safe(f"bands-{seed}", (banded,), steps(mean("pay", "band"), mean("pay", "band", "sex")))
    described = ("pay", "hours", "age", "visits", "gift", "profit", "smokes")
    yield Safe(f"many-columns-{seed}", (later,), steps(*(mean(column, "region", "sex") for column in described)))
    rng = np.random.default_rng(seed + 7)
    count_ = len(later.frame)
    bonus = np.where(rng.random(count_) < 0.3, rng.lognormal(7, 0.5, count_), 0.0).round(2)
    income = (later.frame["pay"] + bonus).round(2)
    before = (later.frame["pay"] * rng.lognormal(-0.03, 0.05, count_)).round(2)
    paid = altered(later, "paid", bonus=bonus, income=income, before=before)
    yield Safe(f"income-and-pay-{seed}", (paid,), steps(mean("pay", "region"), mean("income", "region")))
    yield Safe(f"all-parts-{seed}", (paid,), steps(*(mean(one, "sex") for one in ("pay", "bonus", "income"))))
    yield Safe(f"two-years-{seed}", (paid,), steps(total("before", "sex"), total("pay", "sex"), mean("pay", "region")))
    weighted = mean("pay", "region", weight="grossing")
    yield Safe(f"weighted-{seed}", (later,), steps(mean("pay", "region"), weighted))
