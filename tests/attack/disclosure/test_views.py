"""Views that make few people look like many, or smuggle ids and files past the checker."""

from __future__ import annotations

import random
from typing import Any

import pytest
from tests.support.statistics_lab import Lab, finding, people, rules

from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError

MEAN = {"statistic": "mean", "measure": "pay", "from": "v"}


def over(view: str, **query: Any) -> dict[str, Any]:
    return {**MEAN, "views": {"v": view}, **query}


def jobs(lab: Lab) -> list[Source]:
    rng = random.Random(3)
    rows = [
        {"person_id": row["person_id"], "sector": rng.choice(["care", "build"]), "wage": rng.uniform(1e4, 5e4)}
        for row in people()
        for _ in range(rng.choice([1, 1, 2]))
    ]
    return [lab.source(people()), lab.source(rows, name="jobs")]


def test_join_that_carries_the_id_passes(lab: Lab) -> None:
    view = "select p.person_id, p.region, j.wage as pay from people p join jobs j using (person_id) where p.age >= 18"
    assert lab.check(over(view, by=["region"]), jobs(lab)).verdict is Verdict.PASS


@pytest.mark.parametrize(
    "view",
    [
        "select person_id, region, max(wage) as pay from jobs j join people p using (person_id) "
        "group by person_id, region",
        "with best as (select person_id, max(wage) as pay from jobs group by person_id) "
        "select p.person_id, p.region, b.pay from people p left join best b on p.person_id = b.person_id",
        "select person_id, region, wage as pay from people join jobs using (person_id) "
        "qualify row_number() over (partition by person_id order by wage desc) = 1",
        "select person_id, region, pay, rank() over (partition by region order by pay) as place from people",
        "select p.person_id, p.region, s.pay from people p join (select person_id, sum(wage) as pay from jobs "
        "group by person_id) s on (p.person_id = s.person_id)",
        "select *, case when age < 40 then 0 else 1 end as old from people",
        "select person_id, region, lag(wage) over (partition by person_id order by wage) as pay "
        "from jobs join people using (person_id)",
    ],
)
def test_ordinary_preparation_passes(lab: Lab, view: str) -> None:
    assert lab.check(over(view, by=["region"]), jobs(lab)).verdict is Verdict.PASS


def test_view_that_drops_the_id_goes_to_a_person(lab: Lab) -> None:
    judged = lab.check(over("select region, pay from people"), people())
    assert rules(judged) == {"units-unknown"}
    assert judged.verdict is Verdict.REVIEW


def test_view_that_drops_one_of_two_ids_goes_to_a_person(lab: Lab) -> None:
    judged = lab.check(over("select person_id, pay from people"), people(), units=("person_id", "household_id"))
    assert "household_id" in finding(judged, "units-unknown").message


def test_view_over_a_view_without_ids_goes_to_a_person(lab: Lab) -> None:
    query = {
        **MEAN,
        "views": {
            "r": "select region, max(pay) as pay from people group by region",
            "v": "select p.person_id, r.pay + p.age as pay from people p join r on p.region = r.region",
        },
    }
    assert "units-unknown" in rules(lab.check(query, people()))


def test_values_of_one_person_spread_over_everybody_never_pass(lab: Lab) -> None:
    rows = people()
    top = max(row["pay"] for row in rows)
    spread = f"select p.person_id, q.pay + p.age as pay from people p join people q on q.pay >= {top}"
    assert lab.check(over(spread), rows).verdict is not Verdict.PASS


def test_values_of_housemates_never_pass_without_their_ids(lab: Lab) -> None:
    view = "select p.person_id, p.household_id, q.pay from people p join people q on p.household_id = q.household_id"
    judged = lab.check(over(view), people(), units=("person_id", "household_id"))
    assert judged.verdict is Verdict.REVIEW


def test_second_id_under_another_name_is_counted(lab: Lab) -> None:
    rows = people()
    top = max(row["pay"] for row in rows)
    view = (
        f"select p.person_id, q.person_id as other, q.pay + p.age as pay from people p join people q on q.pay >= {top}"
    )
    judged = lab.check(over(view), rows)
    assert judged.verdict is Verdict.FAIL
    assert "threshold" in rules(judged)


def test_maximum_taken_over_by_a_window_never_passes(lab: Lab) -> None:
    view = "select person_id, max(pay) over (partition by region) + age as pay from people"
    assert "units-unknown" in rules(lab.check(over(view), people()))


