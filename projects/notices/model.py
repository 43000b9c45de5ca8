"""Notices: what somebody is told of, and the letters that carry notices out of the house.

Vocabulary
----------
notice
    One thing that one person is told. It names a kind, a thing (a request, a project ...) by its id, and nothing else:
    the words are made from the kind when it is shown, so no word of a researcher's can get into it.
category
    What kinds have in common for whoever chooses how to be told.
letter
    One e-mail: of one notice, or the digest of a day. Written in the transaction of what it tells of; sent afterwards.
side
    As what somebody is told (author, checkers, owners ...): who has changed sides gets no letter any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from saferoom.ids import ProjectSlug, Username
from saferoom.policies.models import PolicyModel


class Category(StrEnum):
    """What kinds of notices have in common."""

    REQUESTS = "requests"
    """Own requests: returned, rejected, released."""
    WORK = "work"
    """What waits for an output checker or a data owner."""
    PROJECTS = "projects"
    """Proposals, amendments, pauses, the end; privacy budgets that are spent."""
    ENDS = "ends"
    """Reminders that an accreditation, a training, a project or an approval ends."""
    SECURITY = "security"
    """Break-glass, withdrawn releases, opened archives, API tokens, second factors; nobody switches these off."""


class How(StrEnum):
    """How somebody gets the e-mail of a category."""

    AT_ONCE = "at-once"
    DAILY = "daily"
    OFF = "off"


class Subject(StrEnum):
    """What a notice is about, and so which page it leads to."""

    REQUEST = "request"
    PROJECT = "project"
    EMERGENCY = "emergency"
    PERSON = "person"
    STANDING = "standing"
    """The person's own standing."""
    TOKENS = "tokens"
    """The person's own API tokens."""
    BUDGET = "budget"
    """A privacy budget, by its address."""


class LetterState(StrEnum):
    """Where a letter is."""

    WAITING = "waiting"
    SENT = "sent"
    DROPPED = "dropped"
    """Nobody is there to get it: no address, or not concerned any more."""
    GIVEN_UP = "given-up"
    """The mail server refused it, or could not be reached for days."""


SETTLED: Mapping[Category, How] = {Category.SECURITY: How.AT_ONCE}
"""What nobody chooses."""


@dataclass(frozen=True)
class About:
    """What a notice is about.

    Attributes
    ----------
    id : str
        The request's, project's, emergency's, person's or budget's; empty for the own standing.
    """

    subject: Subject
    id: str = ""
    project: ProjectSlug | None = None


@dataclass(frozen=True)
class Notice:
    """One thing that one person is told.

    Attributes
    ----------
    key : str
        Stable: a notice of a key that is there already is not given again.
    kind : str
        The audit action of what happened, or ``reminder``; the words follow from it.
    facts : mapping of str to str
        Days, names of people and datasets, and shares of budgets, which reminders, break-glass acts and budgets name;
        empty for all others.
    id : int
        0 until it is stored.
    """

    key: str
    to: Username
    kind: str
    category: Category
    side: str
    about: About
    at: datetime
    facts: Mapping[str, str] = field(default_factory=dict)
    id: int = 0
    read_at: datetime | None = None


@dataclass(frozen=True)
class Letter:
    """One e-mail, sent or not.

    Attributes
    ----------
    message_id : str
        The left part of its Message-ID. It stays the same however often the letter is tried, so that one that arrives
        twice is known for the same.
    tries : int
        How often the mail server was asked since it waits.
    waits_since : datetime
        From here its patience counts; a repeat by an administrator begins anew.
    next_at : datetime
        When it is tried next.
    reason : str
        Why it was not sent (yet); never any words of the mail server's.
    notices : tuple of Notice
        What it tells.
    """

    id: str
    to: Username
    category: Category | None
    """None for a digest, which may hold several."""
    state: LetterState
    message_id: str
    created_at: datetime
    waits_since: datetime
    next_at: datetime
    tries: int = 0
    reason: str = ""
    ended_at: datetime | None = None
    notices: tuple[Notice, ...] = ()


class ChoiceForm(PolicyModel):
    """How somebody wants to be told, for each category that can be chosen."""

    requests: How
    work: How
    projects: How
    ends: How

    def chosen(self) -> dict[Category, How]:
        """Return the choice by category."""
        return {Category(name): getattr(self, name) for name in type(self).model_fields}
