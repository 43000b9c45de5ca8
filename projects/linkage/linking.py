"""Linking, from records to entities: the one way through, for the command line and the linker's process alike."""

# ruff: noqa: S608 - SQL is put together from names of our own and quoted ones
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from saferoom.projects.linkage.blocking import BlockingRule, Chosen, choose, make_keys
from saferoom.projects.linkage.classes import Pairs, Start
from saferoom.projects.linkage.clusters import cluster
from saferoom.projects.linkage.comparisons import comparisons
from saferoom.projects.linkage.counting import most_matches, total_pairs
from saferoom.projects.linkage.deciding import Decided, decide
from saferoom.projects.linkage.estimates import estimate
from saferoom.projects.linkage.linked import MODEL_PASS, Linked, Progress, silent
from saferoom.projects.linkage.models import model_document, trained_of
from saferoom.projects.linkage.passes import label, passes_of
from saferoom.projects.linkage.plan import LinkPlan, LinkType
from saferoom.projects.linkage.preparing import check, prepare
from saferoom.projects.linkage.reach import expected_missed
from saferoom.projects.linkage.relatives import moving_together, shared_by_relatives, usual
from saferoom.projects.linkage.scoring import score
from saferoom.projects.linkage.standardising import literal
from saferoom.projects.linkage.training import Trained, settings_of, train

if TYPE_CHECKING:
    import duckdb
    from numpy.typing import NDArray

_PREPARED, _KEYS, _SCORED = "linkage_prepared", "linkage_keys", "linkage_scored"
_LEAST_KEPT = 0.001
_DECIMALS = 6
"""Probability from which a pair is handed on though it is no link."""


def link(
    connection: duckdb.DuckDBPyConnection,
    records: Mapping[str, str],
    plan: LinkPlan,
    progress: Progress = silent,
    *,
    name: str = "linked",
) -> Linked:
    """Link the records of several sources, or find those of one source that are of the same entity.

    Parameters
    ----------
    connection : DuckDB connection
        Gets temporary tables ``linkage_...`` and ``<name>_pairs``, ``<name>_clusters``.
    records : mapping
        Source -> relation with `record_id` and the plan's fields and groups under the plan's names.
    progress : callable
        Told what is being done; the counts of blocking come first.

    Raises
    ------
    BadInputError
        A column is missing, a source is empty, or ids are missing or stand twice.
    """
    sides = {source: number for number, source in enumerate(records)}
    return _link(connection, records, plan, _Run(sides, name, progress))


def link_to(
    connection: duckdb.DuckDBPyConnection,
    new: Mapping[str, str],
    known: Mapping[str, str],
    plan: LinkPlan,
    model: Mapping[str, Any] | None,
    progress: Progress = silent,
    *,
    name: str = "joined",
) -> Linked:
    """Find pairs between new records and known ones, and none within either.

    A known entity has several records, so candidates do not exclude each other here: whoever joins records to entities
    decides that. Arguments are those of `link`, with the `model` of an earlier run (None trains one).
    """
    renamed = {**{f"new {s}": r for s, r in new.items()}, **{f"known {s}": r for s, r in known.items()}}
    sides = {source: 0 if source.startswith("new ") else 1 for source in renamed}
    loose = plan.model_copy(update={"one_to_one": False, "many_to_one": False, "link_type": LinkType.LINK})
    run = _Run(sides, name, progress, model=model, labels=[*new, *known])
    return _link(connection, renamed, loose, run)


@dataclass(frozen=True)
class _Run:
    """How one linkage runs: sides of sources, a saved model, what sources are called in the result."""

    sides: Mapping[str, int]
    name: str
    progress: Progress
    model: Mapping[str, Any] | None = None
    labels: list[str] | None = None


def _link(connection: duckdb.DuckDBPyConnection, records: Mapping[str, str], plan: LinkPlan, run: _Run) -> Linked:
    sides, model, progress, name, labels = run.sides, run.model, run.progress, run.name, run.labels
    by_source = check(connection, records, plan)
    sizes = [sum(n for s, n in by_source.items() if sides[s] == side) for side in sorted(set(sides.values()))]
    progress("cleaning records", 0.0)
    prepare(connection, records, plan, sides, _PREPARED)
    passes = passes_of(plan)
    progress("counting what blocking would make", 0.0)
    chosen = choose(connection, _PREPARED, plan, sizes, passes)
    for count in chosen.counts:
        if count.used:
            progress(f"blocking on {count.rule} makes {count.pairs:,} pairs", 0.0)
    make_keys(connection, _PREPARED, plan, chosen, _KEYS)
    progress("training the model", 0.0)
    trained = trained_of(model, plan) if model is not None else train(connection, _PREPARED, plan, sizes)
    settings = settings_of(plan, trained)
    compared = score(connection, (_PREPARED, _KEYS, _SCORED), plan, chosen, settings, passes, progress)
    progress("deciding", 0.0)
    pairs = _fetched(connection, plan)
    start = Start(
        trained.prior,
        total_pairs(plan, sizes),
        most_matches(plan, sizes),
        tuple(by_source.values()) if labels is None else (),
        trained.relatives,
        trained.moving,
        usual(plan, trained.values, chosen.shares),
        fixed=model is not None,
    )
    decided = decide(pairs, plan, start)
    sources = connection.execute(f"select source from {_PREPARED} order by id").fetchnumpy()["source"]
    clusters = cluster(pairs, decided, np.asarray(sources, dtype=np.int64), plan)
    shown = labels if labels is not None else list(records)
    _write(connection, pairs, decided, clusters, passes, shown, name)
    agreement = {c.field: trained.values[c.name]["same"][0] for c in comparisons(plan)}
    missed = expected_missed(plan, [rule.keys for rule in chosen.rules], chosen.shares, agreement)
    links = connection.execute(f"select count(*) from {name}_pairs where linked").fetchall()[0][0]
    return Linked(
        pairs=f"{name}_pairs",
        clusters=f"{name}_clusters",
        model=model_document(plan, trained, decided, chosen, passes, missed),
        blocking=chosen.counts,
        estimates=estimate(connection, f"{name}_pairs", missed),
        counts={
            "records": dict(zip(shown, by_source.values(), strict=True)),
            "candidate_pairs": compared,
            "links": int(links),
            "entities": len(np.unique(clusters)),
        },
        threshold=decided.threshold,
        warnings=_warnings(trained, chosen),
    )


