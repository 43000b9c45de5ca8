"""The catalogue's side of the store; implements `saferoom.projects.catalogue.shelves.Shelves`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Text, and_, case, cast, func, or_, select
from sqlalchemy.orm import Session

from saferoom.hub.store.database import Database
from saferoom.hub.store.life_tables import DatasetVersionRow
from saferoom.hub.store.tables import DatasetRow, PersonRow, VariableRow
from saferoom.ids import DatasetName
from saferoom.projects.catalogue.model import VariableRole, VariableType
from saferoom.projects.catalogue.shelves import SHOWN, Edition, Hit, VariableLine
from saferoom.projects.paging import Cut, Paged


def _given(column: Any) -> ColumnElement[bool]:
    """Return whether JSON is there: a variable without one holds JSON's null, which is not the database's."""
    return func.coalesce(cast(column, Text), "null") != "null"


_SHOWABLE = VariableRow.role != VariableRole.DIRECT.value
_LINE: Select[Any] = select(
    VariableRow.dataset,
    VariableRow.name,
    VariableRow.label,
    VariableRow.type,
    VariableRow.role,
    case((_given(VariableRow.codelist), func.json_array_length(VariableRow.codelist)), else_=0).label("codes"),
    _given(VariableRow.hierarchy).label("grouped"),
)


class StoredShelves:
    """Answers from the store as it is at each call."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def search(self, words: Sequence[str], cut: Cut) -> Paged[Hit]:
        chosen = [or_(_dataset_has(word), _variable_of_it_has(word)) for word in words]
        query = select(DatasetRow.name, DatasetRow.title, DatasetRow.version, PersonRow.display_name)
        query = query.join(PersonRow, PersonRow.username == DatasetRow.owner).where(*chosen)
        ordered = query.order_by(func.lower(DatasetRow.title), DatasetRow.name)
        with self._database.reading() as session:
            rows = session.execute(ordered.limit(cut.size).offset(cut.offset)).all()
            total = session.scalar(select(func.count()).select_from(DatasetRow).where(*chosen)) or 0
            names = [row.name for row in rows]
            counts, found = _counts(session, names), _found(session, names, words)
        items = tuple(
            Hit(
                DatasetName(row.name),
                row.title,
                row.version,
                row.display_name,
                counts.get(row.name, 0),
                tuple(found.get(row.name, ())),
            )
            for row in rows
        )
        return Paged(items, total, cut)

    def variables(self, dataset: DatasetName, words: Sequence[str], cut: Cut) -> Paged[VariableLine]:
        chosen = (VariableRow.dataset == dataset, _SHOWABLE, *(_variable_has(word) for word in words))
        ordered = _LINE.where(*chosen).order_by(VariableRow.position)
        with self._database.reading() as session:
            rows = session.execute(ordered.limit(cut.size).offset(cut.offset)).all()
            total = session.scalar(select(func.count()).select_from(VariableRow).where(*chosen)) or 0
        return Paged(tuple(_line(row) for row in rows), total, cut)

    def editions(self, dataset: DatasetName) -> tuple[Edition, ...]:
        query = select(DatasetVersionRow.number, DatasetVersionRow.version, DatasetVersionRow.at)
        newest = query.where(DatasetVersionRow.dataset == dataset).order_by(DatasetVersionRow.number.desc())
        with self._database.reading() as session:
            return tuple(Edition(*row) for row in session.execute(newest))


def _dataset_has(word: str) -> ColumnElement[bool]:
    return or_(
        DatasetRow.name.contains(word, autoescape=True),
        func.lower(DatasetRow.title).contains(word, autoescape=True),
        func.lower(func.coalesce(DatasetRow.description, "")).contains(word, autoescape=True),
    )


def _variable_has(word: str) -> ColumnElement[bool]:
    return or_(
        func.lower(VariableRow.name).contains(word, autoescape=True),
        func.lower(func.coalesce(VariableRow.label, "")).contains(word, autoescape=True),
    )


def _variable_of_it_has(word: str) -> ColumnElement[bool]:
    having = select(VariableRow.name).where(VariableRow.dataset == DatasetRow.name, _SHOWABLE, _variable_has(word))
    return having.exists()


def _counts(session: Session, names: Collection[str]) -> Mapping[str, int]:
    """Return how many variables of each dataset a project may ask for: neither ids nor direct identifiers."""
    asked = VariableRow.role.not_in((VariableRole.DIRECT.value, VariableRole.ID.value))
    query = select(VariableRow.dataset, func.count()).where(VariableRow.dataset.in_(names), asked)
    return {row[0]: row[1] for row in session.execute(query.group_by(VariableRow.dataset))}


def _found(session: Session, names: Collection[str], words: Sequence[str]) -> Mapping[str, list[VariableLine]]:
    """Return, for each dataset, the first variables that one of the words is in."""
    found: dict[str, list[VariableLine]] = defaultdict(list)
    if not words:
        return found
    chosen = and_(VariableRow.dataset.in_(names), _SHOWABLE, or_(*map(_variable_has, words)))
    place = func.row_number().over(partition_by=VariableRow.dataset, order_by=VariableRow.position)
    numbered = _LINE.add_columns(place.label("place")).where(chosen).subquery()
    first = select(numbered).where(numbered.c.place <= SHOWN).order_by(numbered.c.dataset, numbered.c.place)
    for row in session.execute(first):
        found[row.dataset].append(_line(row))
    return found


def _line(row: Row[Any]) -> VariableLine:
    return VariableLine(
        row.name, row.label or "", VariableType(row.type), VariableRole(row.role), row.codes or 0, bool(row.grouped)
    )
