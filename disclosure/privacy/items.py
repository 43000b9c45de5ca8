"""Aggregates as SQL: what is added up of the rows of a cell, as whole numbers."""

from __future__ import annotations

import math

from saferoom.disclosure.privacy.aggregates import Aggregate, Bounds, Kind


def item(one: Aggregate, number: int) -> str:
    """Return what is selected as ``a<number>``, of rows with ``m0`` and ``m1``."""
    if one.kind is Kind.COUNT:
        return f"count(*) AS a{number}"
    if one.bounds is not None:
        return f"CAST(coalesce(sum({_steps(one, one.bounds)}), 0) AS BIGINT) AS a{number}"
    edges = f"[{', '.join(as_double(value) for value in one.candidates)}]"
    return f"(histogram(m0, {edges}), histogram_exact(m0, {edges}), count(*)) AS a{number}"


def _steps(one: Aggregate, bounds: Bounds) -> str:
    """Return a row's value as whole steps from the grid's origin: clamped first, so that none is beyond `GRID`."""
    value = f"m{one.of}"
    if one.kind is Kind.SQUARES:
        value = f"pow({value} - {as_double(one.middle)}, 2)"
    if one.kind is Kind.PRODUCTS:
        half = as_double(math.sqrt(bounds.upper))
        value = " * ".join(f"least(greatest(m{i} - {as_double(one.middle)}, -{half}), {half})" for i in (0, 1))
    clamped = f"least(greatest({value}, {as_double(bounds.lower)}), {as_double(bounds.upper)})"
    return f"CAST(round(({clamped} - {as_double(bounds.origin)}) / {as_double(bounds.step)}) AS BIGINT)"


def as_double(value: float) -> str:
    """Return a number as SQL that is read back exactly."""
    return f"CAST('{value!r}' AS DOUBLE)"
