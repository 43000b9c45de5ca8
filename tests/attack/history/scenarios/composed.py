"""Several measures: no two numbers look alike, but one is made up of the others, except for what somebody has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from tests.attack.history.model import Document, Scenario
from tests.attack.history.populations import COUNT, SEEDS, altered, ordinary
from tests.attack.history.scenarios.making import CLOSE, mean, steps, total
from tests.attack.history.special import MadeUp
from tests.benchmark.worlds import Data

KIND = "several measures"
VICTIM = 17
_RATES = np.array([0.0, 10.0, 20.0, 35.0, 50.0, 80.0])


def scenarios() -> Iterator[Scenario]:
    """Yield the kind."""
    for seed in SEEDS:
        yield from _components(seed)
        yield from _ratios(seed)
        yield from _strata(seed)
        yield from _dominated(seed)


def _about(name: str, data: Data, work: tuple[Document, ...], attack: MadeUp, truth: float) -> Scenario:
    return Scenario(name, KIND, (data,), steps(*work), attack, truth, abs(truth) * CLOSE)


def _alone(amount: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    values = np.zeros(COUNT)
    values[VICTIM] = amount
    return values


def _components(seed: int) -> Iterator[Scenario]:
    """An income is pay, a bonus, and rents, which few have."""
    base = ordinary(seed)
    rng = np.random.default_rng(seed + 21)
    bonus = rng.lognormal(7, 0.5, COUNT).round(2)
    rents = 40_000.0 + seed
    income = (base.frame["pay"] + bonus + _alone(rents)).round(2)
    data = altered(base, "components", bonus=bonus, income=income)
    parts = ("pay", "bonus", "income")
    orders = (parts, parts[::-1])
    for i, order in enumerate(orders):
        signs = tuple(1.0 if part == "income" else -1.0 for part in order)
        work = tuple(total(part) for part in order)
        yield _about(f"components-{i}-{seed}", data, work, MadeUp(signs), rents)
        by_sex = tuple(mean(part, "sex") for part in order)
        sex = base.frame["sex"].iloc[VICTIM]
        count = float((base.frame["sex"] == sex).sum())
        attack = MadeUp(tuple(sign * count for sign in signs), (sex,))
        yield _about(f"components-of-means-{i}-{seed}", data, by_sex, attack, rents)
    some = np.where(rng.random(COUNT) < 0.1, rng.lognormal(8, 0.4, COUNT), 0.0).round(2)
    some[base.frame["region"] == base.frame["region"].iloc[VICTIM]] = 0.0
    some[VICTIM] = rents
    data = altered(base, "components-of-some", bonus=bonus, income=(base.frame["pay"] + bonus + some).round(2))
    region = base.frame["region"].iloc[VICTIM]
    work = tuple(total(part, "region") for part in parts)
    yield _about(f"components-in-a-region-{seed}", data, work, MadeUp((-1.0, -1.0, 1.0), (region,)), rents)


def _ratios(seed: int) -> Iterator[Scenario]:
    """What is earned in an hour tells what is earned, once the hours are known."""
    base = ordinary(seed)
    bonus = np.random.default_rng(seed + 22).lognormal(7, 0.5, COUNT).round(2)
    rents = 90_000.0 + seed
    data = altered(base, "ratio", bonus=bonus, income=(base.frame["pay"] + bonus + _alone(rents)).round(2))
    ratio: Document = {"statistic": "ratio", "measure": "income", "options": {"denominator": "hours"}}
    hours = float(data.frame["hours"].sum())
    work = (total("pay"), total("bonus"), ratio)
    yield _about(f"components-in-a-ratio-{seed}", data, work, MadeUp((-1.0, -1.0, hours)), rents)


def _strata(seed: int) -> Iterator[Scenario]:
    """A weight belongs to a stratum, but for who moved from one to another."""
    base = ordinary(seed)
    stratum = np.random.default_rng(seed + 23).integers(1, len(_RATES), COUNT)
    weight = _RATES[stratum]
    weight[VICTIM] += 7.0
    data = altered(base, "strata", stratum=stratum, rate=weight)
    truth = float(base.frame["pay"].iloc[VICTIM])
    table, weighted = total("pay", "stratum"), total("pay", weight="rate")
    rates: Mapping[tuple[object, ...], float] = {(int(i),): -rate / 7.0 for i, rate in enumerate(_RATES)}
    yield _about(f"strata-before-{seed}", data, (table, weighted), MadeUp((rates, 1 / 7.0)), truth)
    yield _about(f"strata-after-{seed}", data, (weighted, table), MadeUp((1 / 7.0, rates)), truth)


def _dominated(seed: int) -> Iterator[Scenario]:
    """Everybody has a little beside the pay, and one has very much."""
    base = ordinary(seed)
    rest = np.random.default_rng(seed + 24).lognormal(5, 0.5, COUNT).round(2)
    rest[VICTIM] = 5_000_000.0
    data = altered(base, "gains", income=(base.frame["pay"] + rest).round(2))
    work = (total("pay"), total("income"))
    yield _about(f"gains-{seed}", data, work, MadeUp((-1.0, 1.0), others=300.0 * COUNT), 5_000_000.0)