def test_maximum_over_joined_people_never_passes_although_all_ids_are_carried(lab: Lab) -> None:
    view = (
        "select p.person_id, q.person_id as other, max(q.pay) over (partition by p.person_id) + p.age as pay "
        "from people p join people q on p.region = q.region and p.age = q.age"
    )
    assert "units-unknown" in rules(lab.check(over(view), people()))


@pytest.mark.parametrize(
    ("join", "partition"),
    [
        ("left join some s on p.person_id = s.person_id", "s.person_id"),
        ("full join some s on p.person_id = s.person_id", "s.person_id"),
        ("left join some s on p.person_id = s.person_id join people r on r.person_id = p.person_id", "s.person_id"),
    ],
)
def test_maximum_over_all_rows_without_a_match_never_passes(lab: Lab, join: str, partition: str) -> None:
    # Rows without a match have no id on the other side, and so would be one partition, all people in it.
    sources = [lab.source(people()), lab.source([{"person_id": 10_000 + i, "x": i} for i in range(600)], name="some")]
    view = f"select p.person_id, max(p.pay) over (partition by {partition}) + p.age as pay from people p {join}"
    assert "units-unknown" in rules(lab.check(over(view), sources))


def test_condition_between_earlier_tables_of_an_outer_join_equates_nothing(lab: Lab) -> None:
    view = (
        "select p.person_id, q.pay from people p join people q on p.age = q.age "
        "left join people r on r.age = q.age and p.person_id = q.person_id"
    )
    assert "units-unknown" in rules(lab.check(over(view, where="pay < 9000"), people()))


def test_window_within_a_person_over_joined_rows_passes(lab: Lab) -> None:
    view = (
        "select person_id, p.region, max(j.wage) over (partition by person_id) as pay "
        "from people p left join jobs j using (person_id)"
    )
    assert lab.check(over(view, by=["region"]), jobs(lab)).verdict is Verdict.PASS


@pytest.mark.parametrize(
    "column",
    [
        "case when pay >= {top} then 90 else age end",
        "nullif(pay, {top})",
        "age + cast(pay >= {top} as int)",
        "sum(if(pay >= {top}, 90, age)) over (partition by person_id)",
    ],
)
def test_condition_hidden_in_a_view_never_passes(lab: Lab, column: str) -> None:
    rows = people()
    top = max(row["pay"] for row in rows)
    view = f"select person_id, {column.format(top=top)} as x from people"
    assert "condition-singles-out" in rules(lab.check(over(view, measure="x"), rows))
    nested = {"a": view, "v": "select person_id, x * 2 as y from a"}
    assert "condition-singles-out" in rules(lab.check({**MEAN, "measure": "y + 1", "views": nested}, rows))


def test_missing_filled_in_by_a_view_and_categories_made_there_pass(lab: Lab) -> None:
    view = (
        "select p.person_id, case when p.age < 40 then 1 else 2 end as band, coalesce(j.wage, 0) as pay "
        "from people p left join jobs j using (person_id)"
    )
    assert lab.check(over(view, by=["band"]), jobs(lab)).verdict is Verdict.PASS


def test_rows_of_others_by_lag_never_pass(lab: Lab) -> None:
    view = "select person_id, lag(pay) over (order by pay) as pay from people"
    assert "units-unknown" in rules(lab.check(over(view), people()))


def test_rows_duplicated_by_a_join_count_once(lab: Lab) -> None:
    rows = [row for row in people() if row["region"] == "N"][:4]
    many = [{"person_id": row["person_id"], "day": day} for row in rows for day in range(30)]
    sources = [lab.source(people()), lab.source(many, name="days")]
    view = "select person_id, p.pay from people p join days using (person_id)"
    assert "threshold" in rules(lab.check(over(view), sources))


def test_left_join_that_carries_the_wrong_side_goes_to_a_person(lab: Lab) -> None:
    sources = [lab.source(people()), lab.source([{"person_id": 10_000 + i, "x": i} for i in range(600)], name="some")]
    view = "select s.person_id, p.pay from people p left join some s on p.person_id = s.person_id"
    assert "units-unknown" in rules(lab.check(over(view), sources))


def test_file_without_ids_joined_in_goes_to_a_person_unless_its_owner_says_it_is_a_lookup(lab: Lab) -> None:
    regions = lab.source([{"region": name, "level": i} for i, name in enumerate("NSEW")], units=(), name="regions")
    unknown = Source("regions", regions.path, (), columns_known=False)
    view = "select p.person_id, p.pay, r.level from people p join regions r on p.region = r.region"
    assert lab.check(over(view, by=["level"]), [lab.source(people()), regions]).verdict is Verdict.PASS
    assert lab.check(over(view, by=["level"]), [lab.source(people()), unknown]).verdict is Verdict.REVIEW


