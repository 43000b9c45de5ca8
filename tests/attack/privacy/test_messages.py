"""What could be written into a query so that it leaves with the numbers: the record of a release holds the query."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.privacy_world import context_of, people, quoted

from saferoom.disclosure.evaluation import Evaluation

USED = "select person_id, region, pay from people"
SPELT = "select person_id, sex, age, pay, sex as a, sex as b, age as c, pay as d from people"


def _record(folder: Path, **views: str) -> Evaluation:
    return quoted(context_of(people(folder)), {"rho": 0.1}, views=views, from_="used", by=["region"])


@pytest.mark.parametrize("before", [True, False])
def test_views_that_nothing_is_computed_from_do_not_leave(tmp_path: Path, before: bool) -> None:
    plain = _record(tmp_path, used=USED)
    views = {"spelt": SPELT, "used": USED} if before else {"used": USED, "spelt": SPELT}
    written = json.dumps(_record(tmp_path, **views).canonical)
    assert "age" not in written
    assert len(written) == len(json.dumps(plain.canonical))


def test_views_under_a_view_leave_with_it(tmp_path: Path) -> None:
    inner = "select person_id, region from people where age > 60"
    written = _record(tmp_path, old=inner, used="select person_id, region from old").canonical
    assert len(written["views"]) == 2
    assert "60" in json.dumps(written)


def test_names_that_a_researcher_gave_do_not_leave(tmp_path: Path) -> None:
    context = context_of(people(tmp_path))
    found = quoted(context, {"rho": 0.1}, derive={"john_is_ill": "age > 60", "unused": "age"}, by=["john_is_ill"])
    assert found.automatic_obstacles == ()
    assert not {"john", "ill", "unused"} & set(json.dumps([found.canonical, found.title]).replace("_", " ").split())
