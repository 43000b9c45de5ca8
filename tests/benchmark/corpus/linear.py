"""Linear aggregations: sums, means and ratios of few, of one large contributor, of everybody alike, and of a trick."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from tests.benchmark import attacks, plain
from tests.benchmark import attacks_on_magnitudes as on_magnitudes
from tests.benchmark.model import Attack, Case, Document
from tests.benchmark.worlds import Data, isle_of, made, people, real, with_isle

BARN = "linear aggregations"


def query(statistic: str, measure: str, *by: str, **more: Any) -> Document:
    """Return a query for one statistic of a measure."""
    return {"statistic": statistic, "measure": measure, "by": list(by), **more}


def cases() -> Iterator[Case]:
    """Yield the family."""
    yield from _small_groups()
    yield from _large_contributors()
    yield from _everybody_alike()
    yield from _rounded()
    yield from _few_units()
    yield from _tricks()
    yield from _safe()


def _unsafe(name: str, data: Data, document: Document, attack: Attack) -> Case:
    return Case(f"linear-{name}", BARN, False, data, (document,), attack=attack)


def _small_groups() -> Iterator[Case]:
    for size in (1, 2, 3, 6, 9):
        frame = with_isle(size)
        others = list(isle_of(frame)["pay"][:-1])
        victim = float(isle_of(frame)["pay"].iloc[-1])
        known = {"cell": ("Isle",), "others": others}
        data = made(f"isle-{size}", frame)
        yield _unsafe(
            f"sum-of-{size}",
            data,
            query("sum", "pay", "region"),
            Attack(attacks.takes_others_off_a_total, victim, known),
        )
        yield _unsafe(
            f"mean-of-{size}",
            data,
            query("mean", "pay", "region"),
            Attack(attacks.takes_others_off_a_mean, victim, known),
        )
    for size in (1, 2):
        frame = with_isle(size)
        isle = isle_of(frame)
        others = list(isle["pay"][:-1] / 1.0)
        ratio = query("ratio", "pay", "region", options={"denominator": "hours"})
        known = {"cell": ("Isle",), "others": [], "column": "ratio"}
        truth = float(isle["pay"].sum() / isle["hours"].sum())
        if size == 1:
            attack = Attack(attacks.reads_the_cell, truth, known)
            yield _unsafe("ratio-of-one", made("isle-1", frame), ratio, attack)
        else:
            rate = query("ratio", "pay", "region", options={"denominator": "1"})
            attack = Attack(attacks.takes_others_off_a_mean, float(isle["pay"].iloc[-1]), {**known, "others": others})
            yield _unsafe("ratio-of-two", made("isle-2", frame), rate, attack)
    for statistic, attack_on in (("mean", attacks.takes_others_off_a_mean), ("sum", attacks.takes_others_off_a_total)):
        frame = with_isle(12)
        rows = frame.index[frame["region"] == "Isle"]
        frame.loc[rows[:-1], "pay"] = np.nan
        attack = Attack(attack_on, float(frame["pay"].iloc[-1]), {"cell": ("Isle",), "others": []})
        data = made("eleven-missing", frame)
        yield _unsafe(f"{statistic}-of-twelve-eleven-missing", data, query(statistic, "pay", "region"), attack)
    frame = with_isle(3, grossing=[80.0, 130.0, 95.0])
    isle = isle_of(frame)
    grossed: dict[str, Any] = {
        "cell": ("Isle",),
        "others": list(zip(isle["pay"][:-1], isle["grossing"][:-1], strict=True)),
        "weight": 95.0,
    }
    attack = Attack(attacks.takes_others_off_a_weighted_mean, float(isle["pay"].iloc[-1]), grossed)
    asked = query("mean", "pay", "region", weight="grossing")
    yield _unsafe("weighted-mean-of-3", made("grossed-mean-3", frame), asked, attack)
    wages = real("wage1")
    group = wages.frame[wages.frame["educ"] == 4]
    for statistic, attack_on in (("mean", attacks.takes_others_off_a_mean), ("sum", attacks.takes_others_off_a_total)):
        known = {"cell": (4,), "others": list(group["wage"].iloc[:-1])}
        attack = Attack(attack_on, float(group["wage"].iloc[-1]), known)
        yield _unsafe(f"real-{statistic}-by-years-of-school", wages, query(statistic, "wage", "educ"), attack)
    young = real("card")
    group = young.frame[young.frame["educ"] == young.frame["educ"].min()]
    known = {"cell": (int(group["educ"].iloc[0]),), "others": list(group["wage"].iloc[:-1])}
    attack = Attack(attacks.takes_others_off_a_mean, float(group["wage"].iloc[-1]), known)
    yield _unsafe("real-mean-of-the-least-schooled", young, query("mean", "wage", "educ"), attack)


def _large_contributors() -> Iterator[Case]:
    for share in (0.55, 0.75, 0.95):
        frame = with_isle(40, pay=1_000.0)
        isle = frame.index[frame["region"] == "Isle"]
        frame.loc[isle, "pay"] = np.linspace(900.0, 1_100.0, 40)
        frame.loc[isle[-1], "pay"] = 39_000.0 * share / (1 - share)
        # The attacker knows what the ordinary members earn, to a few percent.
        known = {"cell": ("Isle",), "others": [1_000.0] * 39}
        victim = float(frame["pay"].iloc[-1])
        data = made(f"large-{share}", frame)
        attack = Attack(attacks.takes_others_off_a_total, victim, known, tolerance=0.05)
        yield _unsafe(f"sum-dominated-{share:.0%}", data, query("sum", "pay", "region"), attack)
        attack = Attack(attacks.takes_others_off_a_mean, victim, known, tolerance=0.05)
        yield _unsafe(f"mean-dominated-{share:.0%}", data, query("mean", "pay", "region"), attack)
    for second in (0.4, 0.48):
        frame = with_isle(30)
        isle = frame.index[frame["region"] == "Isle"]
        frame.loc[isle, "pay"] = 40.0
        frame.loc[isle[-2:], "pay"] = [second * 100_000.0, 49_000.0]
        known = {"cell": ("Isle",), "others": [second * 100_000.0]}
        attack = Attack(attacks.takes_others_off_a_total, 49_000.0, known, tolerance=0.05)
        data = made(f"p-{second}", frame)
        yield _unsafe(f"sum-of-two-large-{second}", data, query("sum", "pay", "region"), attack)
    for sign in (1, -1):
        frame = with_isle(50)
        isle = frame.index[frame["region"] == "Isle"]
        frame.loc[isle, "profit"] = np.tile([800.0, -800.0], 25)
        frame.loc[isle[-1], "profit"] = sign * 500_000.0
        attack = Attack(
            attacks.takes_others_off_a_total, sign * 500_000.0, {"cell": ("Isle",), "others": [0.0]}, tolerance=0.01
        )
        data = made(f"loss-{sign}", frame)
        yield _unsafe(
            f"sum-dominated-by-a-{'gain' if sign > 0 else 'loss'}", data, query("sum", "profit", "region"), attack
        )
    frame = with_isle(60, grossing=1.0)
    isle = frame.index[frame["region"] == "Isle"]
    frame.loc[isle[-1], "grossing"] = 5_000.0
    attack = Attack(attacks.reads_the_cell, float(frame["pay"].iloc[-1]), {"cell": ("Isle",)}, tolerance=0.05)
    data = made("heavy", frame)
    yield _unsafe("mean-of-a-heavy-weight", data, query("mean", "pay", "region", weight="grossing"), attack)
    frame = with_isle(500, gift=0.0)
    frame.loc[frame.index[-1], "gift"] = 2_345.5
    attack = Attack(attacks.reads_the_cell, 2_345.5, {"cell": ("Isle",)})
    yield _unsafe("sum-of-one-giver", made("one-giver", frame), query("sum", "gift", "region"), attack)
    frame = with_isle(300, gift=0.0)
    frame.loc[frame.index[-4:], "gift"] = [50.0, 75.0, 60.0, 88.5]
    known = {"cell": ("Isle",), "others": [50.0, 75.0, 60.0]}
    attack = Attack(attacks.takes_others_off_a_total, 88.5, known)
    yield _unsafe("sum-of-four-givers", made("four-givers", frame), query("sum", "gift", "region"), attack)


def _everybody_alike() -> Iterator[Case]:
    for statistic, measure, value in (("mean", "pay", 21_000.0), ("mean", "visits", 0), ("sum", "visits", 0)):
        frame = with_isle(30)
        frame.loc[frame["region"] == "Isle", measure] = value
        attack = Attack(attacks.sees_a_whole_group, value, {"cell": ("Isle",)})
        data = made(f"alike-{statistic}-{measure}", frame)
        yield _unsafe(f"{statistic}-of-equal-{measure}", data, query(statistic, measure, "region"), attack)
    for value, what in ((0, "nobody"), (1, "everybody")):
        frame = with_isle(45, smokes=value)
        attack = Attack(attacks.sees_that_the_share_is_whole, what, {"cell": ("Isle",)})
        yield _unsafe(f"share-{what}", made(f"share-{what}", frame), query("mean", "smokes", "region"), attack)
    for ones, size in ((1, 40), (3, 200), (9, 100)):
        frame = with_isle(size, smokes=[1] * ones + [0] * (size - ones))
        attack = Attack(attacks.share_of_a_known_count, ones, {"cell": ("Isle",), "n": size})
        data = made(f"share-{ones}-{size}", frame)
        yield _unsafe(f"share-of-{ones}-in-{size}", data, query("mean", "smokes", "region"), attack)
        rest = size - ones
        frame = with_isle(size, smokes=[0] * ones + [1] * rest)
        attack = Attack(attacks.share_of_a_known_count, rest, {"cell": ("Isle",), "n": size})
        data = made(f"share-{rest}-{size}", frame)
        yield _unsafe(f"share-of-{rest}-in-{size}", data, query("mean", "smokes", "region"), attack)


def _rounded() -> Iterator[Case]:
    """Means rounded to a base: nothing about them is protected."""
    for size, base in ((1, 5), (2, 5), (3, 10)):
        frame = with_isle(size)
        isle = isle_of(frame)["pay"].tolist()
        means = frame.groupby("region")["pay"].mean()
        attack = Attack(
            attacks.takes_others_off_a_mean, isle[-1], {"cell": ("Isle",), "others": isle[:-1]}, tolerance=0.01
        )
        asked = query("mean", "pay", "region", protect={"method": "round", "base": base})
        shown = plain.rounded(means, "region", base)
        name = f"linear-mean-of-{size}-rounded-to-{base}"
        yield Case(name, BARN, False, made(f"isle-{size}", frame), (asked,), attack=attack, plain=shown)


def _few_units() -> Iterator[Case]:
    for statistic, attack_on in (("mean", attacks.takes_others_off_a_mean), ("sum", attacks.takes_others_off_a_total)):
        frame = with_isle(15, person_id=900_001, pay=np.arange(15) * 10.0 + 20_000.0)
        isle = isle_of(frame)
        whole = float(isle["pay"].mean() if statistic == "mean" else isle["pay"].sum())
        attack = Attack(attack_on, whole, {"cell": ("Isle",), "others": []})
        data = made(f"one-person-{statistic}", frame)
        yield _unsafe(f"{statistic}-of-15-rows-of-one-person", data, query(statistic, "pay", "region"), attack)
        frame = with_isle(20, household_id=np.repeat(np.arange(700_000, 700_005), 4))
        isle = isle_of(frame)
        by_household = isle.groupby("household_id")["pay"].sum()
        others = list(by_household.iloc[:-1])
        truth = float(by_household.iloc[-1])
        known: dict[str, Any] = {"cell": ("Isle",), "others": others}
        if statistic == "mean":
            # A household's total follows from the mean of 20 people and the totals of the other households.
            known = {"cell": ("Isle",), "others": [*(value * 1.0 for value in others), *[0.0] * 15]}
        attack = Attack(attack_on, truth, known)
        data = made(f"five-households-{statistic}", frame, ("person_id", "household_id"))
        yield _unsafe(f"{statistic}-of-20-rows-of-5-households", data, query(statistic, "pay", "region"), attack)
    panel = real("wagepan").frame.assign(place="mainland")
    one = panel["person_id"] == panel["person_id"].iloc[0]
    panel.loc[one, "place"] = "Isle"
    truth = float(panel.loc[one, "wage"].mean())
    attack = Attack(attacks.reads_the_cell, truth, {"cell": ("Isle",)})
    yield _unsafe("real-panel-8-rows-of-one-person", made("panel-1", panel), query("mean", "wage", "place"), attack)


def _tricks() -> Iterator[Case]:
    """Expressions that single out one person behind a table whose cells all look large."""
    base = people()
    data = made("people", base)
    victim = base[base["age"] == 80].iloc[0]
    seen = (
        f"age = {int(victim['age'])} and region = '{victim['region']}' and sex = '{victim['sex']}' "
        f"and job = '{victim['job']}' and hours = {victim['hours']}"
    )
    if len(base.query(seen.replace(" = ", " == "))) != 1:
        raise ValueError("the victim of the tricks must be the only one of this description")
    pay = float(victim["pay"])
    reads = Attack(attacks.reads_the_cell, pay, {"cell": ()})
    yield _unsafe("sum-of-a-condition", data, query("sum", f"case when {seen} then pay else 0 end"), reads)
    yield _unsafe("sum-of-a-filter", data, query("sum", "pay", where=seen), reads)
    yield _unsafe("mean-of-a-condition", data, query("mean", f"case when {seen} then pay end"), reads)
    asked = query("sum", "alone", derive={"alone": f"if({seen}, pay, 0)"})
    yield _unsafe("sum-of-a-derived-condition", data, asked, reads)
    asked = query(
        "sum", "alone", **{"from": "v", "views": {"v": f"select person_id, if({seen}, pay, 0) as alone from people"}}
    )
    yield _unsafe("sum-of-a-condition-in-a-view", data, asked, reads)
    asked = query("mean", "pay", weight=f"case when {seen} then 1 else 0.0000001 end")
    yield _unsafe("mean-with-a-weight-for-one", data, asked, Attack(attacks.reads_the_cell, pay, {"cell": ()}, 0.01))
    for power in (30, 50):
        richest = float(base["pay"].max())
        asked = query("sum", f"power(pay, {power})")
        attack = Attack(on_magnitudes.root_of_a_power, richest, {"cell": (), "power": power}, tolerance=0.03)
        yield _unsafe(f"sum-of-a-power-{power}", data, asked, attack)
    asked = query(
        "sum", f"pay * greatest(0, 1 - abs(age - 80) * 2) * greatest(0, 1 - abs(hours - {victim['hours']}) * 100)"
    )
    alike = base[(base["age"] == 80) & (base["hours"] == victim["hours"])]
    if len(alike) == 1:
        yield _unsafe("sum-of-a-bump-function", data, asked, reads)
    asked = query("sum", f"pay * floor(1 / (1 + abs(pay - {pay})))")
    yield _unsafe("sum-of-a-guessed-value", data, asked, reads)
    asked = query("mean", f"exp(pay / 1000 - {float(base['pay'].max()) / 1000!r})")
    attack = Attack(attacks.reads_the_cell, 1 / len(base), {"cell": ()}, tolerance=0.5)
    yield _unsafe("mean-of-an-exponential", data, asked, attack)


_SAFE: tuple[tuple[str, str, str, tuple[str, ...], dict[str, Any]], ...] = (
    ("wage1", "mean", "wage", ("sex",), {}),
    ("wage1", "mean", "tenure", ("married_now", "sex"), {}),
    ("wage1", "mean", "lwage", ("region",), {}),
    ("card", "mean", "wage", ("school", "area"), {}),
    ("card", "mean", "IQ", ("colour",), {}),
    ("card", "mean", "wage", ("colour", "south_now"), {"weight": "weight"}),
    ("card", "sum", "wage", ("area",), {}),
    ("twoyear", "mean", "lwage", ("sex", "degree"), {}),
    ("twoyear", "mean", "exper", ("region", "sex"), {"margins": True}),
    ("twoyear", "mean", "stotal", ("origin",), {}),
    ("gpa2", "mean", "colgpa", ("sat_band", "sex"), {}),
    ("gpa2", "mean", "sat", ("athlete_now",), {}),
    ("gpa2", "ratio", "colgpa", ("sex",), {"options": {"denominator": "tothrs"}}),
    ("injury", "mean", "ldurat", ("state", "earner", "period"), {}),
    ("injury", "mean", "benefit", ("sex", "age_band"), {"where": "age is not null"}),
    ("injury", "sum", "totmed", ("state", "period"), {}),
    ("injury", "mean", "age", ("state",), {"where": "durat > 2"}),
    ("crime1", "mean", "inc86", ("origin",), {}),
    ("crime1", "mean", "pcnv", ("origin", "arrested"), {}),
    ("crime1", "sum", "narr86", ("origin",), {}),
    ("catholic", "mean", "read12", ("father_school",), {}),
    ("catholic", "mean", "math12", ("origin", "sex"), {"margins": True}),
    ("catholic", "mean", "math12 - read12", ("sex",), {}),
    ("recid", "mean", "age / 12", ("drinks", "uses_drugs"), {}),
    ("bwght", "mean", "bwghtlbs", ("child", "colour"), {}),
    ("bwght", "mean", "bwght", ("smoked",), {}),
    ("loanapp", "mean", "loanamt", ("approved", "origin"), {"protect": {"method": "suppress"}}),
    ("loanapp", "mean", "price", ("married_now",), {"where": "married is not null"}),
    ("htv", "mean", "educ", ("parents_school",), {}),
    ("htv", "mean", "wage", ("region", "town"), {"protect": {"method": "suppress"}}),
    ("wagepan", "mean", "wage", ("in_union", "colour"), {}),
    ("wagepan", "mean", "hours", ("year",), {}),
)


def _safe() -> Iterator[Case]:
    for number, (name, statistic, measure, by, more) in enumerate(_SAFE):
        document = query(statistic, measure, *by, **more)
        yield Case(f"linear-safe-{number}-{name}", BARN, True, real(name), (document,))
    both = made("people-both", people(), ("person_id", "household_id"))
    yield Case("linear-safe-two-units", BARN, True, both, (query("mean", "pay", "region", "sex"),))
    yield Case("linear-safe-sum-weighted", BARN, True, both, (query("sum", "pay", "job", weight="grossing"),))
    yield Case("linear-safe-share", BARN, True, both, (query("mean", "smokes", "region"),))
    yield Case("linear-safe-gifts", BARN, True, both, (query("sum", "gift", "region", margins=True),))
    asked = query("ratio", "pay", "job", options={"denominator": "hours"})
    yield Case("linear-safe-hourly-pay", BARN, True, both, (asked,))
