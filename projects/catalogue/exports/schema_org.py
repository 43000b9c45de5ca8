"""The catalogue as schema.org data, which search engines for data read: a `DataCatalog` of `Dataset`s.

References
----------
schema.org, Dataset and DataCatalog. Google Search Central, Dataset structured data (description of 50 to 5000 letters).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from saferoom.projects.catalogue.exports import words

TYPE = "application/ld+json"
_LONGEST = 5000


def document(entries: Sequence[Mapping[str, Any]], address: str, title: str) -> dict[str, Any]:
    """Return the catalogue with its datasets."""
    publisher = {"@type": "Organization", "name": title, "url": address}
    return {
        "@context": "https://schema.org/",
        "@type": "DataCatalog",
        "@id": address,
        "name": f"Catalogue of {title}",
        "description": words.ABOUT_CATALOGUE,
        "url": address,
        "publisher": publisher,
        "dataset": [dataset(entry, address, title) for entry in entries],
    }


def dataset(entry: Mapping[str, Any], address: str, title: str) -> dict[str, Any]:
    """Return one dataset."""
    page = f"{address}/datasets/{entry['name']}"
    made: dict[str, Any] = {
        "@type": "Dataset",
        "@id": page,
        "name": entry["title"],
        "description": words.description(entry)[:_LONGEST],
        "identifier": entry["name"],
        "url": page,
        "version": entry["version"],
        "isAccessibleForFree": False,
        "conditionsOfAccess": words.ACCESS,
        "includedInDataCatalog": {"@type": "DataCatalog", "@id": address},
        "publisher": {"@type": "Organization", "name": title, "url": address},
        "creator": [{"@type": "Organization", "name": owner} for owner in entry["owners"]],
        "variableMeasured": [_variable(variable) for variable in entry["variables"] if variable["role"] != "id"],
        "isBasedOn": [f"{address}/datasets/{name}" for name in entry["linked_from"]],
        "spatialCoverage": _places(entry),
        "temporalCoverage": _period(entry["coverage"]),
        "dateModified": entry["versions"][0]["ingested_at"] if entry["versions"] else None,
        "usageInfo": [gateway["url"] for gateway in entry["gateways"] if gateway["url"]],
    }
    return {name: value for name, value in made.items() if value not in ([], None)}


def _variable(variable: Mapping[str, Any]) -> dict[str, Any]:
    made = {"@type": "PropertyValue", "name": variable["name"]}
    if variable["label"]:
        made["description"] = variable["label"]
    if variable["harmonised"] and variable["harmonised"]["source"]:
        made["propertyID"] = variable["harmonised"]["source"]
    return made


def _places(entry: Mapping[str, Any]) -> list[dict[str, str]]:
    names = [words.nation(code) for code in entry["nations"]]
    if entry["coverage"]["area"]:
        names.append(entry["coverage"]["area"])
    return [{"@type": "Place", "name": name} for name in dict.fromkeys(names)]


def _period(coverage: Mapping[str, Any]) -> str | None:
    """Return a period as ISO 8601 writes it, open where it is."""
    if not coverage["first"] and not coverage["last"]:
        return None
    return f"{coverage['first'] or '..'}/{coverage['last'] or '..'}"
