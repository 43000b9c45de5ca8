"""A derived dataset made in a process of the provisioner, which alone sees its sources together.

The engine is given the sources as tables and then shut off from files; what it makes leaves sealed, sorted by its ids,
and only where every value is one that the dataset's variables may have.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from saferoom.errors import BadInputError
from saferoom.hub.catalogue.record_risk import record_risk
from saferoom.hub.catalogue.twins import make_twin
from saferoom.hub.linkage import sealed
from saferoom.hub.linkage.engine import load
from saferoom.hub.linkage.opened import OpenZone, about_zone
from saferoom.hub.linkage.places import delivery_place
from saferoom.hub.linkage.provisioner import LinkedSource, materialise, untold_columns
from saferoom.hub.linkage.sealed import ROWS_AT_ONCE, Stamp
from saferoom.hub.linkage.splitting import ATTRIBUTES, OUT, about_delivery
from saferoom.hub.owner_files import STORAGE
from saferoom.projects.catalogue.model import Dataset, Variable, VariableRole, VariableType
from saferoom.projects.linkage.associations import changes
from saferoom.projects.linkage.tables import number, quoted
from saferoom.projects.measures.making import Derived, make
from saferoom.projects.measures.own_ids import refuse_ids

_ENTITY = "^[0-9a-f]{32}$"
_PROVISIONER = "provisioner"
_BEFORE = "_saferoom_before"


def derive(zone: OpenZone, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Make the derived dataset that `document` describes; answer with its rows, stamp and the steps taken.

    Parameters
    ----------
    document : mapping
        `dataset`, `delivery` (`id`, `dataset`, `version`) and `sources`, a linked source by the recipe's name of it;
        `before`, the version before of an association, or None; `twin`, whether one is to be made.

    Raises
    ------
    BadInputError
        The recipe does not fit the data, or its table is not what the dataset is described as.
    """
    dataset = Dataset.model_validate(document["dataset"], strict=False)
    if dataset.derived is None:
        raise BadInputError(f"{dataset.name} has no recipe, so it is delivered and not derived")
    sources = {alias: LinkedSource.from_json(source) for alias, source in document["sources"].items()}
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as connection:
        for alias, source in sources.items():
            _load(zone, connection, alias, source)
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        try:
            made = make(connection, dataset.derived)
        except BadInputError as error:
            raise BadInputError(f"{dataset.name}: {error.message}") from None
        refuse_ids(connection, dataset, made.table, {alias: one.dataset.units for alias, one in sources.items()})
        query = checked(connection, dataset, made.table)
        about = about_zone(_PROVISIONER, about_delivery(ATTRIBUTES, document["delivery"]))
        data = connection.sql(query).to_arrow_reader(ROWS_AT_ONCE)
        stamp = sealed.write(OUT / _PROVISIONER / ATTRIBUTES, data, about, zone.publics[_PROVISIONER])
        associations = _associations(zone, connection, made, document)
        zone.progress("measuring what its records would disclose", 0.9)
        described = _by_record(connection, dataset, query, twin=document["twin"])
    steps = [{name: one[name] for name in ("step", "version", "settings")} for one in made.told if "step" in one]
    return {"rows": made.rows, "stamp": stamp.to_json(), "steps": steps, "associations": associations, **described}


def _by_record(connection: duckdb.DuckDBPyConnection, dataset: Dataset, query: str, *, twin: bool) -> dict[str, Any]:
    """Return the risk report of a derived dataset's rows, and its twin where one is asked for."""
    # What is derived has its ids already, as a delivery has its owner's.
    delivered = tuple(variable.model_copy(update={"linked_through": None}) for variable in dataset.variables)
    whole = dataset.model_copy(update={"variables": delivered})
    columns = {variable.name: f"v{place}" for place, variable in enumerate(delivered)}
    listed = ", ".join(f"{quoted(v.source_column)} AS {columns[v.name]}" for v in delivered)
    connection.execute(f"CREATE TEMP TABLE raw AS SELECT {listed} FROM ({query})")  # noqa: S608
    made = make_twin(connection, whole, columns, OUT) if twin else None
    return {
        "risk": record_risk(connection, whole, columns),
        "twin": None if made is None else {"sha256": made.sha256, "document": dict(made.document)},
    }


