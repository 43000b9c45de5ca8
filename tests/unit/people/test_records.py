"""Records of people, datasets, projects and approvals: what they hold together, what they refuse."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from tests.support.registry_world import NOW, approval, dataset

from saferoom import ids
from saferoom.errors import BadInputError
from saferoom.policies.models import RiskAppetite
from saferoom.projects.approvals.model import Approval
from saferoom.projects.catalogue.model import Dataset, Variable, VariableRole, VariableType
from saferoom.projects.fields import DatasetNameField, ProjectSlugField, UsernameField

NAMES = [
    "a",
    "ab-c",
    "0",
    "a" * 30,
    "",
    "-a",
    "a-",
    "a--b",
    "A",
    "a_b",
    "a" * 31,
    "é",
    "a b",
    "a\n",
    "1a",
    "_a",
    "a" * 64,
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("field", "check"),
    [
        (UsernameField, ids.username),
        (ProjectSlugField, ids.project_slug),
        (DatasetNameField, ids.dataset_name),
    ],
)
def test_field_takes_exactly_the_names_that_ids_take(field: Any, check: Any, name: str) -> None:
    def taken(call: Any) -> bool:
        try:
            call(name)
        except (BadInputError, ValidationError):
            return False
        return True

    assert taken(TypeAdapter(field).validate_python) == taken(check)


def _variable(**fields: Any) -> Variable:
    return Variable.model_validate({"name": "x", "type": VariableType.TEXT, **fields})


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"type": VariableType.NUMBER, "role": VariableRole.ID}, "must be integer or text"),
        ({"type": VariableType.NUMBER, "codelist": (1, 2)}, "cannot have a codelist"),
        ({"role": VariableRole.ID, "codelist": ("a",)}, "cannot have a codelist"),
        ({"role": VariableRole.DIRECT, "codelist": ("a",)}, "cannot have a codelist"),
        ({"codelist": ()}, "is empty"),
        ({"codelist": ("a", 1)}, "must be of its type, text"),
        ({"type": VariableType.INTEGER, "codelist": (1, True)}, "must be of its type, integer"),
        ({"type": VariableType.INTEGER, "codelist": (2**53,)}, "too large"),
        ({"codelist": ("a", "b", "a")}, "names a code twice"),
        ({"figures": {"people": {"a": 1}}}, "need a codelist"),
        ({"codelist": ("a",), "figures": {"people": {"b": 1}}}, "about a code that its codelist does not have"),
        ({"codelist": ("a",), "figures": {"people": {"a": float("inf")}}}, "finite number"),
        ({"codelist": ("a",), "figures": {"two words": {"a": 1}}}, "match pattern"),
        ({"codelist": ("a",), "figures": {f"f{i}": {"a": 1} for i in range(21)}}, "at most 20"),
        ({"hierarchy": {"A": ("a",)}}, "needs a codelist"),
        ({"codelist": ("a", "b"), "hierarchy": {"A": ("a",)}}, "has a gap: 'b' of the codelist"),
        ({"codelist": ("a", "b"), "hierarchy": {"A": ("a", "b", "c")}}, "names 'c', which is neither"),
        ({"codelist": ("a",), "hierarchy": {"A": ("a", "B"), "B": ("A",)}}, "has a cycle"),
        ({"type": VariableType.INTEGER, "codelist": (1,), "hierarchy": {"A": (1,)}}, "must be a whole number"),
    ],
)
def test_variable_that_contradicts_itself_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        _variable(**fields)


def test_hierarchy_has_labels_of_the_variables_own_type() -> None:
    found = _variable(type=VariableType.INTEGER, codelist=(1, 2), hierarchy={"10": (1, 2)}).classification
    assert found is not None
    assert found.children == {10: (1, 2)}
    assert _variable().classification is None


def test_figures_are_of_codes_of_the_variables_own_type() -> None:
    whole = _variable(type=VariableType.INTEGER, codelist=(1, 2), figures={"people": {"1": 7, "2": 8.5}})
    assert whole.public_figures == {"people": {1: 7, 2: 8.5}}
    said = _variable(type=VariableType.BOOLEAN, codelist=(True, False), figures={"people": {"true": 3}})
    assert said.public_figures == {"people": {True: 3}}
    assert _variable().public_figures == {}


def test_variable_is_read_from_its_own_column_unless_another_is_named() -> None:
    assert _variable().source_column == "x"
    assert _variable(column="Some Column").source_column == "Some Column"


def _dataset(**changes: Any) -> Dataset:
    fields = {name: getattr(dataset(), name) for name in Dataset.model_fields}
    return Dataset(**{**fields, **changes})


ID = Variable(name="person_id", type=VariableType.INTEGER, role=VariableRole.ID)
NAME = Variable(name="full_name", type=VariableType.TEXT, role=VariableRole.DIRECT)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"units": ("person_id", "person_id")}, "exactly the variables whose role is id"),
        ({"units": ("household_id",)}, "exactly the variables whose role is id"),
        ({"variables": (ID, _variable(), _variable(name="X"))}, "two variables are called 'x'"),
        ({"variables": (ID, NAME)}, "nothing can be analysed"),
        ({"risk_appetite": RiskAppetite(structural=frozenset({"shoe"}))}, "'shoe', which is no variable"),
        ({"source": "../x.csv"}, "source"),
        ({"source": "/etc/passwd.csv"}, "source"),
        ({"source": "a/../b.csv"}, "source"),
        ({"source": "x.xlsx"}, "source"),
    ],
)
def test_dataset_that_contradicts_itself_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        _dataset(**changes)


def test_dataset_lets_an_owner_leave_structural_columns_to_others() -> None:
    assert _dataset(risk_appetite=RiskAppetite(structural=frozenset({"*"}))).risk_appetite.structural == {"*"}


def test_dataset_finds_its_variables() -> None:
    assert [variable.name for variable in dataset().releasable] == ["sex", "age", "wage"]
    assert dataset().variable("nothing") is None


def test_approval_of_everything_covers_all_but_direct_identifiers() -> None:
    assert approval().columns(dataset()) == ("person_id", "sex", "age", "wage")


def test_approval_of_some_variables_covers_them_in_the_datasets_order_after_the_ids() -> None:
    assert approval(variables=("wage", "sex")).columns(dataset()) == ("person_id", "sex", "wage")


def test_approval_never_covers_a_direct_identifier_even_when_it_names_one() -> None:
    assert approval(variables=("full_name", "sex")).columns(dataset()) == ("person_id", "sex")


def test_approval_naming_a_variable_twice_is_refused() -> None:
    fields = {name: getattr(approval(), name) for name in Approval.model_fields}
    with pytest.raises(ValidationError, match="twice"):
        Approval(**{**fields, "variables": ("sex", "sex")})


def test_approval_lives_until_its_last_day_or_until_it_is_ended() -> None:
    today = approval(until=NOW.date())
    assert today.live(NOW)
    assert not today.live(NOW + timedelta(days=1))
    assert not approval(ended_at=NOW).live(NOW)


def test_every_field_pattern_is_anchored() -> None:
    # An unanchored pattern would take a good name inside a bad one.
    for schema in (Dataset.model_json_schema(), Approval.model_json_schema()):
        for pattern in re.findall(r"'pattern': '([^']+)'", str(schema)):
            assert pattern.startswith("^"), pattern
            assert pattern.endswith("$"), pattern
