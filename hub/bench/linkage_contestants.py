"""The contestants of the `linkage` benchmark; each runs alone in a process: ``python -m ... NAME LEFT RIGHT [ID]``.

All read the same two files and return pairs of record ids. The clock runs from the files to the links; imports are done
before, for everybody. FEBRL4's fields are compared, and the social-security id where it is named.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saferoom.hub.bench.contestants import peak_mib

if TYPE_CHECKING:
    import duckdb

FIELDS = {
    "given_name": "given_name",
    "surname": "surname",
    "date_of_birth": "date",
    "postcode": "postcode",
    "address_1": "address",
    "address_2": "text",
    "suburb": "text",
    "street_number": "text",
    "state": "text",
}
PEOPLE = {
    "given_name": "given_name",
    "surname": "surname",
    "date_of_birth": "date",
    "sex": "sex",
    "postcode": "postcode",
    "address": "address",
}
"""Fields of the synthetic files."""
ID = "soc_sec_id"
KEYS = (
    ("given_name", "surname", "date_of_birth"),
    ("surname", "date_of_birth", "postcode"),
    ("given_name", "date_of_birth", "postcode"),
    ("given_name", "surname", "postcode"),
    ("given_name", "surname", "address_1"),
)
Links = list[tuple[str, str]]
Work = Callable[["duckdb.DuckDBPyConnection", Path, Path, tuple[str, ...]], Links]


def load(connection: duckdb.DuckDBPyConnection, file: Path, table: str) -> None:
    """Read a file as text: CSV or Parquet."""
    reader = "read_parquet(?)" if file.suffix == ".parquet" else "read_csv(?, all_varchar = true, header = true)"
    connection.execute(f"CREATE TABLE {table} AS SELECT * RENAME (rec_id AS record_id) FROM {reader}", [str(file)])  # noqa: S608


def saferoom_work(connection: duckdb.DuckDBPyConnection, left: Path, right: Path, more: tuple[str, ...]) -> Links:
    """A link plan with everything left to its defaults."""
    from saferoom.projects.linkage.linking import link
    from saferoom.projects.linkage.plan import LinkPlan

    load(connection, left, "a")
    load(connection, right, "b")
    fields = (PEOPLE if left.suffix == ".parquet" else FIELDS) | dict.fromkeys(more, "id")
    datasets = [{"name": name, "file": "-", "id": "record_id"} for name in "ab"]
    plan = LinkPlan.model_validate({"datasets": datasets, "fields": fields, "one_to_one": True}, strict=False)
    made = link(connection, {"a": "a", "b": "b"}, plan)
    return _rows(connection, f"SELECT record_id_l, record_id_r FROM {made.pairs} WHERE linked")  # noqa: S608


def splink_work(connection: duckdb.DuckDBPyConnection, left: Path, right: Path, more: tuple[str, ...]) -> Links:
    """Splink by itself, as its documentation shows it; links are pairs above one half that are each other's best.

    Its own one-to-one clustering is left out, because it takes many times as long and several GiB here.
    """
    pairs = _predicted(connection, left, right, more)
    return _rows(
        connection,
        f"""
        SELECT record_id_l, record_id_r FROM {pairs.physical_name} WHERE match_probability >= 0.5
        QUALIFY row_number() OVER (PARTITION BY record_id_l ORDER BY match_weight DESC, record_id_r) = 1
            AND row_number() OVER (PARTITION BY record_id_r ORDER BY match_weight DESC, record_id_l) = 1
        """,  # noqa: S608
    )


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> Links:
    return [(str(left), str(right)) for left, right in connection.execute(sql).fetchall()]


def _predicted(connection: duckdb.DuckDBPyConnection, left: Path, right: Path, more: tuple[str, ...]) -> Any:
    """Train Splink without labels and return its scored pairs."""
    import splink.comparison_library as cl
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    load(connection, left, "a")
    load(connection, right, "b")
    api = DuckDBAPI(connection=connection)
    sides = [api.register(name, dataset_display_name=name) for name in "ab"]
    comparisons: list[Any] = [
        cl.NameComparison("given_name"),
        cl.NameComparison("surname"),
        *(cl.LevenshteinAtThresholds(column, [1, 2]) for column in ("date_of_birth", "postcode", *more)),
        *(cl.JaroWinklerAtThresholds(column, [0.9, 0.7]) for column in ("address_1", "suburb")),
        *(cl.ExactMatch(column) for column in ("street_number", "state")),
    ]
    blocked = ("surname", "given_name", "date_of_birth", "postcode", "address_1", *more)
    settings = SettingsCreator(
        link_type="link_only",
        unique_id_column_name="record_id",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=[block_on(column) for column in blocked],
        retain_matching_columns=False,
    )
    linker = Linker(sides, settings, log_level=None)
    linker.training.estimate_probability_two_random_records_match(
        [block_on("given_name", "surname", "date_of_birth")], recall=0.5
    )
    linker.training.estimate_u_using_random_sampling(1e6, seed=1)
    for key in (("given_name", "surname"), ("date_of_birth",)):
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*key))
    return linker.inference.predict(threshold_match_probability=0.01)


def keys_work(connection: duckdb.DuckDBPyConnection, left: Path, right: Path, more: tuple[str, ...]) -> Links:
    """Deterministic keys in turn; a key links where it is unique on both sides."""
    load(connection, left, "a")
    load(connection, right, "b")
    connection.execute("CREATE TABLE found (l TEXT, r TEXT)")
    for key in (*((one,) for one in more), *KEYS):
        columns = ", ".join(key)
        sides = [
            f"SELECT {columns}, any_value(record_id) AS {name} FROM {table} "  # noqa: S608
            f"WHERE record_id NOT IN (SELECT {name} FROM found) GROUP BY {columns} HAVING count(*) = 1"
            for table, name in (("a", "l"), ("b", "r"))
        ]
        connection.execute(f"INSERT INTO found SELECT l, r FROM ({sides[0]}) JOIN ({sides[1]}) USING ({columns})")  # noqa: S608
    return _rows(connection, "FROM found")


def bloom_work(connection: duckdb.DuckDBPyConnection, left: Path, right: Path, more: tuple[str, ...]) -> Links:
    """Both sides encoded under a key and linked without it, as `saferoom encode` does it."""
    import tempfile

    from saferoom.projects.linkage.bloom_files import encode_file, read_encoded, read_encoding_plan
    from saferoom.projects.linkage.bloom_linking import link_encodings

    _ = connection
    fields = (PEOPLE if left.suffix == ".parquet" else FIELDS) | dict.fromkeys(more, "id")
    with tempfile.TemporaryDirectory(prefix="saferoom-bench-") as folder:
        sides = []
        for name, file in (("a", left), ("b", right)):
            out = Path(folder) / f"{name}.parquet"
            plan = json.dumps({"file": str(file.absolute()), "id": "rec_id", "fields": fields})
            encode_file(read_encoding_plan(plan, "the plan"), Path(folder), bytes(range(32)), out)
            sides.append(read_encoded(out))
        found = link_encodings(sides[0].bits, sides[1].bits)
    return [(sides[0].ids[i], sides[1].ids[j]) for i, j in zip(found.left, found.right, strict=True)]


WORKS: dict[str, Work] = {
    "saferoom": saferoom_work,
    "splink": splink_work,
    "keys": keys_work,
    "bloom": bloom_work,
}


def main(words: list[str]) -> None:
    """Link once and print what was measured."""
    import logging
    import warnings

    import duckdb
    import pandas  # noqa: F401 - imports are not measured; DuckDB takes it for parameters
    import pyarrow.parquet  # noqa: F401
    import scipy.sparse.csgraph  # noqa: F401
    import splink  # noqa: F401

    from saferoom.projects.linkage import bloom_files, linking  # noqa: F401

    warnings.simplefilter("ignore")
    logging.disable()
    connection = duckdb.connect(config={"threads": "2"})
    name, left, right, *more = words
    limit = [word.partition("=")[2] for word in more if word.startswith("--memory=")]
    if limit:
        connection.execute("SET memory_limit = ?", [limit[0]])
    started, processor = time.perf_counter(), time.process_time()
    links = WORKS[name](connection, Path(left), Path(right), tuple(word for word in more if not word.startswith("--")))
    seconds = {"link": time.perf_counter() - started, "processor": time.process_time() - processor}
    result: dict[str, Any] = {"seconds": seconds, "peak_mib": peak_mib(), "numbers": {"links": links}}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
