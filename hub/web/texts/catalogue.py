"""How the catalogue says things."""

from __future__ import annotations

from saferoom.hub.web.texts.common import Sign
from saferoom.projects.catalogue.model import VariableRole, VariableType

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
