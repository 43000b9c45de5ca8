"""A query's datasets: every one it can have used is found, wherever it is named."""

from __future__ import annotations

from typing import Any

import pytest

from saferoom.ids import DatasetName
from saferoom.projects.airlock.naming import datasets_named

LIVE = (DatasetName("htv"), DatasetName("jobs"), DatasetName("two_year"))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"from": "htv"}, ["htv"]),
        ({"from": "HTV"}, ["htv"]),
        ({"from": "v", "views": {"v": "select * from htv join Jobs using (person_id)"}}, ["htv", "jobs"]),
        ({"from": "v", "views": {"v": 'select * from "two_year"'}}, ["two_year"]),
        ({"from": "htv", "where": "x in (select x from jobs)"}, ["htv", "jobs"]),
        ({"from": "htv", "derive": {"y": "jobs.pay"}}, ["htv", "jobs"]),
        ({"from": "htv", "by": ["region", "jobs"]}, ["htv", "jobs"]),
        ({"from": "htv", "margins": True, "options": {"quantiles": [0.5]}}, ["htv"]),
        ({"from": "htv", "title": "compared with jobs"}, ["htv"]),
        ({"from": "htv", "where": "htv2 = 1 and my_jobs > 2"}, ["htv"]),
    ],
)
def test_datasets_named_anywhere_but_in_the_title_count(query: dict[str, Any], expected: list[str]) -> None:
    assert list(datasets_named(query, LIVE)) == expected


@pytest.mark.parametrize("query", [{}, {"from": None}, {"from": 7}, {"from": "unknown"}])
def test_query_that_does_not_say_where_its_rows_come_from_counts_for_all(query: dict[str, Any]) -> None:
    assert datasets_named(query, LIVE) == LIVE