def test_data_without_units_never_passes_and_rows_must_reach_the_threshold(lab: Lab) -> None:
    query = {"statistic": "frequency", "by": ["region"]}
    assert lab.check(query, people(), units=()).verdict is Verdict.REVIEW
    assert lab.check(query, [*people(), {**people()[0], "region": "Isle"}], units=()).verdict is Verdict.FAIL


def test_rows_without_an_id_go_to_a_person(lab: Lab) -> None:
    rows = people()
    rows[0]["person_id"] = None
    assert lab.check({"statistic": "frequency", "by": ["region"]}, rows).verdict is Verdict.REVIEW


@pytest.mark.parametrize(
    "view",
    [
        "select person_id + 0 as x, pay from people",
        "select case when person_id = 10001 then 1 else 0 end as x, pay, person_id from people",
        "select person_id, pay from people where person_id = 10001",
        "select person_id, pay from people where PERSON_ID <> 10001",
        'select person_id, pay from people where "person_id" in (10001)',
        "select max(person_id) as x, region from people group by region",
        "select person_id, pay, row_number() over (order by person_id) as x from people",
        "select person_id, pay from people qualify row_number() over (order by person_id) > 1",
        "select region, count(*) as n from people group by region having max(person_id) > 5",
        "select p.person_id, p.pay from people p join people q on p.person_id = q.age",
        "select p.person_id, p.pay from people p join people q on p.person_id = q.person_id and p.person_id > 10001",
        "select p.person_id, p.pay from people p join people q on p.person_id = q.person_id or p.age = q.age",
        "with c as (select age as k from people) select person_id, pay from people p join c on p.person_id = c.k",
        "select cast(person_id as varchar) as x, pay from people",
        "select pid + 1 as y, pay from (select person_id as pid, pay from people) t",
    ],
)
def test_id_used_for_anything_but_carrying_is_refused(lab: Lab, view: str) -> None:
    with pytest.raises(BadInputError, match="ids of statistical units"):
        lab.check(over(view), people())


@pytest.mark.parametrize("key", ["where", "measure", "weight", "by", "derive", "formula"])
def test_id_in_any_part_of_the_query_is_refused(lab: Lab, key: str) -> None:
    query: dict[str, Any] = {"statistic": "mean", "measure": "pay"}
    if key == "by":
        query["by"] = ["Person_ID"]
    elif key == "derive":
        query["derive"] = {"x": "coalesce(person_id, 0)"}
    elif key == "formula":
        query = {"statistic": "regression", "options": {"formula": "pay ~ person_id"}}
    else:
        query[key] = "person_id <> 5" if key == "where" else "person_id"
    with pytest.raises(BadInputError, match="ids of statistical units"):
        lab.check(query, people())


def test_id_under_another_name_is_still_an_id(lab: Lab) -> None:
    query = over("select person_id as harmless, pay from people", measure="harmless")
    with pytest.raises(BadInputError, match="ids of statistical units"):
        lab.check(query, people())
    assert lab.check(over("select person_id as harmless, pay from people"), people()).verdict is Verdict.PASS


def test_distinct_people_may_be_counted_in_a_view(lab: Lab) -> None:
    view = (
        "select household_id, person_id, count(distinct person_id) as size, avg(pay) as pay from people group by 1, 2"
    )
    assert lab.check(over(view), people(), units=("household_id", "person_id")).verdict is Verdict.PASS
    view = "select household_id, count(distinct person_id) as size, avg(pay) as pay from people group by household_id"
    judged = lab.check(over(view), people(), units=("household_id", "person_id"))
    assert "person_id" in finding(judged, "units-unknown").message


