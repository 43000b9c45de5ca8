"""Histograms, hexagons, concentration, Gini, boxes, and ratios with the two-by-two tables that they imply."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from tests.benchmark import attacks, plain
from tests.benchmark import attacks_on_magnitudes as on_magnitudes
from tests.benchmark.corpus.linear import query
from tests.benchmark.model import Attack, Case, Document
from tests.benchmark.worlds import Data, isle_of, made, people, real, with_isle


def cases() -> Iterator[Case]:
    """Yield the family."""
    yield from _histograms()
    yield from _concentration()
    yield from _boxes()
    yield from _two_by_two()
    yield from _safe()


def _unsafe(barn: str, name: str, data: Data, document: Document, attack: Attack, **more: Any) -> Case:
    return Case(f"{barn}-{name}", barn, False, data, (document,), attack=attack, **more)


def _histograms() -> Iterator[Case]:
    barn = "histograms"
    for size in (1, 3, 8):
        frame = with_isle(
            size, pay=[18_000.0, 26_000.0, 34_000.0, 18_500.0, 27_000.0, 18_900.0, 33_000.0, 19_000.0][:size]
        )
        bins: list[float] = [0, 15_000, 25_000, 30_000, 1_000_000]
        labels = [plain.label(value, bins) for value in isle_of(frame)["pay"]]
        attack = Attack(attacks.counts_the_others_away, labels[-1], {"group": ("Isle",), "others": labels[:-1]})
        asked = query("histogram", "pay", "region", options={"bins": bins})
        data = made(f"hist-{size}", frame)
        yield _unsafe(
            barn, f"group-of-{size}", data, asked, attack, plain=plain.histogram(frame, "pay", bins, "region")
        )
    for name, measure in (("people", "pay"), ("card", "wage"), ("crime1", "inc86")):
        data = made("people", people()) if name == "people" else real(name)
        values = data.frame[measure].dropna().to_numpy(dtype=float)
        edges = [float(edge) for edge in np.histogram_bin_edges(values, 10)]
        for given, asked in (
            ("ten-bins", query("histogram", measure, options={"bins": 10})),
            ("edges-at-the-ends", query("histogram", measure, options={"bins": edges})),
        ):
            attack = Attack(on_magnitudes.reads_the_last_edge, float(values.max()))
            table = plain.histogram(data.frame, measure, edges)
            yield _unsafe(barn, f"maximum-in-the-edges-{name}-{given}", data, asked, attack, plain=table)
    frame = with_isle(0)
    frame.loc[frame.index[-1], "pay"] = 5_000_000.0
    bins = [0, 10_000, 20_000, 50_000, 4_900_000, 5_100_000]
    attack = Attack(on_magnitudes.finds_the_last_bin, 5_000_000.0, tolerance=0.03)
    asked = query("histogram", "pay", options={"bins": bins})
    table = plain.histogram(frame, "pay", bins)
    yield _unsafe(barn, "one-in-the-last-bin", made("hist-rich", frame), asked, attack, plain=table)
    frame = with_isle(60, pay=25_500.0)
    bins = [0, 25_000, 26_000, 1_000_000]
    attack = Attack(attacks.finds_the_only_category, plain.label(25_500.0, bins), {"group": ("Isle",)})
    asked = query("histogram", "pay", "region", options={"bins": bins})
    table = plain.histogram(frame, "pay", bins, "region")
    yield _unsafe(barn, "everybody-in-one-bin", made("hist-alike", frame), asked, attack, plain=table)
    frame = with_isle(0)
    value = float(frame["pay"].iloc[5])
    bins = [0.0, round(value - 0.01, 2), round(value + 0.01, 2), 1_000_000]
    attack = Attack(on_magnitudes.sees_somebody_in_a_bin, True, {"bin": plain.label(value, bins)})
    asked = query("histogram", "pay", options={"bins": bins})
    table = plain.histogram(frame, "pay", bins)
    yield _unsafe(barn, "edges-around-one-value", made("people", frame), asked, attack, plain=table)


def _concentration() -> Iterator[Case]:
    barn = "concentration"
    for size in (2, 3):
        frame = with_isle(size)
        pay = isle_of(frame)["pay"].to_numpy()
        if size == 2:
            known = {"cell": ("Isle",), "total": float(pay.sum())}
            attack = Attack(on_magnitudes.larger_of_two_from_an_index, float(pay.max()), known, tolerance=1e-5)
            asked = query("concentration", "pay", "region")
            yield _unsafe(barn, "index-of-two", made("isle-2", frame), asked, attack)
        asked = query("concentration", "pay", "region", options={"top": 1})
        attack = Attack(
            on_magnitudes.share_of_a_total, float(pay.max()), {"cell": ("Isle",), "total": float(pay.sum())}
        )
        yield _unsafe(barn, f"top-share-of-{size}", made(f"isle-{size}", frame), asked, attack)
    frame = with_isle(60, pay=1_000.0)
    frame.loc[frame.index[-1], "pay"] = 900_000.0
    total = float(isle_of(frame)["pay"].sum())
    data = made("monopoly", frame)
    attack = Attack(on_magnitudes.root_of_an_index, 900_000.0, {"cell": ("Isle",), "total": total}, tolerance=0.02)
    yield _unsafe(barn, "index-of-a-monopoly", data, query("concentration", "pay", "region"), attack)
    attack = Attack(on_magnitudes.share_of_a_total, 900_000.0, {"cell": ("Isle",), "total": total})
    asked = query("concentration", "pay", "region", options={"top": 1})
    yield _unsafe(barn, "top-share-of-a-monopoly", data, asked, attack)
    asked = query("concentration", "pay", options={"top": 1})
    base = people()
    attack = Attack(
        on_magnitudes.share_of_a_total,
        float(base["pay"].max()),
        {"cell": (), "total": float(base["pay"].sum())},
    )
    yield _unsafe(barn, "share-of-the-richest", made("people", base), asked, attack)
    frame = with_isle(2)
    low, high = sorted(float(value) for value in isle_of(frame)["pay"])
    attack = Attack(on_magnitudes.other_of_two_from_a_gini, high, {"cell": ("Isle",), "own": low}, tolerance=1e-4)
    yield _unsafe("gini", "of-two", made("isle-2", frame), query("gini", "pay", "region"), attack)
    frame = with_isle(50, pay=20_000.0)
    attack = Attack(attacks.sees_a_whole_group, 0.0, {"cell": ("Isle",)})
    yield _unsafe("gini", "of-equals", made("gini-equal", frame), query("gini", "pay", "region"), attack)
    frame = with_isle(50, gift=0.0)
    frame.loc[frame.index[-1], "gift"] = 900.0
    attack = Attack(on_magnitudes.sees_one_holder, 1, {"cell": ("Isle",), "n": 50})
    yield _unsafe("gini", "of-one-giver", made("gini-one", frame), query("gini", "gift", "region"), attack)


def _boxes() -> Iterator[Case]:
    barn = "box"
    for size in (1, 5, 9):
        frame = with_isle(size)
        truth = float(isle_of(frame)["pay"].median())
        attack = Attack(attacks.reads_the_cell, truth, {"cell": ("Isle",), "column": "q0.5"})
        yield _unsafe(barn, f"of-{size}", made(f"isle-{size}", frame), query("box", "pay", "region"), attack)
    frame = with_isle(30, hours=36.0)
    attack = Attack(attacks.reads_the_cell, 36.0, {"cell": ("Isle",), "column": "q0.5"})
    yield _unsafe(barn, "of-equals", made("box-equal", frame), query("box", "hours", "region"), attack)


def _ratio(statistic: str, exposure: str, outcome: str, **more: Any) -> Document:
    options = {"exposure": exposure, "outcome": outcome}
    if statistic == "rate_ratio":
        options["time"] = more.pop("time")
    return {"statistic": statistic, "options": options, **more}


def _two_by_two() -> Iterator[Case]:
    barn = "odds, risk and rate ratios"
    for exposed, ill in ((40, 2), (60, 1), (30, 5), (200, 9)):
        frame = with_isle(exposed, ill=["yes"] * ill + ["no"] * (exposed - ill))
        other = frame[frame["region"] != "Isle"]
        known = {
            "cell": (),
            "exposed": exposed,
            "others": len(other),
            "ill_others": int((other["ill"] == "yes").sum()),
        }
        for statistic in ("odds_ratio", "risk_ratio"):
            asked = _ratio(statistic, "region = 'Isle'", "ill = 'yes'")
            attack = Attack(on_magnitudes.count_behind_a_ratio, ill, {**known, "column": statistic})
            yield _unsafe(barn, f"{statistic}-{ill}-of-{exposed}", made(f"ratio-{exposed}-{ill}", frame), asked, attack)
    frame = with_isle(50, ill="no")
    attack = Attack(attacks.reads_the_cell, 0.0, {"cell": (), "column": "risk_ratio"})
    asked = _ratio("risk_ratio", "region = 'Isle'", "ill = 'yes'")
    yield _unsafe(barn, "nobody-of-the-exposed", made("ratio-none", frame), asked, attack)
    frame = with_isle(45, ill=["yes"] * 3 + ["no"] * 42)
    other = frame[frame["region"] != "Isle"]
    rate = int((other["ill"] == "yes").sum()) / float(other["hours"].sum())
    exposed_time = float(isle_of(frame)["hours"].sum())
    attack = Attack(on_magnitudes.count_behind_a_rate, 3, {"cell": (), "rate": rate, "time": exposed_time})
    asked = _ratio("rate_ratio", "region = 'Isle'", "ill = 'yes'", time="hours")
    yield _unsafe(barn, "rate-of-three", made("ratio-rate", frame), asked, attack)


def _safe() -> Iterator[Case]:
    plain_queries: tuple[tuple[str, str, Document], ...] = (
        ("histograms", "wage1", query("histogram", "wage")),
        ("histograms", "card", query("histogram", "wage", options={"bins": 20})),
        ("histograms", "card", query("histogram", "IQ", "area")),
        (
            "histograms",
            "gpa2",
            query("histogram", "sat", options={"bins": [400, 700, 800, 900, 1000, 1100, 1200, 1600]}),
        ),
        ("histograms", "twoyear", query("histogram", "lwage", "sex")),
        ("histograms", "catholic", query("histogram", "math12")),
        ("histograms", "bwght", query("histogram", "bwght", options={"bins": 12})),
        ("hexagonal bins", "card", {**query("hexbin", "IQ"), "options": {"y": "wage", "bins": 10}}),
        ("hexagonal bins", "gpa2", {**query("hexbin", "sat"), "options": {"y": "colgpa", "bins": 12}}),
        ("hexagonal bins", "catholic", {**query("hexbin", "read12"), "options": {"y": "math12"}}),
        ("concentration", "card", query("concentration", "wage", "school")),
        ("concentration", "injury", query("concentration", "totmed", "state", where="durat < 52")),
        ("concentration", "card", query("concentration", "wage", options={"top": 0.1})),
        ("concentration", "gpa2", query("concentration", "tothrs", options={"top": 50})),
        ("gini", "card", query("gini", "wage", "school")),
        ("gini", "twoyear", query("gini", "exper", "sex")),
        ("gini", "wage1", query("gini", "wage")),
        ("box", "card", query("box", "wage", "school")),
        ("box", "gpa2", query("box", "colgpa", "sex")),
        ("box", "injury", query("box", "ldurat", "state", "period")),
        ("box", "catholic", query("box", "math12", "origin")),
        ("odds, risk and rate ratios", "recid", _ratio("odds_ratio", "drugs = 1", "returned = 1")),
        ("odds, risk and rate ratios", "recid", _ratio("risk_ratio", "alcohol = 1", "returned = 1", by=["uses_drugs"])),
        ("odds, risk and rate ratios", "bwght", _ratio("odds_ratio", "cigs > 0", "bwght < 100")),
        ("odds, risk and rate ratios", "crime1", _ratio("risk_ratio", "black = 1", "narr86 > 0")),
        ("odds, risk and rate ratios", "loanapp", _ratio("odds_ratio", "black = 1", "approve = 0")),
        ("odds, risk and rate ratios", "recid", _ratio("rate_ratio", "drugs = 1", "returned = 1", time="durat")),
        ("odds, risk and rate ratios", "twoyear", _ratio("risk_ratio", "female = 1", "BA = 1", by=["region"])),
    )
    for number, (barn, name, document) in enumerate(plain_queries):
        yield Case(f"{barn}-safe-{number}-{name}", barn, True, real(name), (document,))
