"""Names are resolved, suggestions come from column names alone."""

from __future__ import annotations

from typing import Any

import pytest

from saferoom.disclosure.queries import language
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.plan import Plan, make_plan
from saferoom.disclosure.queries.relations import Column, Relation
from saferoom.disclosure.queries.wording import generated_title
from saferoom.errors import BadInputError


def relation(name: str, *columns: str, units: tuple[str, ...] = ("person_id",)) -> Relation:
    return Relation.of(
        name,
        name,
        [Column(c, c, c if c in units else None, frozenset({f"{name}.{c}"})) for c in columns],
        sources=frozenset({name}),
    )


PEOPLE = relation("people", "person_id", "region", "sex", "age", "Pay", "Pay (gross)", "wörk")
JOBS = relation("jobs", "person_id", "sector", "wage")


def plan(*sources: Relation, **query: Any) -> Plan:
    return make_plan(parse_query({"statistic": "mean", "measure": "Pay", **query}), sources or (PEOPLE,))


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"by": ["regoin"]}, "by: there is no column or derived name regoin; did you mean region?"),
        ({"where": "agge > 3"}, "where: there is no column agge; did you mean age?"),
        ({"measure": "zzzzzz"}, "there are Pay, Pay (gross), age"),
        ({"derive": {"age": "1"}}, "derive.age: is the name of a column already"),
        ({"derive": {"x": "y + 1", "y": "age"}}, "derive.x: there is no column y"),
        ({"from": "job"}, "there is no dataset or view job"),
        ({"views": {"people": "select person_id from people"}}, "views.people: is the name of a dataset"),
        ({"views": {"v": "select person_id from w", "w": "select person_id from people"}, "from": "v"}, "view w"),
        ({"views": {"v": "select person_id from people"}}, "from: is needed"),
    ],
)
def test_unknown_name_is_refused_with_the_key_and_a_suggestion(query: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInputError) as caught:
        plan(**query)
    assert says in caught.value.message


def test_from_is_needed_where_there_are_two_datasets() -> None:
    with pytest.raises(BadInputError, match="from: is needed"):
        plan(PEOPLE, JOBS)
    assert plan(PEOPLE, JOBS, **{"from": "PEOPLE"}).relation is PEOPLE


def test_names_are_found_whatever_their_case_and_written_as_the_data_has_them() -> None:
    found = plan(measure="pAy", by=["REGION"], where="AGE > 3")
    assert language.write(found.measures[0]) == '"Pay"'
    assert found.dimensions[0].public_name == "region"
    assert language.write(found.where or found.measures[0]) == '"age" > 3'


def test_column_whose_name_is_no_sql_name_can_be_used_as_a_whole() -> None:
    found = plan(measure="Pay (gross)", by=["wörk"])
    assert language.write(found.measures[0]) == '"Pay (gross)"'
    assert found.dimensions[0].column == "wörk"


def test_derived_names_are_put_in_place() -> None:
    found = plan(measure="b * 2", derive={"a": "age + 1", "b": "a * 3"}, by=["a"])
    assert language.write(found.measures[0]) == '(("age" + 1) * 3) * 2'
    assert found.dimensions[0].public_name == '"age" + 1'


def test_derived_names_cannot_grow_without_bound() -> None:
    derive = {"x0": "age + age"} | {f"x{i}": f"x{i - 1} + x{i - 1}" for i in range(1, 20)}
    with pytest.raises(BadInputError, match="too long"):
        plan(derive=derive)


def test_comments_and_quotes_do_not_reach_the_engine() -> None:
    found = plan(where="age > 3 /* look */ and sex = 'a''b' -- end")
    assert found.where is not None
    assert language.write(found.where) == "\"age\" > 3 AND \"sex\" = 'a''b'"


def test_dimension_fixed_by_the_filter_is_known() -> None:
    assert plan(by=["region"], where="age > 3 and (region = 'N')").dimensions[0].fixed
    assert not plan(by=["region"], where="region = 'N' or age > 3").dimensions[0].fixed
    assert not plan(by=["region"], where="region = sex").dimensions[0].fixed
    assert plan(by=["region"], where="region in ('N')").dimensions[0].fixed
    assert not plan(by=["region"], where="region in ('N', 'S')").dimensions[0].fixed
    assert plan(by=["all_of_them"], derive={"all_of_them": "1"}).dimensions[0].fixed
    assert not plan(by=["sex"], where="region = 'N'").dimensions[0].fixed


def test_view_gives_generated_names_and_follows_origins() -> None:
    view = "select p.person_id as pid, p.Pay + j.wage as total, p.region from people p join jobs j using (person_id)"
    found = plan(PEOPLE, JOBS, measure="total", by=["region"], views={"v": view}, **{"from": "v"})
    assert [column.sql_name for column in found.relation.columns.values()] == ["_x1", "_x2", "region"]
    assert found.origins(found.measures[0]) == {"people.Pay", "jobs.wage"}
    assert found.relation.doubts == ()
    assert [column.unit for column in found.units] == ["person_id"]
    assert found.dimensions[0].column == "region"


