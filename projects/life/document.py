"""A project's life as one JSON document: what the command line and the API print."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from saferoom.clock import isoformat
from saferoom.projects.life import alterations
from saferoom.projects.life.model import Alteration, Life, Ruling
from saferoom.projects.life.store import Line
from saferoom.projects.life.view import Waiting


def life_document(life: Life, waiting: Iterable[Waiting] = ()) -> dict[str, Any]:
    """Return everything about a project; sets in the order of their names."""
    proposal = life.proposal.model_dump(mode="json") | {"members": sorted(life.proposal.members)}
    seal = life.seal
    return {
        "slug": life.slug,
        "state": life.state.value,
        "origin": life.origin.value,
        "lead": life.lead,
        "version": life.version,
        "round": life.round,
        "reason": life.reason,
        "since": isoformat(life.since),
        "created_at": isoformat(life.created_at),
        "updated_at": isoformat(life.updated_at),
        "submitted_at": None if life.submitted_at is None else isoformat(life.submitted_at),
        "proposal": proposal,
        "rulings": [_ruling(ruling) for ruling in life.rulings],
        "amendments": [
            {
                "number": one.number,
                "state": one.state.value,
                "by": one.by,
                "why": one.why,
                "change": alteration_document(one.change),
                "words": list(alterations.words(one.change)),
                "asks": list(one.asks),
                "at": isoformat(one.at),
                "since": isoformat(one.since),
                "reason": one.reason,
            }
            for one in life.amendments
        ],
        "holds": [
            {"by": one.by, "side": one.side, "reason": one.reason, "since": isoformat(one.since)}
            for one in life.holding
        ],
        "seal": None
        if seal is None
        else {
            "sealed_at": isoformat(seal.sealed_at),
            "retain_until": seal.retain_until.isoformat(),
            "statement": dict(seal.statement),
            "deleted_at": None if seal.deleted_at is None else isoformat(seal.deleted_at),
            "certificate": None if seal.certificate is None else dict(seal.certificate),
        },
        "waiting": [{"who": one.who, "what": one.what, "since": isoformat(one.since)} for one in waiting],
    }


def line_document(line: Line) -> dict[str, Any]:
    """Return one project of a list."""
    return {
        "slug": line.slug,
        "title": line.title,
        "state": line.state.value,
        "lead": line.lead,
        "ends": None if line.ends is None else line.ends.isoformat(),
        "since": isoformat(line.since),
        "updated_at": isoformat(line.updated_at),
        "waits": list(line.waits),
    }


def alteration_document(change: Alteration) -> dict[str, Any]:
    """Return an alteration with its sets in the order of their names."""
    document = change.model_dump(mode="json")
    return document | {name: sorted(document[name]) for name in ("add", "remove", "drop")}


def _ruling(ruling: Ruling) -> dict[str, Any]:
    return {
        "number": ruling.number,
        "round": ruling.round,
        "amendment": ruling.amendment,
        "dataset": ruling.dataset,
        "choice": ruling.choice.value,
        "by": ruling.by,
        "at": isoformat(ruling.at),
        "reason": ruling.reason,
        "terms": None if ruling.terms is None else ruling.terms.model_dump(mode="json", exclude_none=True),
    }
