"""What leaves between an evaluation and its own release counts, whatever it is called and whoever released it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from tests.support.airlock_domain import ANA, CHECKED, INCOME, MOBILITY, RITA, SAFE, SURVEY, Domain

from saferoom.disclosure.history.memory import Memory
from saferoom.ids import ProjectSlug
from saferoom.projects.airlock import earlier, evaluations
from saferoom.projects.airlock.evaluations import Judgement
from saferoom.projects.airlock.states import State

ROUNDED: dict[str, Any] = {**SAFE, "protect": {"method": "round"}}
TOTAL: dict[str, Any] = {"from": "survey", "statistic": "sum", "measure": "wage"}
OF_ANOTHER = "an earlier release of another project"
TOPPED: dict[str, Any] = {**TOTAL, "measure": "least(wage, 38)"}


@dataclass(frozen=True)
class Waiting:
    """Something evaluated, and not submitted yet."""

    world: Domain
    project: ProjectSlug
    judgement: Judgement

    def news(self) -> tuple[str, ...]:
        """Return what would be said now against letting it leave."""
        with self.world.airlock.store.reading() as tx:
            return earlier.recheck(self.world.airlock, tx, self.project, {1: self.judgement})


def evaluated(world: Domain, query: dict[str, Any], project: ProjectSlug = INCOME) -> Waiting:
    record = world.record(query, RITA if project == INCOME else ANA, project)
    return Waiting(world, project, evaluations.load(world.airlock, record))


def test_second_release_called_like_the_first_is_news(world: Domain) -> None:
    world.submit(ROUNDED)
    waiting = evaluated(world, {**ROUNDED, "where": "age <> 47"})
    assert any(OF_ANOTHER in finding.message for finding in waiting.judgement.evaluation.findings)
    assert waiting.news() == (), "its evaluation said so already"
    world.submit({**ROUNDED, "where": "wage > 0"})
    assert any(OF_ANOTHER in reason for reason in waiting.news())
    assert not any("Frequency by" in reason for reason in waiting.news())


def test_numbers_that_would_have_to_be_computed_again_go_to_a_person(world: Domain) -> None:
    waiting = evaluated(world, TOPPED, MOBILITY)
    assert waiting.news() == ()
    world.submit(TOTAL)
    assert len(waiting.news()) == 1
    assert evaluated(world, TOPPED, MOBILITY).news() == (), "evaluated beside it, they were computed again"


def test_everything_is_new_to_an_evaluation_that_does_not_say_what_it_was_judged_beside(world: Domain) -> None:
    world.submit()
    memory = world.airlock.memory_for(MOBILITY, [SURVEY])
    assert len(memory.since({}).releases) == 1
    assert len(memory.since({"judged_beside": ["withdrawn since"]}).releases) == 1
    assert memory.since({"judged_beside": [memory.releases[0].id]}).releases == ()
    assert Memory.empty().since({"judged_beside": []}).releases == ()


@pytest.mark.parametrize("query", [ROUNDED, TOTAL])
def test_evaluation_says_what_it_was_judged_beside(world: Domain, query: dict[str, Any]) -> None:
    request = world.submit()
    assert world.evaluate(query).evidence["judged_beside"] == [request.outputs[0].id]


def test_each_release_of_another_project_brings_the_checkers_back_though_all_are_called_alike(world: Domain) -> None:
    """Mobility's output waits while Income releases two tables that it collides with, one after the other."""
    record = world.record({**CHECKED, "where": "age <> 47"})
    request = world.ask([record.id])

    def released_by_income(query: dict[str, Any]) -> None:
        world.clock.advance(timedelta(minutes=1))
        found = world.record({**query, "protect": {"method": "round"}}, RITA, INCOME)
        said = ("Title of theirs", "Context.", "Controls.")
        for_checkers = world.airlock.submit(RITA, INCOME, [found.id], *said)
        assert world.approve(for_checkers).state is State.RELEASED
        world.clock.advance(timedelta(minutes=1))

    for query in (CHECKED, {**CHECKED, "where": "wage > 0"}):
        released_by_income(query)
        again = world.approve(world.stored(request.id))
        assert again.state is State.SUBMITTED
        assert again.reason.startswith("the review starts again: output 1: ")
        assert OF_ANOTHER in again.reason
        assert "Title of theirs" not in again.reason
    assert world.approve(world.stored(request.id)).state is State.RELEASED


@pytest.mark.parametrize("step", [timedelta(0), timedelta(hours=-1)])
def test_release_counts_as_later_whatever_the_clock_says(world: Domain, step: timedelta) -> None:
    """Both of Income's releases are called alike; the second is of the same moment as the round, or of before."""
    record = world.record({**CHECKED, "where": "age <> 47"})
    request = world.ask([record.id])
    for query in (CHECKED, {**CHECKED, "where": "wage > 0"}):
        world.clock.advance(step)
        found = world.record({**query, "protect": {"method": "round"}}, RITA, INCOME)
        theirs = world.airlock.submit(RITA, INCOME, [found.id], "Theirs", "Context.", "Controls.")
        assert world.approve(theirs).state is State.RELEASED
        again = world.approve(world.stored(request.id))
        assert again.state is State.SUBMITTED
        assert OF_ANOTHER in again.reason
    assert world.approve(world.stored(request.id)).state is State.RELEASED
