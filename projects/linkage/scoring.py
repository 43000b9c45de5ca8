"""Candidate pairs made and weighed by Splink, in chunks, so that memory is bounded by a chunk and what is kept."""

# ruff: noqa: S608 - SQL is put together from names of our own and quoted ones
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saferoom.projects.linkage.blocking import BlockingRule, pairs_of_rule
from saferoom.projects.linkage.comparisons import comparisons
from saferoom.projects.linkage.linked import Progress
from saferoom.projects.linkage.passes import alone
from saferoom.projects.linkage.plan import Engine, LinkPlan
from saferoom.projects.linkage.relatives import PATTERN_BASE, RELATIVES, anchors, moving_together, shared_by_relatives
from saferoom.projects.linkage.training import linker_on

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from saferoom.projects.linkage.blocking import Chosen

_CHUNK_PAIRS = 4_000_000
_LEAST_WEIGHT = -10.0
"""Pairs of a lower match weight (a probability under 0.1 %) are forgotten at once."""


def score(
    connection: duckdb.DuckDBPyConnection,
    tables: tuple[str, str, str],
    plan: LinkPlan,
    chosen: Chosen,
    settings: dict[str, Any],
    passes: tuple[BlockingRule, ...],
    progress: Progress,
) -> int:
    """Make the table of scored pairs; return how many candidate pairs were compared.

    Parameters
    ----------
    tables : names of the prepared records, of their keys, and of the table to make
        `id_l, id_r, weight, pass` (number of the pass, NULL for the model's).
    """
    prepared, keys, into = tables
    estimated = sum(count.pairs for count in chosen.counts if count.used)
    chunks = max(1, -(-estimated // _CHUNK_PAIRS))
    kin = "".join(f", {kind} double" for kind in RELATIVES)
    connection.execute(
        f"create or replace temp table {into} (id_l bigint, id_r bigint, weight double, pass smallint{kin}, "
        "pattern integer, anchored boolean)"
    )
    if plan.engine is Engine.SPARK and chosen.rules:
        # Here, because Spark is no part of a usual installation.
        from saferoom.projects.linkage.engine_spark import scored

        progress("comparing pairs", 0.0)
        with scored(connection, (prepared, keys), plan, chosen, settings, _LEAST_WEIGHT) as (weighed, compared):
            _keep(connection, weighed, keys, into, plan, passes)
        return compared
    compared = 0
    if not chosen.rules:
        return compared
    with linker_on(connection, prepared, settings) as linker:
        for chunk in range(chunks):
            progress("comparing pairs", chunk / chunks)
            here = "true" if chunks == 1 else f"hash(l.id) % {chunks} = {chunk}"
            rules = [pairs_of_rule(keys, n, plan, here) for n in range(len(chosen.rules))]
            connection.execute("create or replace table linkage_candidates as " + " union all ".join(rules))
            compared += _score_chunk(connection, linker, keys, into, plan, passes)
    connection.execute("drop table if exists linkage_candidates")
    return compared


def _score_chunk(
    connection: duckdb.DuckDBPyConnection,
    linker: Any,
    keys: str,
    into: str,
    plan: LinkPlan,
    passes: tuple[BlockingRule, ...],
) -> int:
    connection.execute(
        "create or replace table linkage_blocked as "
        "select rule::varchar as match_key, id_l as join_key_l, id_r as join_key_r from linkage_candidates"
    )
    count = int(connection.execute("select count(*) from linkage_blocked").fetchall()[0][0])
    if not count:
        return 0
    api = linker._db_api
    linker.table_management.register_blocked_pairs_for_predict(
        api.table_to_splink_dataframe("linkage_blocked", "linkage_blocked")
    )
    scored = linker.inference.predict(threshold_match_weight=_LEAST_WEIGHT, warning_mode="never")
    _keep(connection, scored.physical_name, keys, into, plan, passes)
    scored.drop_table_from_database_and_remove_from_cache()
    connection.execute("drop table linkage_blocked")
    return count


def _keep(
    connection: duckdb.DuckDBPyConnection,
    scored: str,
    keys: str,
    into: str,
    plan: LinkPlan,
    passes: tuple[BlockingRule, ...],
) -> None:
    """Put the scored pairs of a relation into the table `into`."""
    passed = " ".join(
        f"when match_key = '{n}' and id_l in (select id from {keys} l where {alone(plan, keys, n)}) then {n}"
        for n in range(len(passes))
    )
    number = f"case {passed} end" if passes else "null"
    there = {row[0] for row in connection.execute(f"describe {scored}").fetchall()}
    shared = shared_by_relatives(plan)
    kin = "".join(f", {_sum(shared.get(kind, ()), there)}" for kind in RELATIVES)
    connection.execute(
        f"insert into {into} select id_l, id_r, match_weight, {number}{kin}, {_pattern(plan)} from {scored}"
    )


def _sum(comparisons: Sequence[str], there: set[str]) -> str:
    """Return the SQL of the weights of `comparisons`, what is rare or common about their values included."""
    columns = [column for name in comparisons for column in (f"mw_{name}", f"mw_tf_adj_{name}") if column in there]
    return " + ".join(columns) if columns else "null"


def _pattern(plan: LinkPlan) -> str:
    """Return the SQL of the levels of what changes together as one number, and of whether a pair is to learn from."""
    together = moving_together(plan)
    if not together:
        return "0, false"
    levels = " + ".join(f"(gamma_{name} + 1) * {PATTERN_BASE**i}" for i, name in enumerate(together))
    tops = {c.name: len(c.levels) - 1 for c in comparisons(plan)}
    return f"{levels}, {' and '.join(f'gamma_{name} = {tops[name]}' for name in anchors(plan))}"
