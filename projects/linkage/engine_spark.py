"""Linking with Spark: pairs are made and weighed by Splink's Spark backend, on this machine or on many.

DuckDB cleans the records, counts, trains the model on samples, decides and makes clusters; it works on disk beyond its
memory, and all of that grows with the records. What grows with the pairs of records is Spark's. Names are compared by
DuckDB's own functions in Spark's workers: others of the same names count differently, and would link other pairs.
"""

# ruff: noqa: S608 - SQL is put together from names of our own
from __future__ import annotations

import contextlib
import copy
import importlib
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saferoom.disclosure.queries.spark.compiling import compile_statement
from saferoom.disclosure.queries.spark.session import SparkSettings, errors, missing, session
from saferoom.disclosure.queries.spark.worker import WorkerFunction
from saferoom.errors import UnavailableError
from saferoom.projects.linkage import engine_duckdb
from saferoom.projects.linkage.blocking import pairs_of_rule
from saferoom.projects.linkage.comparisons import DUCKDB, SPARK, comparisons
from saferoom.projects.linkage.plan import LinkPlan
from saferoom.projects.linkage.training import quiet_splink

if TYPE_CHECKING:
    import duckdb

    from saferoom.projects.linkage.blocking import Chosen

_BATCH_ROWS = 100_000
_MEMORY_GIB = 2.0
_TEXTS = ("VARCHAR", "VARCHAR")
_FUNCTIONS = {
    SPARK.jaro_winkler: WorkerFunction(f"{DUCKDB.jaro_winkler}(c0, c1)", _TEXTS, "DOUBLE"),
    SPARK.edits: WorkerFunction(f"{DUCKDB.edits}(c0, c1)", _TEXTS, "BIGINT"),
}
_OPTIMIZER = "org.apache.spark.sql.catalyst.optimizer"
_INLINING = (f"{_OPTIMIZER}.CollapseProject", f"{_OPTIMIZER}.PushDownPredicates")
_HANDED = ("match_key", "id_l", "id_r", "match_weight", "gamma_", "mw_")
"""What scored pairs hand back: whole names, and how names begin."""


@contextlib.contextmanager
def opened(plan: LinkPlan, folder: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, dict[str, str]]]:
    """Yield a connection and, by source, the relation with its records; see `engine_duckdb.opened`.

    Raises
    ------
    UnavailableError
        Spark is not there; the sentence says what to install.
    """
    lacking = missing()
    if lacking is not None:
        raise UnavailableError(lacking)
    with engine_duckdb.opened(plan, folder) as found:
        yield found


