"""A delivery checked before anything of it enters: its file is read once into the engine, and every check is a query.

Runs in a process that sees the delivery alone. What it answers holds counts and names of variables, never a value.
Time and memory grow with the number of rows.
"""

# ruff: noqa: S608 - SQL is put together from names of our own
from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
from pydantic import ValidationError

from saferoom.errors import BadInputError
from saferoom.hub import owner_files
from saferoom.hub.catalogue import measuring
from saferoom.hub.catalogue.record_risk import record_risk
from saferoom.hub.catalogue.schema import schema_checks
from saferoom.projects.catalogue.checks import columns as queries
from saferoom.projects.catalogue.checks import detectors, drift
from saferoom.projects.catalogue.checks.names import known_names
from saferoom.projects.catalogue.checks.report import Check, DeliveryReport, Kind, Status
from saferoom.projects.catalogue.checks.thresholds import DANGLING
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.life import refresh

MEMORY = "2GiB"
Profile = Mapping[str, Any]


def check_delivery(
    file: Path,
    dataset: Dataset,
    before: Profile | None = None,
    *,
    today: date,
    others: Mapping[str, Profile | None] | None = None,
    accepted: Collection[str] = (),
    key: bytes | None = None,
) -> DeliveryReport:
    """Check a delivered file against its dataset's description and the last version.

    Parameters
    ----------
    file : Path
        CSV or Parquet.
    before : mapping, optional
        The `profile` of the last version's report; None for a first version.
    today : date
        The day of the delivery: nobody is born after it.
    others : mapping, optional
        The profiles of the last versions of the datasets that `references` name.
    accepted : collection of str
        Variables (or `rows`) whose drift the data owner has looked at and means: its failures become warnings.
    key : bytes, optional
        By which ids are hashed, so that datasets that refer to them can be checked, the same for all datasets of an
        instance. Without it no ids are kept, and references are not looked up.

    Returns
    -------
    DeliveryReport
        Also where the file cannot be read: then with the one check that failed.
    """
    with duckdb.connect(config={"autoinstall_known_extensions": False, "memory_limit": MEMORY}) as connection:
        try:
            checks = list(schema_checks(connection, dataset, file))
            if any(check.status is Status.FAIL for check in checks):
                return DeliveryReport(dataset.name, 0, checks)
            owner_files.read(connection, dataset, dataset.delivered, file)
            checking = _Checking(connection, dataset, before or {}, today)
            return checking.report(checks, (others or {}, key), frozenset(accepted))
        except duckdb.Error as error:
            said = owner_files.what_failed(error)
        except BadInputError as error:
            said = error.message.removeprefix(f"{dataset.name}: ")
    return DeliveryReport(dataset.name, 0, [Check(Kind.SCHEMA, Status.FAIL, said)])