def _warnings(trained: Trained, chosen: Chosen) -> tuple[str, ...]:
    left_out = sum(count.left_out for count in chosen.counts if count.used)
    said = [*trained.warnings]
    if left_out:
        said.append(f"{left_out:,} pairs that share only common values were not compared ('limits.block')")
    if not chosen.rules:
        said.append("no two records share anything that blocking could use; no pair was compared")
    return tuple(said)


def _fetched(connection: duckdb.DuckDBPyConnection, plan: LinkPlan) -> Pairs:
    shared = shared_by_relatives(plan)
    kin = "".join(f", s.{kind}" for kind in shared)
    found = connection.execute(
        "select s.id_l, s.id_r, l.source as source_l, r.source as source_r, s.weight, "
        f"coalesce(s.pass, -1) as pass{kin}, s.pattern, s.anchored from {_SCORED} s "
        f"join {_PREPARED} l on l.id = s.id_l join {_PREPARED} r on r.id = s.id_r order by s.id_l, s.id_r"
    ).fetchnumpy()

    def whole(column: str) -> NDArray[np.int64]:
        return np.asarray(found[column], dtype=np.int64)

    def bits(column: str) -> NDArray[np.float64]:
        # Sums come out differently in their last digits from run to run; what is decided by them must not.
        return np.asarray(np.round(np.asarray(found[column], dtype=np.float64), _DECIMALS), dtype=np.float64)

    together = bool(moving_together(plan))
    return Pairs(
        whole("id_l"),
        whole("id_r"),
        whole("source_l"),
        whole("source_r"),
        bits("weight"),
        whole("pass"),
        {kind: bits(kind) for kind in shared},
        whole("pattern") if together else None,
        np.asarray(found["anchored"], dtype=bool) if together else None,
    )


def _write(
    connection: duckdb.DuckDBPyConnection,
    pairs: Pairs,
    decided: Decided,
    clusters: NDArray[np.int64],
    passes: tuple[BlockingRule, ...],
    labels: list[str],
    name: str,
) -> None:
    import pyarrow as pa

    together = clusters[pairs.left - 1] == clusters[pairs.right - 1]
    linked = decided.linked & together
    kept = linked | (decided.probability >= _LEAST_KEPT)
    arrays = {
        "id_l": pairs.left[kept],
        "id_r": pairs.right[kept],
        "match_weight": np.round(decided.weight[kept], _DECIMALS),
        "match_probability": np.round(decided.probability[kept], _DECIMALS + 3),
        "pass": pairs.passed[kept],
        "linked": linked[kept],
    }
    connection.register("linkage_decided", pa.table(arrays))
    connection.register("linkage_clustered", pa.table({"id": np.arange(1, len(clusters) + 1), "cluster": clusters}))
    source = "case {} " + " ".join(f"when {n} then {literal(s)}" for n, s in enumerate(labels)) + " end"
    passed = " ".join(f"when {n} then {literal(label(n, rule))}" for n, rule in enumerate(passes))
    of_pass = f"case d.pass {passed} else '{MODEL_PASS}' end" if passes else f"'{MODEL_PASS}'"
    connection.execute(
        f"create or replace temp table {name}_pairs as select {source.format('l.source')} as source_l, "
        f"l.record_id as record_id_l, {source.format('r.source')} as source_r, r.record_id as record_id_r, "
        f"d.match_weight, d.match_probability, {of_pass} as match_pass, d.linked "
        f"from linkage_decided d join {_PREPARED} l on l.id = d.id_l join {_PREPARED} r on r.id = d.id_r "
        "order by d.id_l, d.id_r"
    )
    best = (
        f"select id, arg_max(struct_pack(w := match_weight, p := match_probability, s := {of_pass}), match_weight) "
        "as best from (select id_l as id, * from linkage_decided where linked union all "
        "select id_r as id, * from linkage_decided where linked) d group by id"
    )
    connection.execute(
        f"create or replace temp table {name}_clusters as select {source.format('p.source')} as source, "
        "p.record_id, 'c' || c.cluster as cluster_id, coalesce(b.best.p, 1.0) as match_probability, "
        "b.best.w as match_weight, b.best.s as match_pass "
        f"from {_PREPARED} p join linkage_clustered c using (id) left join ({best}) b using (id) order by id"
    )
    connection.unregister("linkage_decided")
    connection.unregister("linkage_clustered")
