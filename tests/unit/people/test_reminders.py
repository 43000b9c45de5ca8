"""Who is told when that something ends: each once, in time, and again after a renewal."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from tests.support.registry_world import NOW, TODAY, MemoryRegistry, approval, dataset, owner, project, researcher

from saferoom.ids import Username
from saferoom.projects.people.model import Person, Role
from saferoom.projects.people.reminders import (
    LONGEST_AFTER_DAYS,
    STAGES_DAYS,
    Deadline,
    Ends,
    deadlines,
    deadlines_of,
    due,
)

ROSA, ADA, OLGA = Username("rosa"), Username("ada"), Username("olga")
ADMINISTRATOR = Person(username=ADA, display_name="Ada", roles=frozenset({Role.ADMINISTRATOR}))


def _deadline(days: int) -> Deadline:
    return Deadline(Ends.TRAINING, "rosa/x", "The training of rosa", TODAY + timedelta(days=days), (ROSA,), (ADA,))


@pytest.mark.parametrize(
    ("days", "stage"),
    [
        (61, None),
        (60, "60"),
        (31, "60"),
        (30, "30"),
        (8, "30"),
        (7, "7"),
        (2, "7"),
        (1, "1"),
        (0, "1"),
        (-1, "lapsed"),
        (-LONGEST_AFTER_DAYS, "lapsed"),
        (-LONGEST_AFTER_DAYS - 1, None),
    ],
)
def test_reminder_is_due_at_its_stage(days: int, stage: str | None) -> None:
    told = [message for message in due([_deadline(days)], NOW) if message.to == ROSA]
    assert [message.key.split(":")[3] for message in told] == ([stage] if stage else [])


def test_each_stage_is_told_once_over_the_whole_time() -> None:
    last = _deadline(90)
    keys = [m.key for day in range(120) for m in due([last], NOW + timedelta(days=day)) if m.to == ROSA]
    assert len(set(keys)) == len(STAGES_DAYS) + 1
    renewed = replace(last, last_day=last.last_day + timedelta(days=365))
    assert not {m.key for m in due([renewed], NOW + timedelta(days=400))} & set(keys)


def test_administrators_are_told_in_the_last_week_and_after_it() -> None:
    for days, told in ((8, {ROSA}), (7, {ROSA, ADA}), (-1, {ROSA, ADA})):
        assert {message.to for message in due([_deadline(days)], NOW)} == told


@pytest.mark.parametrize(
    ("days", "title"),
    [(30, "ends in 30 days"), (1, "ends tomorrow"), (0, "ends today"), (-3, "has ended")],
)
def test_reminder_says_what_ends_and_when(days: int, title: str) -> None:
    (message,) = [one for one in due([_deadline(days)], NOW) if one.to == ROSA]
    assert message.title == f"The training of rosa {title}"
    assert str(TODAY + timedelta(days=days)) in message.body


def _world(**changes: object) -> MemoryRegistry:
    person = researcher(**changes)
    return MemoryRegistry.of(person, owner(), ADMINISTRATOR, project(ends=date(2027, 5, 1)), dataset(), approval())


def test_everything_that_ends_has_a_deadline_with_those_it_concerns() -> None:
    found = {(one.ends, one.subject): (one.to, one.watchers) for one in deadlines(_world(), NOW)}
    assert found == {
        (Ends.ACCREDITATION, "rosa/accreditation"): ((ROSA,), (ADA,)),
        (Ends.TRAINING, "rosa/safe-researcher-training"): ((ROSA,), (ADA,)),
        (Ends.PROJECT, "mob"): ((ROSA,), ()),
        (Ends.APPROVAL, "mob/htv"): ((ROSA, OLGA), ()),
    }


def test_what_is_over_or_not_needed_has_no_deadline() -> None:
    assert [one.ends for one in deadlines_of(_world(active=False), researcher(active=False), NOW)] == [
        Ends.PROJECT,
        Ends.APPROVAL,
    ]
    missing = _world(accreditation_expires=None, training_expires=None)
    assert not [one for one in deadlines(missing, NOW) if one.subject.startswith("rosa/")]
    world = _world()
    world.granted["mob", "htv"] = approval(ended_at=NOW)
    assert Ends.APPROVAL not in {one.ends for one in deadlines(world, NOW)}
    world.works[project().slug] = project(active=False)
    assert Ends.PROJECT not in {one.ends for one in deadlines(world, NOW)}
    world.works[project().slug] = project()
    assert Ends.PROJECT not in {one.ends for one in deadlines(world, NOW)}
