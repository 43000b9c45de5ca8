"""Reads certificates, and believes those alone that agree with themselves: losses are computed again from plans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from saferoom.digests import canonical
from saferoom.disclosure.privacy.certificate import (
    PRIVATE,
    VERSION,
    Certificate,
    Entry,
    Processing,
    Source,
    stated_loss,
)
from saferoom.disclosure.privacy.plan import PrivacyPlan
from saferoom.disclosure.verdict import Table
from saferoom.errors import BadInputError, IntegrityError
from saferoom.ids import Digest


def read(document: Mapping[str, Any]) -> Certificate:
    """Return the certificate that `document` is; its losses are computed again and nothing in it is unknown.

    Raises
    ------
    IntegrityError
        It is of another form, or does not agree with itself; the sentence says in what.
    """
    if document.get("version") != VERSION or isinstance(document.get("version"), bool):
        raise IntegrityError("the certificate is of a version this program does not know; use a newer one")
    if document.get("label") != PRIVATE:
        raise IntegrityError("the certificate is not one of differential privacy")
    found = _read(document)
    if found.plan.observed:
        raise IntegrityError("the certificate is of noise that is not differentially private; none may be")
    if document["plan_digest"] != found.plan.digest:
        raise IntegrityError("the certificate's plan is not the one that its digest names")
    if document["unit"] != found.plan.unit:
        raise IntegrityError("the certificate names another unit of privacy than its plan protects")
    again = _losses(found.plan)
    if document["aggregates"] != again["aggregates"]:
        raise IntegrityError("the certificate's scales and losses are not those that follow from its plan")
    if document["loss"] != again["loss"]:
        raise IntegrityError("the certificate's privacy loss is not the one that follows from its plan")
    if canonical(found.document()) != canonical(dict(document)):
        raise IntegrityError("the certificate has not exactly the entries of its version")
    return found


def _losses(plan: PrivacyPlan) -> dict[str, Any]:
    try:
        return stated_loss(plan)
    except Exception:
        # OpenDP's own errors, of scales and bounds that it has no map for.
        raise IntegrityError("the certificate's plan is not one that noise can be drawn by") from None


def _read(document: Mapping[str, Any]) -> Certificate:
    try:
        return Certificate(
            release=_text(document["release"]),
            project=_text(document["project"]),
            output=_whole(document["output"]),
            files={_text(suffix): Digest(_text(digest)) for suffix, digest in document["files"].items()},
            table=Digest(_text(document["table"])),
            plan=PrivacyPlan.from_json(document["plan"]),
            datasets=tuple(Source(_text(one["name"]), _text(one["version"])) for one in document["datasets"]),
            lineages=tuple(map(_text, document["lineages"])),
            policy=Digest(_text(document["policy"])),
            entry=_entry(document["ledger"]),
            software={_text(name): _text(version) for name, version in document["software"].items()},
            processing=None if document["processing"] is None else _processing(document["processing"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, BadInputError):
        raise IntegrityError("the certificate lacks an entry of its version, or has one of another kind") from None


def _entry(document: Mapping[str, Any]) -> Entry:
    return Entry(
        charge=_text(document["charge"]),
        at=_text(document["at"]),
        plan=Digest(_text(document["plan"])),
        rho=_whole(document["rho"]),
        delta=_whole(document["delta"]),
        accounts=tuple(map(_text, document["accounts"])),
        link=_whole(document["link"]),
        digest=Digest(_text(document["digest"])),
    )


def _processing(document: Mapping[str, Any]) -> Processing:
    drawn = document["drawn"]
    return Processing(
        drawn=Table(tuple(map(_text, drawn["columns"])), tuple(tuple(row) for row in drawn["rows"])),
        labels=_whole(document["labels"]),
        steps=tuple(dict(one) for one in document["steps"]),
        joined=dict(document["joined"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _whole(value: object) -> int:
    if type(value) is not int:
        raise TypeError("not a whole number")
    return value
