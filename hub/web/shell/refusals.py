"""What is wrong with a form, said beside its fields in plain words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from saferoom.hub.web.shell.fields import Kind, types_of
from saferoom.hub.web.texts import forms as texts
from saferoom.hub.web.texts.common import sentence
from saferoom.policies.conform import describe, schema_at


def refusals(
    model: type[BaseModel], error: ValidationError, numbers: Mapping[str, Sequence[int]]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return a sentence for each field that is wrong, and those about the form as a whole.

    Parameters
    ----------
    numbers : mapping of str to sequence of int
        By rows' name, the number that each validated row has in the page.
    """
    errors: dict[str, str] = {}
    notes: list[str] = []
    for problem in error.errors(include_url=False, include_input=False):
        said = _said(model, problem)
        name = _name(model, problem["loc"], numbers)
        if name:
            errors.setdefault(name, said)
        else:
            notes.append(said)
    # Rows that are wrong do not count, so that there may seem to be too few: what is wrong with them is enough to say.
    whole = {name for name in errors if any(other.startswith(f"{name}.") for other in errors)}
    return {name: said for name, said in errors.items() if name not in whole}, tuple(dict.fromkeys(notes))


def _name(model: type[BaseModel], loc: Sequence[str | int], numbers: Mapping[str, Sequence[int]]) -> str:
    if not loc:
        return ""
    first = str(loc[0])
    kind = types_of(model)[first].kind
    if kind is not Kind.ROWS or len(loc) < 3:
        return first
    return f"{first}.{numbers[first][int(loc[1])]}.{loc[2]}"


def _said(model: type[BaseModel], problem: Mapping[str, Any]) -> str:
    kind, context = problem["type"], problem.get("ctx", {})
    if kind == "value_error":
        return sentence(str(context["error"]))
    if kind == "missing" or (kind == "string_too_short" and context["min_length"] == 1):
        return texts.MISSING
    if kind.startswith("date_"):
        return texts.NOT_A_DATE
    words = {
        "string_too_long": texts.TOO_LONG,
        "string_too_short": texts.TOO_SHORT,
        "too_short": texts.TOO_FEW,
        "too_long": texts.TOO_MANY,
    }
    if kind in words:
        return words[kind].format(**context)
    return _must_be(model, problem["loc"])


def _must_be(model: type[BaseModel], loc: Sequence[str | int]) -> str:
    schema = model.model_json_schema()
    # Steps that are no place in the document (a union's branch) end the way there.
    allowed = describe(schema_at(loc, schema), schema) if loc else ""
    return texts.MUST_BE.format(allowed=allowed) if allowed else texts.NOT_USABLE
