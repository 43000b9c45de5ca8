"""Sequences of releases: each harmless, together telling about one person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.benchmark import attacks
from tests.benchmark.corpus.frequencies import query as counts
from tests.benchmark.corpus.linear import query
from tests.benchmark.model import Attack, Case, Document
from tests.benchmark.worlds import Data, made, people, real, with_isle

BARN = "sequences of releases"


def cases() -> Iterator[Case]:
    """Yield the family."""
    yield from _one_person_less()
    yield from _blank_cells()
    yield from _three_and_more()
    yield from _rounded()
    yield from _safe()


def _unsafe(name: str, data: Data, documents: tuple[Document, ...], attack: Attack) -> Case:
    return Case(f"sequence-{name}", BARN, False, data, documents, attack=attack)


def _one_person_less() -> Iterator[Case]:
    base = people()
    data = made("people", base)
    victim = base[base["age"] == 80].iloc[0]
    pay = float(victim["pay"])
    alone = f"age = 80 and region = '{victim['region']}' and sex = '{victim['sex']}' and job = '{victim['job']}'"
    alone += f" and hours = {victim['hours']}"
    rest = f"not ({alone})"
    difference = Attack(attacks.subtracts_one_from_the_other, pay, {"cell": ()}, tolerance=1e-5)
    yield _unsafe("two-sums", data, (query("sum", "pay"), query("sum", "pay", where=rest)), difference)
    cell = {"cell": (victim["region"],)}
    difference = Attack(attacks.subtracts_one_from_the_other, pay, cell, tolerance=1e-5)
    both = (query("sum", "pay", "region"), query("sum", "pay", "region", where=rest))
    yield _unsafe("two-tables-of-sums", data, both, difference)
    both = (query("sum", "pay", "region", "sex"), query("sum", "pay", "region", "sex", where=rest))
    difference = Attack(
        attacks.subtracts_one_from_the_other, pay, {"cell": (victim["region"], victim["sex"])}, tolerance=1e-5
    )
    yield _unsafe("two-finer-tables-of-sums", data, both, difference)
    both = (counts("ill"), counts("ill", where=rest))
    found = Attack(attacks.finds_where_two_counts_differ, victim["ill"], {"place": 0})
    yield _unsafe("two-counts", data, both, found)
    both = (counts("region", "ill"), counts("region", "ill", where=rest))
    found = Attack(attacks.finds_where_two_counts_differ, victim["ill"], {"place": 1})
    yield _unsafe("two-tables-of-counts", data, both, found)
    four = (query("mean", "pay"), counts(), query("mean", "pay", where=rest), counts(where=rest))
    means = Attack(attacks.subtracts_means, pay, {"cell": (), "pairs": [(0, 1), (2, 3)]}, tolerance=1e-4)
    yield _unsafe("two-means", data, four, means)
    older = f"age >= 16 and {rest}"
    both = (query("sum", "pay", where="age >= 16"), query("sum", "pay", where=older))
    difference = Attack(attacks.subtracts_one_from_the_other, pay, {"cell": ()}, tolerance=1e-5)
    yield _unsafe("two-filters-around-one", data, both, difference)
    view = {"v": f"select person_id, pay, region from people where {rest}"}
    both = (query("sum", "pay"), query("sum", "pay", **{"from": "v", "views": view}))
    yield _unsafe("a-view-without-one", data, both, difference)
    both = (query("sum", "pay"), query("sum", f"case when {alone} then 0 else pay end"))
    yield _unsafe("a-condition-without-one", data, both, difference)
    hours = (query("sum", "hours"), query("sum", "hours", where=rest))
    difference = Attack(attacks.subtracts_one_from_the_other, float(victim["hours"]), {"cell": ()}, tolerance=1e-4)
    yield _unsafe("two-sums-of-hours", data, hours, difference)
    young = real("card")
    person = young.frame.iloc[int(young.frame["wage"].argmax())]
    rest = f"not (age = {person['age']} and educ = {person['educ']} and wage = {person['wage']})"
    left = young.frame.query(rest.replace(" = ", " == "))
    truth = float(young.frame["wage"].sum() - left["wage"].sum())
    difference = Attack(attacks.subtracts_one_from_the_other, truth, {"cell": ()})
    both = (query("sum", "wage"), query("sum", "wage", where=rest))
    yield _unsafe("real-two-sums", young, both, difference)
    person = real("injury").frame.iloc[10]
    rest = f"not (age = {person['age']} and durat = {person['durat']} and prewage = {person['prewage']})"
    frame = real("injury").frame
    gone = frame[(frame["age"] == person["age"]) & (frame["durat"] == person["durat"])]
    gone = gone[gone["prewage"] == person["prewage"]]
    truth = float(gone["totmed"].sum())
    both = (query("sum", "totmed", "state"), query("sum", "totmed", "state", where=f"age is null or {rest}"))
    cell = {"cell": (person["state"],)}
    difference = Attack(attacks.subtracts_one_from_the_other, truth, cell, tolerance=1e-4)
    yield _unsafe("real-two-tables-of-sums", real("injury"), both, difference)


def _blank_cells() -> Iterator[Case]:
    """A suppressed cell, and another table from which it follows."""
    for size, sick in ((60, 4), (25, 1), (80, 9)):
        frame = with_isle(size, ill=["no"] * sick + ["yes"] * (size - sick))
        data = made(f"blank-{size}", frame)
        known = {"row": ("Isle",), "total": ("Isle",), "table": 1}
        attack = Attack(attacks.solves_a_blank_from_a_table, sick, known)
        both = (counts("region", "ill", protect={"method": "suppress"}), counts("region"))
        yield _unsafe(f"blank-and-one-way-{sick}-of-{size}", data, both, attack)
    frame = with_isle(200, ill=["no"] * 3 + ["yes"] * 197)
    isle = frame.index[frame["region"] == "Isle"]
    frame.loc[isle[:3], "pay"] = [20_000.0, 25_000.0, 31_000.0]
    data = made("blank-sum", frame)
    known = {"row": ("Isle",), "total": ("Isle",), "table": 1, "others": [20_000.0, 25_000.0]}
    attack = Attack(attacks.solves_a_blank_from_a_table, 31_000.0, known, tolerance=1e-4)
    both = (query("sum", "pay", "region", "ill", protect={"method": "suppress"}), query("sum", "pay", "region"))
    yield _unsafe("blank-sum-and-one-way", data, both, attack)


def _three_and_more() -> Iterator[Case]:
    """No two of the populations are close; a sum of several is."""
    base = people()
    data = made("people", base)
    victim = base[(base["age"] == 80) & (base["sex"] == "F")].iloc[0]
    alone = f"age = 80 and region = '{victim['region']}' and job = '{victim['job']}' and hours = {victim['hours']}"
    pay = float(victim["pay"])
    for statistic, measure in (("sum", "pay"), ("sum", "hours")):
        three = (
            query(statistic, measure),
            query(statistic, measure, where="sex = 'M'"),
            query(statistic, measure, where=f"sex = 'F' and not ({alone})"),
        )
        known = {"cells": [(0, ()), (1, ()), (2, ())]}
        attack = Attack(attacks.subtracts_all_others, float(victim[measure]), known, tolerance=1e-4)
        yield _unsafe(f"all-men-and-the-other-women-{measure}", data, three, attack)
    regions = ("East", "North", "South", "West")
    five = (
        query("sum", "pay"),
        *(
            query(
                "sum", "pay", where=f"region = '{name}'" + (f" and not ({alone})" if name == victim["region"] else "")
            )
            for name in regions
        ),
    )
    attack = Attack(attacks.subtracts_all_others, pay, {"cells": [(i, ()) for i in range(5)]}, tolerance=1e-4)
    yield _unsafe("all-and-four-regions", data, five, attack)
    three = (
        query("sum", "pay", "region"),
        query("sum", "pay", "job", where="sex = 'M'"),
        query("sum", "pay", "job", where=f"sex = 'F' and not ({alone})"),
    )
    jobs = ("clerk", "farmer", "nurse", "teacher")
    cells = [(1, (job,)) for job in jobs] + [(2, (job,)) for job in jobs]
    attack = Attack(attacks.adds_up_tables, pay, {"whole": 0, "parts": cells, "regions": regions}, tolerance=1e-4)
    yield _unsafe("tables-along-different-dimensions", data, three, attack)


def _rounded() -> Iterator[Case]:
    """Rounded counts of populations that grow by known people, until the rounding jumps."""
    for size in (21, 33, 47):
        frame = with_isle(size, region="Isle", age=list(range(16, 16 + min(size, 60))))
        frame.loc[frame["region"] == "Isle", "ill"] = "yes"
        isle = frame[frame["region"] == "Isle"]
        # The attacker's helpers are the oldest of the island; the filter lets them in one by one.
        oldest = int(isle["age"].max())
        documents = tuple(
            counts("region", where=f"region <> 'Isle' or age <= {oldest - 5 + step}", protect={"method": "round"})
            for step in range(6)
        )
        attack = Attack(attacks.unrounded_by_steps, size - 5, {"cell": ("Isle",), "base": 5})
        yield _unsafe(f"rounded-counts-that-jump-{size}", made(f"jump-{size}", frame), documents, attack)


_SAFE: tuple[tuple[str, tuple[Document, ...]], ...] = (
    ("card", (counts("school"), counts("area"), counts("school", "area"))),
    ("card", (query("mean", "wage", "school"), query("std", "wage", "school"), query("median", "wage", "school"))),
    ("twoyear", (counts("sex", "region"), query("mean", "lwage", "sex", "region"))),
    ("twoyear", (query("mean", "lwage", "sex"), query("mean", "lwage", "sex", where="degree = 'yes'"))),
    ("gpa2", (counts("sat_band"), query("mean", "colgpa", "sat_band"), counts("sat_band", "sex"))),
    ("injury", (query("mean", "ldurat", "state", "period"), query("mean", "ldurat", "state", "period", "earner"))),
    ("crime1", (counts("origin"), counts("arrested"), counts("origin", "arrested"))),
    ("catholic", (query("mean", "math12", "sex"), query("mean", "read12", "sex"), query("mean", "math12", "origin"))),
    ("bwght", (counts("child"), query("mean", "bwght", "child"), query("mean", "bwght", "child", where="parity = 1"))),
    ("recid", (counts("drinks"), counts("uses_drugs"), query("mean", "tserved", "drinks"))),
    ("htv", (counts("school"), query("mean", "educ", "region"), query("mean", "educ", "town"))),
    ("wagepan", (query("mean", "wage", "year"), query("mean", "wage", "in_union"))),
)


def _safe() -> Iterator[Case]:
    for number, (name, documents) in enumerate(_SAFE):
        yield Case(f"sequence-safe-{number}-{name}", BARN, True, real(name), documents)
    data = made("people", people())
    twice: tuple[Document, ...] = (counts("region", "sex"), counts("region", "sex"))
    yield Case("sequence-safe-the-same-twice", BARN, True, data, twice)
    rounded: tuple[Any, ...] = tuple(counts("region", "job", protect={"method": "round"}) for _ in range(3))
    yield Case("sequence-safe-rounded-the-same", BARN, True, data, rounded)
