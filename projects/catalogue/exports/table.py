"""The public list of datasets as one table in CSV: a line for each variable, with what is known of its dataset."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

COLUMNS = (
    *("dataset", "title", "version", "owners", "gateways", "purposes", "nations", "first", "last", "came_in"),
    *("refresh", "next_expected", "gaps", "linked_from", "direct_identifiers", "projects", "releases"),
    *("variable", "label", "type", "role", "codes", "concept", "linked_through"),
)


def to_csv(entries: Iterable[Mapping[str, Any]]) -> bytes:
    """Return the list as CSV (RFC 4180, UTF-8); no cell is a formula to a spreadsheet."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for entry in entries:
        writer.writerows([_plain(cell) for cell in row] for row in _rows(entry))
    return text.getvalue().encode()


def _rows(entry: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    about = _about(entry)
    for variable in entry["variables"]:
        harmonised = variable["harmonised"]
        yield [
            *about,
            variable["name"],
            variable["label"],
            variable["type"],
            variable["role"],
            variable["codes"],
            harmonised["concept"] if harmonised else None,
            variable["linked_through"],
        ]


def _about(entry: Mapping[str, Any]) -> list[Any]:
    coverage, refresh, versions = entry["coverage"], entry["refresh"] or {}, entry["versions"]
    return [
        entry["name"],
        entry["title"],
        entry["version"],
        "; ".join(entry["owners"]),
        "; ".join(gateway["name"] for gateway in entry["gateways"]),
        "; ".join(entry["purposes"]),
        "; ".join(entry["nations"]),
        coverage["first"],
        coverage["last"],
        versions[0]["ingested_at"] if versions else None,
        refresh.get("frequency"),
        refresh.get("next"),
        "; ".join(gap["what"] for gap in entry["gaps"]),
        "; ".join(entry["linked_from"]),
        entry["direct_identifiers"],
        "; ".join(entry["projects"]),
        entry["releases"],
    ]


def _plain(cell: Any) -> str:
    # Brings what writes workbooks with it, which other exports do not need.
    from saferoom.projects.airlock.render import neutral

    return "" if cell is None else neutral(str(cell))
