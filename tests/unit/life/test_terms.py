"""An owner's terms: exact budgets, and what they make of the policies in force."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import ValidationError
from tests.support.registry_world import HTV, MOB, MemoryRegistry, approval, dataset, owner, project, researcher

from saferoom.errors import BadInputError
from saferoom.policies.models import ReleaseRoute, RiskAppetite
from saferoom.projects.administration.documents import read_entries
from saferoom.projects.approvals.model import Approval, PrivacyBudget, Terms
from saferoom.projects.policies import effective

TEXT = "kind: approval\nproject: mob\ndataset: htv\ngranted_by: olga\nuntil: 2027-01-01\n"


def _effective(**terms: object) -> tuple[RiskAppetite, ReleaseRoute, dict[str, str]]:
    registry = MemoryRegistry.of(researcher(), owner(), project(), dataset(), approval(**terms))
    appetite, route = effective(registry, MOB, [HTV])
    return appetite.policy, route.policy, {**appetite.origins, **route.origins}


def test_budget_is_kept_to_the_last_decimal() -> None:
    (entry,) = read_entries([(TEXT + "budget: {epsilon: 0.1, delta: 0.0000000001}\n", "f.yaml")])
    assert isinstance(entry.record, Terms)
    budget = entry.record.budget
    assert budget == PrivacyBudget(epsilon=Decimal("0.1"), delta=Decimal("1e-10"))
    assert sum([budget.epsilon] * 3) == Decimal("0.3")


@pytest.mark.parametrize(
    "budget",
    ["{epsilon: 0}", "{epsilon: -1}", "{epsilon: 1001}", "{epsilon: 1, delta: 1}", "{delta: 0}"],
)
def test_budget_that_is_none_is_refused_with_its_line(budget: str) -> None:
    with pytest.raises(BadInputError, match=r"f\.yaml, line 6: 'budget"):
        read_entries([(f"{TEXT}budget: {budget}\n", "f.yaml")])


def test_budget_made_of_an_inexact_number_is_refused() -> None:
    with pytest.raises(ValidationError):
        PrivacyBudget(epsilon=0.1)  # type: ignore[arg-type]


@pytest.mark.parametrize(("asked", "declared", "files"), [(None, 1, 2), (1, 1, 2), (2, 2, 2), (3, 3, 3)])
def test_checkers_of_the_terms_are_the_fewest_and_files_never_have_fewer_than_two(
    asked: int | None, declared: int, files: int
) -> None:
    _, route, _ = _effective(checkers=asked)
    assert (route.checkers_declared, route.checkers_file) == (declared, files)


def test_sign_off_of_the_terms_asks_for_the_owners_signature() -> None:
    assert not _effective()[1].owner_signs
    _, route, origins = _effective(sign_off=True)
    assert (route.owner_signs, origins["owner_signs"]) == (True, "approval of htv")


def test_limits_of_the_terms_count_where_they_are_stricter_and_never_loosen() -> None:
    appetite, _, origins = _effective(risk_appetite=RiskAppetite(threshold_units=25, difference_units=2))
    assert (appetite.threshold_units, origins["threshold_units"]) == (25, "approval of htv")
    assert appetite.difference_units == 10


def test_terms_of_an_approval_are_the_terms_alone() -> None:
    given = approval(variables=("wage",), rows="age >= 16")
    assert type(given.terms) is Terms
    again = Approval(**given.terms.model_dump(), project=MOB, dataset=HTV, granted_by=given.granted_by)
    assert again == given
