"""Values that a twin must not have: categories of too few units, and the numbers of those farthest out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from saferoom.disclosure.microdata.keys import Keys
from saferoom.disclosure.microdata.synthetic.described import Described, Role
from saferoom.disclosure.microdata.synthetic.kinds import plain_type
from saferoom.disclosure.microdata.synthetic.scales import numbers_of
from saferoom.disclosure.microdata.synthetic.units import Units


def rare_values(
    table: Any, twin: Any, roles: Mapping[str, Role], described: Mapping[str, Described], terms: tuple[Units, int]
) -> list[str]:
    """Return the columns in which the twin has a value that fewer units of the file have than the threshold.

    Categories and texts that no codelist makes public, ids, and numbers among the threshold's units farthest out.

    Parameters
    ----------
    terms : Units and int
        Of the file, and the threshold.
    """
    units, threshold = terms
    found = []
    for name, role in roles.items():
        if role in (Role.NUMBER, Role.DATE):
            bad = _beyond(table.column(name), twin.column(name), name, units, threshold)
        else:
            least = 1 << 62 if role is Role.TEXT else threshold
            bad = _shared(table, twin, name, described.get(name, Described()), (units, least))
        if bad and not (role in (Role.UNIT, Role.ID) and _is_whole(table, name)):
            found.append(name)
    return found


def _is_whole(table: Any, name: str) -> bool:
    """Say whether ids are whole numbers; those made anew count from 1, so that they may be somebody's by chance."""
    import pyarrow.types as kinds

    return bool(kinds.is_integer(plain_type(table.schema.field(name).type)))


def _shared(table: Any, twin: Any, name: str, described: Described, terms: tuple[Units, int]) -> bool:
    import pyarrow as pa

    units, threshold = terms
    keys = Keys.of(table, [name], "columns")
    if not keys.sizes[0]:
        return False
    few = units.per(keys.codes[:, 0], keys.sizes[0]) < threshold
    kind = plain_type(table.schema.field(name).type)
    rare = set(pa.array(keys.categories[0][few], type=kind).to_pylist()) - set(described.codelist or ())
    made = twin.column(name)
    plain = made.cast(kind) if made.type != kind else made
    return bool(rare & set(plain.unique().to_pylist()))


def _beyond(column: Any, made: Any, name: str, units: Units, threshold: int) -> bool:
    """Say whether a number of the twin is one beyond what the threshold's units reach, from below or from above."""
    if column.null_count == len(column) or made.null_count == len(made):
        return False
    numbers, missing, scale = numbers_of(column, name)
    own, absent, other = numbers_of(made, name)
    first = scale.absolute(numbers[~missing])
    told = np.flatnonzero(~missing)
    order = np.argsort(first, kind="stable")
    low = int(np.searchsorted(units.running(told[order]), threshold))
    high = int(np.searchsorted(units.running(told[order[::-1]]), threshold))
    ordered = first[order]
    if low >= len(ordered):
        return bool(np.isin(other.absolute(own[~absent]), ordered).any())
    farthest = np.concatenate([ordered[ordered < ordered[low]], ordered[ordered > ordered[::-1][high]]])
    return bool(np.isin(other.absolute(own[~absent]), farthest).any())
