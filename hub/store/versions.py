"""Versions of datasets that came in: their records, the reports of their checks, and their profiles, encrypted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from saferoom.digests import canonical
from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.store.cipher import AtRest
from saferoom.hub.store.registry_writer import RegistryWriter
from saferoom.hub.store.tables import IngestedVersionRow
from saferoom.ids import DatasetName
from saferoom.projects.administration.changes import Change, Verb
from saferoom.projects.catalogue.checks.report import DeliveryReport
from saferoom.projects.catalogue.versions import Version


def record_version(
    session: Session, log: AuditLog, version: Version, actor: str, checked: tuple[DeliveryReport, AtRest] | None = None
) -> None:
    """Record a version that came in, in the caller's transaction, with its audit event.

    Parameters
    ----------
    checked : (DeliveryReport, AtRest), optional
        What the checks found, and what its profile is encrypted with.

    Raises
    ------
    WrongStateError
        The dataset has a version of this name already.
    """
    key = f"{version.version} of {version.dataset}"
    change = Change(Verb.ADDED, "version", key, version, ())
    RegistryWriter(session, log, version.ingested_at, actor).write(change)
    if checked is not None:
        report, cipher = checked
        row = session.get_one(IngestedVersionRow, (version.dataset, version.version))
        row.report = report.to_json()
        row.profile = cipher.seal(canonical(dict(report.profile)), _about(version.dataset, version.version))
        session.flush()


def note_linkage(session: Session, dataset: DatasetName, version: str, model: str, quality_pack: str) -> None:
    """Add to a version by which model it was linked, and with which quality: known once it is linked."""
    row = session.get_one(IngestedVersionRow, (dataset, version))
    row.linkage_model, row.quality_pack = model, quality_pack
    session.flush()


def last_profile(session: Session, cipher: AtRest, dataset: DatasetName) -> Mapping[str, Any] | None:
    """Return the profile of a dataset's last version, None for a first version.

    Raises
    ------
    IntegrityError
        It was changed, or belongs to another version.
    """
    newest = (
        select(IngestedVersionRow)
        .where(IngestedVersionRow.dataset == dataset, IngestedVersionRow.profile.is_not(None))
        .order_by(IngestedVersionRow.ingested_at.desc(), IngestedVersionRow.version.desc())
        .limit(1)
    )
    row = session.scalars(newest).first()
    if row is None or row.profile is None:
        return None
    found: Mapping[str, Any] = json.loads(cipher.open(row.profile, _about(row.dataset, row.version)))
    return found


def report_of(session: Session, dataset: DatasetName, version: str) -> tuple[DeliveryReport, datetime] | None:
    """Return what the checks of a version found, and when it came; None where nothing is on record."""
    row = session.get(IngestedVersionRow, (dataset, version))
    if row is None or row.report is None:
        return None
    return DeliveryReport.read(row.report), row.ingested_at


def _about(dataset: str, version: str) -> dict[str, str]:
    return {"kind": "delivery profile", "dataset": dataset, "version": version}
