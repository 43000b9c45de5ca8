"""Who sees a privacy budget, and who sets its limit: one table.

Vocabulary
----------
standing
    What somebody is to an account. A data owner who is a member of the project is a member alone.

Whoever has no standing is not told whether there is such an account.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from saferoom.ids import DatasetName, ProjectSlug
from saferoom.projects.decision import ALLOWED, Decision, forbidden, unknown
from saferoom.projects.ledger.accounts import lineages_used, parts_of
from saferoom.projects.ledger.model import AccountId, AccountKind
from saferoom.projects.people.model import Person, Role
from saferoom.projects.registry import Registry

RULE = "ledger.permissions"


class Standing(StrEnum):
    """What somebody is to an account."""

    OWNER = "data owner"
    MEMBER = "member"
    ADMINISTRATOR = "administrator"
    OPERATOR = "operator"


class Action(StrEnum):
    """What can be done with an account."""

    VIEW = "view"
    """The limit, what is spent and left, and the forecast."""
    VIEW_CHARGES = "view_charges"
    """What was charged, for which project, by whom."""
    SET = "set"


_ADMINISTRATION = frozenset({Standing.ADMINISTRATOR, Standing.OPERATOR})
_OWNER = frozenset({Standing.OWNER})
_EVERYBODY = frozenset(Standing)

PERMITTED: Mapping[AccountKind, Mapping[Action, frozenset[Standing]]] = {
    AccountKind.LINEAGE: {
        Action.VIEW: _EVERYBODY,
        Action.VIEW_CHARGES: _OWNER | _ADMINISTRATION,
        Action.SET: _OWNER,
    },
    AccountKind.OWNER: {
        Action.VIEW: _OWNER | _ADMINISTRATION,
        Action.VIEW_CHARGES: _OWNER | _ADMINISTRATION,
        Action.SET: _OWNER,
    },
    AccountKind.PROJECT: {
        Action.VIEW: _EVERYBODY,
        Action.VIEW_CHARGES: _EVERYBODY,
        Action.SET: _ADMINISTRATION,
    },
    AccountKind.APPROVAL: {
        Action.VIEW: _EVERYBODY,
        Action.VIEW_CHARGES: _EVERYBODY,
        Action.SET: frozenset(),
    },
}

_SET_BY = {
    AccountKind.LINEAGE: "Only the data owner sets the limit of a dataset.",
    AccountKind.OWNER: "Data owners set the limit of their own data.",
    AccountKind.PROJECT: "Only administrators set the limit of a project.",
    AccountKind.APPROVAL: "This limit is part of the approval's terms; the data owner revises those on the page of "
    "the project.",
}


def standings(person: Person | None, registry: Registry, id_: AccountId, at: datetime) -> frozenset[Standing]:
    """Return what `person` (None for the machine's operator) is to an account."""
    if person is None:
        return frozenset({Standing.OPERATOR})
    found = {Standing.ADMINISTRATOR} if Role.ADMINISTRATOR in person.roles else set()
    if _member(person, registry, id_, at):
        found.add(Standing.MEMBER)
    if Role.DATA_OWNER in person.roles and _owns(person, registry, id_):
        found.add(Standing.OWNER)
    if id_.kind in (AccountKind.PROJECT, AccountKind.APPROVAL) and Standing.MEMBER in found:
        found.discard(Standing.OWNER)
    return frozenset(found)


def may(standing: frozenset[Standing], kind: AccountKind, action: Action) -> Decision:
    """Decide whether somebody with `standing` may take `action` on an account of `kind`."""
    if not standing & PERMITTED[kind][Action.VIEW]:
        return unknown("unknown-budget", "There is no such privacy budget.", RULE)
    if standing & PERMITTED[kind][action]:
        return ALLOWED
    if action is Action.SET:
        return forbidden("not-permitted", _SET_BY[kind], RULE)
    return forbidden("not-permitted", "What was charged is shown to the data owner and to administrators.", RULE)


def _member(person: Person, registry: Registry, id_: AccountId, at: datetime) -> bool:
    if id_.kind is AccountKind.LINEAGE:
        return DatasetName(id_.name) in lineages_used(registry, person.username, at)
    if id_.kind is AccountKind.OWNER:
        return False
    slug = _project(id_)
    return any(one.slug == slug for one in registry.projects_of(person.username))


def _owns(person: Person, registry: Registry, id_: AccountId) -> bool:
    if id_.kind is AccountKind.OWNER:
        return id_.name == person.username
    owners = registry.owners()
    if id_.kind is AccountKind.LINEAGE:
        return owners.get(DatasetName(id_.name)) == person.username
    if id_.kind is AccountKind.APPROVAL:
        return owners.get(parts_of(id_)[1]) == person.username
    return any(owners.get(one.dataset) == person.username for one in registry.approvals(_project(id_)))


def _project(id_: AccountId) -> ProjectSlug:
    return parts_of(id_)[0] if id_.kind is AccountKind.APPROVAL else ProjectSlug(id_.name)