@contextlib.contextmanager
def scored(
    connection: duckdb.DuckDBPyConnection,
    tables: tuple[str, str],
    plan: LinkPlan,
    chosen: Chosen,
    settings: Mapping[str, Any],
    least_weight: float,
) -> Iterator[tuple[str, int]]:
    """Weigh all candidate pairs; yield the relation with those of at least `least_weight`, and how many there were.

    Parameters
    ----------
    tables : names of the prepared records and of their keys
    settings : mapping
        The trained model's Splink settings, written for DuckDB.

    Raises
    ------
    UnavailableError
        Spark stopped, for example for want of memory.
    """
    with tempfile.TemporaryDirectory(prefix="saferoom-link-spark-") as name, quiet_splink(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            count, files = _weighed(connection, tables, plan, chosen, settings, least_weight, Path(name))
        except errors():
            raise UnavailableError(
                "Spark stopped while it compared pairs; give more by 'limits.memory', or allow fewer 'limits.pairs'"
            ) from None
        import pyarrow.dataset as ds

        reader = ds.dataset(files, format="parquet").scanner(batch_size=_BATCH_ROWS).to_reader()
        connection.register("linkage_handed", reader)
        connection.execute("create or replace table linkage_weighed as from linkage_handed")
        connection.unregister("linkage_handed")
        try:
            yield "linkage_weighed", count
        finally:
            connection.execute("drop table if exists linkage_weighed")


def _weighed(
    connection: duckdb.DuckDBPyConnection,
    tables: tuple[str, str],
    plan: LinkPlan,
    chosen: Chosen,
    settings: Mapping[str, Any],
    least_weight: float,
    folder: Path,
) -> tuple[int, str]:
    from pyspark import StorageLevel
    from splink import Linker

    make_api: Any = importlib.import_module("splink.backends.spark").SparkAPI
    spark = session(_settings(plan))
    # Splink builds weights on weights: put into each other they would be computed many times over.
    spark.conf.set("spark.sql.optimizer.excludedRules", ",".join(_INLINING))
    for name, function in _FUNCTIONS.items():
        # So that Spark computes each once, and does not repeat it where its outcome is used.
        spark.udf.register(name, function.registered().asNondeterministic())
    for table in tables:
        spark.read.parquet(_written(connection, table, folder).as_uri()).createOrReplaceTempView(table)
    candidates = spark.sql(_candidates(connection, tables[1], plan, chosen)).persist(StorageLevel.MEMORY_AND_DISK)
    candidates.createOrReplaceTempView("linkage_blocked")
    api = make_api(spark_session=spark, register_udfs_automatically=False, break_lineage_method="persist")
    linker = Linker(
        api.register(spark.table(tables[0])), _for_spark(settings, plan), log_level=None, validate_settings=False
    )
    linker.table_management.register_blocked_pairs_for_predict(
        api.table_to_splink_dataframe("linkage_blocked", "linkage_blocked")
    )
    predicted = linker.inference.predict(threshold_match_weight=least_weight, warning_mode="never")
    frame = spark.table(predicted.physical_name)
    into = folder / "scored"
    frame.select(*(name for name in frame.columns if name.startswith(_HANDED))).write.parquet(into.as_uri())
    count = candidates.count()
    spark.catalog.clearCache()
    return count, str(into)


def _settings(plan: LinkPlan) -> SparkSettings:
    threads = plan.limits.threads or min(os.cpu_count() or 1, 8)
    memory = int((plan.limits.memory or _MEMORY_GIB) * 1024)
    return SparkSettings(master=f"local[{threads}]", memory_mib=memory, partitions=2 * threads)


def _written(connection: duckdb.DuckDBPyConnection, table: str, folder: Path) -> Path:
    """Write a table to where Spark can read it; the folder is ours alone and goes with the work."""
    import pyarrow.parquet as pq

    into = folder / f"{table}.parquet"
    relation: Any = connection.sql(f"select * from {table}")
    rows = relation.to_arrow_reader(_BATCH_ROWS)
    with pq.ParquetWriter(into, rows.schema) as writer:
        for batch in rows:
            writer.write_batch(batch)
    return into


def _candidates(connection: duckdb.DuckDBPyConnection, keys: str, plan: LinkPlan, chosen: Chosen) -> str:
    rules = " union all ".join(pairs_of_rule(keys, n, plan) for n in range(len(chosen.rules)))
    blocked = f"select rule::varchar as match_key, id_l as join_key_l, id_r as join_key_r from ({rules}) c"

    def describe(sql: str) -> list[str]:
        return [str(row[1]) for row in connection.execute(f"describe {sql}").fetchall()]

    return compile_statement(blocked, describe, {}).sql


def _for_spark(settings: Mapping[str, Any], plan: LinkPlan) -> dict[str, Any]:
    """Return the model's settings with the conditions of its levels as Spark knows them."""
    made = copy.deepcopy(dict(settings))
    for comparison, written in zip(comparisons(plan, SPARK), made["comparisons"], strict=True):
        conditions = [comparison.null, *(level.condition for level in comparison.levels)]
        for level, condition in zip(written["comparison_levels"], conditions, strict=True):
            level["sql_condition"] = condition
    return made
