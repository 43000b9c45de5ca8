"""Accreditation and training records, roles over time, and what they add up to.

Vocabulary
----------
record
    Proof that somebody was accredited (full or provisional, by which body) or trained, from one day to another, with
    its evidence. A record is never changed or deleted: it ends, by a withdrawal, as a mistake, or by its successor.
evidence
    Where the proof is: a certificate's number, a file's name in the administrators' archive, a letter's date.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.policies.conform import ALLOWED
from saferoom.policies.models import PolicyModel
from saferoom.projects.fields import TitleField, UsernameField
from saferoom.projects.people.model import EmailField, Person, Role, Training

LONGEST_YEARS = 10
"""A record that lasts longer is taken for a slip of the pen."""


class Kind(StrEnum):
    """What a record proves."""

    ACCREDITATION = "accreditation"
    TRAINING = "training"


class Accreditation(StrEnum):
    """How far an accreditation goes."""

    FULL = "full"
    PROVISIONAL = "provisional"


class Ending(StrEnum):
    """Why a record no longer counts before its last day."""

    WITHDRAWN = "withdrawn"
    """The body took it back, or the person gave it up: break-glass cannot bring it back either."""
    MISTAKE = "mistake"
    REPLACED = "replaced"


_TEXT = r"^[^\x00-\x08\x0b-\x1f\x7f]+$"
EvidenceField = Annotated[
    str,
    Field(
        min_length=3,
        max_length=2000,
        pattern=_TEXT,
        json_schema_extra={ALLOWED: "where the proof is: a number, a file's name, a letter's date"},
    ),
]
ReasonField = Annotated[
    str,
    Field(
        min_length=5, max_length=2000, pattern=_TEXT, json_schema_extra={ALLOWED: "a reason of 5 to 2,000 characters"}
    ),
]
LongTextField = Annotated[
    str,
    Field(
        min_length=20,
        max_length=2000,
        pattern=_TEXT,
        json_schema_extra={ALLOWED: "one or two sentences (20 to 2,000 characters)"},
    ),
]


class EndForm(PolicyModel):
    """Why a record ends early."""

    ending: Ending
    reason: ReasonField


class AccountForm(PolicyModel):
    """Why an account is closed or opened again; `version` is the one of the person that was shown."""

    reason: ReasonField
    version: int


class DeputyForm(PolicyModel):
    """Who may break the glass when no administrator can be reached, until when."""

    username: UsernameField
    until: date
    """Last day (UTC)."""


class AccreditationForm(PolicyModel):
    """An accreditation as an administrator writes it down."""

    level: Accreditation
    body: TitleField
    """The scheme or body, e.g. ``UK Statistics Authority, Digital Economy Act``."""
    granted: date
    expires: date
    """Last day (UTC)."""
    evidence: EvidenceField

    @field_validator("expires")
    @classmethod
    def _follows(cls, expires: date, info: ValidationInfo) -> date:
        return _check_dates(info.data.get("granted"), expires)


class TrainingForm(PolicyModel):
    """A training as an administrator writes it down."""

    course: Training
    body: TitleField
    """Who trained, e.g. ``ONS Safe Researcher Training``."""
    granted: date
    expires: date
    evidence: EvidenceField

    @field_validator("expires")
    @classmethod
    def _follows(cls, expires: date, info: ValidationInfo) -> date:
        return _check_dates(info.data.get("granted"), expires)


class PersonForm(PolicyModel):
    """What an administrator writes about a person who is new."""

    username: UsernameField
    display_name: TitleField
    email: EmailField | None = None
    roles: Annotated[frozenset[Role], Field(min_length=1)]


class PersonChange(PolicyModel):
    """What an administrator may change about a person; `version` is the one that was shown."""

    version: int
    display_name: TitleField
    email: EmailField | None = None
    roles: Annotated[frozenset[Role], Field(min_length=1)]


def _check_dates(granted: date | None, expires: date) -> date:
    if granted is not None and expires < granted:
        raise ValueError("the last day is before the day it was granted; look at both dates")
    if granted is not None and expires.year - granted.year > LONGEST_YEARS:
        raise ValueError(f"it would last more than {LONGEST_YEARS} years; look at the year of the last day")
    return expires


@dataclass(frozen=True)
class Record:
    """One record.

    Attributes
    ----------
    type : str
        Of an accreditation how far it goes, of a training which.
    granted : date or None
        None where it was registered by its last day alone.
    """

    id: str
    username: Username
    kind: Kind
    type: str
    body: str
    granted: date | None
    expires: date
    evidence: str
    recorded_by: str
    recorded_at: datetime
    ended_at: datetime | None = None
    ended_by: str = ""
    ending: Ending | None = None
    end_reason: str = ""

    def state(self, at: datetime) -> str:
        """Return ``holds``, ``lapsed`` or ``ended``."""
        if self.ended_at is not None:
            return "ended"
        return "holds" if at.astimezone(UTC).date() <= self.expires else "lapsed"


@dataclass(frozen=True)
class HeldRole:
    """One role over one stretch of time; `since` is None where it was held before roles had a history."""

    role: Role
    since: datetime | None
    granted_by: str
    ended_at: datetime | None = None
    ended_by: str = ""


@dataclass(frozen=True)
class Membership:
    """A membership of a project, current while it has no end."""

    project: ProjectSlug
    title: str
    since: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class Deputy:
    """Somebody an administrator named to break the glass when no administrator can be reached."""

    id: str
    username: Username
    named_by: str
    named_at: datetime
    until: date
    """Last day (UTC)."""
    ended_at: datetime | None = None
    ended_by: str = ""

    def live(self, at: datetime) -> bool:
        """Tell whether the naming holds at `at`."""
        return self.ended_at is None and at.astimezone(UTC).date() <= self.until


@dataclass(frozen=True)
class Dossier:
    """Everything kept about one person, newest first where time matters.

    Attributes
    ----------
    version : int
        Counts the changes of the person's own row.
    owns : tuple of DatasetName
        The datasets the person owns.
    """

    person: Person
    version: int
    records: tuple[Record, ...] = ()
    roles: tuple[HeldRole, ...] = ()
    memberships: tuple[Membership, ...] = ()
    owns: tuple[DatasetName, ...] = ()


def accredited_until(records: Iterable[Record]) -> date | None:
    """Return the last day of the accreditation that lasts longest, among records that have not ended."""
    days = [r.expires for r in records if r.kind is Kind.ACCREDITATION and r.ended_at is None]
    return max(days, default=None)


def trained_until(records: Iterable[Record]) -> dict[Training, date]:
    """Return the last day of each kind of training, among records that have not ended."""
    last: dict[Training, date] = {}
    for record in records:
        if record.kind is Kind.TRAINING and record.ended_at is None:
            kind = Training(record.type)
            last[kind] = max(record.expires, last.get(kind, record.expires))
    return last
