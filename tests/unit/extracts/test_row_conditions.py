"""Conditions on rows: read by the allow-list, written anew, and never free SQL."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.registry_world import dataset

from saferoom.errors import BadInputError
from saferoom.hub.row_filter import try_rows
from saferoom.projects.catalogue.model import Variable, VariableType
from saferoom.projects.extracts import rows


@pytest.mark.parametrize(
    ("text", "kept", "read"),
    [
        ("age >= 16", "age >= 16", ("age",)),
        ("AGE>=16 and sex='F'", "age >= 16 AND sex = 'F'", ("sex", "age")),
        ("not (age between 1 and 2) -- comment", "NOT (age BETWEEN 1 AND 2)", ("age",)),
        ("sex in ('F', 'M') or wage is null", "sex IN ('F', 'M') OR wage IS NULL", ("sex", "wage")),
    ],
)
def test_condition_is_kept_in_one_spelling(text: str, kept: str, read: tuple[str, ...]) -> None:
    assert rows.canonical(dataset(), text) == kept
    assert rows.canonical(dataset(), kept) == kept
    assert rows.variables_of(dataset(), text) == read


@pytest.mark.parametrize("text", [None, "", "  "])
def test_no_condition_means_all_rows(text: str | None) -> None:
    assert rows.canonical(dataset(), text) is None


def test_engine_is_given_its_own_columns_not_what_was_written() -> None:
    assert rows.condition_sql(dataset(), "age >= 16 /* x */", {"age": "v3"}) == '"v3" >= 16'


def test_variable_called_as_a_word_of_the_language_keeps_its_quotes() -> None:
    odd = dataset(variables=(*dataset().variables, Variable(name="order", type=VariableType.INTEGER)))
    assert rows.canonical(odd, '"order" > 1') == '"order" > 1'


def test_truth_value_is_a_condition_by_itself() -> None:
    told = dataset(variables=(*dataset().variables, Variable(name="adult", type=VariableType.BOOLEAN)))
    assert rows.canonical(told, "adult and not adult") == "adult AND NOT adult"


@pytest.mark.parametrize(
    "text",
    [
        "age",
        "1 = 1",
        "true",
        "person_id = 30",
        "full_name = 'Zoe Adams'",
        "age > 1; drop table raw",
        "age > 1 union select 1",
        "age in (select age from raw)",
        "exists (select 1)",
        "read_csv('/etc/passwd') is not null",
        "getenv('HOME') = sex",
        "age > (select max(age) from raw)",
        "v0 > 1",
        "raw.age > 1",
        "count(*) > 1",
        "sum(age) over () > 1",
        "age > 1 limit 1",
        "age = $codes",
        "case when age > 1 then 1 else 0 end",
        "x" * 5000,
        "(" * 200 + "age > 1" + ")" * 200,
    ],
)
def test_anything_else_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(BadInputError, match=r"^rows"):
        rows.canonical(dataset(), text)


@pytest.mark.parametrize("text", ["age > 'old'", "wage between 1 and 'x'", "year(sex) = 2000"])
def test_condition_that_does_not_fit_the_types_is_told_when_it_is_tried(text: str) -> None:
    with pytest.raises(BadInputError, match="does not fit the types"):
        try_rows(dataset(), text)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="age sex wage()<>='!0129.;-/*andornotlike,$\"", max_size=40))
def test_reading_never_does_anything_but_refuse_or_keep(text: str) -> None:
    try:
        kept = rows.canonical(dataset(), text)
    except BadInputError:
        return
    assert kept == rows.canonical(dataset(), kept)
