"""Short names for what the OpenAPI document describes, where two areas of the domain use one word."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_AREAS = {
    "airlock": "Request",
    "life": "Project",
    "people": "Person",
    "notices": "Notice",
    "catalogue": "Dataset",
    "ledger": "Budget",
}
_PLACE = "#/components/schemas/"


def with_short_names(document: dict[str, Any]) -> dict[str, Any]:
    """Return `document` with ``saferoom__projects__life__states__State`` as ``ProjectState``, and so on."""
    schemas = document.get("components", {}).get("schemas", {})
    names = _names(schemas)
    text = json.dumps(document)
    for long, short in names.items():
        text = text.replace(f'"{_PLACE}{long}"', f'"{_PLACE}{short}"')
    found: dict[str, Any] = json.loads(text)
    if schemas:
        kept = found["components"]["schemas"]
        found["components"]["schemas"] = {names.get(name, name): schema for name, schema in kept.items()}
    return found


def _names(schemas: Mapping[str, Any]) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for name in schemas:
        parts = name.split("__")
        if len(parts) > 3:
            short = _AREAS.get(parts[2], parts[2].capitalize()) + parts[-1]
            chosen |= {} if short in schemas else {name: short}
    for name in schemas:
        # An enum that calls take and give is described twice, in the same words.
        twins = [long for long in chosen if "-" in name and schemas[long] == schemas[name]]
        if twins:
            chosen[name] = chosen[twins[0]]
    return chosen
