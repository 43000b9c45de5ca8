"""Preparation written as Ibis expressions is the same as in pandas, and is judged on the trusted side."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pytest

from saferoom.disclosure.checker import Context, check
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.verdict import Verdict
from saferoom.hub.notebook.documents import document
from saferoom.hub.notebook.errors import RoomError
from saferoom.hub.notebook.preparations import unbound
from saferoom.policies.loader import packaged


class Extracts:
    """Two real extracts, and the tables and frames of them."""

    def __init__(self, folder: Path) -> None:
        rng = np.random.default_rng(5)
        size = 3_000
        self.people = pd.DataFrame(
            {
                "person_id": np.arange(size),
                "region": rng.choice(["N", "S", "E"], size),
                "age": rng.integers(16, 80, size),
                "pay": rng.lognormal(3, 0.4, size).round(2),
            }
        )
        self.jobs = pd.DataFrame(
            {
                "person_id": rng.integers(0, size, 6_000),
                "year": rng.integers(2000, 2020, 6_000),
                "wage": rng.lognormal(3, 0.4, 6_000).round(2),
            }
        )
        self.folder = folder
        for name in ("people", "jobs"):
            getattr(self, name).to_parquet(folder / f"{name}.parquet")

    def table(self, name: str) -> Any:
        return unbound(name, str(self.folder / f"{name}.parquet"))

    def check(self, statistic: str, measure: str | None, by: Any, **terms: Any) -> Evaluation:
        sources = [Source(name, self.folder / f"{name}.parquet", ("person_id",)) for name in ("people", "jobs")]
        query = parse_query(document(statistic, measure, by, terms))  # type: ignore[arg-type]
        return check(query, Context(sources, packaged("default")))


@pytest.fixture(scope="module")
def extracts(tmp_path_factory: pytest.TempPathFactory) -> Extracts:
    return Extracts(tmp_path_factory.mktemp("extracts"))


def by_region(evaluation: Evaluation) -> dict[Any, float]:
    return {row[0]: float(row[-1] or 0) for row in evaluation.table.rows}


def test_filter_and_new_column_give_what_pandas_gives(extracts: Extracts) -> None:
    people = extracts.table("people")
    source = people.filter(people.age >= 30).mutate(monthly=people.pay * 4)
    judged = extracts.check("mean", "monthly", "region", source=source)
    frame = extracts.people[extracts.people.age >= 30]
    expected = (frame.pay * 4).groupby(frame.region).mean()
    assert judged.verdict is Verdict.PASS
    assert by_region(judged) == pytest.approx(expected.to_dict())


def test_history_per_person_joined_to_people_is_judged_by_person(extracts: Extracts) -> None:
    people, jobs = extracts.table("people"), extracts.table("jobs")
    latest = (
        jobs.mutate(place=ibis.row_number().over(ibis.window(group_by="person_id", order_by=[jobs.year, jobs.wage])))
        .filter(lambda t: t.place == 0)
        .select("person_id", "wage")
    )
    source = people.join(latest, "person_id").select("person_id", "region", "wage")
    judged = extracts.check("mean", "wage", "region", source=source)
    first = extracts.jobs.sort_values(["year", "wage"]).groupby("person_id").wage.first()
    frame = extracts.people.set_index("person_id").join(first, how="inner")
    assert judged.verdict is Verdict.PASS
    assert by_region(judged) == pytest.approx(frame.groupby("region").wage.mean().to_dict())


def test_totals_per_person_from_an_earlier_view_pass(extracts: Extracts) -> None:
    jobs = extracts.table("jobs")
    totals = jobs.group_by("person_id").aggregate(total=jobs.wage.sum())
    people = extracts.table("people")
    earned = ibis.table({"person_id": "int64", "total": "float64"}, name="totals")
    judged = extracts.check(
        "sum",
        "total",
        "region",
        views={"totals": totals, "joined": people.join(earned, "person_id").select("person_id", "region", "total")},
        source="joined",
    )
    frame = extracts.people.merge(extracts.jobs, on="person_id")
    assert judged.verdict is Verdict.PASS
    assert by_region(judged) == pytest.approx(frame.groupby("region").wage.sum().to_dict())


def test_preparation_that_drops_the_ids_needs_a_person(extracts: Extracts) -> None:
    source = extracts.table("people").select("region", "pay")
    assert extracts.check("mean", "pay", "region", source=source).verdict is Verdict.REVIEW


def test_expression_that_keeps_one_person_fails(extracts: Extracts) -> None:
    people = extracts.table("people")
    top = float(extracts.people.pay.max())
    assert extracts.check("mean", "pay", "region", source=people.filter(people.pay >= top)).verdict is Verdict.FAIL


BOUND: list[Callable[[Extracts], Any]] = [
    lambda extracts: ibis.memtable(extracts.people),
    lambda extracts: ibis.duckdb.connect().read_parquet(str(extracts.folder / "people.parquet")),
    lambda extracts: extracts.people,
    lambda extracts: len(extracts.people),
    lambda extracts: extracts.table("people").pay,
]


@pytest.mark.filterwarnings("ignore:.*deprecated")  # of Ibis's own way to read data
@pytest.mark.parametrize("given", BOUND)
def test_data_instead_of_an_expression_is_refused(extracts: Extracts, given: Callable[[Extracts], Any]) -> None:
    with pytest.raises(RoomError, match="expression"):
        extracts.check("mean", "pay", "region", views={"v": given(extracts)}, source="v")


def test_client_loads_no_ibis_until_it_is_used() -> None:
    code = "import sys, saferoom; saferoom.mean; print('ibis' in sys.modules, 'pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
