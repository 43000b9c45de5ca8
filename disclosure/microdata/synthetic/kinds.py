"""What each column is to a twin: said by whoever describes it, else found from its type and its values."""

from __future__ import annotations

from typing import Any

import numpy as np

from saferoom.disclosure.microdata.keys import MISSING, Keys
from saferoom.disclosure.microdata.synthetic.described import Described, Role
from saferoom.disclosure.microdata.synthetic.units import Units
from saferoom.errors import BadInputError

_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_SHARED = 0.5
"""Share of the records with a value that enough units have, from which texts are categories and not free text."""
_IDS = (Role.UNIT, Role.ID)


def role_of(table: Any, name: str, described: Described, units: Units, threshold: int) -> Role:
    """Return the role of a column.

    Raises
    ------
    BadInputError
        When it cannot have the role that is said, or holds lists, structures or bytes.
    """
    import pyarrow.types as kinds

    kind = table.schema.field(name).type
    plain = plain_type(kind)
    if not (kinds.is_null(plain) or is_text(plain) or kinds.is_boolean(plain) or _is_number(plain) or _is_time(plain)):
        raise BadInputError(f"'{name}' does not hold single values (numbers, texts, dates); leave it out of the file")
    if kinds.is_float16(plain):
        raise BadInputError(f"'{name}' holds numbers of half precision; store them in single or double precision")
    if described.role is not None:
        _check(name, described, plain, stored=kinds.is_dictionary(kind))
        return described.role
    if described.codelist is not None or kinds.is_boolean(plain) or kinds.is_null(plain):
        return Role.CATEGORY
    if kinds.is_dictionary(kind) and not is_text(plain):
        return Role.CATEGORY
    if not is_text(plain):
        return Role.DATE if _is_time(plain) else Role.NUMBER
    return _of_texts(table, name, units, threshold)


def _check(name: str, described: Described, plain: Any, *, stored: bool) -> None:
    """Check that a column of values of the type `plain`, `stored` as categories or not, can have the role said."""
    import pyarrow.types as kinds

    role = described.role
    if described.codelist is not None and role not in (None, Role.CATEGORY):
        raise BadInputError(f"'{name}' has a codelist, so its role can only be category")
    fits = kinds.is_null(plain) or {
        Role.NUMBER: _is_number(plain) and not stored,
        Role.DATE: (_is_time(plain) or is_text(plain)) and not stored,
        Role.TEXT: is_text(plain),
        Role.UNIT: is_text(plain) or kinds.is_integer(plain),
        Role.ID: is_text(plain) or kinds.is_integer(plain),
    }.get(role or Role.CATEGORY, True)
    if not fits:
        wanted = "texts or whole numbers" if role in _IDS else f"{role}s"
        raise BadInputError(f"'{name}' must hold {wanted} to have the role {role}, and holds something else")


def _of_texts(table: Any, name: str, units: Units, threshold: int) -> Role:
    import pyarrow.compute as pc

    keys = Keys.of(table, [name], "columns")
    codes, size = keys.codes[:, 0], keys.sizes[0]
    told = int((codes != MISSING).sum())
    if not told:
        return Role.CATEGORY
    distinct = pc.unique(table.column(name).drop_null())
    if is_dates(distinct):
        return Role.DATE
    counts = np.bincount(codes[codes >= 0], minlength=size)
    shared = counts[units.per(codes, size) >= threshold].sum()
    if shared >= _SHARED * told:
        return Role.CATEGORY
    return Role.ID if size == told and told == len(codes) else Role.TEXT


def is_dates(distinct: Any) -> bool:
    """Say whether all of these texts are dates written YYYY-MM-DD."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as kinds

    if kinds.is_dictionary(distinct.type):
        return False
    if not pc.all(pc.match_substring_regex(distinct, _DATE)).as_py():
        return False
    try:
        distinct.cast(pa.date32())
    except pa.ArrowInvalid:
        return False
    return True


def plain_type(kind: Any) -> Any:
    """Return the type of the values of a column, also where it is stored as a dictionary."""
    import pyarrow.types as kinds

    return kind.value_type if kinds.is_dictionary(kind) else kind


def is_text(kind: Any) -> bool:
    """Say whether values of the type are texts."""
    import pyarrow.types as kinds

    return bool(kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_string_view(kind))


def _is_number(kind: Any) -> bool:
    import pyarrow.types as kinds

    return bool(kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_decimal(kind))


def _is_time(kind: Any) -> bool:
    import pyarrow.types as kinds

    return bool(kinds.is_temporal(kind) and not kinds.is_interval(kind))