class _Checking:
    """The checks of one delivery whose rows are in the table ``raw``."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, dataset: Dataset, before: Profile, today: date) -> None:
        self._connection = connection
        self._dataset = dataset
        self._before = before if before.get("form") == drift.VERSION else {}
        self._today = today
        self._columns = {variable.name: f"v{position}" for position, variable in enumerate(dataset.delivered)}
        told = owner_files.bad_columns(connection)
        bad = {name: f"bad{column[1:]}" for name, column in self._columns.items()}
        self._bad = {name: column for name, column in bad.items() if column in told}

    def report(
        self, checks: list[Check], known: tuple[Mapping[str, Profile | None], bytes | None], accepted: frozenset[str]
    ) -> DeliveryReport:
        """Run every check and return what was found."""
        rows, found = measuring.asked(self._connection, self._dataset, self._columns, self._bad, self._today)
        if not rows:
            empty = Check(Kind.SCHEMA, Status.FAIL, "the file has no rows; deliver the data, or nothing")
            return DeliveryReport(self._dataset.name, 0, [*checks, empty])
        others, key = known
        profile = self._profile(rows, found, key)
        checks += measuring.judged(self._dataset, rows, found)
        checks += self._keys()
        checks += self._duplicates()
        checks += self._references(others, key)
        checks += self._identifiers()
        checks += (_softened(check, accepted) for check in self._drift(rows, profile))
        breaking, changes = self._changes()
        checks += self._described(breaking, changes)
        risk = record_risk(self._connection, self._dataset, self._columns)
        return DeliveryReport(self._dataset.name, rows, checks, breaking, changes, profile, risk)

    def _profile(self, rows: int, found: Mapping[str, Mapping[str, int]], key: bytes | None) -> dict[str, Any]:
        known = self._before.get("variables", {})
        described = self._dataset.model_dump(mode="json")
        variables = measuring.profile(self._connection, self._dataset, self._columns, found, known)
        ids = {} if key is None else measuring.values(self._connection, self._dataset, self._columns, key)
        return {"form": drift.VERSION, "rows": rows, "variables": variables, "described": described, "ids": ids}

    def _keys(self) -> Iterator[Check]:
        if not self._dataset.key:
            said = "no key is described, so repeated records cannot be told; name the variables that tell rows apart"
            yield Check(Kind.KEY, Status.WARN, said)
            return
        listed = ", ".join(self._dataset.key)
        query = queries.repeated_keys([self._columns[name] for name in self._dataset.key])
        beyond, keys = (int(value) for value in self._row(query))
        if beyond:
            rows = "1 row repeats" if beyond == 1 else f"{beyond:,} rows repeat"
            said = f"{rows} a key that an earlier row has ({keys:,} in all); keep one row of each"
            yield Check(Kind.KEY, Status.FAIL, said, listed, {"rows": beyond, "keys": keys})
        else:
            yield Check(Kind.KEY, Status.PASS, "no two rows have the same key", listed)

    def _duplicates(self) -> Iterator[Check]:
        (beyond,) = self._row(queries.repeated_rows(list(self._columns.values())))
        if beyond:
            rows = "1 row is" if beyond == 1 else f"{beyond:,} rows are"
            said = f"{rows} the same as another in every column; see that none was exported twice"
            yield Check(Kind.DUPLICATES, Status.WARN, said, counts={"rows": int(beyond)})
        else:
            yield Check(Kind.DUPLICATES, Status.PASS, "no two rows are the same")

    def _references(self, others: Mapping[str, Profile | None], key: bytes | None) -> Iterator[Check]:
        for number, reference in enumerate(self._dataset.references):
            # Profiles of before ids were hashed by a key have none that could be compared.
            listed, ids = ", ".join(reference.variables), (others.get(reference.dataset) or {}).get("ids", {})
            if key is None or any(target not in ids for target in reference.targets):
                said = f"could not be looked up: no version of {reference.dataset} with these ids came in yet"
                yield Check(Kind.REFERENCES, Status.WARN, said, listed)
                continue
            tables = [f"other{number}_{place}" for place in range(len(reference.targets))]
            for table, target in zip(tables, reference.targets, strict=True):
                self._connection.execute(f"CREATE TEMP TABLE {table} AS SELECT unnest(?) AS value", [ids[target]])
            query = queries.dangling([self._columns[name] for name in reference.variables], tables, key)
            of, lacking = (int(value) for value in self._row(query))
            counts = {"rows": lacking, "of": of}
            if not lacking:
                yield Check(Kind.REFERENCES, Status.PASS, f"every value is in {reference.dataset}", listed, counts)
                continue
            status = Status.FAIL if DANGLING.fails(lacking, of) else Status.WARN
            rows = "1 row has" if lacking == 1 else f"{lacking:,} rows have"
            said = f"{rows} a value that {reference.dataset} does not have; deliver both of the same day"
            yield Check(Kind.REFERENCES, status, said, listed, counts)

    def _identifiers(self) -> Iterator[Check]:
        names = known_names()
        self._connection.execute(f"CREATE TEMP TABLE {detectors.NAMES} (name VARCHAR)")
        self._connection.execute(f"INSERT INTO {detectors.NAMES} SELECT unnest(?)", [list(names)])
        for variable in detectors.looked_at(self._dataset):
            used = detectors.applicable(variable)
            if not used:
                continue
            answers = self._row(detectors.counting(self._columns[variable.name], used))
            found = [int(value) for value in answers]
            seen = [measuring.detected(variable, one, *found[2 * i : 2 * i + 2]) for i, one in enumerate(used)]
            told = [check for check in seen if check is not None]
            passed = Check(Kind.IDENTIFIERS, Status.PASS, "nothing in it has the form of an identifier", variable.name)
            yield from told or [passed]
        yield from self._repeated()

    def _repeated(self) -> Iterator[Check]:
        asked = list(detectors.repeated(self._dataset, self._columns))
        if not asked:
            return
        counted = ", ".join(f"count(*) FILTER (WHERE {condition})" for _, condition in asked)
        for (variable, _), count in zip(asked, self._row(f"SELECT {counted} FROM raw"), strict=True):
            check = measuring.repeats(variable, int(count), int(self._row("SELECT count(*) FROM raw")[0]))
            if check is not None:
                yield check

    def _drift(self, rows: int, profile: Profile) -> Iterator[Check]:
        if not self._before:
            yield Check(Kind.DRIFT, Status.PASS, "this is the first version, so there is none to compare it with")
            return
        yield drift.rows(self._before["rows"], rows)
        yield from drift.variables(self._before["variables"], profile["variables"], (self._before["rows"], rows))

    def _changes(self) -> tuple[bool, tuple[str, ...]]:
        if "described" not in self._before:
            return False, ()
        try:
            then = Dataset.model_validate(self._before["described"], strict=False)
        except ValidationError:
            return True, ("the last version's description cannot be read any more, so every change counts",)
        changes = refresh.differences(then, self._dataset)
        return any(one.breaking for one in changes), tuple(one.sentence for one in changes)

    def _described(self, breaking: bool, changes: tuple[str, ...]) -> Iterator[Check]:
        if breaking:
            said = "the description changed so that work with the last version may break; data owners confirm it first"
            yield Check(Kind.DESCRIPTION, Status.WARN, said, counts={"changes": len(changes)})
        else:
            yield Check(Kind.DESCRIPTION, Status.PASS, "nothing that work with the last version rests on changed")

    def _row(self, query: str) -> tuple[Any, ...]:
        row = self._connection.execute(query).fetchone()
        if row is None:  # pragma: no cover - aggregates always answer
            raise BadInputError("the delivery could not be counted")
        return row


def _softened(check: Check, accepted: frozenset[str]) -> Check:
    if check.status is not Status.FAIL or (check.subject or "rows") not in accepted:
        return check
    return replace(check, status=Status.WARN, message=f"{check.message}. Its data owner accepted it")
