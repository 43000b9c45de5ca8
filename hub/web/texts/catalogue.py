"""How the catalogue says things."""

from __future__ import annotations

from collections.abc import Collection

from saferoom.hub.web.texts.common import Sign
from saferoom.projects.catalogue.limits import in_words
from saferoom.projects.catalogue.model import VariableRole, VariableType
from saferoom.projects.catalogue.purposes import Purpose

TYPES = {
    VariableType.INTEGER: "whole numbers",
    VariableType.NUMBER: "numbers",
    VariableType.TEXT: "text",
    VariableType.BOOLEAN: "yes or no",
    VariableType.DATE: "dates",
    VariableType.DATETIME: "moments",
}

ROLES = {
    VariableRole.ID: Sign("wait", "#", "id of a unit"),
    VariableRole.DIRECT: Sign("fail", "✕", "names a person"),
    VariableRole.QUASI: Sign("review", "?", "may be known outside"),
    VariableRole.SENSITIVE: Sign("review", "!", "sensitive"),
    VariableRole.WEIGHT: Sign("none", "×", "weight"),
    VariableRole.OTHER: Sign("none", "·", "other"),
}


def purposes(named: Collection[Purpose]) -> str:
    """Return purposes in words; empty for none."""
    return in_words(named) if named else ""
