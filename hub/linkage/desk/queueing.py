"""The queue of a review in the linker's zone: what the numbers of its pairs stand for, sealed for the zone itself.

Two tables for each linked version: `pairs` says which records a number is about, `shown` what of them reviewers see.
Only numbers, strata and how many pairs there are leave the zone.
"""

# ruff: noqa: S608 - SQL is put together from quoted names only
from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saferoom.errors import BadInputError, IntegrityError, NotFoundError
from saferoom.hub.linkage import sealed
from saferoom.projects.linkage.review_sample import MOST_PAIRS, sample
from saferoom.projects.linkage.tables import quoted, require

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

    from saferoom.hub.linkage.opened import OpenZone

_LINK = re.compile(r"[a-z][a-z0-9_-]{0,39}@[1-9][0-9]{0,8}")
_DRAWN = "_review_drawn"
_UNSEEN = "\N{REPLACEMENT CHARACTER}"
_SIDES = ("source_l", "record_id_l", "source_r", "record_id_r")
MOST_LETTERS = 200
"""Of a value that is shown; longer ones are cut."""

Fields = tuple[tuple[str, str | None], ...]


@dataclass(frozen=True)
class Side:
    """One of a pair's two records as a reviewer sees it: where it is from, and column by column what identifies."""

    source: str
    fields: Fields


@dataclass(frozen=True)
class Shown:
    """Two records side by side."""

    left: Side
    right: Side

    def rows(self) -> list[tuple[str, str | None, str | None, bool]]:
        """Return column, both values, and whether they are the same, in the order of the columns.

        Values are as they are seen: letters in one form, and what is not seen, or turns what follows around, as a mark.
        """
        left, right = ({name: _seen(value) for name, value in side.fields} for side in (self.left, self.right))
        names = list(dict.fromkeys([*left, *right]))
        return [(name, left.get(name), right.get(name), left.get(name) == right.get(name)) for name in names]


def write_queue(
    zone: OpenZone,
    link: str,
    connection: DuckDBPyConnection,
    *,
    pairs: str,
    records: Mapping[str, str],
    fields: Sequence[str],
    most: int = MOST_PAIRS,
) -> dict[str, Any]:
    """Draw the doubtful pairs of a linked version, keep what reviewers need of them, and return what may be known.

    Parameters
    ----------
    link : str
        ``index@number``.
    records : mapping of str to str
        Of source to relation with `record_id` and columns that identify.
    fields : sequence of str
        The columns that are shown, in their order; one that a source lacks is blank there.

    Returns
    -------
    dict
        ``pairs``: number, stratum and whether accepted, of each; ``doubtful``: how many pairs it was drawn from.
    """
    folder = _folder(link)
    connection.execute(f"DROP TABLE IF EXISTS {_DRAWN}")
    drawn = sample(connection, pairs, _DRAWN, most=most)
    try:
        shown = connection.sql(_shown_sql(connection, records, fields)).to_arrow_table()
        keys = connection.sql(f"SELECT number, {', '.join(_SIDES)} FROM {_DRAWN} ORDER BY number")
        for name, table in (("pairs", keys.to_arrow_table()), ("shown", shown)):
            _clear(zone, f"{folder}/{name}")
            zone.write(f"{folder}/{name}", table, _about(link, name))
        rows = connection.execute(f"SELECT number, stratum, accepted FROM {_DRAWN} ORDER BY number").fetchall()
    finally:
        connection.execute(f"DROP TABLE IF EXISTS {_DRAWN}")
    return {"pairs": [[int(row[0]), int(row[1]), bool(row[2])] for row in rows], "doubtful": drawn.pairs}


