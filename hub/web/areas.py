"""The areas of the service; a new one takes one line."""

from __future__ import annotations

from saferoom.hub.web import airlock, budgets, catalogue, inputs, notices, people, projects, register, tokens

AREAS = (
    airlock.AREA,
    catalogue.AREA,
    register.AREA,
    people.AREA,
    tokens.AREA,
    notices.AREA,
    projects.AREA,
    budgets.AREA,
    inputs.AREA,
)
