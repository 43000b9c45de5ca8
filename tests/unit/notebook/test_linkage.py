"""An estimate with and without the linkage weight: two queries, judged by the checker itself, and a sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

import saferoom
from saferoom.disclosure.checker import Context, check
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.source import Source
from saferoom.hub.notebook import Corrected, Result, RoomError
from saferoom.hub.notebook import linkage as under_test
from saferoom.policies.models import RiskAppetite

Asked = list[Mapping[str, Any]]


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Answer queries as the airlock does: of the poor a third was linked, of all others nearly everybody."""
    path = tmp_path / "pupils.parquet"
    duckdb.connect().execute(f"""COPY (
        SELECT i AS person_id, i % 2 AS region, i % 11 AS noise,
            CASE WHEN i % 5 < 2 THEN 100 ELSE 300 END + i % 7 AS pay,
            CASE WHEN i % 5 >= 2 THEN 1.05 WHEN i % 3 = 0 THEN 3.0 END AS linkage_weight, 1 + i % 2 AS w, i < 6 AS few
        FROM range(6000) t(i)
    ) TO '{path}' (FORMAT parquet)""")
    queries: Asked = []

    def evaluate(query: Mapping[str, Any]) -> Result:
        queries.append(query)
        found = check(parse_query(dict(query)), Context([Source("pupils", path, units=("person_id",))], RiskAppetite()))
        answer = {**found.document(), "id": "e", "title": found.title}
        return Result(None, query, answer | {"route": {"automatic": True, "reasons": [], "checkers": 1}})  # type: ignore[arg-type]

    monkeypatch.setattr(under_test, "evaluate", evaluate)
    return queries


MEAN = {"statistic": "mean", "measure": "pay", "from": "pupils"}


def test_correction_brings_a_biased_mean_to_the_truth(asked: Asked) -> None:
    corrected = saferoom.with_correction(MEAN)
    (row,) = corrected.frame().itertuples(index=False)
    truth = 0.4 * 100 + 0.6 * 300 + 3
    assert abs(row[0] - truth) > 30
    assert abs(row[1] - truth) < 10
    assert row[2] == pytest.approx(row[1] - row[0])
    assert "% lower" in corrected.sentence
    assert len(asked) == 2


def test_correction_by_groups_tells_the_largest_change(asked: Asked) -> None:
    corrected = saferoom.with_correction({**MEAN, "by": ["region"], "where": "pay > 0"})
    assert list(corrected.frame().columns) == ["region", "without", "with", "difference"]
    assert len(corrected.frame()) == 2
    assert "of 2 numbers that is the largest change" in corrected.sentence
    assert [query["where"] for query in asked] == ["(pay > 0) AND linkage_weight IS NOT NULL"] * 2
    assert [query.get("weight") for query in asked] == [None, "linkage_weight"]


def test_correction_keeps_a_weight_of_the_querys_own(asked: Asked) -> None:
    saferoom.with_correction({**MEAN, "weight": "w"})
    assert [query["weight"] for query in asked] == ["w", "(w) * linkage_weight"]


def test_correction_of_a_result_takes_its_query_without_its_chart(asked: Asked) -> None:
    charted = {**MEAN, "by": ["region"], "chart": {"kind": "bar"}}
    result = saferoom.with_correction(charted).without
    result.query["chart"] = charted["chart"]
    saferoom.with_correction(result)
    assert len(asked) == 4
    assert not [query for query in asked if "chart" in query]


def test_correction_that_changes_nothing_says_so(asked: Asked) -> None:
    corrected = saferoom.with_correction({"statistic": "mean", "measure": "noise + 10", "from": "pupils"})
    assert "by less than 1 %" in corrected.sentence
    assert asked


@pytest.mark.usefixtures("asked")
def test_correction_is_shown_as_text_and_as_a_page_without_marks_of_its_own() -> None:
    corrected = saferoom.with_correction({**MEAN, "by": ["region"]})
    assert corrected.sentence in repr(corrected)
    page = corrected._repr_html_()
    assert "<table" in page
    assert "without: pass; with: pass" in page


@pytest.mark.usefixtures("asked")
def test_cells_that_may_not_leave_are_compared_by_nobody() -> None:
    few = {"statistic": "frequency", "from": "pupils", "by": ["few"], "protect": {"method": "suppress"}}
    corrected = saferoom.with_correction(few)
    assert corrected.frame()["difference"].isna().all()
    assert corrected.sentence.startswith("No number can be compared")
    assert "None" not in corrected._repr_html_()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: saferoom.with_correction("mean"), "a query document or a result"),
        (lambda: saferoom.with_correction({}), "a query document or a result"),
        (lambda: saferoom.with_correction(MEAN, weight="1; drop"), "the name of a column"),
        (lambda: saferoom.with_correction({**MEAN, "protect": {"method": "dp"}}), "spends no privacy budget"),
    ],
)
def test_correction_of_what_is_no_query_is_refused(call: Callable[[], Corrected], words: str) -> None:
    with pytest.raises(RoomError, match=words):
        call()
