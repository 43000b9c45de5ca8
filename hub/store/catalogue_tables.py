"""Tables of versions that came in, and of the public list of datasets."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from saferoom.hub.store.base import Base


class IngestedVersionRow(Base):
    """A version of a dataset that came in; added once, never changed."""

    __tablename__ = "datasets_ingested"

    dataset: Mapped[str] = mapped_column(ForeignKey("datasets.name"), primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    rows: Mapped[int] = mapped_column(BigInteger)
    first: Mapped[date | None]
    last: Mapped[date | None]
    breaking: Mapped[bool]
    ingested_at: Mapped[datetime]
    linkage_model: Mapped[str | None]
    quality_pack: Mapped[str | None]
    report: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """What the checks of its delivery found, for its data owner and the administrators."""
    profile: Mapped[bytes | None]
    """What the next version's drift is measured against, encrypted."""


class TwinRow(Base):
    """The synthetic twin of a dataset, made when a version of another shape came in."""

    __tablename__ = "dataset_twins"

    dataset: Mapped[str] = mapped_column(ForeignKey("datasets.name"), primary_key=True)
    version: Mapped[str]
    """Of which version's records it was made."""
    shape: Mapped[str]
    """Digest of what it depends on but the records; as long as it is the same, no other twin is made."""
    sha256: Mapped[str | None]
    """Its file in the vault; None where its limits did not hold, so that there is none."""
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime]


class CatalogueEntryRow(Base):
    """What is public of one dataset, as it was last changed; none for a dataset whose existence is confidential."""

    __tablename__ = "catalogue_entries"

    dataset: Mapped[str] = mapped_column(ForeignKey("datasets.name"), primary_key=True)
    document: Mapped[dict[str, Any]]
    digest: Mapped[str]
    at: Mapped[datetime]


class CatalogueHeadRow(Base):
    """The digest of the whole public list after one change of it; added, never changed."""

    __tablename__ = "catalogue_heads"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    previous: Mapped[str]
    digest: Mapped[str]
    datasets: Mapped[int]
    undisclosed: Mapped[int]
