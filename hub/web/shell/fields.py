"""The fields of a form as they are typed: names, texts, repeated values and rows, and back from a record.

Vocabulary
----------
command
    What a form asks for, as a typed model. Its fields are the form's fields.
row
    One of several things of a kind in one form, such as a member. Its fields are named ``members.0.username``.
"""

from __future__ import annotations

import re
import types
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

from saferoom.errors import BadInputError
from saferoom.hub.web.texts.forms import NOT_OURS

Typed = Mapping[str, tuple[str, ...]]
"""What was typed, by the field's name; a field of several values has them all."""
YES = "yes"
MOST_ROWS = 100
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LISTS = (list, tuple, set, frozenset, Sequence, Collection)


class Kind(Enum):
    """How a field is filled in."""

    TEXT = "text"
    DATE = "date"
    TICK = "tick"
    MANY = "many"
    ROWS = "rows"


class FieldType(NamedTuple):
    """A field's kind and, for rows, what a row is."""

    kind: Kind
    row: type[BaseModel] | None = None


def types_of(model: type[BaseModel]) -> dict[str, FieldType]:
    """Return the kinds of the fields of a command."""
    return {name: _type_of(field.annotation) for name, field in model.model_fields.items()}


def _type_of(annotation: Any) -> FieldType:
    plain = _plain(annotation)
    if get_origin(plain) in _LISTS:
        item = _plain(get_args(plain)[0])
        rows = isinstance(item, type) and issubclass(item, BaseModel)
        return FieldType(Kind.ROWS, item) if rows else FieldType(Kind.MANY)
    if plain is bool:
        return FieldType(Kind.TICK)
    return FieldType(Kind.DATE if isinstance(plain, type) and _is_date(plain) else Kind.TEXT)


def _is_date(plain: type) -> bool:
    return issubclass(plain, date) and not issubclass(plain, datetime)


def _plain(annotation: Any) -> Any:
    """Return `annotation` without its extras and without "or nothing"."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        parts = [part for part in get_args(annotation) if part is not type(None)]
        return _plain(parts[0]) if len(parts) == 1 else annotation
    return annotation


def tidy(text: str) -> str:
    """Return `text` with one kind of line end and nothing around it, as browsers and people leave things there."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def document_of(model: type[BaseModel], typed: Typed) -> tuple[dict[str, Any], dict[str, list[int]]]:
    """Return what was typed as a document for `model`, and by rows' name the number that each of its rows was typed as.

    An empty text is left out, so that the model's own default counts; a row with nothing in it is no row.

    Raises
    ------
    BadInputError
        A field that `model` does not have, or one value too many: not one of our forms.
    """
    document: dict[str, Any] = {}
    numbers: dict[str, list[int]] = {}
    kinds = types_of(model)
    _refuse_strange(model, typed)
    for name, (kind, row) in kinds.items():
        values = typed.get(name, ())
        if row is not None:
            rows = [(number, document_of(row, part)[0]) for number, part in rows_of(typed, name).items()]
            rows = [(number, part) for number, part in rows if not _blank(part)]
            document[name], numbers[name] = [part for _, part in rows], [number for number, _ in rows]
        elif kind is Kind.MANY:
            document[name] = [tidied for value in values if (tidied := tidy(value))]
        elif kind is Kind.TICK:
            document[name] = bool(values)
        elif values and tidy(values[0]):
            text = tidy(values[0])
            # Numbers would count as dates, too: as seconds since 1970.
            document[name] = text if kind is not Kind.DATE or _DATE.fullmatch(text) else "no date"
    return document, numbers


def _blank(row: Mapping[str, Any]) -> bool:
    return not any(value for value in row.values())


def rows_of(typed: Typed, name: str) -> dict[int, Typed]:
    """Return the rows called `name`, by their numbers, each with its own fields."""
    rows: dict[int, dict[str, tuple[str, ...]]] = {}
    for key, values in typed.items():
        start, _, rest = key.partition(".")
        number, _, inner = rest.partition(".")
        if start == name and inner:
            rows.setdefault(int(number), {})[inner] = values
    return dict(sorted(rows.items()))


def _refuse_strange(model: type[BaseModel], typed: Typed) -> None:
    kinds = types_of(model)
    for key, values in typed.items():
        name, *rest = key.split(".", 2)
        kind, row = kinds.get(name, FieldType(Kind.TEXT))
        known = name in kinds and bool(rest) is (kind is Kind.ROWS)
        if not known or (rest and not _row_field(rest, row)):
            raise BadInputError(NOT_OURS)
        single = len(values) == 1 and (kind is not Kind.TICK or values[0] == YES)
        if not single and kind not in (Kind.MANY, Kind.ROWS):
            raise BadInputError(NOT_OURS)


def _row_field(rest: Sequence[str], row: type[BaseModel] | None) -> bool:
    plain = rest[0].isascii() and rest[0].isdigit() and len(rest[0]) <= len(str(MOST_ROWS))
    return plain and int(rest[0]) < MOST_ROWS and len(rest) == 2 and row is not None


def typed_of(record: BaseModel | Mapping[str, Any], model: type[BaseModel]) -> dict[str, tuple[str, ...]]:
    """Return the fields of `model` as somebody would type them to get `record`."""
    values = record.model_dump(mode="json") if isinstance(record, BaseModel) else record
    typed: dict[str, tuple[str, ...]] = {}
    for name, (kind, row) in types_of(model).items():
        value = values.get(name)
        if row is not None:
            for number, part in enumerate(value or ()):
                inner = typed_of(part, row)
                typed |= {f"{name}.{number}.{key}": text for key, text in inner.items()}
        elif kind is Kind.MANY:
            texts = _texts(value or ())
            typed[name] = tuple(sorted(texts) if isinstance(value, set | frozenset) else texts)
        elif kind is Kind.TICK:
            typed[name] = (YES,) if value else ()
        else:
            typed[name] = () if value is None else tuple(_texts([value]))
    return typed


def _texts(values: Iterable[Any]) -> list[str]:
    return [str(value.value) if isinstance(value, Enum) else str(value) for value in values]
