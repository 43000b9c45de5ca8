"""A first password for somebody: random, and easy to type from paper."""

from __future__ import annotations

import secrets

from saferoom.hub.store.credentials import Enrolment
from saferoom.hub.wiring import Instance
from saferoom.ids import Username
from saferoom.projects.people.permissions import Action, Actor

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _LENGTH = 5, 4


def initial_password() -> str:
    """Return five groups of four letters and digits that cannot be mistaken for each other: 99 random bits."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_LENGTH)) for _ in range(_GROUPS))
    return "-".join(groups)


def give_password(on: Instance, actor: Actor, about: Username) -> tuple[str, Enrolment]:
    """Give somebody a first password and a second factor, and return both; earlier ones no longer work."""
    on.people.check_may(actor, Action.SET_PASSWORD, about)
    chosen = initial_password()
    return chosen, on.credentials.set_password(about, chosen, actor=actor.name)
