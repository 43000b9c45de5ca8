"""Synthetic twins of datasets as they are on record; their files are in the vault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from saferoom.hub.store.tables import TwinRow
from saferoom.ids import DatasetName, Digest


@dataclass(frozen=True)
class KeptTwin:
    """The twin of a dataset.

    Attributes
    ----------
    version : str
        Of which version's records it was made.
    sha256 : Digest or None
        Its file in the vault; None where there is none, and `document` says `why`.
    """

    version: str
    sha256: Digest | None
    document: Mapping[str, Any]
    at: datetime


def save_twin(session: Session, dataset: DatasetName, twin: KeptTwin, shape: str) -> None:
    """Record what came of making a twin, in the place of the one of an earlier shape."""
    kept = {"version": twin.version, "sha256": twin.sha256, "document": dict(twin.document), "at": twin.at}
    session.merge(TwinRow(dataset=dataset, shape=shape, **kept))
    session.flush()


def kept_shape(session: Session, dataset: DatasetName) -> str | None:
    """Return the shape of the dataset of which a twin was last tried; None before the first."""
    row = session.get(TwinRow, dataset)
    return None if row is None else row.shape


def kept_twin(session: Session, dataset: DatasetName) -> KeptTwin | None:
    """Return the twin of a dataset; None before a delivery came in."""
    row = session.get(TwinRow, dataset)
    if row is None:
        return None
    return KeptTwin(row.version, None if row.sha256 is None else Digest(row.sha256), row.document, row.at)
