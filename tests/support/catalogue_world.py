"""Datasets described with everything there is, and a service that has them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from tests.support.airlock_world import NOW, World
from tests.support.deliveries import checked

from saferoom.hub.administration import Administration
from saferoom.hub.store import versions
from saferoom.hub.store.audit_log import AuditLog
from saferoom.projects.administration.documents import read_entries
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.catalogue.versions import Version

FULL: dict[str, Any] = {
    "name": "pupils",
    "title": "Pupils",
    "owner": "olga",
    "source": "schools/pupils.csv",
    "version": "2021",
    "units": ["person_id", "school"],
    "variables": [
        {"name": "person_id", "type": "text", "role": "id", "linked_through": "person"},
        {"name": "school", "type": "integer", "role": "id"},
        {"name": "pupil", "type": "text", "role": "direct", "identifies": "id"},
        {"name": "upn", "type": "text", "role": "direct", "carries": "pupil_index"},
        {
            "name": "sex",
            "type": "text",
            "role": "quasi",
            "identifies": "sex",
            "codelist": ["F", "M"],
            "labels": {"F": "female", "M": "male"},
            "harmonised": {
                "concept": "Sex",
                "definition": "Sex as registered.",
                "source": "https://www.example.org/sex",
                "codes": {"1": "male", "2": "female"},
                "mapping": {"GB-ENG": {"F": "2", "M": "1"}, "GB-SCT": {"F": "2"}},
            },
        },
        {"name": "points", "type": "number", "complete": True},
    ],
    "description": "Everybody at school.",
    "coverage": {"population": "pupils", "area": "England and Scotland", "first": "2010-09-01"},
    "gateways": [
        {
            "law": "Education Act 1996",
            "section": "section 537A",
            "controller": "Department for Education",
            "url": "https://www.legislation.gov.uk/ukpga/1996/56/section/537A",
            "excluded": ["health"],
        }
    ],
    "gaps": [
        {
            "what": "Independent schools",
            "why": "They need not tell.",
            "first": "2010-09-01",
            "variables": ["points", "pupil"],
        }
    ],
    "refresh": {"frequency": "yearly", "next": "2027-01-15", "keep_versions": 2, "keep_until": "2028-01-01"},
    "nations": ["GB-ENG", "GB-SCT"],
    "key": ["pupil"],
    "references": [{"variables": ["school"], "dataset": "schools"}],
    "twin": {"url": "https://www.example.org/twin.csv", "made_with": "each column by itself", "rows": 100},
    "quality": [{"what": "Late returns", "known": "about 3 %"}],
    "linked_from": ["schools"],
    "undisclosed": True,
    "risk_appetite": {"name": "schools", "structural": ["sex"], "threshold_units": 12},
}


def full(**changes: Any) -> Dataset:
    return Dataset.model_validate_json(json.dumps(FULL | changes))


def variables(**changes: Any) -> list[dict[str, Any]]:
    """Return the variables, `sex` changed."""
    return [one | changes if one["name"] == "sex" else one for one in FULL["variables"]]


def pupils(**changes: Any) -> str:
    """Return the full description as a document of dora's, which anybody may know of."""
    base = {"kind": "dataset", **FULL, "owner": "dora", "undisclosed": False, "linked_from": [], "references": []}
    return json.dumps(base | changes)


def described(place: World, folder: Path) -> None:
    """Register dora's pupils in two versions, of which one came in, and a dataset that nobody may know of."""
    instance = place.instance
    administration = Administration(instance.database, instance.clock, instance.signing_key, "admin:root")
    hidden = pupils(name="secret_existence", title="Hidden title", undisclosed=True)
    administration.apply(read_entries([(pupils(), "a.yaml"), (hidden, "b.yaml")]))
    again = pupils(version="2022", variables=[*FULL["variables"], {"name": "x", "type": "text"}])
    administration.apply(read_entries([(again, "c.yaml")]))
    values = {"dataset": "pupils", "version": "2022", "sha256": "a" * 64, "rows": 123_457, "first": date(2022, 1, 1)}
    linked = {"breaking": True, "linkage_model": "b" * 64, "quality_pack": "c" * 64, "ingested_at": NOW}
    with instance.database.transaction() as session:
        log = AuditLog(session, instance.clock, instance.signing_key)
        came = Version.model_validate(values | linked)
        versions.record_version(session, log, came, "admin:root", (checked(folder), instance.cipher))
