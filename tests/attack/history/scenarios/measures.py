"""Measure differencing: the same people, and measures that differ for a few of them or by what a few of them have."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from tests.attack.history.model import OverPeople, Scenario, Step
from tests.attack.history.populations import COUNT, KEYS, REAL, SEEDS, altered, describes, ordinary, unique_people
from tests.attack.history.scenarios.making import mean, steps, sum_about, total
from tests.attack.history.special import DifferenceOfMeasures, FromDeviations
from tests.support.attackers.reading import Secret

KIND = "measure differencing"


def scenarios() -> Iterator[Scenario]:
    """Yield the kind."""
    for seed in SEEDS:
        yield from _rare_cases(seed)
        yield from _top_codes(seed)
        yield from _disguises(seed)
        yield from _weights(seed)
        yield from _columns(seed)
        yield from _dominated(seed)
        yield from _ratios(seed)
    yield from _real()


def _rare_cases(seed: int) -> Iterator[Scenario]:
    data = ordinary(seed)
    frame = data.frame
    person = unique_people(frame, KEYS, 5, seed)[4]
    alone = describes(person, KEYS)
    attack = OverPeople(Secret("pay"), (person["person_id"],))
    twice = f"pay + case when {alone} then pay else 0 end"
    yield sum_about(f"twice-{seed}", KIND, (data,), steps(total("pay"), total(twice)), attack)
    yield sum_about(f"twice-as-a-mean-{seed}", KIND, (data,), steps(total(twice), mean("pay")), attack)
    nothing = f"case when {alone} then 0 else pay end"
    yield sum_about(f"nothing-{seed}", KIND, (data,), steps(mean("pay", "sex"), mean(nothing, "sex")), attack)
    age = int(frame["age"].value_counts().sort_index().pipe(lambda sizes: sizes[sizes.between(2, 8)]).index[0])
    few = OverPeople(Secret("pay"), tuple(frame.loc[frame["age"] == age, "person_id"]))
    rare = f"pay * (1 + case when age = {age} then 0.5 else 0 end)"
    yield sum_about(f"raised-for-few-{seed}", KIND, (data,), steps(total("pay", "sex"), total(rare, "sex")), few)


def _top_codes(seed: int) -> Iterator[Scenario]:
    data = ordinary(seed)
    ranked = data.frame.sort_values("pay", ascending=False)
    top = ranked["person_id"].tolist()
    for above in (1, 3):
        cap = round(float(ranked["pay"].iloc[above - 1 : above + 1].mean()), -1)
        named = ", ".join(map(str, top[:above]))
        capped = total(f"least(pay, {cap})")
        as_known = total(f"case when person_id in ({named}) then {cap} else pay end")
        attack = OverPeople(Secret("pay"), tuple(top[:above]))
        work = (Step(total("pay")), Step(capped, read_as=as_known))
        yield sum_about(f"top-code-{above}-{seed}", KIND, (data,), work, attack)
    cap = round(float(ranked["pay"].iloc[0:2].mean()), -1)
    jump = mean(f"pay + case when pay > {cap} then pay else 0 end")
    as_known = mean(f"case when person_id = {top[0]} then 2 * pay else pay end")
    work = (Step(jump, read_as=as_known), Step(mean("pay")))
    yield sum_about(f"jump-at-the-top-{seed}", KIND, (data,), work, OverPeople(Secret("pay"), (top[0],)))
    poorest = ranked.iloc[-1]
    floor = round(float(ranked["pay"].iloc[-2:].mean()), -1)
    raised = Step(
        total(f"greatest(pay, {floor})"),
        read_as=total(f"case when person_id = {poorest['person_id']} then {floor} else pay end"),
    )
    attack = OverPeople(Secret("pay"), (poorest["person_id"],))
    yield sum_about(f"bottom-code-{seed}", KIND, (data,), (Step(total("pay")), raised), attack)


def _disguises(seed: int) -> Iterator[Scenario]:
    """A scaled or shifted measure of one person less."""
    data = ordinary(seed)
    person = unique_people(data.frame, KEYS, 6, seed)[5]
    rest = f"not ({describes(person, KEYS)})"
    attack = OverPeople(Secret("pay"), (person["person_id"],))
    for name, measure in (("scaled", "pay * 12"), ("shifted", "pay + 500"), ("both", "(pay - 100) / 7")):
        yield sum_about(f"{name}-{seed}", KIND, (data,), steps(total("pay"), total(measure, where=rest)), attack)


def _weights(seed: int) -> Iterator[Scenario]:
    base = ordinary(seed)
    person = unique_people(base.frame, KEYS, 7, seed)[6]
    design = np.where(base.frame["person_id"] == person["person_id"], 2.0, 1.0)
    data = altered(base, "design", design=design)
    attack = OverPeople(Secret("pay"), (person["person_id"],))
    yield sum_about(f"weight-{seed}", KIND, (data,), steps(total("pay"), total("pay", weight="design")), attack)
    work = steps(total("pay", "sex", weight="design"), mean("pay", "sex"))
    yield sum_about(f"weight-as-a-mean-{seed}", KIND, (data,), work, attack)
    work = steps(total("pay", weight="grossing"), total("pay", weight="grossing * design"))
    yield sum_about(f"weights-in-turn-{seed}", KIND, (data,), work, attack)


def _columns(seed: int) -> Iterator[Scenario]:
    """Two columns that are the same for all but a few."""
    base = ordinary(seed)
    rng = np.random.default_rng(seed + 3)
    for size in (1, 4):
        few = np.zeros(COUNT, dtype=bool)
        few[rng.choice(COUNT, size, replace=False)] = True
        bonus = np.where(few, rng.lognormal(8, 0.4, COUNT).round(2), 0.0)
        income = (base.frame["pay"] + bonus).round(2)
        data = altered(base, f"bonus-{size}", bonus=bonus, income=income)
        # Who got one is talked about.
        others = dict.fromkeys(data.frame.loc[~few, "person_id"], (0.0, 0.0))
        attack = OverPeople(Secret("bonus"), tuple(data.frame.loc[few, "person_id"]), known=others)
        work = steps(total("pay"), total("income"))
        yield Scenario(
            f"two-columns-{size}-{seed}",
            KIND,
            (data,),
            work,
            DifferenceOfMeasures(attack),
            float(bonus.sum()),
            0.05 * bonus.sum(),
        )
        work = steps(mean("pay"), mean("pay + bonus"))
        yield Scenario(
            f"an-added-column-{size}-{seed}",
            KIND,
            (data,),
            work,
            DifferenceOfMeasures(attack, COUNT),
            float(bonus.sum()),
            0.05 * bonus.sum(),
        )
        work = steps(total("bonus", "sex"))
        yield sum_about(f"few-have-it-{size}-{seed}", KIND, (data,), work, attack)


def _dominated(seed: int) -> Iterator[Scenario]:
    """Enough people differ, but one of them has nearly all of what differs."""
    base = ordinary(seed)
    rng = np.random.default_rng(seed + 4)
    place = rng.choice(COUNT, 31, replace=False)
    bonus = np.zeros(COUNT)
    bonus[place] = rng.uniform(20, 60, 31).round(2)
    bonus[place[0]] = 90_000.0 + seed
    giant = base.frame["person_id"].iloc[place[0]]
    data = altered(base, "giant-bonus", bonus=bonus, income=(base.frame["pay"] + bonus).round(2))
    # Everybody else's is known to be a small one, if any.
    others = {
        unit: (0.0, 70.0 * (amount > 0)) for unit, amount in data.frame[["person_id", "bonus"]].to_numpy().tolist()
    }
    attack = OverPeople(Secret("bonus"), (giant,), known=others | {giant: (0.0, np.inf)})
    truth = float(bonus[place[0]])
    work = steps(total("pay"), total("pay + bonus"))
    yield Scenario(f"giant-bonus-{seed}", KIND, (data,), work, DifferenceOfMeasures(attack), truth, 0.05 * truth)
    work = steps(mean("income"), mean("pay"))
    yield Scenario(
        f"giant-bonus-as-a-mean-{seed}", KIND, (data,), work, DifferenceOfMeasures(attack, COUNT), truth, 0.05 * truth
    )
    pay = base.frame["pay"].to_numpy().copy()
    pay[place[:15]] = rng.uniform(900, 1_500, 15).round(2)
    pay[place[0]] = 600_000.0 + seed
    works = np.zeros(COUNT, dtype=np.int64)
    works[place[:15]] = 1
    data = altered(base, "giant-in-the-works", pay=pay, works=works)
    # The colleagues' pay is a matter of tariff, known about.
    colleagues = data.frame.loc[(works == 1) & (pay < 600_000), "person_id"]
    attack = OverPeople(Secret("pay"), (giant,), known=dict.fromkeys(colleagues, (800.0, 1_600.0)))
    yield sum_about(
        f"giant-left-out-{seed}", KIND, (data,), steps(total("pay"), total("pay", where="works = 0")), attack
    )
    work = steps(mean("pay"), mean("case when works = 1 then 0 else pay end"))
    yield sum_about(f"giant-set-to-nothing-{seed}", KIND, (data,), work, attack)


def _ratios(seed: int) -> Iterator[Scenario]:
    data = ordinary(seed)
    person = unique_people(data.frame, KEYS, 8, seed)[7]
    rest = f"not ({describes(person, KEYS)})"
    attack = OverPeople(Secret("pay"), (person["person_id"],))
    ratio = {"statistic": "ratio", "measure": "pay", "options": {"denominator": "hours"}}
    yield sum_about(f"ratios-{seed}", KIND, (data,), steps(ratio, {**ratio, "where": rest}), attack)
    yield sum_about(f"ratio-and-sum-{seed}", KIND, (data,), steps(total("pay"), {**ratio, "where": rest}), attack)
    rich = max(unique_people(data.frame, KEYS, 60, seed), key=lambda found: float(found["pay"]))
    deviation = {"statistic": "std", "measure": "pay"}
    work = steps(mean("pay"), deviation, {**deviation, "where": f"not ({describes(rich, KEYS)})"})
    attack_, truth = FromDeviations(COUNT), float(rich["pay"])
    yield Scenario(f"deviations-{seed}", KIND, (data,), work, attack_, truth, 0.05 * truth)


def _real() -> Iterator[Scenario]:
    for known in REAL:
        data, measure = known.data, known.measure
        person = unique_people(data.frame, known.keys, 5, 7)[4]
        alone = describes(person, known.keys)
        attack = OverPeople(Secret(measure), (person["person_id"],))
        rare = total(f"{measure} + case when {alone} then {measure} else 0 end")
        if person[measure]:
            yield sum_about(f"real-twice-{known.name}", KIND, (data,), steps(total(measure), rare), attack)
        top = data.frame.nlargest(2, measure)
        if top[measure].iloc[0] > top[measure].iloc[1]:
            cap = float(top[measure].mean())
            first = int(top["person_id"].iloc[0])
            read_as = total(f"case when person_id = {first} then {cap} else {measure} end")
            work = (Step(total(measure)), Step(total(f"least({measure}, {cap})"), read_as=read_as))
            attack = OverPeople(Secret(measure), (first,))
            yield sum_about(f"real-top-code-{known.name}", KIND, (data,), work, attack)
