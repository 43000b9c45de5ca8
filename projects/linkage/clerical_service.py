"""Clerical review as its desk, the linkage and the operator call it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from saferoom.audit import Event
from saferoom.clock import Clock
from saferoom.digests import sha256
from saferoom.errors import BadInputError, NotFoundError, WrongStateError
from saferoom.ids import Username
from saferoom.projects.linkage.agreement import Agreement, agreement
from saferoom.projects.linkage.clerical import (
    FINAL,
    Choice,
    Pair,
    Progress,
    Review,
    State,
    Vote,
    agreed,
    decided,
    may_decide,
    may_review,
    may_undo,
)
from saferoom.projects.linkage.clerical_store import Reading, Store, Transaction
from saferoom.projects.people.entitlement import signed_in

_UNKNOWN = "there is no such pair to review"


@dataclass(frozen=True)
class Asked:
    """What a reviewer is shown next: a number, which the linker's zone turns into two records.

    Attributes
    ----------
    link, number, version
        None where nothing is waiting.
    undo : int or None
        The pair that the reviewer decided last. Whether that can still be taken back is told when it is asked for:
        it would say whether another reviewer has decided, too.
    """

    progress: Progress | None
    link: str | None = None
    number: int | None = None
    version: int | None = None
    undo: int | None = None


@dataclass(frozen=True)
class Clerical:
    """Opens reviews, hands out pairs, takes decisions and tells what they come to."""

    store: Store
    clock: Clock

    def open(self, actor: str, link: str, pairs: Sequence[tuple[int, int, bool]]) -> Review:
        """Open the review of a linked version, and close the ones of the same index before it.

        Parameters
        ----------
        link : str
            ``index@number``.
        pairs : sequence of (number, stratum, accepted)

        Raises
        ------
        BadInputError
            A pair comes twice, or the version has a review already.
        """
        if len({number for number, _, _ in pairs}) != len(pairs):
            raise BadInputError("a review cannot have the same pair twice")
        review = Review(link, len(pairs), self.clock.now())
        with self.store.transaction() as tx:
            if tx.review(link) is not None:
                raise BadInputError(f"{link} has a review already")
            for earlier in tx.reviews():
                if not earlier.closed and _index(earlier.link) == _index(link):
                    tx.close(earlier.link)
                    tx.record(Event(actor, "clerical.closed", f"linkage:{earlier.link}", {"by": link}))
            tx.add(review, [Pair(link, number, stratum, accepted) for number, stratum, accepted in pairs])
            tx.record(Event(actor, "clerical.opened", f"linkage:{link}", {"pairs": len(pairs)}))
        return review

    def enforce(self, username: Username) -> None:
        """Raise unless `username` is a clerical reviewer who may sign in."""
        with self.store.reading() as tx:
            self._enforce(tx, username)

    def next(self, username: Username) -> Asked:
        """Return what `username` decides next, in an order of that reviewer's own."""
        with self.store.reading() as tx:
            self._enforce(tx, username)
            first = None
            for review in tx.reviews():
                if review.closed:
                    continue
                found = self._asked(tx, review.link, username)
                if found.number is not None:
                    return found
                first = first or found
            return first or Asked(None)

    def shown(self, username: Username, link: str, number: int) -> None:
        """Raise unless `username` may see the two records of a pair now: it is waiting for that reviewer."""
        with self.store.reading() as tx:
            self._enforce(tx, username)
            may_decide(_open_pair(tx, link, tx.pair(link, number)), username).enforce()

    def decide(self, username: Username, link: str, number: int, choice: Choice) -> State:
        """Take a decision; the pair is settled when two agree, or a third has decided.

        Raises
        ------
        NotFoundError, WrongStateError
            There is no such pair, or it is settled, or decided by this reviewer already.
        """
        with self.store.transaction() as tx:
            self._enforce(tx, username)
            pair = _open_pair(tx, link, tx.locked(link, number))
            may_decide(pair, username).enforce()
            row = decided(pair, choice)
            vote = Vote(username, choice, pair.turn, self.clock.now())
            saved = replace(pair, state=row.to, votes=(*pair.votes, vote), version=pair.version + 1)
            tx.save(saved, vote)
            # Blind also for whoever reads the trail: a decision is told once the pair is settled.
            said: dict[str, Any] = {"pair": number, "turn": vote.turn}
            if row.to in FINAL:
                said |= {"outcome": row.to.value, "decisions": [one.choice.value for one in saved.votes]}
            tx.record(Event(username, row.audit, f"linkage:{link}", said))
            return row.to

    def undo(self, username: Username, link: str, number: int) -> None:
        """Take back the last decision, as long as nobody else has decided the pair.

        Raises
        ------
        NotFoundError, WrongStateError
            It is not this reviewer's last one, or somebody else has decided since.
        """
        with self.store.transaction() as tx:
            self._enforce(tx, username)
            pair = _open_pair(tx, link, tx.locked(link, number))
            may_undo(pair, username).enforce()
            last = tx.last_of(link, username)
            if last is None or last.number != number:
                raise WrongStateError("only the last decision can be taken back")
            tx.take_back(replace(pair, state=State.WAITING, votes=(), version=pair.version + 1), username)
            tx.record(Event(username, "clerical.undone", f"linkage:{link}", {"pair": number}))

    def settled(self, link: str) -> tuple[tuple[int, bool], ...]:
        """Return the pairs that people settled as (number, match), for the next run of the linkage."""
        with self.store.reading() as tx:
            pairs = tx.pairs(link)
        outcome = {State.MATCH: True, State.NO_MATCH: False}
        return tuple((pair.number, outcome[pair.state]) for pair in pairs if pair.state in outcome)

    def agreement(self, link: str) -> Agreement | None:
        """Return how far the reviewers of a version agree; None before any pair has two decisions."""
        with self.store.reading() as tx:
            return agreement(agreed(tx.pairs(link)))

    def summary(self, link: str) -> Mapping[str, Any]:
        """Return how far a review is and how far reviewers agree, JSON-ready; for operators, never for reviewers."""
        with self.store.reading() as tx:
            if tx.review(link) is None:
                raise NotFoundError("there is no such review")
            pairs = tx.pairs(link)
        found = agreement(agreed(pairs))
        return {
            "link": link,
            "pairs": len(pairs),
            "states": {state.value: sum(pair.state is state for pair in pairs) for state in State},
            "agreement": None if found is None else found.document(),
        }

    def _enforce(self, tx: Reading, username: Username) -> None:
        may_review(signed_in(tx.registry, username, self.clock.now())).enforce()

    def _asked(self, tx: Reading, link: str, username: Username) -> Asked:
        progress = tx.progress(link, username)
        last = tx.last_of(link, username)
        undo = None if last is None else last.number
        waiting = tx.open_to(link, username)
        if not waiting:
            return Asked(progress, link, undo=undo)
        # Everybody has an order of their own, so that where somebody is tells nothing of the others.
        number = min(waiting, key=lambda one: sha256(f"{link}|{username}|{one}".encode()))
        pair = tx.pair(link, number)
        return Asked(progress, link, number, pair.version if pair else None, undo)


def _open_pair(tx: Reading | Transaction, link: str, pair: Pair | None) -> Pair:
    review = tx.review(link)
    if review is None or pair is None:
        raise NotFoundError(_UNKNOWN)
    if review.closed:
        raise WrongStateError("this version has been linked anew; its review is closed")
    return pair


def _index(link: str) -> str:
    return link.rpartition("@")[0]
