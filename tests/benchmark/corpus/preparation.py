"""Views, joins, windows and charts: data prepared as researchers do it, and tricks that preparation invites."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.benchmark import attacks
from tests.benchmark.model import Attack, Case, Document
from tests.benchmark.worlds import Data, isle_of, made, people, real, with_isle

VIEWS, CHARTS = "views and preparation", "charts of tables"


def cases() -> Iterator[Case]:
    """Yield the family."""
    yield from _views()
    yield from _charts()
    yield from _safe_views()
    yield from _safe_charts()


def of_view(text: str, statistic: str, *by: str, **more: Any) -> Document:
    """Return a query of one view over ``people``."""
    return {"statistic": statistic, "from": "v", "views": {"v": text}, "by": list(by), **more}


def _views() -> Iterator[Case]:
    base = people()
    data = made("people", base)
    richest = base.sort_values("pay").iloc[-1]
    reads = Attack(attacks.reads_the_cell, float(richest["pay"]), {"cell": ()})
    for name, text in (
        ("rank", "select person_id, pay, rank() over (order by pay desc) as place from people"),
        ("row-number", "select person_id, pay, row_number() over (order by pay desc) as place from people"),
    ):
        asked = of_view(text, "sum", measure="pay", where="place = 1")
        yield Case(f"view-first-by-{name}", VIEWS, False, data, (asked,), attack=reads)
        asked = of_view(text, "sum", measure="case when place = 1 then pay else 0 end")
        yield Case(f"view-only-the-first-by-{name}", VIEWS, False, data, (asked,), attack=reads)
    text = "select person_id, max(pay) over () as pay from people"
    asked = of_view(text, "mean", measure="pay")
    yield Case("view-that-spreads-the-maximum", VIEWS, False, data, (asked,), attack=reads)
    text = "select p.person_id, q.pay from people p join people q on q.age = 80 and p.age <> 0"
    oldest = base[base["age"] == 80]
    attack = Attack(attacks.reads_the_cell, float(oldest["pay"].mean()), {"cell": ()})
    asked = of_view(text, "mean", measure="pay")
    if len(oldest) < 10:
        yield Case("view-that-joins-few-to-all", VIEWS, False, data, (asked,), attack=attack)
    text = "select household_id, region, sum(pay) as pay, count(*) as size from people group by household_id, region"
    frame = with_isle(2)
    isle = isle_of(frame)
    asked = of_view(text, "mean", "region", measure="pay")
    known = {"cell": ("Isle",), "others": isle["pay"].tolist()[:-1]}
    attack = Attack(attacks.takes_others_off_a_mean, float(isle["pay"].iloc[-1]), known)
    both = made("isle-2-both", frame, ("person_id", "household_id"))
    yield Case("view-of-households-of-two", VIEWS, False, both, (asked,), attack=attack)


def _chart(document: Document, kind: str) -> Document:
    return {**document, "chart": {"kind": kind}}


def _charts() -> Iterator[Case]:
    frame = with_isle(3, ill=["no", "yes", "no"])
    isle = isle_of(frame)
    data = made("isle-3-chart", frame)
    counts: Document = {"statistic": "frequency", "by": ["region", "ill"]}
    means: Document = {"statistic": "mean", "measure": "pay", "by": ["region"]}
    ill = isle["ill"].tolist()
    away = Attack(attacks.counts_the_others_away, ill[-1], {"group": ("Isle",), "others": ill[:-1]})
    pay = isle["pay"].tolist()
    off = Attack(attacks.takes_others_off_a_mean, pay[-1], {"cell": ("Isle",), "others": pay[:-1]})
    for kind, document, attack in (("bar", means, off), ("line", means, off), ("heatmap", counts, away)):
        yield Case(f"chart-{kind}-of-three", CHARTS, False, data, (_chart(document, kind),), attack=attack)


def _safe_views() -> Iterator[Case]:
    both = ("person_id", "household_id")
    made_both = made("people-both", people(), both)
    bands = "select *, case when age < 30 then 'young' when age < 60 then 'middle' else 'old' end as band from people"
    quarters = "select *, ntile(4) over (order by pay) as quarter from people"
    log = "select person_id, household_id, region, ln(pay) as log_pay from people where pay > 0"
    tables: tuple[tuple[str, Data, Document], ...] = (
        ("bands", made_both, of_view(bands, "mean", "band", "sex", measure="pay")),
        ("quarters", made_both, of_view(quarters, "mean", "quarter", measure="age")),
        ("logarithm", made_both, of_view(log, "mean", "region", measure="log_pay")),
        ("real-bands", real("card"), of_view(bands.replace("60", "31"), "frequency", "band", "area")),
        ("real-filter", real("wage1"), of_view("select * from people where tenure > 0", "mean", "sex", measure="wage")),
        (
            "real-histories",
            real("wagepan"),
            of_view(
                "select person_id, avg(wage) as wage, max(case when in_union = 'yes' then 1 else 0 end) as ever "
                "from people group by person_id",
                "mean",
                "ever",
                measure="wage",
            ),
        ),
        (
            "real-changes",
            real("wagepan"),
            of_view(
                "select person_id, year, colour, "
                "wage - lag(wage) over (partition by person_id order by year) as change from people",
                "mean",
                "colour",
                measure="change",
                where="change is not null",
            ),
        ),
    )
    for name, data, document in tables:
        yield Case(f"view-safe-{name}", VIEWS, True, data, (document,))


def _safe_charts() -> Iterator[Case]:
    tables: tuple[tuple[str, str, Document], ...] = (
        ("bar", "wage1", {"statistic": "mean", "measure": "wage", "by": ["sex"]}),
        ("bar", "card", {"statistic": "frequency", "by": ["school"]}),
        ("line", "wagepan", {"statistic": "mean", "measure": "wage", "by": ["year"]}),
        ("histogram", "card", {"statistic": "histogram", "measure": "wage"}),
        ("box", "gpa2", {"statistic": "box", "measure": "colgpa", "by": ["sex"]}),
        ("hexbin", "card", {"statistic": "hexbin", "measure": "IQ", "options": {"y": "wage", "bins": 10}}),
        ("map", "twoyear", {"statistic": "mean", "measure": "lwage", "by": ["region"]}),
        ("heatmap", "catholic", {"statistic": "frequency", "by": ["father_school", "mother_school"]}),
    )
    for number, (kind, name, document) in enumerate(tables):
        data = replace(real(name), areas="region") if kind == "map" else real(name)
        yield Case(f"chart-safe-{number}-{kind}", CHARTS, True, data, (_chart(document, kind),))