def _shown_sql(connection: DuckDBPyConnection, records: Mapping[str, str], fields: Sequence[str]) -> str:
    """Return SQL of `number, source_l, left, source_r, right`; the records' columns are lists of JSON texts."""
    parts = []
    for source, relation in records.items():
        present = require(connection, relation, f"the records of {source}", ("record_id",))
        values = ", ".join(
            f"CAST({quoted(name)} AS VARCHAR)[1:{MOST_LETTERS}]" if name in present else "NULL::VARCHAR"
            for name in fields
        )
        parts.append(
            f"SELECT {_text(source)} source, CAST(record_id AS VARCHAR) record_id, [{values}] found "
            f"FROM {quoted(relation)}"
        )
    names = json.dumps(list(fields))
    return (
        f"WITH every AS ({' UNION ALL '.join(parts)}) "
        f'SELECT d.number, {_text(names)} AS fields, d.source_l, to_json(l.found)::VARCHAR AS "left", d.source_r, '
        f'to_json(r.found)::VARCHAR AS "right" FROM {_DRAWN} d '
        "LEFT JOIN every l ON l.source = d.source_l AND l.record_id = d.record_id_l "
        "LEFT JOIN every r ON r.source = d.source_r AND r.record_id = d.record_id_r ORDER BY d.number"
    )


def decided_pairs(zone: OpenZone, link: str, decisions: Sequence[tuple[int, bool]]) -> pa.Table:
    """Return what people settled as `source_l, record_id_l, source_r, record_id_r, matched`.

    Raises
    ------
    IntegrityError
        A number is not in the version's queue.
    """
    import pyarrow as pa

    known = {row["number"]: row for row in _read(zone, link, "pairs")}
    if any(number not in known for number, _ in decisions):
        raise IntegrityError("a decision is about a pair that the review does not have; nothing was taken over")
    columns = {side: [known[number][side] for number, _ in decisions] for side in _SIDES}
    text = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    return pa.table({**text, "matched": pa.array([matched for _, matched in decisions], pa.bool_())})


def shown_pairs(zone: OpenZone, link: str) -> dict[int, Shown]:
    """Return what reviewers see of every pair of a review.

    Raises
    ------
    NotFoundError
        The zone has no queue of that name.
    IntegrityError
        Its files are not what was written.
    """
    return {int(row["number"]): _shown(row) for row in _read(zone, link, "shown")}


def _shown(row: Mapping[str, Any]) -> Shown:
    try:
        names = json.loads(row["fields"])
        sides = [
            Side(row[f"source_{letter}"], tuple(zip(names, json.loads(row[side]), strict=True)))
            for letter, side in (("l", "left"), ("r", "right"))
        ]
    except (TypeError, ValueError):
        raise IntegrityError("a record of the review is missing or damaged; link the version anew") from None
    return Shown(*sides)


def _read(zone: OpenZone, link: str, name: str) -> list[dict[str, Any]]:
    place = f"{_folder(link)}/{name}"
    if not all((zone.folder / f"{_folder(link)}" / file).is_file() for file in sealed.names(name)):
        raise NotFoundError("there is nothing to review of this version here")
    rows: list[dict[str, Any]] = zone.read(place, _about(link, name)).read_all().to_pylist()
    return rows


def _clear(zone: OpenZone, place: str) -> None:
    """Remove what a linkage that was never recorded left behind under the same number."""
    for name in sealed.names((zone.folder / place).name):
        (zone.folder / place).with_name(name).unlink(missing_ok=True)


def _seen(value: str | None) -> str | None:
    """Return a value in which two that differ look different, and two that look the same are: composed, all visible."""
    if value is None:
        return None
    composed = unicodedata.normalize("NFC", value)
    return "".join(one if one.isprintable() else " " if one.isspace() else _UNSEEN for one in composed)


def _folder(link: str) -> str:
    if not _LINK.fullmatch(link):
        raise BadInputError("a linked version is called index@number")
    index, _, number = link.partition("@")
    return f"review/{index}/{number}"


def review_files(link: str) -> tuple[tuple[str, dict[str, str]], ...]:
    """Return where a linked version's queue is in the zone, and what each of its tables is about."""
    return tuple((f"{_folder(link)}/{name}", _about(link, name)) for name in ("pairs", "shown"))


def _about(link: str, name: str) -> dict[str, str]:
    return {"what": f"review/{name}", "link": link}


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
