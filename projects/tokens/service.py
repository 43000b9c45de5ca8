"""API tokens as everybody calls them: the page, the HTTP API, ``saferoom admin`` and the service's own chores.

A token is looked up at every use, and its person's standing with it: whoever lapses, whose account is closed or whose
password is set anew has no token any more, and gets none back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from saferoom.audit import Event
from saferoom.clock import Clock, isoformat
from saferoom.errors import BadInputError, NotFoundError, TooManyError, UnauthenticatedError, WrongStateError
from saferoom.ids import Username, new_id
from saferoom.projects.decision import Decision, forbidden
from saferoom.projects.notices.making import of_tokens
from saferoom.projects.paging import Cut, Paged
from saferoom.projects.people import permissions
from saferoom.projects.people.entitlement import may_sign_in, signed_in
from saferoom.projects.people.permissions import Action, Actor
from saferoom.projects.tokens.model import (
    MOST_TOKENS,
    Ending,
    Holder,
    Listing,
    Scope,
    Token,
    TokenForm,
    digest_of,
    looks_like_one,
)
from saferoom.projects.tokens.store import Reading, Store, Transaction

FIRST_PAGE = Cut()
SYSTEM = "system"
NO_TOKEN = "there is no such token"  # noqa: S105 - a sentence
UNKNOWN = "this token is not known here or has ended; make a new one on the page 'API tokens'"
_WRONG = "The password or the code is wrong. A code counts once: wait for the next one if it was just used."
_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Made:
    """A token with its secret, which is shown this once."""

    token: Token
    secret: str


@dataclass(frozen=True)
class Tokens:
    """Makes, ends and recognises tokens.

    Attributes
    ----------
    prove : callable
        Decides whether a password and a code are a person's; attempts are counted there.
    draw : callable
        Returns a new secret.
    """

    store: Store
    clock: Clock
    prove: Callable[[Username, str, str], Decision]
    draw: Callable[[], str]

    # What everybody does with their own

    def make(self, actor: Actor, form: TokenForm) -> Made:
        """Make a token for `actor`, who proves once more to be that person.

        Raises
        ------
        BadInputError
            The proof is wrong, the days are more than the policy allows, or there are too many tokens.
        """
        with self.store.reading() as tx:
            username = self._checked(tx, actor, form)
        decision = self.prove(username, form.password, form.code)
        if not decision:
            if decision.error is TooManyError:
                decision.enforce()
            raise BadInputError(_WRONG, field="password")
        secret, now = self.draw(), self.clock.now()
        token = Token(new_id("token"), username, form.name, form.scope, now, now + timedelta(days=form.days))
        with self.store.transaction() as tx:
            tx.lock(username)
            self._checked(tx, actor, form)
            tx.add(token, digest_of(secret))
            said = {"token": token.id, "scope": token.scope.value, "until": isoformat(token.expires_at)}
            tx.record(Event(actor.name, "token.made", f"person:{username}", said))
            tx.tell([of_tokens("token.made", [token], now)])
        return Made(token, secret)

    def longest_days(self) -> int:
        """Return how long a token may last by the instance's policy; 0 when there are to be none."""
        with self.store.reading() as tx:
            return _longest(tx)

    def of(self, actor: Actor, username: Username, cut: Cut = FIRST_PAGE) -> Paged[Listing]:
        """Return a page of somebody's tokens, newest first: one's own, or anybody's to administrators."""
        with self.store.reading() as tx:
            self._allow(tx, actor, Action.VIEW_TOKENS, username)
            tx.registry.person(username)
            found, judge = tx.tokens(username, cut), self._judge(tx, username)
            return found.map(lambda one: Listing(one, judge(one)))

    def end(self, actor: Actor, id_: str) -> Token:
        """End one token; it is refused from its next use on."""
        with self.store.transaction() as tx:
            found = tx.token(id_)
            if found is None:
                raise NotFoundError(NO_TOKEN)
            decision = permissions.may(self._standing(tx, actor, found.username), Action.END_TOKENS)
            if decision.error is NotFoundError:
                raise NotFoundError(NO_TOKEN)
            decision.enforce()
            if found.ending is not None:
                raise WrongStateError("this token has ended already")
            return self._end(tx, actor, [found])[0]

    # What administrators do

    def end_all(self, actor: Actor, username: Username) -> tuple[Token, ...]:
        """End every token of somebody; return those that held."""
        with self.store.transaction() as tx:
            self._allow(tx, actor, Action.END_TOKENS, username)
            tx.registry.person(username)
            return self._end(tx, actor, tx.open(self.clock.now(), username))

    # What the service does

    def holder(self, secret: str) -> Holder:
        """Return whom `secret` stands for at this moment, and note that it was used.

        Raises
        ------
        UnauthenticatedError
            There is no such token, or it has ended.
        ForbiddenError
            Its person may not sign in any more; the token has ended with this use.
        """
        if not looks_like_one(secret):
            raise UnauthenticatedError(UNKNOWN)
        now = self.clock.now()
        with self.store.reading() as tx:
            token = tx.by_digest(digest_of(secret))
            if token is None or self._judge(tx, token.username)(token) is not None:
                raise UnauthenticatedError(UNKNOWN)
            entitled = may_sign_in(tx.registry, token.username, now)
        if not entitled:
            self._void([token], Ending.STANDING)
            entitled.enforce()
        if token.used_at is None or now - token.used_at >= _NOTED_EVERY:
            self._used(token, now)
        return Holder(token.username, token.id, token.scope)

    def tidy(self) -> int:
        """End the tokens of people who may not sign in any more or have a new password; return how many."""
        now, gone = self.clock.now(), 0
        with self.store.reading() as tx:
            held = tx.open(now)
            judged = [(one, self._judge(tx, one.username)(one)) for one in held]
            allowed = {one.username: may_sign_in(tx.registry, one.username, now) for one in held}
        lapsed = [one for one, _ in judged if not allowed[one.username]]
        replaced = [one for one, why in judged if why is Ending.PASSWORD and one not in lapsed]
        for tokens, why in ((lapsed, Ending.STANDING), (replaced, Ending.PASSWORD)):
            gone += self._void(tokens, why)
        return gone

    def _checked(self, tx: Reading, actor: Actor, form: TokenForm) -> Username:
        """Return who may make the token that `form` asks for."""
        self._allow(tx, actor, Action.MAKE_TOKEN, actor.username)
        longest = _longest(tx)
        if longest == 0:
            forbidden("no-tokens", "API tokens are switched off on this instance.", permissions.RULE).enforce()
        if actor.username is None:
            raise NotFoundError(NO_TOKEN)
        if form.days > longest:
            raise BadInputError(f"a token may last {longest} days at most here", field="days")
        judge = self._judge(tx, actor.username)
        if sum(judge(one) is None for one in tx.open(self.clock.now(), actor.username)) >= MOST_TOKENS:
            raise BadInputError(f"you have {MOST_TOKENS} tokens that hold; end one first")
        return actor.username

    def _judge(self, tx: Reading, username: Username) -> Callable[[Token], Ending | None]:
        now, longest, password_set = self.clock.now(), _longest(tx), tx.password_set(username)
        return lambda token: token.ending_at(now, longest, password_set)

    def _end(self, tx: Transaction, actor: Actor, tokens: Iterable[Token]) -> tuple[Token, ...]:
        """End one person's `tokens`; the person is told when somebody else did it."""
        now = self.clock.now()
        ended = [replace(one, ended_at=now, ended_by=actor.name, ending=Ending.ENDED) for one in tokens]
        for one in ended:
            tx.save(one)
            tx.record(Event(actor.name, "token.ended", f"person:{one.username}", {"token": one.id}))
        if ended and ended[0].username != actor.username:
            tx.tell([of_tokens("token.ended", ended, now)])
        return tuple(ended)

    def _void(self, tokens: Iterable[Token], why: Ending) -> int:
        """End tokens because of what happened to their person."""
        now, count = self.clock.now(), 0
        for one in tokens:
            with self.store.transaction() as tx:
                if _unended(tx, one):
                    tx.save(replace(one, ended_at=now, ended_by=SYSTEM, ending=why))
                    said = {"token": one.id, "reason": why.value}
                    tx.record(Event(SYSTEM, "token.ended", f"person:{one.username}", said))
                    count += 1
        return count

    def _used(self, token: Token, at: datetime) -> None:
        with self.store.transaction() as tx:
            found = tx.token(token.id)
            if found is not None:
                tx.save(replace(found, used_at=at))

    def _allow(self, tx: Reading, actor: Actor, action: Action, about: Username | None) -> None:
        permissions.may(self._standing(tx, actor, about), action).enforce()

    def _standing(self, tx: Reading, actor: Actor, about: Username | None) -> frozenset[permissions.Standing]:
        person = None if actor.username is None else signed_in(tx.registry, actor.username, self.clock.now())
        # Deputies have nothing to do with tokens, so nobody asks who is one.
        return permissions.standings(person, False, about)


def may_do(scope: Scope, reads: bool) -> Decision:
    """Decide whether a token of `scope` is good for a call that only reads, or for one that does something."""
    if reads or scope is Scope.ACT:
        return Decision(allowed=True)
    return forbidden(
        "read-only-token", "This token is good for reading only; make one with the scope 'act'.", "tokens.scope"
    )


def _longest(tx: Reading) -> int:
    return tx.registry.platform().api_token_days


def _unended(tx: Reading, token: Token) -> bool:
    found = tx.token(token.id)
    return found is not None and found.ending is None
