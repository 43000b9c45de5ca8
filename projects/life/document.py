"""An alteration as one JSON document: what the store keeps."""

from __future__ import annotations

from typing import Any

from saferoom.projects.life.model import Alteration


def alteration_document(change: Alteration) -> dict[str, Any]:
    """Return an alteration with its sets in the order of their names."""
    document = change.model_dump(mode="json")
    return document | {name: sorted(document[name]) for name in ("add", "remove", "drop")}