@pytest.mark.parametrize(
    ("measure", "conditions"),
    [
        ("age + 1", []),
        ("least(age, 60)", ['("age") > (60)']),
        ("coalesce(age, 0)", ['("age") IS NULL']),
        ("nullif(age, 99)", ['("age") = (99)']),
        ("case when age > 3 and sex = 'F' then 1 end", ['"age" > 3 AND "sex" = \'F\'', '"age" > 3', "\"sex\" = 'F'"]),
        ("if(age is null, 0, age)", ['"age" IS NULL']),
        ("sex = 'F'", ["\"sex\" = 'F'"]),
    ],
)
def test_conditions_inside_a_measure_are_found(measure: str, conditions: list[str]) -> None:
    found = [language.write(tree) for tree in plan(measure=measure).conditions]
    assert sorted(found) == sorted(conditions)


def test_weights_conditions_count_as_well() -> None:
    assert len(plan(weight="case when age > 3 then 1 else 2 end").conditions) == 1


VIEWS = [
    ("select person_id from people where x > 1", "there is no column x"),
    ("select q.age from people p", "there is no table q"),
    ("select q.* from people p", "there is no table q"),
    ("select age from people p join people q using (person_id)", "write p.age or q.age"),
    ("select p.age from people p join people p using (person_id)", "the same name"),
    ("select a.age from (select age from people)", "give the SELECT in FROM a name"),
    ("with people as (select age from people) select age from people", "name of a dataset"),
    ("select age + 1 from people", "with AS"),
    ("select age as a, sex as A from people", "same name"),
    ("select p.age from people p join people q using (wage)", "did you mean age"),
    ("select p.age from people p join people q using (person_id) join people r using (age)", "several earlier"),
    ("select p.age from people p join people q on p.age", "refused"),
    ("select p.age from people p full outer join people q", "either USING or ON"),
    ("select p.age from people p left semi join people q using (person_id)", "semi or anti join"),
    ("select p.age from people p semi join people q on p.age > q.age", "semi or anti join"),
    ("select p.age from people p anti join people q on p.age = 3", "semi or anti join"),
    ("select p.age from people p semi join people q on age = q.age", "semi or anti join"),
    ("select age from people order by age", "no order"),
    ("select age from people limit 5", "no limit"),
    ("select person_id, age from people group by 3", "positions"),
    ("select person_id, age from people group by 0", "positions"),
    ("select person_id, age from people group by '1'", "positions"),
    ("select * from people group by 1", "positions"),
    ("select person_id, ntile(4) over (order by age) as x, nth_value(age, 2) over () as y from people", "not allowed"),
    ("select person_id, count(distinct age, sex) over () as age from people group by 1", "refused"),
    ("select age from read_parquet('x')", "not allowed"),
    ("select p.age from people p join (values (1)) v(x) on p.age = v.x", "not allowed"),
    ("select 1 as x", "must have a FROM"),
]


@pytest.mark.parametrize(("view", "says"), VIEWS)
def test_wrong_view_is_refused_with_a_reason(view: str, says: str) -> None:
    if says == "refused":
        assert plan(views={"v": view}, measure="age", **{"from": "v"}).relation.doubts
        return
    with pytest.raises(BadInputError) as caught:
        plan(views={"v": view}, measure="age", **{"from": "v"})
    assert says in caught.value.message


def test_view_with_too_many_columns_or_tables_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    many = ", ".join(f"age as a{i}" for i in range(300))
    with pytest.raises(BadInputError, match="1 to 200 columns"):
        plan(views={"v": f"select {many} from people"}, **{"from": "v"})
    joins = " ".join(f"join people p{i} on p.person_id = p{i}.person_id" for i in range(25))
    with pytest.raises(BadInputError, match="more than 20 tables"):
        plan(views={"v": f"select p.age from people p {joins}"}, **{"from": "v"})


def test_column_renamed_by_a_view_cannot_be_merged_silently() -> None:
    views = {
        "a": "select person_id as k, age from people",
        "b": "select age as x, person_id as k from people",
        "v": "select age from a join b using (k)",
    }
    with pytest.raises(BadInputError, match="renamed by a view; write ON"):
        plan(views=views, measure="age", **{"from": "v"})
    views["v"] = "select a.age from a join b on a.k = b.k"
    assert plan(views=views, measure="age", **{"from": "v"}).relation.doubts


def test_id_joined_with_something_else_by_using_is_refused() -> None:
    views = {
        "a": "select age as person_id, sex from people",
        "v": "select p.age from people p join a using (person_id)",
    }
    with pytest.raises(BadInputError, match="only be joined with an id"):
        plan(views=views, measure="age", **{"from": "v"})


def test_title_is_made_from_the_query() -> None:
    found = plan(by=["region", "band"], derive={"band": "floor(age / 10)"}, where="age >= 16", weight="age")
    assert generated_title(found) == (
        "Mean of Pay by region and FLOOR(age / 10), where age >= 16, weighted by age (people)"
    )
