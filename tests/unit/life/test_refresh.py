"""What a new version of a dataset changes, and for whom it breaks something."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from tests.support.registry_world import dataset

from saferoom.projects.approvals.model import Terms
from saferoom.projects.catalogue.model import Dataset, Variable, VariableRole, VariableType
from saferoom.projects.life.refresh import breaking, covered, differences


def _terms(*names: str, rows: str | None = None) -> Terms:
    return Terms(until=date(2027, 1, 1), variables=names or None, rows=rows)


def _with(name: str, **changes: Any) -> Dataset:
    variables = tuple(v.model_copy(update=changes) if v.name == name else v for v in dataset().variables)
    return dataset(variables=variables)


def _without(name: str) -> Dataset:
    return dataset(variables=tuple(v for v in dataset().variables if v.name != name))


def test_same_description_differs_in_nothing() -> None:
    assert differences(dataset(), dataset(version="2")) == ()


def test_new_variable_and_new_label_are_wider() -> None:
    more = dataset(variables=(*dataset().variables, Variable(name="bonus", type=VariableType.NUMBER)))
    assert [(d.subject, d.breaking) for d in differences(dataset(), more)] == [("bonus", False)]
    assert breaking(dataset(), more, _terms()) == ()
    relabelled = _with("age", label="Age in years")
    assert breaking(dataset(), relabelled, _terms()) == ()


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (_without("age"), "age: is gone (was integer)"),
        (_with("age", type=VariableType.NUMBER), "age: has another type (integer became number)"),
        (_with("age", role=VariableRole.SENSITIVE), "age: has another role (quasi became sensitive)"),
        (_with("age", role=VariableRole.DIRECT), "age: has another role (quasi became direct identifier)"),
        (_with("sex", codelist=("F", "M", "X")), "sex: its codes changed: none gone, X new"),
        (_with("sex", codelist=("F",)), "sex: its codes changed: M gone, none new"),
        (_with("sex", codelist=None), "sex: its codelist changed (a codelist became any value)"),
        (_with("age", codelist=(1, 2)), "age: its codelist changed (any value became a codelist)"),
        (dataset(units=("household_id",)), "units: the statistical units changed (person_id became household_id)"),
    ],
)
def test_change_of_what_is_covered_breaks_it_and_says_how(after: Dataset, said: str) -> None:
    assert [change.sentence for change in breaking(dataset(), after, _terms())] == [said]


def test_order_of_codes_breaks_nothing() -> None:
    assert breaking(dataset(), _with("sex", codelist=("M", "F")), _terms()) == ()


def test_long_lists_of_codes_are_cut() -> None:
    many = tuple(f"c{number}" for number in range(40))
    (change,) = breaking(dataset(), _with("sex", codelist=("F", "M", *many)), _terms())
    assert change.sentence.endswith("c0, c1, c2, c3, c4 and 35 more new")


def test_only_what_the_approval_rests_on_can_break_it() -> None:
    assert breaking(dataset(), _without("age"), _terms("wage")) == ()
    assert breaking(dataset(), _without("age"), _terms("wage", rows="age >= 16")) != ()
    assert covered(dataset(), _terms("wage", rows="age >= 16")) == {"wage", "age", "person_id"}
