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
    assert not plan(by=["sex"], where="region = 'N'").dimensions[0].fixed


def test_view_gives_generated_names_and_follows_origins() -> None:
    view = "select p.person_id as pid, p.Pay + j.wage as total, p.region from people p join jobs j using (person_id)"
    found = plan(PEOPLE, JOBS, measure="total", by=["region"], views={"v": view}, **{"from": "v"})
    assert [column.sql_name for column in found.relation.columns.values()] == ["_x1", "_x2", "region"]
    assert found.origins(found.measures[0]) == {"people.Pay", "jobs.wage"}
    assert found.relation.doubts == ()
    assert [column.unit for column in found.units] == ["person_id"]
    assert found.dimensions[0].column == "region"


def test_title_is_made_from_the_query() -> None:
    found = plan(by=["region", "band"], derive={"band": "floor(age / 10)"}, where="age >= 16", weight="age")
    assert generated_title(found) == (
        "Mean of Pay by region and FLOOR(age / 10), where age >= 16, weighted by age (people)"
    )
