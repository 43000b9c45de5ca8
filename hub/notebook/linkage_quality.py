"""How well a dataset of the project is linked, and whom linking loses: the quality pack of its version, as it is shown.

What may not be shown is blank here, too: the airlock sends no such number into a room.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from saferoom.hub.notebook import markup
from saferoom.hub.notebook.connection import Connection
from saferoom.hub.notebook.errors import RoomError
from saferoom.hub.notebook.layout import Cell, Grid

if TYPE_CHECKING:
    import pandas as pd

    from saferoom.projects.linkage.quality_model import CountTable, Estimate, GroupTable
    from saferoom.projects.linkage.quality_view import IndexQuality, VersionQuality

_HEAD = ("records", "linked", "not linked", "match rate", "95 % interval", "std. difference", "precision", "recall")
_FRAME = ("index", "group", "category", "records", "linked", "unlinked", "match_rate", "match_rate_low")
_MORE = ("match_rate_high", "standardised_difference", "precision", "recall")
_NOTHING = "–"


class LinkageQuality:
    """How well one version of a dataset is linked.

    Attributes
    ----------
    dataset, version : str
    sentences : tuple of str
        Whom linking loses: groups that are lost more often than others, those of this dataset first.
    """

    def __init__(self, told: VersionQuality) -> None:
        self._told = told
        self.dataset, self.version = told.dataset, told.version
        self.sentences = tuple(said for one in told.linkages for said in one.said)

    def frame(self) -> pd.DataFrame:
        """Return linked and unlinked records by every group as a pandas frame; what may not be shown is missing."""
        import pandas as pd

        return pd.DataFrame([row for one in self._told.linkages for row in _rows(one)], columns=[*_FRAME, *_MORE])

    def document(self) -> dict[str, Any]:
        """Return everything that is told, as the airlock's API tells it."""
        return self._told.model_dump(mode="json")

    def __repr__(self) -> str:
        """Return sentences and tables as text."""
        lines = [f"{self.dataset}, version {self.version}: how well it is linked"]
        for one in self._told.linkages:
            lines += ["", *one.said, "", *markup.facts_text(_facts(one))]
            for title, grid in _grids(one):
                lines += ["", title, *markup.grid_text(grid)]
            lines += ["", *_withheld(one), _rules(one)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        parts = []
        for one in self._told.linkages:
            kind = "pass" if one.fair else "review"
            head = f"{self.dataset}, version {self.version}: how well it is linked through {one.linked.index}"
            parts += [
                markup.notice(kind, head, f"linkage {one.linked.number} of the index, {one.linked.at:%Y-%m-%d}"),
                markup.because("", one.said),
            ]
            parts.append(markup.facts_html(_facts(one)))
            parts += [markup.details(title, markup.grid_html(grid)) for title, grid in _grids(one)]
            parts += [markup.small(said) for said in (*_withheld(one), _rules(one))]
        return markup.panel(*parts)


def linkage_quality(name: str, version: str | None = None) -> LinkageQuality:
    """Show how well a dataset of this project is linked, and whom linking loses.

    Parameters
    ----------
    name : str
        The dataset, or one that a dataset of this project was linked from.
    version : str, optional
        Which version; the newest that the project has when left out.

    Raises
    ------
    RoomError
        The project has no such dataset, or it is not linked.

    Examples
    --------
    ``saferoom.linkage_quality("schools_pupils")``; its ``.frame()`` has every group, and ``.sentences`` whom linking
    loses.
    """
    from pydantic import ValidationError

    from saferoom.projects.linkage.quality_view import VersionQuality

    which = "" if version is None else f"/versions/{quote(version, safe='')}"
    answer = Connection.from_environment().get(f"/api/room/datasets/{quote(name, safe='')}{which}/linkage")
    try:
        return LinkageQuality(VersionQuality.model_validate(answer, strict=False))
    except ValidationError:
        raise RoomError("the airlock's answer was not understood; restart the room so that both match") from None


def _whole(one: IndexQuality) -> str:
    own = one.dataset
    if own.records is None and own.reason:
        return own.reason
    return f"{_count(own.records)}, of which {_count(own.linked)} are linked to another dataset"


def _facts(one: IndexQuality) -> list[tuple[str, str]]:
    own, linked = one.dataset, one.linked
    found = [("records", _whole(one)), ("match rate", _with_interval(own.match_rate))]
    found += [
        (f"{name} of the index", f"{_with_interval(known)}, from {known.basis.value}")
        for name, known in (("precision", one.precision), ("recall", one.recall))
        if known is not None
    ]
    found += [(f"match rate of {other.name}", _with_interval(other.match_rate)) for other in one.others]
    compared = "everything compared anew" if linked.afresh else "new records compared with known ones"
    return [*found, ("linkage", f"{linked.index}, number {linked.number}, {linked.at:%Y-%m-%d}; {compared}")]


def _rules(one: IndexQuality) -> str:
    strictest = max(rules.threshold_units for rules in one.rules)
    blanks = f" A dash stands for fewer than {strictest} records, or what would tell them." if one.has_blanks else ""
    names = ", ".join(rules.policy for rules in one.rules)
    return f"Checked for disclosure under the risk appetite {names}.{blanks} {' '.join(one.notes)}"


def _grids(one: IndexQuality) -> Iterator[tuple[str, Grid]]:
    for table in one.dataset.groups:
        if table.rows:
            yield f"By {table.column.replace('_', ' ')}", _by_group(table)
    for counted in one.dataset.counts:
        if counted.rows:
            yield f"Linked records by {counted.what}", _counted(counted)


def _withheld(one: IndexQuality) -> list[str]:
    """Return why a table is not shown, a line for each that is not."""
    own = one.dataset
    tables = [(table.column.replace("_", " "), table.reason) for table in own.groups]
    counted = [(table.what, table.reason) for table in own.counts]
    return [f"By {name}: {reason}." for name, reason in (*tables, *counted) if reason]


def _by_group(table: GroupTable) -> Grid:
    body = []
    for row in table.rows:
        apart = row.standardised_difference
        texts = [
            *(_count(number) for number in (row.records, row.linked, row.unlinked)),
            _share(row.match_rate),
            _NOTHING if row.match_rate is None else _interval(row.match_rate),
            _NOTHING if apart is None else f"{apart:+.3f}",
            _share(row.precision),
            _share(row.recall),
        ]
        body.append((Cell(row.label, heading=True), *map(_cell, texts)))
    return Grid(_headings(table.column.replace("_", " "), *_HEAD), tuple(body))


def _counted(table: CountTable) -> Grid:
    body = tuple((Cell(label, heading=True), _cell(_count(number))) for label, number in table.rows)
    return Grid(_headings(table.what, "records"), body)


def _headings(*names: str) -> tuple[Cell, ...]:
    return tuple(Cell(name, heading=True) for name in names)


def _cell(text: str) -> Cell:
    return Cell(text, note="may not be shown, or is not known" if text == _NOTHING else "")


def _rows(one: IndexQuality) -> Iterator[tuple[Any, ...]]:
    for table in one.dataset.groups:
        for row in table.rows:
            rate = row.match_rate
            limits = (None, None, None) if rate is None else (rate.value, rate.low, rate.high)
            known = (found.value if found is not None else None for found in (row.precision, row.recall))
            counts = (row.records, row.linked, row.unlinked)
            place = (one.linked.index, table.column, row.label)
            yield (*place, *counts, *limits, row.standardised_difference, *known)


def _count(number: int | None) -> str:
    return _NOTHING if number is None else f"{number:,}"


def _share(found: Estimate | None) -> str:
    return _NOTHING if found is None else f"{100 * found.value:.1f} %"


def _interval(found: Estimate) -> str:
    return f"{100 * found.low:.1f} to {100 * found.high:.1f}"


def _with_interval(found: Estimate | None) -> str:
    return _NOTHING if found is None else f"{_share(found)} ({_interval(found)})"
