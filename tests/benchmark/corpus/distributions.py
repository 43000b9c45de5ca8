"""Positions, endpoints, modes and shapes: numbers that are, or come close to, one person's own value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from tests.benchmark import attacks
from tests.benchmark import attacks_on_magnitudes as on_magnitudes
from tests.benchmark.corpus.linear import query
from tests.benchmark.model import Attack, Case, Document
from tests.benchmark.worlds import Data, isle_of, made, people, real, with_isle

from saferoom.policies.models import RiskAppetite


def cases() -> Iterator[Case]:
    """Yield the family."""
    yield from _positions()
    yield from _endpoints()
    yield from _modes()
    yield from _shapes()
    yield from _safe()


def _unsafe(barn: str, name: str, data: Data, document: Document, attack: Attack) -> Case:
    return Case(f"{barn}-{name}", barn, False, data, (document,), attack=attack)


def _positions() -> Iterator[Case]:
    barn = "position"
    one, two = with_isle(1), with_isle(2)
    truth = float(isle_of(one)["pay"].iloc[0])
    reads = Attack(attacks.reads_the_cell, truth, {"cell": ("Isle",)})
    yield _unsafe(barn, "median-of-one", made("isle-1", one), query("median", "pay", "region"), reads)
    own, other = (float(value) for value in isle_of(two)["pay"])
    attack = Attack(on_magnitudes.half_of_a_pair, other, {"cell": ("Isle",), "own": own})
    yield _unsafe(barn, "median-of-two", made("isle-2", two), query("median", "pay", "region"), attack)
    for size in (3, 5, 9):
        frame = with_isle(size)
        middle = float(isle_of(frame)["pay"].median())
        attack = Attack(attacks.reads_the_cell, middle, {"cell": ("Isle",)})
        yield _unsafe(barn, f"median-of-{size}", made(f"isle-{size}", frame), query("median", "pay", "region"), attack)
    frame = with_isle(12)
    isle = frame.index[frame["region"] == "Isle"]
    frame.loc[isle[:-1], "pay"] = np.nan
    reads = Attack(attacks.reads_the_cell, float(frame["pay"].iloc[-1]), {"cell": ("Isle",)})
    for statistic, options in (("median", {}), ("quantile", {"options": {"quantiles": [0.25, 0.5]}})):
        asked = query(statistic, "pay", "region", **options)
        yield _unsafe(barn, f"{statistic}-of-twelve-eleven-missing", made("eleven-missing", frame), asked, reads)
    frame = with_isle(40, pay=23_456.0)
    alike = Attack(attacks.sees_a_whole_group, 23_456.0, {"cell": ("Isle",)})
    yield _unsafe(barn, "median-of-equals", made("alike", frame), query("median", "pay", "region"), alike)
    alike = Attack(attacks.sees_a_whole_group, 0.0, {"cell": ("Isle",)})
    yield _unsafe(barn, "iqr-of-equals", made("alike", frame), query("iqr", "pay", "region"), alike)
    for size, fraction in ((41, 0.99), (60, 0.995), (30, 0.97)):
        frame = with_isle(size)
        values = np.sort(isle_of(frame)["pay"].to_numpy())
        place = (size - 1) * fraction
        known = {"cell": ("Isle",), "n": size, "fraction": fraction, "below": float(values[int(place)])}
        attack = Attack(
            on_magnitudes.value_between_order_statistics, float(values[int(place) + 1]), known, tolerance=1e-4
        )
        asked = query("quantile", "pay", "region", options={"quantiles": [fraction]})
        yield _unsafe(barn, f"top-quantile-{fraction}-of-{size}", made(f"isle-{size}", frame), asked, attack)
    frame = with_isle(21)
    values = np.sort(isle_of(frame)["pay"].to_numpy())
    fractions = [i / 20 for i in range(1, 20)]
    attack = Attack(attacks.reads_the_cell, float(values[10]), {"cell": ("Isle",), "column": "q0.5"})
    asked = query("quantile", "pay", "region", options={"quantiles": fractions})
    yield _unsafe(barn, "every-twentieth-of-twenty-one", made("isle-21", frame), asked, attack)
    frame = with_isle(15, person_id=900_001, pay=np.arange(15) * 100.0 + 20_000.0)
    attack = Attack(attacks.reads_the_cell, 20_700.0, {"cell": ("Isle",)})
    yield _unsafe(
        barn, "median-of-15-rows-of-one-person", made("one-median", frame), query("median", "pay", "region"), attack
    )
    base = people()
    victim = base[base["age"] == 80].iloc[0]
    seen = f"age = 80 and region = '{victim['region']}' and hours = {victim['hours']} and job = '{victim['job']}'"
    attack = Attack(attacks.reads_the_cell, float(victim["pay"]), {"cell": ()})
    yield _unsafe(barn, "median-of-a-filter", made("people", base), query("median", "pay", where=seen), attack)
    asked = query("median", f"case when {seen} then pay end")
    yield _unsafe(barn, "median-of-a-condition", made("people", base), asked, attack)
    asked = query("quantile", "pay", options={"quantiles": [0.999]})
    values = np.sort(base["pay"].to_numpy())
    known = {"cell": (), "n": len(values), "fraction": 0.999, "below": float(values[-2])}
    attack = Attack(on_magnitudes.value_between_order_statistics, float(values[-1]), known, tolerance=1e-3)
    yield _unsafe(barn, "quantile-next-to-the-maximum", made("people", base), asked, attack)
    wages = real("wage1")
    group = wages.frame[wages.frame["educ"] == 4]["wage"]
    attack = Attack(attacks.reads_the_cell, float(group.median()), {"cell": (4,)})
    yield _unsafe(barn, "real-median-by-years-of-school", wages, query("median", "wage", "educ"), attack)


def _endpoints() -> Iterator[Case]:
    barn = "endpoints"
    base = people()
    data = made("people", base)
    plain: tuple[tuple[str, str, tuple[str, ...]], ...] = (
        ("max", "pay", ()),
        ("min", "pay", ()),
        ("max", "pay", ("region",)),
        ("min", "hours", ("sex",)),
        ("max", "age", ("job",)),
        ("max", "gift", ("region", "sex")),
    )
    for statistic, measure, by in plain:
        cell = tuple(base.sort_values(list(by))[list(by)].iloc[0]) if by else ()
        members = base
        for column, label in zip(by, cell, strict=True):
            members = members[members[column] == label]
        truth = float(getattr(members[measure], statistic)())
        attack = Attack(attacks.reads_the_cell, truth, {"cell": cell})
        yield _unsafe(barn, f"{statistic}-{measure}-{len(by)}", data, query(statistic, measure, *by), attack)
    lowest, highest = float(base["pay"].min()), float(base["pay"].max())
    attack = Attack(on_magnitudes.range_from_a_minimum, highest, {"cell": (), "own": lowest})
    yield _unsafe(barn, "range-and-own-minimum", data, query("range", "pay"), attack)
    chosen: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...] = (
        ("card", "wage", ("school",), ("degree",)),
        ("crime1", "inc86", (), ()),
        ("injury", "totmed", ("state",), ("Kentucky",)),
    )
    for name, measure, by, cell in chosen:
        frame = real(name).frame
        members = frame
        for column, label in zip(by, cell, strict=True):
            members = members[members[column] == label]
        attack = Attack(attacks.reads_the_cell, float(members[measure].max()), {"cell": cell})
        yield _unsafe(barn, f"real-max-{name}", real(name), query("max", measure, *by), attack)


def _modes() -> Iterator[Case]:
    barn = "mode"
    for size in (1, 4, 30):
        frame = with_isle(size, visits=7)
        attack = Attack(attacks.sees_a_whole_group, 7.0, {"cell": ("Isle",)})
        yield _unsafe(barn, f"mode-of-{size}", made(f"mode-{size}", frame), query("mode", "visits", "region"), attack)
    frame = with_isle(20)
    frame.loc[frame.index[-2:], "pay"] = 31_415.0
    attack = Attack(attacks.reads_the_cell, 31_415.0, {"cell": ("Isle",)})
    yield _unsafe(barn, "mode-shared-by-two", made("mode-two", frame), query("mode", "pay", "region"), attack)


def _shapes() -> Iterator[Case]:
    barn = "shape"
    for statistic in ("std", "variance"):
        frame = with_isle(2)
        low, high = sorted(float(value) for value in isle_of(frame)["pay"])
        known = {"cell": ("Isle",), "own": low, "squared": statistic == "variance"}
        attack = Attack(on_magnitudes.other_of_two_from_a_spread, high, known)
        yield _unsafe(barn, f"{statistic}-of-two", made("isle-2", frame), query(statistic, "pay", "region"), attack)
        frame = with_isle(200)
        isle = frame.index[frame["region"] == "Isle"]
        frame.loc[isle, "pay"] = np.linspace(19_000, 21_000, 200)
        frame.loc[isle[-1], "pay"] = 4_000_000.0
        known = {"cell": ("Isle",), "n": 200, "mean_of_others": 20_000.0, "squared": statistic == "variance"}
        attack = Attack(on_magnitudes.outlier_from_a_spread, 4_000_000.0, known, tolerance=0.02)
        yield _unsafe(
            barn, f"{statistic}-of-an-outlier", made("outlier", frame), query(statistic, "pay", "region"), attack
        )
        frame = with_isle(25, hours=36.0)
        attack = Attack(attacks.sees_a_whole_group, 0.0, {"cell": ("Isle",)})
        yield _unsafe(barn, f"{statistic}-of-equals", made("hours", frame), query(statistic, "hours", "region"), attack)
        frame = with_isle(12)
        isle = frame.index[frame["region"] == "Isle"]
        frame.loc[isle[:-2], "pay"] = np.nan
        low, high = sorted(float(value) for value in frame.loc[isle[-2:], "pay"])
        attack = Attack(on_magnitudes.other_of_two_from_a_spread, high, {**known, "own": low, "cell": ("Isle",)})
        asked = query(statistic, "pay", "region")
        yield _unsafe(barn, f"{statistic}-of-twelve-ten-missing", made("ten-missing", frame), asked, attack)
    for statistic in ("skewness", "kurtosis"):
        frame = with_isle(100, smokes=[0] * 98 + [1] * 2)
        known = {"cell": ("Isle",), "n": 100, "statistic": statistic}
        attack = Attack(on_magnitudes.count_from_a_shape, 2, known)
        data = made("shape-two", frame)
        yield _unsafe(barn, f"{statistic}-tells-how-many", data, query(statistic, "smokes", "region"), attack)


_SAFE: tuple[tuple[str, str, str, str, tuple[str, ...], dict[str, Any]], ...] = (
    ("position", "wage1", "median", "wage", ("sex",), {}),
    ("position", "wage1", "median", "tenure", (), {}),
    ("position", "card", "median", "wage", ("school",), {}),
    ("position", "card", "quantile", "wage", ("colour",), {"options": {"quantiles": [0.1, 0.25, 0.5, 0.75, 0.9]}}),
    ("position", "card", "median", "wage", ("area",), {"weight": "weight"}),
    ("position", "twoyear", "median", "lwage", ("sex", "degree"), {}),
    ("position", "twoyear", "iqr", "exper", ("region",), {}),
    ("position", "gpa2", "median", "colgpa", ("sat_band",), {}),
    ("position", "gpa2", "quantile", "sat", ("sex",), {"options": {"quantiles": [0.25, 0.75]}}),
    ("position", "injury", "median", "durat", ("state", "period"), {}),
    ("position", "injury", "median", "totmed", ("earner",), {}),
    ("position", "crime1", "median", "inc86", ("worked",), {"where": "qemp86 > 0"}),
    ("position", "catholic", "iqr", "math12", ("origin",), {}),
    ("position", "catholic", "quantile", "read12", (), {"options": {"quantiles": [0.05, 0.5, 0.95]}}),
    ("position", "bwght", "median", "bwght", ("child",), {}),
    ("position", "recid", "median", "tserved", ("uses_drugs",), {}),
    ("position", "htv", "median", "wage", ("school",), {}),
    ("position", "wagepan", "median", "wage", ("in_union",), {}),
    ("shape", "wage1", "std", "wage", ("sex",), {}),
    ("shape", "card", "std", "IQ", ("colour",), {}),
    ("shape", "card", "variance", "wage", ("school",), {}),
    ("shape", "twoyear", "std", "lwage", ("region", "sex"), {}),
    ("shape", "twoyear", "std", "exper", ("degree",), {"margins": True}),
    ("shape", "gpa2", "std", "sat", ("sex",), {}),
    ("shape", "gpa2", "std", "colgpa", ("sat_band",), {}),
    ("shape", "injury", "std", "age", ("state",), {}),
    ("shape", "catholic", "std", "math12", ("origin",), {}),
    ("shape", "catholic", "variance", "read12", ("sex",), {}),
    ("shape", "bwght", "std", "bwght", ("smoked", "child"), {}),
    ("shape", "htv", "std", "abil", ("region",), {}),
    ("shape", "gpa2", "skewness", "sat", ("sex",), {}),
    ("shape", "catholic", "kurtosis", "math12", ("sex",), {}),
    ("shape", "twoyear", "skewness", "lwage", (), {}),
)


def _safe() -> Iterator[Case]:
    for number, (barn, name, statistic, measure, by, more) in enumerate(_SAFE):
        document = query(statistic, measure, *by, **more)
        yield Case(f"{barn}-safe-{number}-{name}", barn, True, real(name), (document,))
    known = RiskAppetite(structural=frozenset({"age"}))
    data = made("people", people())
    for statistic in ("min", "max", "range"):
        document = query(statistic, "age")
        yield Case(f"endpoints-safe-structural-{statistic}", "endpoints", True, data, (document,), policy=known)
    grades = RiskAppetite(structural=frozenset({"colgpa", "sat"}))
    for measure in ("colgpa", "sat"):
        document = query("max", measure, "sex")
        yield Case(f"endpoints-safe-{measure}", "endpoints", True, real("gpa2"), (document,), policy=grades)