REFUSED = [
    "select * from read_csv('/etc/passwd')",
    "select * from '/etc/passwd'",
    "select * from read_text('/etc/passwd')",
    "select * from glob('*')",
    "select * from duckdb_settings()",
    "select * from information_schema.tables",
    "select * from people; drop table people",
    "drop table people",
    "copy people to '/tmp/x'",
    "attach '/tmp/x'",
    "install httpfs",
    "set threads = 1",
    "pragma database_list",
    "insert into people select * from people",
    "create table x as select 1",
    "select * from people, people p2",
    "select * from people natural join people p2",
    "select * from people cross join people p2",
    "select p.* from people p join people q on p.age = q.age limit 1",
    "select * from people order by pay limit 1",
    "select * from people using sample 1",
    "select * from people tablesample 10%",
    "select * from people union all select * from people",
    "with recursive r as (select 1 as n union all select n + 1 from r) select * from r",
    "select person_id, (select max(pay) from people) as pay from people",
    "select person_id, pay from people where pay in (select pay from people)",
    "select person_id, pay from people where exists (select 1 from people)",
    "select distinct on (region) person_id, pay from people",
    "select person_id, unnest([1, 2]) as pay from people",
    "select person_id, random() as pay from people",
    "select person_id, getenv('HOME') as pay from people",
    "select person_id, pay, now() as t from people",
    "select person_id, current_setting('memory_limit') as pay from people",
    "select person_id, nextval('s') as pay from people",
    "select person_id, hash(pay) as pay from people",
    "select person_id, pay, list(pay) over () as x from people",
    "select person_id, pay from people group by rollup (person_id, pay)",
    "select person_id, pay from people group by all",
    "select columns(*) from people",
    "pivot people on region using sum(pay)",
    "values (1)",
    "select 1 as pay",
    "select person_id, pay as a, age as a from people",
    "select person_id, pay + 1 from people",
    "select rowid as r, pay from people",
    "select person_id, pay from people p join people q using (nothing)",
    "select x.pay from people p",
    "select person_id, pay from nowhere",
    "select /*+ hint */ person_id, pay from people for update",
    "select person_id, string_agg(region, ',') as pay from people group by person_id",
    "select person_id, mode(pay) as pay from people group by person_id",
    "select person_id, pay from people where regexp_matches(region, '.*')",
    "select person_id, pay from (values (1, 2)) t(person_id, pay)",
    "select person_id, pay from people asof join people q on true",
    "select person_id, $1 as pay from people",
    "select person_id, lambda x: x as pay from people",
    "",
    ";",
    "select",
    "((((((((((",
    "select 'unterminated from people",
]


@pytest.mark.parametrize("view", REFUSED)
def test_anything_beyond_plain_selects_is_refused(lab: Lab, view: str) -> None:
    with pytest.raises(BadInputError):
        lab.check(over(view), people(60))


EXPRESSIONS = [
    "pay) from people --",
    "pay; drop table people",
    "pay, age",
    "distinct pay",
    "pay as x",
    "* ",
    "people.pay",
    "(select max(pay) from people)",
    "read_text('/etc/passwd')",
    "getenv('HOME')",
    "random()",
    "uuid()",
    "now()",
    "current_date",
    "today()",
    "txid_current()",
    "sum(pay)",
    "max(pay) over ()",
    "list_value(pay)[1]",
    "[pay]",
    "{'a': pay}",
    "pay::json",
    "cast(pay as struct(a int))",
    "pay -- comment\n from people",
    "x'41'",
    "e'a'",
    "$$a$$",
    "?",
    "$1",
    "pay[1]",
    "lambda x: x",
    "rowid",
    "columns('pay')",
    "1e999",
    "0x1F",
    "case pay when 1 then 2",
    "interval '1' day",
    "at_timezone(pay, 'x')",
    "error('x')",
    "pg_sleep(10)",
    "sleep(10)",
    "nextval('x')",
    "query('select 1')",
    "query_table('people')",
    "pragma_version()",
    "if(pay > (select 1), 1, 0)",
    "pay in (select pay from people)",
    "exists(select 1)",
    "pay collate nocase",
    "trim(both from region)",
    "region similar to 'x'",
    "region ~ 'x'",
    "pay" + " + 1" * 500,
    "(" * 200 + "pay" + ")" * 200,
    "not " * 100 + "pay",
    "\x00",
    "pay \ud800",
    "'" + "a" * 300 + "'",
]


@pytest.mark.parametrize("text", EXPRESSIONS)
@pytest.mark.parametrize("key", ["measure", "where", "derive"])
def test_expression_beyond_the_allow_list_is_refused(lab: Lab, text: str, key: str) -> None:
    query: dict[str, Any] = {"statistic": "mean", "measure": "pay"}
    query[key] = {"x": text} if key == "derive" else text
    with pytest.raises(BadInputError):
        lab.check(query, people(60))


def test_errors_never_quote_data(lab: Lab) -> None:
    rows = [{"person_id": i, "name": f"secret{i}", "pay": i} for i in range(50)]
    for measure in ("cast(name as int)", "cast(name as date)", "sqrt(cast(left(name, 3) as double))"):
        with pytest.raises(BadInputError) as caught:
            lab.check({"statistic": "mean", "measure": measure}, rows)
        assert "secret" not in caught.value.message
