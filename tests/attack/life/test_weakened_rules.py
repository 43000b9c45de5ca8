"""Every rule that keeps a project honest, weakened once: an attack must notice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from tests.attack.life import test_project_attacks as attacks
from tests.support.life_world import LifeWorld

from saferoom.errors import SaferoomError
from saferoom.projects.life import alterations, checks, permissions
from saferoom.projects.life.alterations import Split
from saferoom.projects.life.model import Alteration, Life, Ruling
from saferoom.projects.life.permissions import Concerned, Standing
from saferoom.projects.people.model import Person

_standings = permissions.standings


def _both_sides(person: Person, concerned: Concerned) -> frozenset[Standing]:
    found = _standings(person, concerned)
    return found | {Standing.OWNER} if person.username in concerned.owners else found


def _any_round(life: Life, dataset: str) -> Ruling | None:
    return next((ruling for ruling in life.rulings if ruling.dataset == dataset), None)


def _everybody(_person: Person, _concerned: Concerned) -> frozenset[Standing]:
    return frozenset({Standing.MEMBER})


@dataclass(frozen=True)
class Weaker:
    """A rule's place, what stands there instead, and the attack that has to notice."""

    where: Any
    name: str
    instead: Any
    attack: Callable[[LifeWorld], None]


WEAKER = [
    Weaker(
        permissions, "standings", _both_sides, attacks.test_member_who_comes_to_own_the_data_does_not_decide_about_them
    ),
    Weaker(checks, "own_data", lambda *_: (), attacks.test_owner_with_a_second_role_cannot_approve_the_own_proposal),
    Weaker(checks, "own_data", lambda *_: (), attacks.test_owner_cannot_be_brought_in_to_stand_on_both_sides),
    Weaker(
        checks,
        "standing_problems",
        lambda *_: (),
        attacks.test_person_who_lapsed_while_an_amendment_waited_does_not_come_in,
    ),
    Weaker(Life, "ruling", _any_round, attacks.test_approval_of_one_round_is_not_replayed_in_the_next),
    Weaker(
        alterations,
        "split",
        lambda _life, change, _live: Split(change, Alteration(), ()),
        attacks.test_amendment_cannot_carry_more_than_the_owner_was_shown,
    ),
    Weaker(
        permissions, "standings", _everybody, attacks.test_output_checker_sees_running_projects_only_and_changes_none
    ),
    Weaker(
        checks,
        "terms_problems",
        lambda *_: (),
        attacks.test_variable_that_was_made_identifying_after_the_wish_cannot_be_approved,
    ),
]


@pytest.mark.parametrize("weaker", WEAKER, ids=lambda weaker: f"{weaker.name}-{weaker.attack.__name__}")
def test_weakened_rule_is_noticed_by_an_attack(
    world: LifeWorld, monkeypatch: pytest.MonkeyPatch, weaker: Weaker
) -> None:
    monkeypatch.setattr(weaker.where, weaker.name, weaker.instead)
    with pytest.raises((AssertionError, SaferoomError, pytest.fail.Exception)):
        weaker.attack(world)
