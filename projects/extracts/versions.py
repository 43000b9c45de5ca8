"""Which versions of an extract stay, and which are removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.extracts.manifest import ExtractFile

USUAL = 3
"""How many versions stay where the data owner says nothing, the newest among them."""


@dataclass(frozen=True)
class Retention:
    """How long versions stay.

    Attributes
    ----------
    versions : int
        Most versions of one dataset, the newest among them.
    until : date or None
        Last day (UTC) on which older versions than the newest stay; None for no such day.
    """

    versions: int = USUAL
    until: date | None = None


def retention_of(dataset: Dataset) -> Retention:
    """Return what the dataset's owner said, or what is usual."""
    said = dataset.refresh
    if said is None:
        return Retention()
    return Retention(said.keep_versions or USUAL, said.keep_until)


def staying(files: Sequence[ExtractFile], retention: Retention, at: datetime) -> tuple[ExtractFile, ...]:
    """Return those versions of one dataset that stay, of `files` with the newest first."""
    if retention.until is not None and at.astimezone(UTC).date() > retention.until:
        return tuple(files[:1])
    return tuple(files[: retention.versions])
