"""A clerical review with a real store: three reviewers, and people of every other role."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tests.support.people_world import PeopleWorld, people_world

from saferoom.hub.store.linkage_review import ReviewStore
from saferoom.ids import Username
from saferoom.projects.linkage.clerical import Choice, State
from saferoom.projects.linkage.clerical_service import Clerical

PIA, RON, SUE = Username("pia"), Username("ron"), Username("sue")
LINK = "person@1"
M, N, U = Choice.MATCH, Choice.NO_MATCH, Choice.UNSURE
REVIEWERS = """\
{kind: person, username: pia, display_name: Pia Stern, roles: [clerical-reviewer]}
---
{kind: person, username: ron, display_name: Ron Hale, roles: [clerical-reviewer]}
---
{kind: person, username: sue, display_name: Sue Park, roles: [clerical-reviewer]}
"""


@dataclass(frozen=True)
class ReviewWorld:
    """The service and the world around it."""

    clerical: Clerical
    around: PeopleWorld

    def decide(self, number: int, *choices: Choice) -> State:
        """Let pia, ron and sue decide a pair, as far as there are choices."""
        found = State.WAITING
        for who, choice in zip((PIA, RON, SUE), choices, strict=False):
            self.around.clock.advance(timedelta(seconds=1))
            found = self.clerical.decide(who, LINK, number, choice)
        return found


@contextmanager
def review_world(folder: Path, pairs: int = 12) -> Iterator[ReviewWorld]:
    """Yield a world whose review has the pairs 1 to `pairs`."""
    with people_world(folder) as around:
        around.apply(REVIEWERS)
        store = ReviewStore(around.database, around.clock, around.administration.signing_key)
        clerical = Clerical(store, around.clock)
        clerical.open("system", LINK, [(number, number % 4, number % 2 == 0) for number in range(1, pairs + 1)])
        yield ReviewWorld(clerical, around)
