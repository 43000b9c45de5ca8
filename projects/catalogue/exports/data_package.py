"""The catalogue as a Data Package: one resource for each dataset, with its variables as a table schema and no rows.

References
----------
Frictionless Data, Data Package 2.0, Table Schema 2.0 (datapackage.org/standard).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from saferoom.projects.catalogue.exports import words

TYPE = "application/json"
_PROFILES = "https://datapackage.org/profiles/2.0/"
_TYPES = {
    "integer": "integer",
    "number": "number",
    "text": "string",
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
}


def document(entries: Sequence[Mapping[str, Any]], address: str, title: str) -> dict[str, Any]:
    """Return the package.

    Parameters
    ----------
    entries : sequence of mapping
        What is public of each dataset; at least one, as a package without a resource is none.
    """
    names = {entry["name"] for entry in entries}
    package = {
        "$schema": f"{_PROFILES}datapackage.json",
        "name": "catalogue" if len(entries) != 1 else entries[0]["name"],
        "id": address,
        "title": f"Catalogue of {title}" if len(entries) != 1 else entries[0]["title"],
        "description": words.ABOUT_CATALOGUE if len(entries) != 1 else words.description(entries[0]),
        "homepage": address,
        "contributors": _contributors(entries, title),
        "resources": [resource(entry, names, address) for entry in entries],
    }
    if len(entries) == 1:
        package["version"] = entries[0]["version"]
    return package


def resource(entry: Mapping[str, Any], names: set[str], address: str) -> dict[str, Any]:
    """Return a dataset as a resource; the data themselves never leave, so there are none in it."""
    made: dict[str, Any] = {
        "$schema": f"{_PROFILES}dataresource.json",
        "name": entry["name"],
        "type": "table",
        "title": entry["title"],
        "description": words.description(entry),
        "homepage": f"{address}/datasets/{entry['name']}",
        "data": [],
        "schema": {
            "$schema": f"{_PROFILES}tableschema.json",
            "fields": [_field(variable) for variable in entry["variables"]],
        },
        "version": entry["version"],
        "access": words.ACCESS,
        "purposes": entry["purposes"],
        "gateways": entry["gateways"],
        "gaps": entry["gaps"],
        "refresh": entry["refresh"],
        "versions": entry["versions"],
    }
    if entry["linked_from"]:
        made["sources"] = [{"title": name, "path": f"{address}/datasets/{name}"} for name in entry["linked_from"]]
    if entry["key"]:
        made["schema"]["primaryKey"] = entry["key"]
    keys = [
        {"fields": one["variables"], "reference": {"resource": one["dataset"], "fields": one["to"]}}
        for one in entry["references"]
        if one["dataset"] in names
    ]
    if keys:
        made["schema"]["foreignKeys"] = keys
    return made


def _contributors(entries: Sequence[Mapping[str, Any]], title: str) -> list[dict[str, Any]]:
    owners = dict.fromkeys(owner for entry in entries for owner in entry["owners"])
    return [
        {"title": title, "roles": ["publisher"]},
        *({"title": owner, "roles": ["rightsHolder"]} for owner in owners),
    ]


def _field(variable: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"name": variable["name"], "type": _TYPES[variable["type"]], "role": variable["role"]}
    if variable["label"]:
        made["title"] = variable["label"]
    if variable["harmonised"]:
        made["description"] = f"{variable['harmonised']['concept']}: {variable['harmonised']['definition']}"
        made["harmonised"] = variable["harmonised"]
    if variable["required"]:
        made["constraints"] = {"required": True}
    codes = variable["codelist"]
    if codes and made["type"] in ("string", "integer"):
        labelled = any(one["label"] for one in codes)
        made["categories"] = (
            [{"value": one["code"], "label": one["label"] or str(one["code"])} for one in codes]
            if labelled
            else [one["code"] for one in codes]
        )
    return made
