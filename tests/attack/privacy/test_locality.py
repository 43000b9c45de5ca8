"""Views through which one unit's rows could change other units' rows, far beyond any bound on contributions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from saferoom.disclosure.privacy.locality import Local, check
from saferoom.disclosure.queries import language
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.plan import make_plan, with_clause
from saferoom.disclosure.queries.relations import Column, Relation
from saferoom.errors import BadInputError

PERSON, HOUSEHOLD = "person_id", "household_id"


def _relation(name: str, columns: Sequence[str], units: Sequence[str] = (), **more: Any) -> Relation:
    found = [Column(c, c, c if c in units else None, frozenset({f"{name}.{c}"})) for c in columns]
    doubts = more.pop("doubts", ())
    made = Relation.of(name, name, found, doubts, frozenset({name}))
    return Relation(**{**vars(made), **more})


PEOPLE = _relation("people", [PERSON, HOUSEHOLD, "region", "pay"], [PERSON, HOUSEHOLD], one_each=frozenset({PERSON}))
JOBS = _relation("jobs", [PERSON, "wage", "region"], [PERSON])
REGIONS = _relation("regions", ["region", "wealth"])
SCHOOLS = _relation("schools", ["school_id", "region"], ["school_id"])
MADE = _relation("made", [PERSON, "score"], [PERSON], claimed=True)
STRANGE = _relation("strange", ["region", "x"], doubts=("strange names no statistical units",))
ALL = (PEOPLE, JOBS, REGIONS, SCHOOLS, MADE, STRANGE)


def _checked(*views: str, unit: str = PERSON) -> Local:
    """Check a count over the last of `views`, called v1, v2, ..."""
    named = {f"v{number}": text for number, text in enumerate(views, start=1)}
    query = parse_query({"statistic": "frequency", "views": named, "from": f"v{len(views)}"})
    return check(make_plan(query, ALL), ALL, unit)


def _over(name: str, unit: str = PERSON) -> Local:
    return check(make_plan(parse_query({"statistic": "frequency", "from": name}), ALL), ALL, unit)


@pytest.mark.parametrize(
    ("view", "why"),
    [
        ("select person_id, rank() over (order by pay) as place from people", "window"),
        ("select person_id, percent_rank() over (partition by region order by pay) as place from people", "window"),
        ("select person_id, row_number() over () as n from people", "window"),
        ("select person_id, max(pay) over (partition by region) as top from people", "window"),
        ("select person_id, lag(pay) over (order by pay) as before from people", "window"),
        ("select person_id, sum(pay) over (partition by household_id) as all_pay from people", "window"),
        ("select person_id, pay from people qualify row_number() over (order by pay desc) <= 10", "window"),
        ("select person_id, count(*) over (partition by coalesce(region, 'x')) as n from people", "window"),
        ("select p.person_id, q.pay from people p join people q using (region)", "otherwise than by person_id"),
        ("select p.person_id, j.wage from people p join jobs j on p.region = j.region", "otherwise than by person_id"),
        ("select p.person_id, q.pay from people p join people q on p.pay < q.pay", "otherwise than by person_id"),
        ("select p.person_id, q.pay from people p join people q on true", "otherwise than by person_id"),
        (
            "select p.person_id, q.pay from people p join people q on p.person_id = q.person_id or p.pay = q.pay",
            "holds ids of statistical units",
        ),
        ("select p.person_id from people p join people q on p.household_id = q.household_id", "otherwise than by"),
        ("select p.person_id from people p join people q using (household_id)", "otherwise than by"),
        ("select p.person_id from people p join jobs j on p.household_id = j.person_id", "otherwise than by"),
        ("select p.person_id from people p semi join jobs j using (region)", "does not select|adds up|otherwise"),
        ("select p.person_id from people p anti join jobs j using (region)", "does not select|adds up|otherwise"),
        ("select household_id, sum(pay) as pay from people group by household_id", "adds up rows of several units"),
        ("select region, avg(pay) as pay from people group by region", "adds up rows of several units"),
        ("select max(pay) as pay from people", "adds up rows of several units"),
        ("select region, pay from people", "does not select the person_id"),
        ("select distinct region, pay from people", "does not select the person_id"),
        (
            "with top as (select max(pay) as most from people) "
            "select p.person_id, p.pay from people p join top on p.pay = top.most",
            "adds up rows of several units",
        ),
        (
            "select p.person_id, r.n from people p join (select region, count(*) as n from people group by region) r "
            "using (region)",
            "adds up rows of several units",
        ),
        (
            "select p.person_id, p.pay from people p join regions r using (region) join jobs j on r.region = j.region",
            "otherwise than by person_id",
        ),
        ("select person_id, s.school_id from people p join schools s using (region)", "schools is about units"),
        ("select m.person_id, m.score from people p join made m using (person_id)", "made was made in a room"),
        ("select p.person_id, s.x from people p join strange s using (region)", "strange names no units"),
    ],
)
def test_view_that_lets_one_unit_change_others_is_refused_by_name(view: str, why: str) -> None:
    with pytest.raises(BadInputError, match=why) as caught:
        _checked(view)
    if why.split()[0] not in {"schools", "made", "strange"}:
        assert caught.value.message.startswith("views.v1: ")


@pytest.mark.parametrize(
    "view",
    [
        # Whose job it is, is null where the person has none: all of them are one partition.
        "select j.person_id, rank() over (partition by p.person_id order by wage) as place "
        "from people p right join jobs j on p.person_id = j.person_id and p.pay > 5",
        "select p.person_id, j.person_id as other, rank() over (partition by p.person_id order by wage) as a, "
        "rank() over (partition by j.person_id order by pay) as b "
        "from people p full join jobs j on p.person_id = j.person_id and p.pay > 5",
    ],
)
def test_window_by_an_id_that_may_be_missing_keeps_no_other_id(view: str) -> None:
    with pytest.raises(BadInputError, match=r"views\.v1"):
        _checked(view)


def test_view_built_on_a_bad_one_is_refused_and_the_bad_one_named() -> None:
    bad = "select person_id, rank() over (order by pay) as place from people"
    with pytest.raises(BadInputError, match=r"views\.v1: compares"):
        _checked(bad, "select person_id, max(place) as place from v1 group by person_id")
    with pytest.raises(BadInputError, match=r"views\.v1: compares"):
        _checked(bad, "select person_id from jobs", "select v1.person_id from v2 join v1 using (person_id)")


def test_view_that_the_query_does_not_use_hurts_nobody() -> None:
    assert not _checked("select max(pay) as pay from people", "select person_id from jobs").one_each


@pytest.mark.parametrize(
    ("name", "why"),
    [("schools", "has no person_id"), ("regions", "about nobody"), ("made", "in a room"), ("strange", "no units")],
)
def test_query_on_a_table_that_is_not_about_the_unit_is_refused(name: str, why: str) -> None:
    with pytest.raises(BadInputError, match=why):
        _over(name)


def test_table_about_nobody_stays_about_nobody_through_views() -> None:
    with pytest.raises(BadInputError, match="v1 is a table about nobody"):
        _checked("select region, max(wealth) over () as most, count(*) as n from regions group by region, wealth")


@pytest.mark.parametrize(
    ("views", "one_each"),
    [
        (["select * from people"], True),
        (["select person_id, region, pay from people where pay > 5"], True),
        (["select person_id, region, wage from jobs"], False),
        (["select distinct person_id from jobs"], True),
        (["select distinct person_id, region from jobs"], False),
        (["select person_id, max(wage) as pay from jobs group by person_id"], True),
        (["select person_id, region, max(wage) as pay from jobs group by person_id, region"], False),
        (["select p.person_id, j.wage from people p join jobs j using (person_id)"], False),
        (["select person_id, r.wealth from people p left join regions r using (region)"], False),
        (["select person_id, r.wealth from regions r join people p on p.pay > r.wealth"], False),
        (["select p.person_id from people p semi join jobs j using (person_id)"], True),
        (["select p.person_id, p.region from people p anti join jobs j using (person_id)"], True),
        (["select a.person_id, b.pay from people a left join people b on a.person_id = b.person_id"], True),
        (["select person_id, a.pay from people a full join people b using (person_id)"], False),
        (["select person_id, rank() over (partition by person_id order by wage) as r from jobs"], False),
        (
            [
                "select person_id, max(wage) as most from jobs group by person_id",
                "select p.person_id, p.region, v1.most from people p left join v1 using (person_id)",
            ],
            True,
        ),
    ],
)
def test_views_that_keep_units_apart_are_taken(views: list[str], one_each: bool) -> None:
    assert _checked(*views).one_each is one_each


def test_household_is_the_unit_where_its_id_is_carried() -> None:
    assert _over("people", HOUSEHOLD) == Local(language.reference(PEOPLE.columns[HOUSEHOLD]), one_each=False)
    assert _checked("select household_id, sum(pay) as p from people group by household_id", unit=HOUSEHOLD).one_each
    with pytest.raises(BadInputError, match="jobs is about units"):
        _checked("select household_id, wage from people join jobs using (person_id)", unit=HOUSEHOLD)
    with pytest.raises(BadInputError, match="does not select the household_id"):
        _checked("select person_id, pay from people", unit=HOUSEHOLD)


def test_whoever_is_in_either_table_of_an_outer_join_has_an_id() -> None:
    found = _checked(
        "select p.person_id, j.person_id as worker from people p full join jobs j on p.person_id = j.person_id"
    )
    assert language.write(found.unit) == 'COALESCE("person_id", "_x2")'


# -- what is taken is looked at with data: whoever leaves changes nobody else's rows --

TABLES: dict[str, list[tuple[Any, ...]]] = {
    "people": [
        *[(1, 1, "n", 3), (2, 1, "s", 7), (3, 2, "n", 7), (4, 2, None, 9), (5, 3, "s", None), (None, 3, "n", 4)],
        *[(None, None, "s", 4)],
    ],
    "jobs": [(1, 2, "n"), (1, 9, "s"), (2, 9, "s"), (2, 9, "s"), (3, None, "n"), (6, 5, "n"), (None, 5, "n")],
    "regions": [("n", 4), ("s", 6), ("s", 8), (None, 2)],
}
NAMES = {
    "people": f"{PERSON}, {HOUSEHOLD}, region, pay",
    "jobs": f"{PERSON}, wage, region",
    "regions": "region, wealth",
}
TYPES = {"region": "VARCHAR"}

BY_PERSON = "(select person_id, region, count(*) as n from jobs group by 1, 2)"
CONDITIONS = {
    "using (person_id)": ("person_id", ""),
    "using (person_id, region)": ("person_id", "region"),
    "on a.person_id = b.person_id": ("a.person_id as p1", "b.region as r"),
    "on a.person_id = b.person_id and a.region <> b.region": ("b.person_id as p2", "a.region as r"),
    "on a.region = b.region": ("a.person_id as p1", "a.region as r"),
    "on a.region < b.region": ("b.person_id as p2", "b.region as r"),
    "using (region)": ("a.person_id as p1", "region"),
}
ITEMS = [
    "a.person_id as p1",
    "b.person_id as p2",
    "b.region as r2",
    "count(*) as n",
    "max(a.region) as top",
    "count(*) over (partition by a.person_id) as w2",
    "rank() over (partition by b.person_id order by b.region) as w3",
    "count(*) over (partition by a.person_id, b.person_id) as w4",
    "count(*) over () as w5",
]
GROUPS = ["", "", "", "group by a.person_id", "group by b.person_id", "group by a.person_id, b.person_id", "group by 1"]
NEXT = [
    "select * from v1",
    "select p1, count(*) as n from v1 group by p1",
    "select p2, count(*) over (partition by p2) as m from v1",
    "select p1, p2, count(*) over (partition by p1) as m from v1",
    "select v1.*, j.wage as g from v1 left join jobs j on v1.p2 = j.person_id",
    "select v1.*, j.person_id as q from v1 full join jobs j on j.person_id = v1.p1",
    "select v1.*, p.pay as g from v1 join people p using (person_id)",
    "select distinct * from v1",
]


@st.composite
def _views(draw: st.DrawFn) -> list[str]:
    condition = draw(st.sampled_from(list(CONDITIONS)))
    items = [*draw(st.sets(st.sampled_from(ITEMS), max_size=3)), *filter(None, CONDITIONS[condition])]
    left, right = (draw(st.sampled_from(["people", "people", "jobs", BY_PERSON, "regions"])) for _ in range(2))
    side = draw(st.sampled_from(["", "left ", "right ", "full "]))
    first = (
        f"select {draw(st.sampled_from(['', '', 'distinct ']))}{', '.join(dict.fromkeys(items))} "
        f"from {left} a {side}join {right} b {condition} {draw(st.sampled_from(GROUPS))}"
    )
    return [first, *draw(st.lists(st.sampled_from(NEXT), max_size=1))]


@pytest.fixture(scope="module")
def worlds() -> Iterator[duckdb.DuckDBPyConnection]:
    """Every table as it is (schema w0), and without each of the units (w1, w2, ...)."""
    with duckdb.connect() as connection:
        for without, (name, rows) in product(range(7), TABLES.items()):
            columns = ", ".join(f"{c} {TYPES.get(c, 'INTEGER')}" for c in NAMES[name].split(", "))
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS w{without}; CREATE TABLE w{without}.{name} ({columns})")
            kept = [row for row in rows if name == "regions" or without == 0 or row[0] != without]
            connection.executemany(f"INSERT INTO w{without}.{name} VALUES ({', '.join('?' * len(rows[0]))})", kept)
        yield connection


def test_views_that_are_taken_keep_every_units_rows_when_another_leaves(worlds: duckdb.DuckDBPyConnection) -> None:
    taken: set[str] = set()

    @settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
    @given(_views())
    def look(views: list[str]) -> None:
        named = {f"v{number}": text for number, text in enumerate(views, start=1)}
        try:
            plan = make_plan(parse_query({"statistic": "frequency", "views": named, "from": f"v{len(views)}"}), ALL[:3])
            local = check(plan, ALL[:3], PERSON)
        except BadInputError:
            return
        sql = f'{with_clause(plan)}SELECT {language.write(local.unit)}, * FROM "{plan.relation.sql_name}"'
        try:
            whole = _rows(worlds, sql, 0)
        except duckdb.BinderException:
            return
        taken.add(sql)
        for unit in range(1, 7):
            rest = [row for row in whole if row[0] != unit]
            assert sorted(_rows(worlds, sql, unit), key=str) == sorted(rest, key=str)
        ids = [row[0] for row in whole]
        assert not local.one_each or len(ids) == len(set(ids))

    look()
    assert len(taken) > 40


def _rows(worlds: duckdb.DuckDBPyConnection, sql: str, without: int) -> list[tuple[Any, ...]]:
    """Return rows that are somebody's, the unit first."""
    worlds.execute(f"SET schema = 'w{without}'")
    return [row for row in worlds.execute(sql).fetchall() if row[0] is not None]


def _limited(tree: exp.Select) -> None:
    tree.set("limit", exp.Limit(expression=exp.Literal.number(1)))


def _subquery_in_condition(tree: exp.Select) -> None:
    tree.set("where", exp.Where(this=exp.Exists(this=tree.copy())))


def _function_in_from(tree: exp.Select) -> None:
    tree.set("from_", exp.From(this=exp.Table(this=exp.Anonymous(this="read_csv"))))


def _sampled(tree: exp.Select) -> None:
    tree.args["from_"].this.set("sample", exp.TableSample(size=exp.Literal.number(5)))


@pytest.mark.parametrize("change", [_limited, _subquery_in_condition, _function_in_from, _sampled])
def test_forms_that_only_a_later_allow_list_could_let_through_are_refused(change: Callable[[exp.Select], None]) -> None:
    query = parse_query({"statistic": "frequency", "views": {"v": "select person_id from jobs"}, "from": "v"})
    plan = make_plan(query, ALL)
    change(plan.views[0].tree)
    with pytest.raises(BadInputError, match=r"views\.v: .*under differential privacy"):
        check(plan, ALL, PERSON)
