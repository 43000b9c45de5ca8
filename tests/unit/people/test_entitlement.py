"""Who may sign in, check and enter: every reason, and every combination of what matters."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.support.registry_world import (
    HTV,
    MOB,
    NOW,
    OLGA,
    ROSA,
    MemoryRegistry,
    approval,
    dataset,
    owner,
    project,
    researcher,
    world,
)

from saferoom.errors import ForbiddenError, NotFoundError
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.people.entitlement import may_check, may_enter, may_sign_in
from saferoom.projects.people.model import Person, Role

YESTERDAY, TODAY = NOW.date() - timedelta(days=1), NOW.date()
NEEDS_ACCREDITATION = {Role.RESEARCHER}
NEEDS_TRAINING = {Role.RESEARCHER, Role.OUTPUT_CHECKER}


def _with(*records: object) -> MemoryRegistry:
    return MemoryRegistry.of(*records)  # type: ignore[arg-type]


def test_member_in_good_standing_with_a_holding_approval_may_enter() -> None:
    assert may_enter(world(), ROSA, MOB, NOW)


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([owner(), project(), dataset(), approval()], "unknown-person"),
        ([researcher(active=False), project(), dataset(), approval()], "inactive"),
        ([researcher(accreditation_expires=None), project(), dataset(), approval()], "accreditation-missing"),
        ([researcher(accreditation_expires=YESTERDAY), project(), dataset(), approval()], "accreditation-expired"),
        ([researcher(training_expires=None), project(), dataset(), approval()], "training-missing"),
        ([researcher(training_expires=YESTERDAY), project(), dataset(), approval()], "training-expired"),
        ([researcher(roles=frozenset({Role.OUTPUT_CHECKER})), project(), dataset(), approval()], "not-a-researcher"),
        ([researcher(), dataset()], "not-a-member"),
        ([researcher(), project(members=frozenset()), dataset(), approval()], "not-a-member"),
        ([researcher(), project(active=False), dataset(), approval()], "project-closed"),
        ([researcher(), project(ends=YESTERDAY), dataset(), approval()], "project-ended"),
        ([researcher(), project(), dataset()], "no-approval"),
        ([researcher(), project(), dataset(), approval(until=YESTERDAY)], "approvals-ended"),
        ([researcher(), project(), dataset(), approval(ended_at=NOW)], "approvals-ended"),
    ],
)
def test_entry_is_refused_with_its_reason(records: list[object], code: str) -> None:
    decision = may_enter(_with(*records), ROSA, MOB, NOW)
    assert (decision.allowed, decision.code) == (False, code)
    assert decision.reason.endswith(".")
    assert decision.rule
    with pytest.raises((ForbiddenError, NotFoundError)):
        decision.enforce()


def test_entry_on_the_last_day_of_everything_is_allowed_and_on_the_next_day_refused() -> None:
    registry = _with(
        researcher(accreditation_expires=TODAY, training_expires=TODAY),
        project(ends=TODAY),
        dataset(),
        approval(until=TODAY),
    )
    last = datetime(TODAY.year, TODAY.month, TODAY.day, 23, 59, 59, tzinfo=UTC)
    assert may_enter(registry, ROSA, MOB, last)
    assert may_enter(registry, ROSA, MOB, last + timedelta(seconds=1)).code == "accreditation-expired"


def test_one_holding_approval_among_ended_ones_is_enough() -> None:
    other = approval(dataset=DatasetName("other"), until=YESTERDAY)
    assert may_enter(_with(researcher(), project(), dataset(), other, approval()), ROSA, MOB, NOW)


def test_unknown_and_foreign_projects_look_the_same() -> None:
    registry = _with(researcher(), project(members=frozenset()), dataset(), approval())
    foreign, missing = may_enter(registry, ROSA, MOB, NOW), may_enter(registry, ROSA, ProjectSlug("zzz"), NOW)
    assert foreign.reason.replace(MOB, "") == missing.reason.replace("zzz", "")
    assert (foreign.code, foreign.rule, foreign.error) == (missing.code, missing.rule, missing.error)


_ROLE_SETS = [frozenset(c) for size in (1, 2, 3, 4) for c in itertools.combinations(Role, size)]
_DATES = [None, YESTERDAY, TODAY]


@pytest.mark.parametrize("roles", _ROLE_SETS, ids=lambda roles: "+".join(sorted(roles)))
def test_sign_in_matrix_of_roles_and_dates(roles: frozenset[Role]) -> None:
    for active, accredited, trained in itertools.product([True, False], _DATES, _DATES):
        dates = {"accreditation_expires": accredited, "training_expires": trained}
        who = {"username": ROSA, "display_name": "R", "roles": roles, "active": active}
        person = Person.model_validate(who | dates)
        decision = may_sign_in(_with(person), ROSA, NOW)
        expected = active
        expected &= accredited == TODAY or not roles & NEEDS_ACCREDITATION
        expected &= trained == TODAY or not roles & NEEDS_TRAINING
        assert decision.allowed == expected, (roles, active, accredited, trained)
        assert bool(decision.reason) != expected


@pytest.mark.parametrize("role", list(Role))
def test_only_output_checkers_may_check(role: Role) -> None:
    registry = _with(researcher(roles=frozenset({role})))
    decision = may_check(registry, ROSA, NOW)
    assert decision.allowed == (role is Role.OUTPUT_CHECKER)
    assert decision.code == ("ok" if role is Role.OUTPUT_CHECKER else "not-an-output-checker")


def test_checker_whose_training_lapsed_may_not_check() -> None:
    registry = _with(researcher(roles=frozenset({Role.OUTPUT_CHECKER}), training_expires=date(2026, 1, 1)))
    assert may_check(registry, ROSA, NOW).code == "training-expired"


def test_nobody_may_not_check() -> None:
    assert may_check(_with(), Username("nobody"), NOW).code == "unknown-person"


def test_data_owner_may_sign_in_but_not_enter() -> None:
    registry = _with(owner(), project(members=frozenset({OLGA})), dataset(), approval(dataset=HTV))
    assert may_sign_in(registry, OLGA, NOW)
    assert may_enter(registry, OLGA, MOB, NOW).code == "not-a-researcher"
