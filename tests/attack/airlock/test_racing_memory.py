"""Two projects ask for halves of one secret, neither released when the other was judged, and are approved at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from tests.support.airlock_domain import ANA, BEN, CHECKED, INCOME, MOBILITY, RITA, domain

from saferoom.hub.web.airlock.present_combinations import combinations, wanted
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.states import State

BUT_ONE: dict[str, Any] = {**CHECKED, "where": "age <> 47"}
OF_ANOTHER = "an earlier release of another project"


@pytest.mark.parametrize("first", [CHECKED, {**CHECKED, "protect": {"method": "round"}}], ids=["plain", "rounded"])
def test_halves_approved_at_the_same_moment_never_both_leave(tmp_path: Path, first: dict[str, Any]) -> None:
    with domain(tmp_path) as world:
        halves = [world.record(first), world.record(BUT_ONE, RITA, INCOME)]
        asked = [
            world.airlock.submit(author, project, [half.id], f"Secret of {author}", "Context.", "Controls.")
            for (author, project), half in zip(((ANA, MOBILITY), (RITA, INCOME)), halves, strict=True)
        ]
        gate = Barrier(len(asked))

        def approve(request: Request) -> Request:
            gate.wait(timeout=30)
            return world.approve(request)

        with ThreadPoolExecutor(len(asked)) as pool:
            after = list(pool.map(approve, asked))
        left, kept = sorted(after, key=lambda request: request.state is State.SUBMITTED)
        assert (left.state, kept.state) == (State.RELEASED, State.SUBMITTED)
        assert OF_ANOTHER in kept.reason, "whoever votes again is told why"
        assert OF_ANOTHER in " ".join(kept.warnings)
        assert left.title not in kept.reason, "and not by whose release"
        assert not kept.votes, "no vote of before counts"
        assert world.actions().count("request.released") == 1


def test_what_left_meanwhile_is_laid_out_for_the_checkers_who_look_again(tmp_path: Path) -> None:
    with domain(tmp_path) as world:
        mine = world.record(BUT_ONE)
        asked = world.airlock.submit(ANA, MOBILITY, [mine.id], "Mine", "Context.", "Controls.")
        other = world.record(CHECKED, RITA, INCOME)
        left = world.approve(world.airlock.submit(RITA, INCOME, [other.id], "Theirs", "Context.", "Controls."))
        again = world.approve(asked)
        assert again.state is State.SUBMITTED
        statistic = world.airlock.sheet(BEN, again.id).contents[mine.id].statistic
        assert statistic is not None
        shown = combinations(statistic.evaluation, lambda _: None)
        assert {left.outputs[0].id} == wanted(statistic.evaluation)
        assert any(row.new for view in shown.shown for row in view.rows)


def test_halves_in_one_request_are_laid_out_beside_each_other(tmp_path: Path) -> None:
    with domain(tmp_path) as world:
        halves = [world.record(CHECKED), world.record(BUT_ONE)]
        asked = world.airlock.submit(ANA, MOBILITY, [half.id for half in halves], "Both", "Context.", "Controls.")
        assert asked.state is State.SUBMITTED
        statistic = world.airlock.sheet(BEN, asked.id).contents[halves[1].id].statistic
        assert statistic is not None
        assert wanted(statistic.evaluation) == {asked.outputs[0].id}


def test_author_is_shown_what_was_judged_and_nothing_that_left_since(tmp_path: Path) -> None:
    with domain(tmp_path) as world:
        mine = world.record(BUT_ONE)
        asked = world.airlock.submit(ANA, MOBILITY, [mine.id], "Mine", "Context.", "Controls.")
        other = world.record(CHECKED, RITA, INCOME)
        world.approve(world.airlock.submit(RITA, INCOME, [other.id], "Theirs", "Context.", "Controls."))
        again = world.approve(asked)
        statistic = world.airlock.sheet(ANA, again.id).contents[mine.id].statistic
        assert statistic is not None
        assert not wanted(statistic.evaluation)