def _associations(
    zone: OpenZone, connection: duckdb.DuckDBPyConnection, made: Derived, document: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return what is told of associations; of one that is the dataset also what became of it since the last version."""
    found = [{"table": one["table"], **one["association"]} for one in made.told if "association" in one]
    between, before = made.between, document["before"]
    if before is not None and between is not None:
        place, about = delivery_place(before["id"], ATTRIBUTES), about_delivery(ATTRIBUTES, before)
        load(connection, _BEFORE, zone.read(place, about, Stamp.from_json(before["stamps"][ATTRIBUTES])))
        found[-1]["since"] = dict(changes(connection, between, _BEFORE, made.table))
    return found


def _load(zone: OpenZone, connection: duckdb.DuckDBPyConnection, alias: str, source: LinkedSource) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "source.parquet"
        materialise(zone, source, file)
        # Plain names, as researchers know the variables, and not the data owner's.
        named = {v.source_column: v.name for v in source.dataset.variables if v.role is not VariableRole.DIRECT}
        columns = [row[0] for row in connection.execute("DESCRIBE FROM read_parquet(?)", [str(file)]).fetchall()]
        # A recipe that reads them is told that they are not there: nobody known to it is not nobody linked.
        columns = [column for column in columns if column not in untold_columns(source)]
        read = ", ".join(f"{quoted(column)} AS {quoted(named.get(column, column))}" for column in columns)
        connection.execute(f"CREATE TABLE {quoted(alias)} AS SELECT {read} FROM read_parquet(?)", [str(file)])  # noqa: S608


def checked(connection: duckdb.DuckDBPyConnection, dataset: Dataset, table: str) -> str:
    """Return the query of a derived dataset's rows, once each of its columns was found to be as it is described.

    Raises
    ------
    BadInputError
        A column is missing or holds something that its variable may not.
    """
    there = {row[0] for row in connection.execute(f"DESCRIBE {quoted(table)}").fetchall()}
    for variable in dataset.variables:
        if variable.source_column not in there:
            raise BadInputError(f"{dataset.name}: the recipe makes no column called {variable.source_column}")
        wrong = number(connection, f"SELECT count(*) FROM {quoted(table)} WHERE {_wrong(variable)}")  # noqa: S608
        if wrong:
            rows = "1 row has" if wrong == 1 else f"{wrong:,} rows have"
            raise BadInputError(
                f"{dataset.name}: {rows} a value of {variable.name} that is {_not_so(variable)}; correct the recipe or "
                "the description"
            )
    if not number(connection, f"SELECT count(*) FROM {quoted(table)}"):  # noqa: S608
        raise BadInputError(f"{dataset.name}: the recipe makes no row")
    parts = [
        f"CAST({quoted(v.source_column)} AS {STORAGE[v.type]}) AS {quoted(v.source_column)}" for v in dataset.variables
    ]
    # Ids are random, so their order says nothing, nor does a record's number in it.
    order = ", ".join(quoted(v.source_column) for v in dataset.variables if v.role is VariableRole.ID)
    parts.insert(0, f"printf('%016x', row_number() OVER (ORDER BY {order})) AS r2")
    return f"SELECT {', '.join(parts)} FROM {quoted(table)} ORDER BY r2"  # noqa: S608


def _wrong(variable: Variable) -> str:
    """Return the condition of rows whose value is none that the variable may have."""
    column = quoted(variable.source_column)
    cast = f"TRY_CAST({column} AS {STORAGE[variable.type]})"
    found = [f"{column} IS NOT NULL AND {cast} IS NULL"]
    if variable.type is VariableType.NUMBER:
        found.append(f"NOT isfinite({cast})")
    if variable.type is VariableType.INTEGER:
        found.append(f"TRY_CAST({column} AS DOUBLE) <> {cast}")
    if variable.role is VariableRole.ID or variable.complete:
        found.append(f"{column} IS NULL")
    if variable.linked_through is not None:
        found.append(f"NOT regexp_full_match(CAST({column} AS VARCHAR), '{_ENTITY}')")
    if variable.codelist is not None:
        codes = ", ".join("'" + str(_code(code)).replace("'", "''") + "'" for code in variable.codelist)
        found.append(f"CAST({cast} AS VARCHAR) NOT IN ({codes})")
    return " OR ".join(f"coalesce({condition}, false)" for condition in found)


def _code(code: int | str | bool) -> str:
    return str(code).lower() if isinstance(code, bool) else str(code)


def _not_so(variable: Variable) -> str:
    if variable.linked_through is not None:
        return f"no id of the index {variable.linked_through}"
    if variable.codelist is not None:
        return "not in its codelist"
    return "missing or of another type" if variable.complete or variable.role is VariableRole.ID else "of another type"
