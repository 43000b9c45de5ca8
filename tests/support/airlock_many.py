"""Ten thousand requests, written straight into the store, for what must be exact and quick however many there are."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from saferoom.hub.store.airlock_records import ReleaseRow
from saferoom.hub.store.airlock_tables import RequestDatasetRow, RequestRow, RoundRow
from saferoom.hub.store.database import Database
from saferoom.projects.airlock.states import FINAL, State


def fill(database: Database, count: int, whose: Sequence[tuple[str, str]], now: datetime, seed: int = 0) -> None:
    """Write `count` requests without outputs, of authors in projects drawn from `whose`."""
    dice = random.Random(seed)
    with database.transaction() as session:
        for start in range(0, count, 1000):
            _batch(session, dice, range(start, min(start + 1000, count)), (whose, now))


def _batch(
    session: Session, dice: random.Random, numbers: range, about: tuple[Sequence[tuple[str, str]], datetime]
) -> None:
    whose, now = about
    requests: list[dict[str, Any]] = []
    used: list[dict[str, Any]] = []
    rounds: list[dict[str, Any]] = []
    releases: list[dict[str, Any]] = []
    for number in numbers:
        author, project = dice.choice(whose)
        state = dice.choices(list(State), [1, 4, 2, 2, 2, 2, 1, 12, 2, 2])[0]
        round_ = 0 if state is State.DRAFT else dice.choice((1, 1, 2))
        datasets = dice.sample(["survey", "wages"], dice.choice((1, 1, 2)))
        signs = [name for name in datasets if dice.random() < 0.3]
        since = now - timedelta(minutes=dice.randrange(60 * 24 * 30))
        id_ = f"request-{number:06d}"
        requests.append(
            {
                "id": id_, "author": author, "project": project, "state": state.value, "round": round_,
                "title": f"Request {number}", "automatic": dice.random() < 0.3, "checkers": 1, "created_at": since,
                "updated_at": since, "since": since, "submitted_at": since if round_ else None,
                "datasets": [{"name": name, "version": "1"} for name in datasets], "sign_off": signs,
                "groups": [{"name": "", "context": "c" * 500, "controls": "d" * 500, "supporting": []}],
                "waits_because": ["automatic release is not allowed here"], "warnings": [], "reason": "", "blocked": "",
                "seal": {}, "risk": dice.randrange(3), "lane": dice.choice(("declared", "lifted", "file")),
                "output_count": 2, "version": 1, "third_asked": False,
            }
        )  # fmt: skip
        used += [{"request": id_, "dataset": name, "signs": name in signs} for name in datasets]
        if round_:
            rounds.append(_round(dice, id_, state, since))
        if state is State.RELEASED:
            releases.append({"id": f"release-{number:06d}", "request": id_, "bundle": "0" * 64, "at": since})
    for table, rows in (
        (RequestRow, requests),
        (RequestDatasetRow, used),
        (RoundRow, rounds),
        (ReleaseRow, releases),
    ):
        if rows:
            session.execute(insert(table), rows)


def _round(dice: random.Random, id_: str, state: State, since: datetime) -> dict[str, Any]:
    decided = state in FINAL and state is not State.WITHDRAWN
    seconds = dice.randrange(60, 5 * 86400)
    return {
        "request": id_, "round": 1, "title": "T", "groups": [], "at": since, "automatic": dice.random() < 0.3,
        "lane": dice.choice(("declared", "lifted", "file")), "submitted_at": since - timedelta(seconds=seconds),
        "decided_at": since if decided else None, "decision": "approved" if decided else None,
        "seconds": seconds if decided else None,
    }  # fmt: skip
