"""The committed description of the API is the one that the code gives, and it says what there is to the last field."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from saferoom.hub.web.api import reference
from saferoom.hub.web.api.app import description
from saferoom.hub.web.api.naming import with_short_names

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "reference" / "api"


@pytest.mark.parametrize(("name", "made"), [("README.md", reference.page), ("openapi.json", reference.document)])
def test_reference_of_the_api_generated_again_is_what_is_committed(name: str, made: object) -> None:
    assert callable(made)
    assert made() == (FOLDER / name).read_text(encoding="utf-8"), "run .venv/bin/python -P docs/generate.py"


SCHEMAS = description()["components"]["schemas"]
QUERIES = {("Statistic", "query"), ("Leaving", "query"), ("Suggestion", "patch")}
"""Fields that hold a query document, whose form is the query language's to say."""


def _untyped(schema: Any) -> Iterator[Any]:
    """Yield the parts of a schema that could hold anything."""
    if isinstance(schema, list):
        for part in schema:
            yield from _untyped(part)
    if not isinstance(schema, dict):
        return
    by_position = schema.get("prefixItems", [])
    if schema.get("additionalProperties") is True or (
        schema.get("type") == "array"
        and not schema.get("items")
        and not (by_position and schema.get("maxItems") == len(by_position))
    ):
        yield schema
    for name, part in schema.items():
        if name in ("properties", "prefixItems"):
            fields = part.values() if isinstance(part, dict) else part
            yield from (found for field in fields for found in ([field] if not _says(field) else _untyped(field)))
        elif name not in ("default", "enum", "const"):
            yield from _untyped(part)


def _says(field: Any) -> bool:
    return any(word in field for word in ("type", "$ref", "anyOf", "allOf", "oneOf", "enum", "const"))


def test_every_field_of_every_document_is_typed() -> None:
    untyped = {
        (name, field)
        for name, schema in SCHEMAS.items()
        for field, part in schema.get("properties", {}).items()
        if list(_untyped({"properties": {field: part}}))
    }
    assert untyped <= QUERIES
    assert list(_untyped({"properties": {"one": {"title": "One"}}}))
    assert list(_untyped({"properties": {"one": {"anyOf": [{"additionalProperties": True, "type": "object"}]}}}))
    pair = {"type": "array", "prefixItems": [{"type": "string"}, {"type": "number"}], "maxItems": 2}
    assert not list(_untyped(pair))
    assert list(_untyped(pair | {"maxItems": 3}))
    assert list(_untyped(pair | {"prefixItems": [{"type": "string"}, {"title": "Anything"}]}))


def test_names_in_the_document_are_short_and_lead_somewhere() -> None:
    assert {name for name in SCHEMAS if not name.replace("_", "").isalnum() or "__" in name} == set()
    assert {"ProjectState", "RequestState", "ProjectChoice", "RequestChoice"} <= set(SCHEMAS)
    text = reference.document()
    for part in text.split('"#/components/schemas/')[1:]:
        assert part.split('"', 1)[0] in SCHEMAS


def test_short_name_that_is_taken_stays_long() -> None:
    long = "saferoom__projects__life__states__State"
    document = {"components": {"schemas": {long: {"enum": ["a"]}, "ProjectState": {}, "State-Input": {"enum": ["a"]}}}}
    assert set(with_short_names(document)["components"]["schemas"]) == {long, "ProjectState", "State-Input"}
    assert with_short_names({"paths": {}}) == {"paths": {}}
