"""Sends the letters that are due: at least once, the same letter under the same name, and nothing to whoever left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from saferoom.clock import Clock
from saferoom.errors import NotFoundError
from saferoom.ids import Username
from saferoom.projects.notices import states
from saferoom.projects.notices.model import Letter, LetterState, Notice
from saferoom.projects.notices.patience import LEASE, LONGEST, pause
from saferoom.projects.notices.states import Step
from saferoom.projects.notices.store import Store

AT_A_TIME = 20
NO_ADDRESS = "no e-mail address is recorded for this person"
NOT_SET_UP = "e-mail is not set up"
BROKEN = "the letter could not be written; the service's log says more"


class Fate(StrEnum):
    """What became of a try."""

    SENT = "sent"
    REFUSED = "refused"
    """For good: trying again is no use."""
    LATER = "later"
    UNREACHABLE = "unreachable"
    """The mail server did not answer at all, so that the other letters need not be tried now."""


@dataclass(frozen=True)
class Outcome:
    """What became of a try, and why."""

    fate: Fate
    reason: str = ""


class Post(Protocol):
    """The way to the mail server; `saferoom.hub.notices.post` is one."""

    def send(self, letter: Letter, address: str) -> Outcome:
        """Send a letter with its notices to an e-mail address; never raises because of the mail server."""
        ...


def _nothing(_point: str) -> None:
    return None


def _silent(_letter: Letter, _error: Exception) -> None:
    return None


@dataclass(frozen=True)
class Sender:
    """Takes letters out of the store and hands them over.

    Attributes
    ----------
    refusal : callable
        Why a notice may not go to its recipient any more; the empty string when it may.
    checkpoint : callable
        Called between sending and writing that down; tests crash there.
    report : callable
        Told of a letter that could not be judged or written, and the error.
    """

    store: Store
    clock: Clock
    refusal: Callable[[Notice], str]
    checkpoint: Callable[[str], None] = _nothing
    report: Callable[[Letter, Exception], None] = _silent

    def send_due(self, post: Post | None, go_on: Callable[[], bool] = lambda: True) -> list[Letter]:
        """Send what is due, at most `AT_A_TIME`, and return the letters as they are afterwards.

        Parameters
        ----------
        post : Post or None
            None while e-mail is not set up: letters wait, for a while.
        go_on : callable
            Asked before each letter; False when the service stops.
        """
        now = self.clock.now()
        with self.store.reading() as tx:
            if not tx.due(now):
                return []
        with self.store.transaction() as tx:
            taken = tx.take(now, AT_A_TIME, LEASE)
        done: list[Letter] = []
        reached = True
        for letter in taken:
            if not go_on():
                after = replace(letter, next_at=now)
            else:
                after, reached = self._tried(letter, post if reached else None, reached)
            self.checkpoint("tried")
            with self.store.transaction() as tx:
                tx.save(after)
            done.append(after)
        return done

    def _tried(self, letter: Letter, post: Post | None, reached: bool) -> tuple[Letter, bool]:
        try:
            return self._sent(letter, post, reached)
        except Exception as error:
            # One letter that cannot be judged or written must not stop all others.
            self.report(letter, error)
            return self._postponed(letter, BROKEN, counts=True), reached

    def _sent(self, letter: Letter, post: Post | None, reached: bool) -> tuple[Letter, bool]:
        refusals = {notice.id: self.refusal(notice) for notice in letter.notices}
        kept = tuple(notice for notice in letter.notices if not refusals[notice.id])
        if not kept:
            return self._ended(letter, Step.DROP, next(iter(refusals.values()), "it tells nothing")), reached
        address = self._address(letter.to)
        if address is None:
            return self._ended(letter, Step.DROP, NO_ADDRESS), reached
        if post is None:
            return self._postponed(letter, NOT_SET_UP if reached else letter.reason, counts=False), reached
        outcome = post.send(replace(letter, notices=kept), address)
        if outcome.fate is Fate.SENT:
            return self._ended(letter, Step.SEND, ""), True
        if outcome.fate is Fate.REFUSED:
            return self._ended(letter, Step.GIVE_UP, outcome.reason), True
        return self._postponed(letter, outcome.reason, counts=True), outcome.fate is not Fate.UNREACHABLE

    def _address(self, to: Username) -> str | None:
        with self.store.reading() as tx:
            try:
                return tx.registry.person(to).email
            except NotFoundError:
                return None

    def _ended(self, letter: Letter, step: Step, reason: str) -> Letter:
        row = states.check(letter.state, step)
        tries = letter.tries + (step is not Step.DROP)
        return replace(letter, state=row.to, reason=reason, tries=tries, ended_at=self.clock.now())

    def _postponed(self, letter: Letter, reason: str, *, counts: bool) -> Letter:
        now, tries = self.clock.now(), letter.tries + counts
        wait = pause(max(tries, 1))
        if wait is None or now - letter.waits_since >= LONGEST:
            row = states.check(letter.state, Step.GIVE_UP)
            return replace(letter, state=row.to, reason=reason, tries=tries, ended_at=now)
        return replace(letter, state=LetterState.WAITING, reason=reason, tries=tries, next_at=now + wait)
