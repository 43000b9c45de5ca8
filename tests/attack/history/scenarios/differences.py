"""Set differencing: populations that differ by one person, one small area, a missing value, a version, an age band."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from tests.attack.history.model import OverPeople, Scenario, Step
from tests.attack.history.populations import (
    KEYS,
    REAL,
    SEEDS,
    altered,
    describes,
    isle,
    ordinary,
    unique_people,
    without,
)
from tests.attack.history.scenarios.making import count, mean, model, steps, sum_about, total
from tests.attack.history.special import BetweenQuantiles
from tests.benchmark.worlds import Data
from tests.support.attackers.reading import Secret

KIND = "set differencing"
FRACTIONS = [round(0.05 * i, 2) for i in range(1, 20)]


def about(name: str, versions: tuple[Data, ...], work: tuple[Step, ...], attack: OverPeople) -> Scenario:
    """Return a scenario of this kind; see `sum_about`."""
    return sum_about(name, KIND, versions, work, attack)


def scenarios() -> Iterator[Scenario]:
    """Yield the kind."""
    yield from _filters()
    yield from _filters_on_real_data()
    yield from _attributes()
    yield from _small_areas()
    yield from _missing_values()
    yield from _versions()
    yield from _bands()
    yield from _models()
    yield from _quantiles()


def _filters() -> Iterator[Scenario]:
    for seed in SEEDS:
        data = ordinary(seed)
        for place, person in enumerate(unique_people(data.frame, KEYS, 2, seed)):
            rest = f"not ({describes(person, KEYS)})"
            attack = OverPeople(Secret("pay"), (person["person_id"],))
            pairs = {
                "sum": (total("pay"), total("pay", where=rest)),
                "mean": (mean("pay", "region"), mean("pay", "region", where=rest)),
                "sum-then-mean": (total("pay", "sex"), mean("pay", "sex", where=rest)),
                "weighted": (total("pay", weight="grossing"), total("pay", weight="grossing", where=rest)),
                "finer": (total("pay", "region", "sex"), total("pay", "region", where=rest)),
            }
            for what, pair in list(pairs.items())[place :: 2 - (seed == SEEDS[0])]:
                yield about(f"one-person-{what}-{seed}-{place}", (data,), steps(*pair), attack)


def _filters_on_real_data() -> Iterator[Scenario]:
    for known in REAL:
        data, measure = known.data, known.measure
        for place, person in enumerate(unique_people(data.frame, known.keys, 3, 5)):
            rest = f"not ({describes(person, known.keys)})"
            attack = OverPeople(Secret(measure), (person["person_id"],))
            first, then = (
                (total(measure), total(measure, where=rest)),
                (mean(measure, known.by[0]), mean(measure, known.by[0], where=rest)),
                (total(measure, *known.by), total(measure, known.by[1], where=rest)),
            )[place]
            if person[measure] == person[measure] and person[measure] != 0:
                yield about(f"real-{known.name}-{place}", (data,), steps(first, then), attack)


def _attributes() -> Iterator[Scenario]:
    for seed in SEEDS:
        data = ordinary(seed)
        person = unique_people(data.frame, KEYS, 3, seed)[2]
        rest = f"not ({describes(person, KEYS)})"
        attack = OverPeople(Secret("ill", "yes"), (person["person_id"],), highest=1)
        for name, by in (("one-way", ("ill",)), ("two-way", ("region", "ill")), ("by-job", ("job", "ill"))):
            work = steps(count(*by), count(*by, where=rest))
            truth = float(person["ill"] == "yes")
            yield Scenario(f"attribute-{name}-{seed}", KIND, (data,), work, attack, truth, 0.0)


def _small_areas() -> Iterator[Scenario]:
    for seed in SEEDS:
        for size in (1, 3, 7):
            data = isle(seed, size)
            group = tuple(data.frame.loc[data.frame["region"] == "Isle", "person_id"])
            pairs = {
                "sum": (total("pay"), total("pay", where="region <> 'Isle'")),
                "list": (mean("pay", "sex"), mean("pay", "sex", where="region in ('East','North','South','West')")),
                "cells": (total("pay"), total("pay", "region", where="region <> 'Isle'")),
            }
            what = ("sum", "list", "cells")[(seed + size) % 3]
            yield about(f"area-{what}-{seed}-{size}", (data,), steps(*pairs[what]), OverPeople(Secret("pay"), group))
        data = isle(seed, 3)
        victim, *others = data.frame.loc[data.frame["region"] == "Isle", ["person_id", "pay"]].itertuples(index=False)
        insider = OverPeople(Secret("pay"), (victim[0],), known={other[0]: (other[1], other[1]) for other in others})
        work = steps(total("pay"), total("pay", where="region <> 'Isle'"))
        yield about(f"area-with-insiders-{seed}", (data,), work, insider)


def _missing_values() -> Iterator[Scenario]:
    for seed in SEEDS:
        base = ordinary(seed)
        rng = np.random.default_rng(seed)
        gone = np.zeros(len(base.frame), dtype=bool)
        gone[rng.choice(len(gone), 4, replace=False)] = True
        bonus = np.where(gone, np.nan, rng.lognormal(6, 0.5, len(gone)).round(2))
        data = altered(base, "bonus-missing", bonus=bonus)
        group = tuple(data.frame.loc[gone, "person_id"])
        attack = OverPeople(Secret("pay"), group)
        pairs = {
            "filter": (total("pay"), total("pay", where="bonus is not null")),
            "complete-cases": (mean("pay", "sex"), mean("pay", "sex", where="bonus is not null and pay is not null")),
            "inside": (total("pay"), total("case when bonus is null then null else pay end")),
        }
        for what, pair in pairs.items():
            yield about(f"missing-{what}-{seed}", (data,), steps(*pair), attack)


def _versions() -> Iterator[Scenario]:
    for seed in SEEDS:
        later = ordinary(seed)
        rng = np.random.default_rng(seed + 1)
        for size in (1, 4):
            new = np.zeros(len(later.frame), dtype=bool)
            new[rng.choice(len(new), size, replace=False)] = True
            earlier = without(later, f"before-{size}", new)
            attack = OverPeople(Secret("pay"), tuple(later.frame.loc[new, "person_id"]))
            query = total("pay") if size == 1 else mean("pay")
            work = (Step(query, 0), Step(query, 1))
            yield about(f"version-{size}-more-{seed}", (earlier, later), work, attack)
        earlier = without(later, "before-4", new)
        work = (Step(total("pay"), 0), Step(total("pay", "region"), 1))
        yield about(f"version-other-table-{seed}", (earlier, later), work, attack)


def _bands() -> Iterator[Scenario]:
    for seed in SEEDS:
        frame = ordinary(seed).frame
        sizes = frame["age"].value_counts().sort_index()
        ages = [age for age in sizes.index[sizes.between(1, 7)].tolist() if 30 <= age <= 70]
        for edge in ages[:2]:
            data = ordinary(seed)
            attack = OverPeople(Secret("pay"), tuple(frame.loc[frame["age"] == edge, "person_id"]))
            band = "case when age < {} then 'younger' else 'older' end"
            first = total("pay", "band", derive={"band": band.format(edge)})
            then = total("pay", "band", derive={"band": band.format(edge + 1)})
            yield about(f"band-{seed}-{edge}", (data,), steps(first, then), attack)
            first, then = (mean("pay", where=f"age >= {age}") for age in (edge, edge + 1))
            yield about(f"band-filter-{seed}-{edge}", (data,), steps(first, then), attack)


def _models() -> Iterator[Scenario]:
    for seed in SEEDS:
        data = ordinary(seed)
        person = unique_people(data.frame, KEYS, 4, seed)[3]
        rest = f"not ({describes(person, KEYS)})"
        attack = OverPeople(Secret("pay"), (person["person_id"],))
        formula = "pay ~ age"
        work = steps(model(formula), model(formula, where=rest))
        yield about(f"nested-models-{seed}", (data,), work, attack)
        work = steps(model("pay ~ age + smokes"), total("pay", where=rest))
        yield about(f"model-against-sum-{seed}", (data,), work, attack)
    for known in REAL[:3]:
        data = known.data
        person = unique_people(data.frame, known.keys, 4, 5)[3]
        attack = OverPeople(Secret(known.measure), (person["person_id"],))
        formula = f"{known.measure} ~ {' + '.join(known.keys[:2])}"
        work = steps(model(formula), model(formula, where=f"not ({describes(person, known.keys)})"))
        yield about(f"real-nested-models-{known.name}", (data,), work, attack)


def _quantiles() -> Iterator[Scenario]:
    for seed in SEEDS:
        data = ordinary(seed)
        for place, person in enumerate(unique_people(data.frame, KEYS, 16, seed + 9)):
            query = {"statistic": "quantile", "measure": "pay", "options": {"quantiles": FRACTIONS}}
            then = {**query, "where": f"not ({describes(person, KEYS)})"}
            attack, truth = BetweenQuantiles(), float(person["pay"])
            found = Scenario(
                f"quantiles-{seed}-{place}", KIND, (data,), steps(query, then), attack, truth, 0.15 * truth
            )
            ordered = np.sort(data.frame["pay"])
            rank = float(np.searchsorted(ordered, truth)) / len(ordered)
            if 0.2 < rank < 0.8 and place < 8:
                yield found
