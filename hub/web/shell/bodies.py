"""Reading what was sent: strict JSON of limited depth, and plain forms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from saferoom.errors import BadInputError

_MOST_DEPTH = 32
_MOST_FIELDS = 40
# A form with rows or with a list of variables to choose from.
_MOST_FIELDS_OF_LISTS = 1_000


async def read_json(request: Request) -> Mapping[str, Any]:
    """Return the request's body, a JSON object without repeated keys, nested 32 deep at most."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise BadInputError("send the request as application/json")
    return parse_json(await request.body())


def parse_json(body: bytes) -> Mapping[str, Any]:
    """Return the JSON object in `body`; as `read_json`."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise BadInputError("the request is not UTF-8 text") from None
    # Looked at before parsing: a parser that recurses is a way to stop the service.
    if _depth(text) > _MOST_DEPTH:
        raise BadInputError(f"the request is nested more than {_MOST_DEPTH} deep")
    try:
        document = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except BadInputError:
        raise
    except ValueError:  # also integers of thousands of digits
        raise BadInputError("the request is not valid JSON") from None
    if not isinstance(document, dict):
        raise BadInputError("the request must be a JSON object")
    return document


def _depth(text: str) -> int:
    depth = deepest = 0
    inside, escaped = False, False
    for character in text:
        if inside:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                inside = False
        elif character == '"':
            inside = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise BadInputError("the request names a key twice")
    return document


def _no_constant(_name: str) -> float:
    raise BadInputError("the request holds a number that is not finite")


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a submitted form; each may come once, and there are 40 at most."""
    return plain_form(await read_fields(request, _MOST_FIELDS))


def plain_form(fields: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return the fields of a form of which none comes twice; as `read_form`."""
    if len(fields) > _MOST_FIELDS:
        raise BadInputError("the form was not understood")
    if any(len(values) > 1 for values in fields.values()):
        raise BadInputError("the form names a field twice")
    return {name: values[0] for name, values in fields.items()}


async def read_fields(request: Request, most: int = _MOST_FIELDS_OF_LISTS) -> dict[str, tuple[str, ...]]:
    """Return the fields of a submitted form with all their values, in the order they came; `most` at most."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise BadInputError("send the form as application/x-www-form-urlencoded")
    body = await request.body()
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body), errors="strict",
            max_num_fields=most,
        )  # fmt: skip
    except ValueError:
        raise BadInputError("the form was not understood") from None
    fields: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        fields[name] = (*fields.get(name, ()), value)
    return fields
