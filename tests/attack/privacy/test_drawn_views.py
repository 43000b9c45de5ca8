"""Views under differential privacy: nothing is read for a quote, and no row makes a draw fail."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.privacy_world import context_of, drawn, people, quoted, unreadable

from saferoom.disclosure.checker import Context
from saferoom.errors import BadInputError
from saferoom.policies.models import RiskAppetite

EXACT = {"rho": 1000}
"""So much that the noise is nothing: what is drawn is what was counted."""
TOP = "select person_id, region, max(pay) as pay from people group by person_id, region"
JOINED = (
    "select p.person_id, p.region, sum(q.pay) as pay from people p join people q using (person_id) "
    "group by person_id, p.region"
)
FAILS = "select person_id, region, cast(case when pay = 69000 then 'x' else '1' end as int) as one from people"


def _counts(context: Context, view: str, **query: Any) -> dict[Any, Any]:
    table = drawn(context, EXACT, views={"v": view}, from_="v", by=["region"], **query).table
    return {row[0]: row[1] for row in table.rows}


@pytest.mark.parametrize("view", [TOP, JOINED, FAILS])
def test_quote_of_a_view_reads_no_row(tmp_path: Path, view: str) -> None:
    blind = context_of(unreadable(people(tmp_path)))
    offered = quoted(blind, {"rho": 0.1}, views={"v": view}, from_="v", by=["region"])
    assert offered.privacy is not None
    assert offered.privacy["cells"] == 3


@pytest.mark.parametrize("view", [TOP, JOINED])
@pytest.mark.parametrize("one_each", [(), ("person_id",)])
def test_rows_of_a_view_are_counted(tmp_path: Path, view: str, one_each: tuple[str, ...]) -> None:
    context = context_of(replace(people(tmp_path), one_each=one_each))
    assert _counts(context, view) == {"North": 1000, "South": 1000, "West": 1000}


def test_view_that_fails_for_somebody_is_drawn_without_them(tmp_path: Path) -> None:
    context = context_of(people(tmp_path))
    whole = _counts(context, FAILS)
    kept = _counts(context, FAILS, where="one = 1")
    assert sum(whole.values()) == 3_000
    assert 2_900 < sum(kept.values()) < 3_000


def test_units_with_many_rows_in_a_view_are_bounded_as_the_rules_say(tmp_path: Path) -> None:
    source = replace(people(tmp_path), one_each=("person_id",))
    twice = "select a.person_id, a.region from people a join people b on a.person_id = b.person_id and true"
    lookup = replace(people(tmp_path, 5), name="groups", units=(), codelists={})
    context = Context([source, lookup], RiskAppetite())
    many = "select p.person_id, p.region from people p join groups g on g.pay >= 0"
    assert sum(_counts(context, twice).values()) == 3_000
    assert sum(_counts(context, many).values()) == 3_000, "five rows each, of which one counts"


@pytest.mark.parametrize(
    "view",
    [
        "select person_id, region, rank() over (order by pay) as place from people",
        "select p.person_id, p.region, q.pay from people p join people q using (region)",
        "select region, count(*) as n from people group by region",
    ],
)
def test_view_that_mixes_people_gets_no_quote(tmp_path: Path, view: str) -> None:
    with pytest.raises(BadInputError, match=r"views\.v: .*under differential privacy"):
        quoted(context_of(people(tmp_path)), {"rho": 0.1}, views={"v": view}, from_="v", by=["region"])
