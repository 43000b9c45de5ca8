"""Boundaries of areas: GeoJSON by the label of the column, and a sentence for everything that is none."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saferoom.disclosure.charts.boundaries import read_boundaries
from saferoom.errors import BadInputError

SQUARE = [[[0, 50], [1, 50], [1, 51], [0, 51], [0, 50]]]


def feature(geometry: Any = None, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry or polygon()}


def polygon(kind: str = "Polygon", coordinates: Any = None) -> dict[str, Any]:
    return {"type": kind, "coordinates": SQUARE if coordinates is None else coordinates}


def collection(*features: Any) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": list(features)}).encode()


def test_areas_go_by_the_property_of_the_columns_name_then_code_id_and_name() -> None:
    data = collection(
        feature(district="A", code="no"),
        feature(code=7, name="no"),
        feature(name="C"),
        {"type": "Feature", "id": "D", "properties": None, "geometry": polygon("MultiPolygon", [SQUARE, SQUARE])},
    )
    shapes = read_boundaries(data, "district")
    assert set(shapes) == {"A", "7", "C", "D"}
    assert len(shapes["D"]) == 2
    assert shapes["A"][0][0][0] == (0.0, 50.0)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b"{}",
        b"[]",
        collection(),
        collection(feature()),
        collection(feature(polygon("Point", [1, 2]), code="A")),
        collection(feature(polygon(coordinates=[]), code="A")),
        collection(feature(polygon(coordinates=[[[0, 0], [1, 1]]]), code="A")),
        collection(feature(polygon(coordinates=[[[0, 0], [1, "x"], [1, 1], [0, 0]]]), code="A")),
        collection(feature(polygon(coordinates=[[[0, 0], [1, 1e300], [1, 1], [0, 0]]]), code="A")),
        collection(feature(polygon(coordinates=[[[0, 0], [1, None], [1, 1], [0, 0]]]), code=True)),
        collection("feature"),
        b" " * 20_000_001,
    ],
    ids=range(15),
)
def test_what_is_no_collection_of_polygons_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(BadInputError, match="the boundaries of district"):
        read_boundaries(data, "district")


JUNK: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["features", "geometry", "coordinates", "type", "properties", "code"]), inner)
    ),
    max_leaves=20,
)


@settings(max_examples=150, deadline=None)
@given(JUNK)
def test_junk_ends_in_a_sentence_or_in_shapes(junk: Any) -> None:
    found: Any = "a sentence"
    with suppress(BadInputError):
        found = read_boundaries(json.dumps({"features": [junk]}).encode(), "district")
    assert found == "a sentence" or all(polygons for polygons in found.values())
