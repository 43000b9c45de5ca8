"""Boundaries of areas: public GeoJSON that a data owner gives for a column, read into rings of points.

References
----------
RFC 7946, The GeoJSON Format.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from saferoom.errors import BadInputError

Ring = list[tuple[float, float]]
Shapes = Mapping[str, list[list[Ring]]]
"""Per area its polygons, each an outer ring and its holes."""
MOST_BYTES = 20_000_000
MOST_POINTS = 1_000_000
_NAMES = ("code", "id", "name")


def read_boundaries(data: bytes, column: str) -> Shapes:
    """Return the areas of a GeoJSON document by the labels that `column` has.

    An area's label is its property called like the column, else ``code``, ``id`` or ``name``, else the feature's id.

    Raises
    ------
    BadInputError
        When it is no collection of polygons, saying what it must be.
    """
    where = f"the boundaries of {column}"
    if len(data) > MOST_BYTES:
        raise BadInputError(f"{where} are larger than {MOST_BYTES // 1_000_000} MB; simplify them")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise BadInputError(f"{where} are not GeoJSON: the file is no JSON document in UTF-8") from None
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or not features:
        raise BadInputError(f"{where} are not GeoJSON: a FeatureCollection with features is needed")
    shapes: dict[str, list[list[Ring]]] = {}
    points = 0
    for feature in features:
        label = _label(feature, column)
        polygons = list(_polygons(feature))
        if label is None or not polygons:
            raise BadInputError(
                f"{where}: every feature needs a Polygon or MultiPolygon, and a property {column}, code, id or name"
            )
        points += sum(len(ring) for polygon in polygons for ring in polygon)
        if points > MOST_POINTS:
            raise BadInputError(f"{where} have more than {MOST_POINTS:,} points; simplify them")
        shapes.setdefault(label, []).extend(polygons)
    return shapes


def _label(feature: Any, column: str) -> str | None:
    if not isinstance(feature, dict):
        return None
    properties = feature.get("properties")
    held = properties if isinstance(properties, dict) else {}
    found = [held.get(name) for name in (column, *_NAMES)] + [feature.get("id")]
    return next((str(label) for label in found if isinstance(label, str | int) and not isinstance(label, bool)), None)


def _polygons(feature: Any) -> Iterator[list[Ring]]:
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    kind, parts = (geometry.get("type"), geometry.get("coordinates")) if isinstance(geometry, dict) else (None, None)
    if not isinstance(parts, list):
        return
    for polygon in [parts] if kind == "Polygon" else parts if kind == "MultiPolygon" else []:
        rings = [_ring(ring) for ring in polygon] if isinstance(polygon, list) else []
        if not rings or any(ring is None for ring in rings):
            return
        yield [ring for ring in rings if ring is not None]


def _ring(points: Any) -> Ring | None:
    if not isinstance(points, list) or len(points) < 4:
        return None
    found = [_point(point) for point in points]
    return None if any(point is None for point in found) else [point for point in found if point is not None]


def _point(point: Any) -> tuple[float, float] | None:
    if not isinstance(point, Sequence) or len(point) < 2:
        return None
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in point[:2]):
        return None
    x, y = float(point[0]), float(point[1])
    return (x, y) if math.isfinite(x) and math.isfinite(y) and max(abs(x), abs(y)) < 1e9 else None
