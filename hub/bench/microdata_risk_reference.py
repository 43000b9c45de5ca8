"""Conformance of the measures of risk with sdcMicro's published results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from saferoom.hub.bench.microdata_reference import Check, Reference, named, pairs

_SINGLE = 1e-6
"""sdcMicro computes DIS in single precision."""


def checks(reference: Reference) -> Iterator[Check]:
    """Yield every published number about risk beside ours."""
    values = reference.values()
    yield from _francdat(reference.records("francdat"), values["francdat"])
    testdata = reference.records("testdata")
    yield from _testdata(testdata, values["testdata"])
    yield from _diversity(testdata, values["testdata"]["ldiv_income_urbrur_roof_walls_water"])
    yield from _intervals(testdata, values["testdata"])


def _francdat(records: Any, published: dict[str, Any]) -> Iterator[Check]:
    from saferoom.disclosure.microdata.risk.asked import Asked
    from saferoom.disclosure.microdata.risk.individual import Method, individual
    from saferoom.disclosure.microdata.risk.report import assess
    from saferoom.disclosure.microdata.risk.suda import Scoring, suda

    names = tuple(published["names"][place - 1] for place in published["keyVars"])
    report = assess(records, Asked(names, weight="w"))
    counted = report.frequencies
    inverse = counted.patterns.inverse
    yield from pairs("francdat f", counted.per_record(counted.sample), published["fk"])
    yield from pairs("francdat F", counted.per_record(counted.population), published["Fk"])
    yield from pairs("francdat risk", counted.per_record(report.risks), published["rk_approx"])
    yield from pairs("francdat exact risk", individual(counted, Method.EXACT)[inverse], published["rk_exact"])
    keys = _keys(records, names)
    for scoring, name in ((Scoring.ELLIOT, "suda2"), (Scoring.IHSN, "suda2_notoriginal")):
        found = suda(keys, counted.patterns, scoring=scoring)
        yield from pairs(f"francdat {name} score", found.score[inverse], published[name]["score"])
        yield from pairs(f"francdat {name} DIS", found.dis[inverse], published[name]["disScore"], _SINGLE)


def _keys(records: Any, names: tuple[str, ...]) -> Any:
    from saferoom.disclosure.microdata.keys import Keys

    return Keys.of(records, names)


def _testdata(records: Any, published: dict[str, Any]) -> Iterator[Check]:
    from saferoom.disclosure.microdata.risk.asked import Asked
    from saferoom.disclosure.microdata.risk.report import assess

    names = tuple(published["keyVars"])
    report = assess(records, Asked(names, weight=published["w"], household="ori_hid"))
    counted = report.frequencies
    sample, population, risks = (counted.per_record(one) for one in (counted.sample, counted.population, report.risks))
    for place, (ours, name) in enumerate(((sample, "fk"), (population, "Fk"), (risks, "rk"))):
        yield from pairs(f"testdata {name}", ours[:10], published[f"first10_{name}"])
        yield Check(f"testdata sum of {name}", float(ours.sum()), published[("sum_fk", "sum_Fk", "sum_rk")[place]])
    document = report.document()
    suda, shown = document["suda"], published["suda2"]
    yield Check("testdata uniques", document["sample_uniques"], published["n1"])
    yield Check("testdata below 3", document["below_k"]["3"], published["n_fk_lt3"])
    yield Check("testdata below 5", document["below_k"]["5"], published["n_fk_lt5"])
    yield Check("testdata largest risk", document["max_risk"], published["max_rk"])
    yield Check("testdata risk, %", document["global_risk_percent"], published["global"]["risk_pct"])
    household = document["household_expected_reidentifications"]
    yield Check("testdata household risk", household, published["global"]["hier_risk_ER"])
    yield Check("testdata SUDA sum", suda["sum"], shown["sum_score"])
    yield Check("testdata SUDA largest", suda["max"], shown["max_score"])
    yield Check("testdata SUDA records", suda["records"], shown["n_pos"])
    yield Check("testdata DIS sum", suda["dis_sum"], shown["sum_disScore"], _SINGLE)
    yield Check("testdata DIS largest", suda["dis_max"], shown["max_dis"], _SINGLE)
    yield from named("testdata SUDA contribution", suda["contribution_percent"], shown["contributions"])


def _diversity(records: Any, published: dict[str, Any]) -> Iterator[Check]:
    from saferoom.disclosure.microdata.keys import Keys
    from saferoom.disclosure.microdata.patterns import patterns
    from saferoom.disclosure.microdata.risk.classes import class_values
    from saferoom.disclosure.microdata.risk.diversity import diversity

    keys = Keys.of(records, ["urbrur", "roof", "walls", "water"])
    found = patterns(keys)
    diverse = diversity(class_values(keys, found, Keys.of(records, ["income"])))
    for name in ("distinct", "entropy", "recursive"):
        column = f"income_{name.title()}_Ldiversity"
        ours = getattr(diverse, name)[found.inverse]
        yield Check(f"testdata {name} l-diversity, sum", float(ours.sum()), published["colsums"][column])
        yield from pairs(f"testdata {name} l", ours[:6], [row[column] for row in published["first6"]])


def _intervals(records: Any, published: dict[str, Any]) -> Iterator[Check]:
    """Groups of three by the order of the file and by the first column: dRisk needs no method of ours for these."""
    import numpy as np

    from saferoom.disclosure.microdata.risk.intervals import interval_disclosed

    points = np.column_stack([np.asarray(records[name], dtype=float) for name in ("expend", "income", "savings")])
    orders = {"simple": np.arange(len(points)), "single": np.argsort(points[:, 0], kind="stable")}
    for name, order in orders.items():
        group = np.empty(len(points), dtype=int)
        group[order] = np.minimum(np.arange(len(points)) // 3, len(points) // 3 - 1)
        sums = np.column_stack([np.bincount(group, column) for column in points.T])
        masked = (sums / np.bincount(group)[:, None])[group]
        ours = float(interval_disclosed(points, masked).mean())
        yield Check(f"testdata dRisk, {name} microaggregation", ours, published[f"microagg_{name}"]["dRisk"])
