"""What the public register says, and what it never says.

Everybody may read it, so every field here was decided on; there is no other way into the register.

Public: which projects were approved, what they want to find out and for whose benefit, under which law, from which
datasets, until when; which datasets there are, with their non-confidential metadata
(`saferoom.projects.catalogue.public`); which releases left, when, from which project and datasets, how they were
checked, and the digest by which a bundle is recognised; every withdrawal; how long decisions take; the signed head of
the audit trail.

Not public: people, whatever they did; proposals that were not approved; a dataset's source, direct identifiers and
policies; datasets whose existence is confidential, which are counted and named nowhere; the titles, words, queries and
numbers of releases. Those words are a researcher's, or follow from what a researcher asked for: published by themselves
they would be a way out of the room (see ADR 0007).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from saferoom.clock import isoformat
from saferoom.ids import DatasetName, Digest, ProjectSlug, ReleaseId
from saferoom.projects.catalogue.public import digest

VERSION = 1
CATALOGUE_TYPE = "application/vnd.saferoom.catalogue-head+json"
"""The type of the signed head of the list of datasets."""


class PublicState(StrEnum):
    """Where an approved project stands."""

    ACTIVE = "active"
    PAUSED = "paused"
    CLOSED = "closed"


@dataclass(frozen=True)
class PublicProject:
    """An approved project.

    Attributes
    ----------
    question, benefit, gateway : str
        What is to be found out, what the public gains, and the law that allows it; empty for a project that was
        registered without a proposal.
    datasets : tuple of DatasetName
        Those that were approved for it, also when the approval has ended.
    releases : int
        How often something left.
    """

    slug: ProjectSlug
    title: str
    state: PublicState
    ends: date | None
    datasets: tuple[DatasetName, ...]
    releases: int
    question: str = ""
    benefit: str = ""
    gateway: str = ""

    def document(self) -> dict[str, Any]:
        """Return the project as a JSON-ready document."""
        return {
            "slug": self.slug,
            "title": self.title,
            "state": self.state.value,
            "ends": self.ends.isoformat() if self.ends else None,
            "datasets": list(self.datasets),
            "releases": self.releases,
            "question": self.question,
            "benefit": self.benefit,
            "gateway": self.gateway,
        }


@dataclass(frozen=True)
class PublicDataset:
    """A dataset that projects may ask for; `projects` and `releases` count those that used it."""

    name: DatasetName
    title: str
    version: str
    projects: int
    releases: int

    def document(self) -> dict[str, Any]:
        """Return the dataset as a JSON-ready document."""
        return {
            "name": self.name,
            "title": self.title,
            "version": self.version,
            "projects": self.projects,
            "releases": self.releases,
        }


@dataclass(frozen=True)
class CatalogueHead:
    """The newest state of the public list of datasets; its digest covers the one before it.

    Attributes
    ----------
    datasets, undisclosed : int
        How many are named, and how many are not.
    """

    number: int
    at: datetime
    previous: Digest
    digest: Digest
    datasets: int
    undisclosed: int

    def document(self) -> dict[str, Any]:
        """Return the head as a JSON-ready document."""
        return {
            "number": self.number,
            "at": isoformat(self.at),
            "previous": self.previous,
            "digest": self.digest,
            "datasets": self.datasets,
            "undisclosed": self.undisclosed,
        }


@dataclass(frozen=True, eq=False)
class CatalogueList:
    """The public list of datasets: an entry for each, its digest, and the head; None while the list never changed."""

    entries: tuple[Mapping[str, Any], ...]
    undisclosed: int
    head: CatalogueHead | None

    def document(self) -> dict[str, Any]:
        """Return the list as a JSON-ready document."""
        return {
            "version": VERSION,
            "head": self.head.document() if self.head else None,
            "undisclosed": self.undisclosed,
            "datasets": [{**entry, "sha256": digest(dict(entry))} for entry in self.entries],
        }


@dataclass(frozen=True)
class Withdrawn:
    """That a release is withdrawn: when, for which kind of cause, and the signed statement."""

    at: datetime
    cause: str
    statement: Mapping[str, Any] = field(repr=False)

    def document(self) -> dict[str, Any]:
        """Return the withdrawal as a JSON-ready document."""
        return {"at": isoformat(self.at), "cause": self.cause, "statement": dict(self.statement)}


@dataclass(frozen=True)
class PublicRelease:
    """What left once.

    Attributes
    ----------
    datasets : tuple of (DatasetName, str)
        Each with its version.
    outputs : mapping of str to int
        How many outputs, by what was known of their numbers (the lane).
    checkers : int
        Approvals by output checkers that each output needed; 0 for a release proven safe.
    bundle : Digest
        The SHA-256 of the bundle's bytes.
    link, link_digest : int, Digest
        The link of the audit trail that approved it.
    """

    id: ReleaseId
    at: datetime
    project: ProjectSlug
    datasets: tuple[tuple[DatasetName, str], ...]
    outputs: Mapping[str, int]
    automatic: bool
    checkers: int
    bundle: Digest
    link: int
    link_digest: Digest
    withdrawn: Withdrawn | None = None

    def document(self) -> dict[str, Any]:
        """Return the release as a JSON-ready document."""
        return {
            "id": self.id,
            "at": isoformat(self.at),
            "project": self.project,
            "datasets": [{"name": name, "version": version} for name, version in self.datasets],
            "outputs": dict(self.outputs),
            "automatic": self.automatic,
            "checkers": self.checkers,
            "bundle": {"sha256": self.bundle},
            "audit": {"link": self.link, "digest": self.link_digest},
            "withdrawn": self.withdrawn.document() if self.withdrawn else None,
        }


@dataclass(frozen=True)
class Head:
    """The audit trail's newest signed head: whoever keeps it notices if anything before it is changed."""

    seq: int
    at: datetime
    digest: Digest
    envelope: Mapping[str, Any] = field(repr=False)

    def document(self) -> dict[str, Any]:
        """Return the head as a JSON-ready document."""
        return {"seq": self.seq, "at": isoformat(self.at), "digest": self.digest, "envelope": dict(self.envelope)}


@dataclass(frozen=True)
class Totals:
    """How many of everything there are."""

    projects: int
    active: int
    datasets: int
    releases: int
    withdrawn: int

    def document(self) -> dict[str, Any]:
        """Return the totals as a JSON-ready document."""
        return {
            "projects": self.projects,
            "active_projects": self.active,
            "datasets": self.datasets,
            "releases": self.releases,
            "withdrawn_releases": self.withdrawn,
        }


def public_state(*, active: bool, paused: bool, ends: date | None, today: date) -> PublicState:
    """Return where an approved project stands; one whose last day is over is closed, whoever forgot to close it."""
    if not active or (ends is not None and today > ends):
        return PublicState.CLOSED
    return PublicState.PAUSED if paused else PublicState.ACTIVE
