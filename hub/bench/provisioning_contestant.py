"""The contestants of the `provisioning` benchmark: ``python -m ... NAME FILE FOLDER``, each alone in a fresh process.

``saferoom`` makes a project's extract as the service does: read and checked, ids replaced, rows reordered, sealed,
digested, with the crosswalk and the signed manifest. ``duckdb`` copies the same columns to plain Parquet, with the same
keyed hash in the place of the ids, and does nothing else.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, cast

from saferoom.hub.bench.contestants import peak_mib
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.approvals.model import Approval, Project
from saferoom.projects.catalogue.model import Dataset, Variable, VariableRole, VariableType
from saferoom.projects.extracts.pseudonyms import PseudonymKey, pseudonym_sql
from saferoom.projects.registry import Registry

PROJECT = ProjectSlug("bench")
AREAS = tuple(f"E0{6_000_000 + number}" for number in range(300))
COLUMNS = ("person_id", "year", "sex", "age", "area", "pay", "born")
_MASTER = b"benchmark" + b"." * 23
_NOW = datetime(2026, 11, 23, tzinfo=UTC)


def main(name: str, file: Path, folder: Path) -> None:
    """Do the work once and print what was measured."""
    import duckdb
    import pyarrow.parquet  # noqa: F401 - imports are not measured

    connection = duckdb.connect()
    connection.execute("SELECT sha256('warm')").fetchall()
    connection.close()
    made = _saferoom(file, folder) if name == "saferoom" else _duckdb(file, folder)
    seconds, place, peak = made
    with duckdb.connect() as reader:
        sums = "count(*), count(DISTINCT person_id), sum(person_id % 1000003), sum(age), round(sum(pay), 2)"
        row = reader.execute(f"SELECT {sums} FROM read_parquet(?)", [str(place)]).fetchall()[0]  # noqa: S608
    numbers = {"table": dict(zip(("rows", "people", "ids", "age", "pay"), map(float, row), strict=True))}
    sys.stdout.write(json.dumps({"seconds": seconds, "peak_mib": peak, "numbers": numbers}) + "\n")


def _duckdb(file: Path, folder: Path) -> tuple[dict[str, float], Path, float]:
    import duckdb

    target = folder / "plain.parquet"
    inner, outer = PseudonymKey.derive(_MASTER, PROJECT, "person_id").pads()
    id_ = pseudonym_sql("trim(person_id::VARCHAR)", "$inner", "$outer")
    columns = ", ".join(COLUMNS[1:])
    query = f"COPY (SELECT {id_} AS person_id, {columns} FROM read_parquet($file)) TO '{target}' (COMPRESSION zstd)"  # noqa: S608
    connection = duckdb.connect(config={"memory_limit": "2GiB"})
    started = time.perf_counter()
    connection.execute(query, {"inner": inner, "outer": outer, "file": str(file)}).fetchall()
    seconds = {"provision": time.perf_counter() - started}
    connection.close()
    return seconds, target, peak_mib()


def _saferoom(file: Path, folder: Path) -> tuple[dict[str, float], Path, float]:
    from saferoom.clock import FrozenClock
    from saferoom.hub.crosswalks import Crosswalks
    from saferoom.hub.extract_keys import ExtractKeys
    from saferoom.hub.extracts import Extracts
    from saferoom.hub.memory_folder import MemoryFolder
    from saferoom.hub.opened_extracts import OpenedExtracts
    from saferoom.hub.store.cipher import AtRest
    from saferoom.signing import SigningKey

    key = SigningKey.generate()
    for name in ("extracts", "crosswalks"):
        (folder / name).mkdir()
    opened = OpenedExtracts(
        folder / "extracts",
        MemoryFolder(folder / "opened", in_memory=False),
        key.verifying_key,
        ExtractKeys.fixed(_MASTER),
    )
    crosswalks = Crosswalks(folder / "crosswalks", AtRest(_MASTER))
    registry = cast("Registry", _Registry(dataset(file.name)))
    clock = FrozenClock(_NOW)
    maker = Extracts(file.parent, folder / "extracts", registry, key, _MASTER, clock, crosswalks, opened)
    started = time.perf_counter()
    maker.provision(PROJECT)
    provisioned = time.perf_counter()
    peak = peak_mib()
    lease = opened.lease(PROJECT)
    seconds = {"provision": provisioned - started, "open": time.perf_counter() - provisioned}
    return seconds, lease.folder / "people.parquet", peak


def dataset(source: str) -> Dataset:
    """Return the benchmark's dataset as its owner would describe it."""
    kinds = {
        "year": VariableType.INTEGER,
        "age": VariableType.INTEGER,
        "pay": VariableType.NUMBER,
        "born": VariableType.DATE,
    }
    return Dataset(
        name=DatasetName("people"),
        title="People of the benchmark",
        owner=Username("olga"),
        source=source,
        units=("person_id",),
        variables=(
            Variable(name="person_id", type=VariableType.TEXT, role=VariableRole.ID),
            Variable(name="sex", type=VariableType.TEXT, codelist=("F", "M")),
            Variable(name="area", type=VariableType.TEXT, codelist=AREAS),
            *(Variable(name=name, type=kind) for name, kind in kinds.items()),
        ),
    )


class _Registry:
    """One project that may use one dataset: what making its extract asks of a registry."""

    def __init__(self, described: Dataset) -> None:
        self._dataset = described

    def project(self, slug: ProjectSlug) -> Project:
        return Project(slug=slug, title="Benchmark")

    def dataset(self, _name: DatasetName) -> Dataset:
        return self._dataset

    def approvals(self, slug: ProjectSlug) -> tuple[Approval, ...]:
        name, until = DatasetName("people"), date(2099, 1, 1)
        return (Approval(project=slug, dataset=name, granted_by=Username("olga"), until=until),)


def write_people(file: Path, rows: int, each: int) -> None:
    """Write made-up people, `each` rows for each of them."""
    import duckdb

    areas: dict[str, Any] = {"areas": list(AREAS)}
    person = f"(i // {each})"
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT 'NI' || lpad((hash(p) % 100000000)::VARCHAR, 8, '0') || p::VARCHAR AS person_id, "  # noqa: S608
            f"(2020 + i % {each})::INT AS year, ['F', 'M'][1 + (hash(p * 7) % 2)::INT] AS sex, "
            "(hash(p * 11) % 90)::INT AS age, $areas[1 + (hash(p * 13) % 300)::INT] AS area, "
            "(hash(i * 17) % 1000000) / 100.0::DOUBLE AS pay, DATE '1940-01-01' + (hash(p * 19) % 28000)::INT AS born "
            f"FROM (SELECT i, {person} AS p FROM range({rows}) t(i)) ORDER BY hash(i)) "
            f"TO '{file}' (FORMAT parquet, COMPRESSION zstd)",
            areas,
        )


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
