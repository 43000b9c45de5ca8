"""Projects as typed documents: what the API answers, and what ``saferoom admin project --json`` prints."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, field_serializer

from saferoom.hub.web.api.documents import Document
from saferoom.ids import DatasetName
from saferoom.policies.models import RiskAppetite
from saferoom.projects.catalogue.purposes import Purpose
from saferoom.projects.life import alterations
from saferoom.projects.life.model import Amendment as AmendmentRecord
from saferoom.projects.life.model import AmendmentState, Choice, Life, Origin
from saferoom.projects.life.states import Action, State
from saferoom.projects.life.view import View

SortedNames = Annotated[list[str], BeforeValidator(sorted)]
"""Names of a set, which has no order of its own."""


class Limits(RiskAppetite):
    """Stricter limits than the dataset's own, as a policy states them."""

    model_config = ConfigDict(from_attributes=True)

    @field_serializer("structural")
    def _in_order(self, names: frozenset[str]) -> list[str]:
        return sorted(names)


class Signature(Document):
    """One signature of an envelope."""

    keyid: str
    sig: str


class Envelope(Document):
    """A signed statement as DSSE; ``saferoom verify`` checks it."""

    payload: str
    """The statement in canonical JSON, as base64."""
    payload_type: Annotated[str, Field(alias="payloadType")]
    signatures: list[Signature]


class WantedData(Document):
    """One dataset that a project wants."""

    dataset: str
    variables: list[str] | None
    """Null means all that are neither ids nor direct identifiers."""
    rows: str | None
    """A condition in the language of declared queries; null means all rows."""


class ProjectProposal(Document):
    """What a project wants to do; of a running one, what holds now."""

    slug: str
    title: str
    question: str
    benefit: str
    gateway: str
    assessment: str
    outputs: str
    purposes: list[Purpose]
    members: SortedNames
    ends: date | None
    datasets: list[WantedData]


class Budget(Document):
    """The most privacy loss that a project may spend on a dataset, as exact decimals."""

    epsilon: Decimal
    delta: Decimal


class AgreedTerms(Document):
    """What a data owner allows and asks."""

    until: date
    variables: list[str] | None
    rows: str | None
    automatic: bool
    risk_appetite: Limits | None
    checkers: int | None
    sign_off: bool
    budget: Budget | None


class Ruling(Document):
    """A data owner's decision about one dataset; later ones are added, none is changed."""

    number: int
    round: int
    amendment: int | None
    """The amendment that it decides; null for the proposal itself."""
    dataset: str
    choice: Choice
    by: str
    at: datetime
    reason: str
    terms: AgreedTerms | None


class ProjectChange(Document):
    """What an amendment changes."""

    add: SortedNames
    remove: SortedNames
    ends: date | None
    purposes: list[Purpose] | None
    """What the project is for from now on; null where that stays."""
    datasets: list[WantedData]
    drop: SortedNames


class Amendment(Document):
    """A change of a running project."""

    number: int
    state: AmendmentState
    by: str
    why: str
    change: ProjectChange
    words: list[str]
    """The change, one sentence per thing."""
    asks: list[str]
    """The datasets whose owners decide."""
    at: datetime
    since: datetime
    reason: str


class Hold(Document):
    """Somebody's word that the project pauses."""

    by: str
    side: str
    """Who may lift it: ``administrators``, or a data owner."""
    reason: str
    since: datetime


class Seal(Document):
    """The sealed workspace of a closed project, and the certificate once it is deleted."""

    sealed_at: datetime
    retain_until: date
    statement: Envelope
    deleted_at: datetime | None
    certificate: Envelope | None


class Waits(Document):
    """Who has to act, what for, and since when."""

    who: str
    what: str
    since: datetime


class DataApproval(AgreedTerms):
    """What holds, or held, of one dataset."""

    dataset: str
    granted_by: str
    ended_at: datetime | None
    held: int | None
    """The number of the version that the project keeps until a breaking change is confirmed."""


class Change(Document):
    """One change of one variable, or of the units."""

    subject: str
    what: str
    before: str
    after: str
    sentence: str


class Refresh(Document):
    """A breaking change of a dataset that its owner has to confirm."""

    dataset: str
    since: datetime
    before: str
    after: str
    changes: list[Change]


class Project(Document):
    """Everything about a project, for those whom it concerns."""

    slug: str
    state: State
    origin: Origin
    lead: str | None
    version: int
    round: int
    reason: str
    since: datetime
    created_at: datetime
    updated_at: datetime
    submitted_at: datetime | None
    proposal: ProjectProposal
    rulings: list[Ruling]
    amendments: list[Amendment]
    holds: list[Hold]
    """Those that keep it paused."""
    approvals: list[DataApproval]
    refreshes: list[Refresh]
    seal: Seal | None
    waiting: list[Waits]
    can: list[Action]
    """What the caller can do now; of deeds on data, for own datasets alone."""


class ProjectDone(Document):
    """Where a project is after a deed."""

    slug: str
    state: State
    version: int


class ProjectLine(Document):
    """A project as lists show it."""

    slug: str
    title: str
    state: State
    lead: str | None
    ends: date | None
    since: datetime
    updated_at: datetime
    waits: list[str]
    """Datasets whose owners have to decide something now."""


class ProjectEvent(Document):
    """One link of the audit trail about a project."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str


class UnusedVariables(Document):
    """What the queries of a project never named of one dataset."""

    dataset: str
    since: date | None
    """The first day whose queries were looked at; null for all time."""
    approved: list[str]
    used: list[str]
    unused: list[str]
    queries: int
    snapshots: int
    """Of the queries, those over tables made in rooms, which may hold any variable."""
    unreadable: int
    """Of the queries, those that cannot be read any more; nothing is called unused while there are some."""
    sentence: str


class NewVersion(Document):
    """A new version of a dataset that a project was given."""

    dataset: str
    before: str
    version: str
    changes: list[str]
    at: datetime


class ProjectUse(Document):
    """Which variables a project never used, and which new versions it was given, the newest first."""

    datasets: list[UnusedVariables]
    refreshes: list[NewVersion]


class ProjectRelease(Document):
    """An output that left a project."""

    request: str
    title: str
    at: datetime


def project_document(view: View) -> Project:
    """Return everything that somebody sees of a project."""
    life = view.life
    kept = ("slug", "state", "origin", "lead", "version", "round", "reason", "since", "created_at", "updated_at")
    values = {name: getattr(life, name) for name in (*kept, "submitted_at", "proposal", "rulings", "seal")}
    values |= {
        "amendments": [_amendment(one) for one in life.amendments],
        "holds": life.holding,
        "approvals": [view.approvals[name] for name in sorted(view.approvals)],
        "refreshes": [_refresh(view, name) for name in sorted(view.refreshes)],
        "waiting": view.waiting(),
        "can": list(_possible(view)),
    }
    return Project.model_validate(values, from_attributes=True)


def done(life: Life) -> ProjectDone:
    """Return where a project is after a deed."""
    return ProjectDone.model_validate(life)


def _amendment(found: AmendmentRecord) -> dict[str, Any]:
    kept = ("number", "state", "by", "why", "change", "asks", "at", "since", "reason")
    return {name: getattr(found, name) for name in kept} | {"words": alterations.words(found.change)}


def _refresh(view: View, name: DatasetName) -> dict[str, Any]:
    found = view.refreshes[name]
    kept = ("since", "before", "after", "changes")
    return {"dataset": name} | {one: getattr(found, one) for one in kept}


def _possible(view: View) -> Iterable[Action]:
    return (action for action in Action if action is not Action.VIEW and view.may(action))
