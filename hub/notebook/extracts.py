"""The project's extracts: what there is, and opening one with DuckDB or pandas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saferoom.hub.notebook import markup
from saferoom.hub.notebook.connection import Connection
from saferoom.hub.notebook.errors import RoomError

if TYPE_CHECKING:
    import duckdb
    import ibis.expr.types as ir
    import pandas as pd


@dataclass(frozen=True)
class Column:
    """One column of an extract: its name, type, what it may identify (`role`) and its label."""

    name: str
    type: str
    role: str
    label: str


class Extract:
    """One dataset of this project, read-only, with the project's own pseudonyms instead of identifiers."""

    def __init__(self, item: Mapping[str, Any]) -> None:
        try:
            self.name = str(item["name"])
            self.title = str(item["title"])
            self.path = str(item["path"])
            self.units = tuple(map(str, item["units"]))
            self.owner = str(item["owner"])
            self.approved_until = str(item["approved_until"])
            self.version = str(item["version"])
            self.versions = tuple(map(str, item["versions"]))
            self.columns = tuple(_column(column) for column in item["columns"])
        except (KeyError, TypeError):
            raise RoomError("the airlock's answer was not understood; restart the room so that both match") from None

    def relation(self) -> duckdb.DuckDBPyRelation:
        """Return the extract as a DuckDB relation: nothing is read until it is asked for."""
        import duckdb

        return duckdb.read_parquet(str(self._existing()))

    def ibis(self) -> ir.Table:
        """Return an Ibis table of the extract's columns, to declare preparation with; it holds no data.

        Examples
        --------
        ``people = saferoom.data("people").ibis()``, then
        ``saferoom.mean("pay", by="region", source=people.filter(people.age >= 18))``.
        """
        from saferoom.hub.notebook.preparations import unbound

        return unbound(self.name, str(self._existing()))

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return the extract, or only `columns` of it, as a pandas frame."""
        import pandas as pd

        known = {column.name for column in self.columns}
        unknown = [name for name in columns or () if name not in known]
        if unknown:
            raise RoomError(f"{self.name} has no column {unknown[0]!r}; it has {', '.join(sorted(known))}")
        return pd.read_parquet(self._existing(), columns=None if columns is None else list(columns))

    def _existing(self) -> Path:
        path = Path(self.path)
        if not path.is_file():
            raise RoomError(
                f"the extract {self.name} is not in this room; it may have been approved after the room was opened. "
                "Stop the room at the hub's home page and open it again"
            )
        return path

    def _rows(self) -> list[tuple[str, str, str, str]]:
        return [(column.name, column.type, column.role, column.label) for column in self.columns]

    def _summary(self) -> str:
        units = ", ".join(self.units)
        others = ", ".join(version for version in self.versions if version != self.version)
        version = f"version {self.version}" + (f" (also {others})" if others else "")
        return f"{self.title} · {version} · units: {units} · owner: {self.owner} · approved until {self.approved_until}"

    def __repr__(self) -> str:
        lines = [f"{self.name}: {self._summary()}"]
        return "\n".join(lines + markup.columns_text([_COLUMN_HEAD, *self._rows()], left=len(_COLUMN_HEAD)))

    def _repr_html_(self) -> str:
        return markup.panel(
            markup.notice("pass", self.name, self._summary()), markup.words_html(_COLUMN_HEAD, self._rows())
        )


class Extracts(Mapping[str, Extract]):
    """The project's extracts by name."""

    def __init__(self, items: Sequence[Extract]) -> None:
        self._items = {item.name: item for item in items}

    def __getitem__(self, name: str) -> Extract:
        if name not in self._items:
            known = ", ".join(self._items) or "none yet"
            raise RoomError(f"this project has no dataset {name!r}; it has: {known}")
        return self._items[name]

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def _rows(self) -> list[tuple[str, str, str, str, str, str]]:
        return [
            (x.name, x.title, str(len(x.columns)), ", ".join(x.units), x.owner, x.approved_until)
            for x in self._items.values()
        ]

    def __repr__(self) -> str:
        if not self._items:
            return _NONE
        return "\n".join([*markup.columns_text([_HEAD, *self._rows()], left=len(_HEAD)), "", _HINT])

    def _repr_html_(self) -> str:
        if not self._items:
            return markup.panel(markup.paragraph(_NONE))
        return markup.panel(markup.words_html(_HEAD, self._rows()), markup.paragraph(_HINT))


_HEAD = ("dataset", "title", "columns", "units", "owner", "approved until")
_COLUMN_HEAD = ("column", "type", "role", "label")
_HINT = (
    'Open one with saferoom.data("NAME"): .columns, .frame() for pandas, .relation() for DuckDB, .ibis() to declare '
    "preparation."
)
_NONE = (
    "No datasets are approved for this project at present. A data owner grants an approval; "
    "then stop the room at the hub's home page and open it again."
)


def datasets() -> Extracts:
    """Return the project's extracts by name."""
    answer = Connection.from_environment().get("/api/room/datasets")
    return Extracts([Extract(item) for item in answer])


def extract(name: str, version: str | None = None) -> Extract:
    """Open an extract of this project, the newest version where none is named.

    Queries over another version than the newest name it, too, as
    ``saferoom.mean("pay", source="people", versions={"people": "1"})``.

    Examples
    --------
    ``saferoom.extract("people", version="1").frame()``
    """
    if version is None:
        return datasets()[name]
    return Extract(Connection.from_environment().post(f"/api/room/datasets/{name}/versions", {"version": version}))


def new_ids(unit: str, epoch: int = 1) -> pd.Series[Any]:
    """Return what the ids of a kind of unit have become, by the old id.

    Parameters
    ----------
    unit : str
        The unit's column, e.g. ``person_id``.
    epoch : int
        Which old ids: those of the first epoch, or of a later one where ids were changed several times.

    Examples
    --------
    ``table["person_id"] = table["person_id"].map(saferoom.new_ids("person_id"))`` carries an older table over.
    """
    import pandas as pd

    found = {item["unit"]: item["path"] for item in Connection.from_environment().get("/api/room/ids")}
    if unit not in found:
        raise RoomError(f"the ids of {unit} were never changed in this project, so that old tables fit as they are")
    table = pd.read_parquet(found[unit])
    chosen = table[table["epoch"] == epoch]
    if chosen.empty:
        raise RoomError(f"there were no ids of {unit} of epoch {epoch}; there were {sorted(set(table['epoch']))}")
    return chosen.set_index("old_id")["new_id"]


def _column(item: Mapping[str, Any]) -> Column:
    return Column(str(item["name"]), str(item["type"]), str(item["role"]), str(item.get("label") or ""))
