"""A synthetic twin of a delivery, made where the delivery is split: low fidelity, checked before anybody has it.

It has the columns that an extract can have, under their names there, so that code written for it runs in a room. Each
variable is drawn by itself from a safe margin (`saferoom.disclosure.microdata.synthetic`).
"""

# ruff: noqa: S608 - SQL is put together from names of our own
from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from saferoom.digests import canonical, sha256
from saferoom.errors import SaferoomError
from saferoom.hub.catalogue.subjects import subject
from saferoom.ids import Digest
from saferoom.projects.catalogue.model import Dataset, VariableRole

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.synthetic.described import Described, Terms

FILE = "twin.parquet"
MOST_RECORDS = 10_000
"""Records of a twin, which is for writing code."""
MOST_READ = 1_000_000
"""Records that margins are taken from; of more, a random sample."""
_MOST_KEYS = 6
_DRAWS = 4
"""Twins that are drawn, at most, until one's limits hold. Of a hundred people, one draw in twenty comes too near to
them by chance; each is checked by itself, and none of those before is kept."""

Columns = Mapping[str, str]


@dataclass(frozen=True)
class TwinMade:
    """A twin, or why there is none.

    Attributes
    ----------
    sha256 : str or None
        Of the file; None where there is none.
    document : mapping
        How it was made and what its disclosure check found; or `why` there is none.
    """

    sha256: Digest | None
    document: Mapping[str, Any]


def shape(dataset: Dataset) -> str:
    """Return a digest of all that a twin depends on but the rows: of one shape, one twin is made.

    A twin for every version would let their margins be compared.
    """
    told = {
        "units": list(dataset.units),
        "threshold": dataset.risk_appetite.threshold_units,
        "variables": [
            {"name": v.name, "type": v.type.value, "role": v.role.value, "codelist": v.codelist and list(v.codelist)}
            for v in dataset.variables
        ],
    }
    return sha256(canonical(told))


def make_twin(connection: duckdb.DuckDBPyConnection, dataset: Dataset, columns: Columns, folder: Path) -> TwinMade:
    """Write a twin of the rows in ``raw`` to `FILE` in `folder`, unless its limits do not hold.

    Parameters
    ----------
    columns : mapping of str to str
        Of a delivered variable's name to its column of ``raw``.
    """
    import numpy as np
    from pyarrow import parquet

    from saferoom.disclosure.microdata.synthetic.making import BrokenLimitsError, low_fidelity

    parts = _parts(dataset, columns)
    described = {part.name: part.described for part in parts}
    try:
        table = _table(connection, parts)
        for left in reversed(range(_DRAWS)):
            random = np.random.Generator(np.random.Philox(secrets.randbits(128)))
            try:
                twin = low_fidelity(table, described, random, _terms(dataset, table.num_rows))
                break
            except BrokenLimitsError:
                if not left:
                    raise
    except SaferoomError as error:
        return TwinMade(None, {"why": error.message})
    made: Any = twin.frame
    parquet.write_table(made, folder / FILE, compression="zstd")
    return TwinMade(sha256((folder / FILE).read_bytes()), twin.document())


@dataclass(frozen=True)
class _Part:
    """A column of the twin, and the SQL of what it is made of."""

    name: str
    sql: str
    described: Described


def _parts(dataset: Dataset, columns: Columns) -> list[_Part]:
    """Return the columns that an extract can have of the delivery; the first says whose rows these are, if known."""
    from saferoom.disclosure.microdata.synthetic.described import Described, Role

    whose = subject(dataset)
    unit, parts = dataset.units[0], list[_Part]()
    if whose is not None:
        # Whatever the owner's own ids are, an extract's are texts where they come from linking.
        text = "" if whose.name == unit else "::VARCHAR"
        parts.append(_Part(unit, columns[whose.name] + text, Described(Role.UNIT)))
    for one in dataset.delivered:
        if one.name == unit or one.role is VariableRole.DIRECT:
            continue
        known = Described(Role.ID) if one.role is VariableRole.ID else Described(codelist=one.codelist)
        parts.append(_Part(one.name, columns[one.name], known))
    return parts


def _table(connection: duckdb.DuckDBPyConnection, parts: list[_Part]) -> Any:
    chosen = ", ".join(f"{part.sql} AS c{place}" for place, part in enumerate(parts))
    query = f"SELECT {chosen} FROM raw USING SAMPLE reservoir({MOST_READ} ROWS)"
    return connection.sql(query).to_arrow_table().rename_columns([part.name for part in parts])


def _terms(dataset: Dataset, rows: int) -> Terms:
    from saferoom.disclosure.microdata.synthetic.described import Terms

    by_role = [(v.role, v.name) for v in dataset.delivered]
    return Terms(
        threshold=dataset.risk_appetite.threshold_units,
        keys=tuple(name for role, name in by_role if role is VariableRole.QUASI)[:_MOST_KEYS],
        sensitive=tuple(name for role, name in by_role if role is VariableRole.SENSITIVE),
        rows=MOST_RECORDS if rows > MOST_RECORDS else None,
    )
