"""A document made into a typed model; what does not fit is named with its line and what is allowed there."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from saferoom.errors import BadInputError
from saferoom.policies.document import Document, Position

Model = TypeVar("Model", bound=BaseModel)
_MOST_PROBLEMS = 8
_ANOTHER = "a value of another kind"
ALLOWED = "allowed"
"""Key in a field's JSON schema that says in words what is allowed, where the schema alone would not be clear."""


def conform(document: Document, model: type[Model], value: Any = None) -> Model:
    """Return `document` as a `model`.

    Parameters
    ----------
    value : mapping, optional
        What to validate in place of the document's own value, with the same paths.

    Raises
    ------
    BadInputError
        One line per problem: file, line, what is wrong, what is allowed.
    """
    content = document.value if value is None else value
    if not isinstance(content, dict):
        raise document.error("expected `key: value` lines")
    try:
        return model.model_validate_json(json.dumps(content))
    except ValidationError as error:
        raise BadInputError(_message(document, model, error)) from None


def describe(schema: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    """Say in words which values a JSON schema allows."""
    schema = _resolved(schema, root)
    if ALLOWED in schema:
        return str(schema[ALLOWED])
    if "const" in schema:
        return f"'{schema['const']}'"
    if "enum" in schema:
        return "one of " + ", ".join(str(choice) for choice in schema["enum"])
    if "anyOf" in schema:
        # Exact numbers may be written as texts, too; whoever types one need not know.
        kinds = {_resolved(part, root).get("type") for part in schema["anyOf"]}
        parts = [part for part in schema["anyOf"] if "number" not in kinds or part != {"type": "string"}]
        return " or ".join(dict.fromkeys(describe(part, root) for part in parts))
    kind = schema.get("type")
    if kind in ("integer", "number"):
        return ("a whole number" if kind == "integer" else "a number") + _bounds(schema)
    if kind == "array":
        each = describe(schema.get("items", {}), root)
        return "a list" if each == _ANOTHER else f"a list (each {each})"
    if kind == "object":
        return _mapping(schema, root)
    if kind == "string" and schema.get("format") == "date":
        return "a date written YYYY-MM-DD"
    words = {"boolean": "true or false", "null": "nothing", "string": "a text" + _length(schema)}
    return words.get(str(kind), _ANOTHER)


def _bounds(schema: Mapping[str, Any]) -> str:
    words = {
        "minimum": "at least",
        "exclusiveMinimum": "above",
        "maximum": "at most",
        "exclusiveMaximum": "below",
    }
    parts = [f"{word} {schema[key]:g}" for key, word in words.items() if key in schema]
    return ", " + " and ".join(parts) if parts else ""


def _length(schema: Mapping[str, Any]) -> str:
    return f" of at most {schema['maxLength']} characters" if "maxLength" in schema else ""


def _mapping(schema: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    if "properties" in schema:
        return "`key: value` lines with the keys " + ", ".join(schema["properties"])
    inner = schema.get("additionalProperties")
    return "`name: value` lines" + (f" (each {describe(inner, root)})" if isinstance(inner, dict) else "")


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        target: Any = root
        for step in str(schema["$ref"]).removeprefix("#/").split("/"):
            target = target[step]
        schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
    return schema


def schema_at(path: Sequence[str | int], root: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the part of the JSON schema `root` that a value at `path` has to follow."""
    schema: Mapping[str, Any] = root
    for step in path:
        schema = _resolved(schema, root)
        for part in schema.get("anyOf", ()):
            if _resolved(part, root).get("type") != "null":
                schema = _resolved(part, root)
        if isinstance(step, int):
            schema = schema.get("items", {})
        else:
            inner = schema.get("additionalProperties")
            schema = schema.get("properties", {}).get(step, inner if isinstance(inner, dict) else {})
    schema = _resolved(schema, root)
    parts = [_resolved(part, root) for part in schema.get("anyOf", ())] if "properties" not in schema else []
    models = [part for part in parts if "properties" in part]
    return models[0] if len(models) == 1 and ALLOWED not in schema and _optional(parts) else schema


def _optional(parts: Sequence[Mapping[str, Any]]) -> bool:
    return len(parts) == 2 and any(part.get("type") == "null" for part in parts)


def _message(document: Document, model: type[BaseModel], error: ValidationError) -> str:
    schema = model.model_json_schema()
    problems = [_problem(document, schema, one) for one in error.errors(include_url=False, include_input=False)]
    lines = dict.fromkeys(said for _, said in sorted(problems, key=lambda problem: problem[0]))
    kept = list(lines)[:_MOST_PROBLEMS]
    if len(lines) > _MOST_PROBLEMS:
        kept.append(f"{document.where}: and {len(lines) - _MOST_PROBLEMS} more problems")
    return "\n".join(kept)


def _problem(document: Document, schema: Mapping[str, Any], problem: Mapping[str, Any]) -> tuple[int, str]:
    """Return the line of a problem, and what to say about it."""
    kind = problem["type"]
    path = _written_path(document, problem["loc"], missing=kind == "missing")
    name = _name(path)
    if kind == "extra_forbidden":
        said = _unknown_key(str(path[-1]), schema_at(path[:-1], schema).get("properties", {}))
    elif kind == "missing":
        said = f"'{name}' is missing; it must be {describe(schema_at(path, schema), schema)}"
    elif kind == "value_error":
        said = str(problem["ctx"]["error"])
    else:
        said = f"'{name}' must be {describe(schema_at(path, schema), schema)}"
        said += ", and not an empty one" if kind == "too_short" and not problem["ctx"]["actual_length"] else ""
    return document.line(path), f"{document.at(path)}: {said}"


def _written_path(document: Document, loc: Sequence[str | int], *, missing: bool) -> Position:
    """Drop the steps that pydantic adds for its own purposes (a union's branch, ``[key]``)."""
    path: Position = ()
    for step in loc:
        if (*path, step) in document.lines:
            path = (*path, step)
    return (*path, loc[-1]) if missing else path


def _name(path: Position) -> str:
    text = ""
    for step in path:
        text += f"[{step + 1}]" if isinstance(step, int) else (f".{step}" if text else step)
    return text or "the document"


def _unknown_key(key: str, allowed: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(key, allowed, n=1)
    hint = f" (did you mean '{close[0]}'?)" if close else ""
    return f"unknown key '{key}'{hint}; allowed are {', '.join(allowed)}"
