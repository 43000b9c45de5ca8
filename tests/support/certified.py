"""A release bundle with outputs that carry certificates, made by hand so that everything in it can be forged."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from saferoom.digests import canonical, sha256
from saferoom.disclosure.privacy.aggregates import Aggregate, Kind
from saferoom.disclosure.privacy.calibrate import Budget, calibrated
from saferoom.disclosure.privacy.certificate import CERTIFICATE_TYPE, Certificate, Entry, Source, digest_of, software
from saferoom.disclosure.privacy.contributions import Contributions
from saferoom.disclosure.privacy.plan import PrivacyMeasure, PrivacyPlan
from saferoom.disclosure.verdict import Table
from saferoom.projects.airlock.crate import metadata
from saferoom.projects.airlock.layout import CRATE, ENVELOPE, MANIFEST_TYPE, SDC_RECORD
from saferoom.projects.airlock.render import archive_of, to_csv
from saferoom.projects.ledger.plans import cost_of
from saferoom.signing import SigningKey

KEY = SigningKey.generate()
TABLE = Table(("region", "count"), (("north", 12), ("south", -3)))
APPROVED_AT = "2026-03-02T09:00:00.000000Z"
CHARGED_AT = "2026-03-02T08:59:00.000000Z"
RULES: dict[str, Any] = {
    "threshold": 10,
    "privacy_units": ["person_id"],
    "privacy_rows": 6,
    "privacy_rows_per_cell": 2,
    "privacy_cells": 3,
}
Forge = Callable[[dict[str, Any]], None]


def plan(rho: Fraction = Fraction(1, 10), measure: PrivacyMeasure = PrivacyMeasure.ZERO_CONCENTRATED) -> PrivacyPlan:
    """Return the plan of a count."""
    return calibrated(Budget(measure, rho), "person_id", Contributions(6, 2, 3), 2, [Aggregate(Kind.COUNT, "count", 1)])


def entry(drawn: PrivacyPlan, charge: str = "charge-1") -> Entry:
    """Return what the ledger says of a plan."""
    cost = cost_of(drawn)
    accounts = ("approval:mobility/htv", "lineage:htv", "project:mobility")
    return Entry(charge, CHARGED_AT, drawn.digest, cost.rho, cost.delta, accounts, 5, sha256(b"link"))


def certificate(position: int = 1, drawn: PrivacyPlan | None = None, **changed: Any) -> Certificate:
    """Return the certificate of an output whose table is `TABLE`."""
    made = drawn or plan()
    said: dict[str, Any] = {
        "release": "release-1",
        "project": "mobility",
        "output": position,
        "files": {"csv": sha256(to_csv(TABLE))},
        "table": digest_of(TABLE),
        "plan": made,
        "datasets": (Source("htv", "2"),),
        "lineages": ("htv",),
        "policy": sha256(canonical(RULES)),
        "entry": entry(made),
        "software": software(),
    }
    return Certificate(**{**said, **changed})


@dataclass
class Forged:
    """An output, and what is to be forged of it.

    Attributes
    ----------
    output : callable
        Changes what the record says of it; called after its certificate was signed.
    document : callable
        Changes the certificate before it is signed.
    """

    made: Certificate = field(default_factory=certificate)
    data: bytes = field(default_factory=lambda: to_csv(TABLE))
    output: Forge = lambda _described: None
    document: Forge = lambda _document: None
    key: SigningKey = KEY
    kind: str = CERTIFICATE_TYPE

    def described(self, position: int) -> dict[str, Any]:
        """Return what the record says of the output."""
        document: dict[str, Any] = json.loads(canonical(self.made.document()))
        self.document(document)
        described: dict[str, Any] = {
            "position": position,
            "lane": "privacy",
            "files": [{"path": f"outputs/output-{position:02d}.csv", "sha256": sha256(self.data)}],
            "query": {"statistic": "frequency", "protect": {"method": "dp", "rho": 0.1}},
            "rules": RULES,
            "certificate": self.key.seal_json(document, self.kind),
        }
        self.output(described)
        return described


def bundle(outputs: Sequence[Forged], record: Mapping[str, Any] | None = None) -> bytes:
    """Return a bundle with `outputs`, rightly signed whatever they say; `record` overwrites entries of its record."""
    files = {f"outputs/output-{place:02d}.csv": one.data for place, one in enumerate(outputs, start=1)}
    said = {
        "version": 1,
        "release": "release-1",
        "project": "mobility",
        "approved_at": APPROVED_AT,
        "route": "automatic",
        "datasets": [{"name": "htv", "version": "2"}],
        "outputs": [one.described(place) for place, one in enumerate(outputs, start=1)],
        "audit": {"link": 7, "digest": "0" * 64},
        **(record or {}),
    }
    files[SDC_RECORD] = canonical(said)
    about = {
        "identifier": "release-1",
        "name": "Frequency by region",
        "description": "Frequency by region",
        "project": "mobility",
        "published": APPROVED_AT,
        "software": "0.1.0",
    }
    files[CRATE] = canonical(metadata(about, list(files.items())))
    manifest = {
        "version": 1,
        "release": "release-1",
        "project": "mobility",
        "approved_at": APPROVED_AT,
        "files": [{"path": path, "sha256": sha256(data), "size": len(data)} for path, data in files.items()],
    }
    files[ENVELOPE] = canonical(KEY.seal_json(manifest, MANIFEST_TYPE))
    return archive_of(list(files.items()))
