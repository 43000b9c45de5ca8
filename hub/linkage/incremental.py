"""Links for the spine to settle: of everything compared anew, or of what is new compared with what is known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from saferoom.hub.linkage.identifiers import Identifiers
from saferoom.hub.linkage.joining import NO_SOURCE, Groups, Numbers
from saferoom.hub.linkage.parting import UNPARTED, release
from saferoom.hub.linkage.relating import hear_relatives, put_together
from saferoom.projects.linkage.households import place
from saferoom.projects.linkage.linked import Linked, Progress
from saferoom.projects.linkage.linking import link, link_to
from saferoom.projects.linkage.plan import FieldKind, LinkPlan, LinkType
from saferoom.projects.linkage.review_sample import CLERICAL_PASS, with_decisions
from saferoom.projects.linkage.standardising import literal, quoted

LINKS = "links"
_PAIRS = "source_l, record_id_l, source_r, record_id_r, match_weight, match_probability, match_pass, linked"


@dataclass(frozen=True)
class Clusters:
    """What was compared.

    Attributes
    ----------
    links : str
        The table for the spine to settle.
    pairs : str
        Scored pairs of this run.
    linked : Linked or None
        What linking said, where everything was compared anew.
    model : str
        The model, JSON.
    reviewed : str or None
        The table of what people decided, where they decided about some.
    whole : bool
        Whether all present records were compared with each other.
    """

    links: str
    pairs: str
    linked: Linked | None
    model: str
    counts: Mapping[str, Any]
    reviewed: str | None
    whole: bool


def compare_all(
    connection: duckdb.DuckDBPyConnection, identifiers: Identifiers, plan: LinkPlan, decided: str, progress: Progress
) -> Clusters:
    """Compare all present records with each other, with a model trained for it."""
    records = {source: identifiers.relation(source) for source in identifiers.sources}
    linked = link(connection, records, plan, progress)
    counts = {"compared": linked.counts["candidate_pairs"], "links": linked.counts["links"], "not_joined": 0}
    scored, said = hear_relatives(connection, identifiers, linked.pairs, linked.threshold, known=None)
    clusters = linked.clusters if scored == linked.pairs else put_together(connection, scored, plan)
    reviewed = decided if _judge(connection, scored, decided) else None
    if reviewed is not None:
        _first_links(connection, None)
        counts["not_joined"] = _put_together(connection, plan, decided)
    else:
        connection.execute(f"CREATE TABLE {LINKS} AS FROM {clusters}")
    return Clusters(LINKS, "pairs", linked, json.dumps(linked.model), {**counts, **said}, reviewed, whole=True)


def compare_places(connection: duckdb.DuckDBPyConnection, plan: LinkPlan) -> Clusters:
    """Put all present records of one address, or of a household that lives there, together."""
    named = {"surname": FieldKind.SURNAME, "postcode": FieldKind.POSTCODE, "address": FieldKind.ADDRESS}
    held = {name: next(iter(plan.of_kind(kind)), None) for name, kind in named.items()}
    listed = ", ".join(f"{'NULL::VARCHAR' if own is None else quoted(own)} AS {name}" for name, own in held.items())
    connection.execute(f"CREATE TABLE at_home AS SELECT source, record_id, {listed} FROM records")  # noqa: S608
    if plan.threshold is None:
        placed = place(connection, "at_home", LINKS)
    else:
        placed = place(connection, "at_home", LINKS, threshold=plan.threshold)
    _no_pairs(connection, "pairs")
    counts = {"placed": dict(placed.placed), "nowhere": placed.nowhere}
    return Clusters(LINKS, "pairs", None, "{}", counts, None, whole=True)


def compare_new(
    connection: duckdb.DuckDBPyConnection,
    identifiers: Identifiers,
    plan: LinkPlan,
    decided: str,
    model: str,
    progress: Progress,
) -> Clusters:
    """Compare the records that the spine does not know with those that it knows, by the model that is there.

    Sources come one after the other, so that new records of one are compared with the new ones of those before it. As
    new ones are those whose entity people's decisions take apart.
    """
    release(connection, decided, whole=plan.link_type is LinkType.LINK)
    _no_pairs(connection, "scored")
    counts, threshold = {"compared": 0, "links": 0}, 0.0
    for number, source in enumerate(identifiers.sources):
        new = identifiers.part(source, new=True, spine=UNPARTED)
        if not connection.execute(f"SELECT 1 FROM {new} LIMIT 1").fetchall():  # noqa: S608
            continue
        known = _others(connection, identifiers, plan, number)
        if not known:
            continue
        name = f"joined_{number}"
        found = link_to(connection, {source: new}, known, plan, json.loads(model), progress, name=name)
        connection.execute(f"INSERT INTO scored SELECT {_PAIRS} FROM {found.pairs}")  # noqa: S608
        counts["compared"] += found.counts["candidate_pairs"]
        counts["links"] += found.counts["links"]
        threshold = max(threshold, found.threshold)
    scored, said = hear_relatives(connection, identifiers, "scored", threshold, known=UNPARTED)
    _judge(connection, scored, decided)
    _first_links(connection, UNPARTED)
    counts["not_joined"] = _put_together(connection, plan, decided)
    return Clusters(LINKS, "pairs", None, model, {**counts, **said}, None, whole=False)


def _no_pairs(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    connection.execute(
        f"CREATE TABLE {table} (source_l VARCHAR, record_id_l VARCHAR, source_r VARCHAR, record_id_r VARCHAR,"
        " match_weight DOUBLE, match_probability DOUBLE, match_pass VARCHAR, linked BOOLEAN)"
    )


def _others(
    connection: duckdb.DuckDBPyConnection, identifiers: Identifiers, plan: LinkPlan, number: int
) -> dict[str, str]:
    """Return what the new records of source `number` are compared with."""
    found = {}
    own = plan.link_type is LinkType.DEDUPE
    for position, source in enumerate(identifiers.sources):
        if position == number and not own:
            continue
        relation = (
            identifiers.relation(source) if position < number else identifiers.part(source, new=False, spine=UNPARTED)
        )
        if connection.execute(f"SELECT 1 FROM {relation} LIMIT 1").fetchall():  # noqa: S608
            found[source] = relation
    return found


def _judge(connection: duckdb.DuckDBPyConnection, scored: str, decided: str) -> int:
    """Make `pairs`: those that were scored, where somebody decided with that decision; return how many these are."""
    sure = with_decisions(connection, scored, decided, "judged")
    connection.execute(
        f"CREATE TABLE pairs AS SELECT {_PAIRS}, model_probability FROM (SELECT * REPLACE ("  # noqa: S608
        f"CASE WHEN match_pass = '{CLERICAL_PASS}' THEN match_probability > 0.5 ELSE linked END AS linked) FROM judged)"
    )
    return sure or len(connection.execute(f"SELECT 1 FROM {decided} LIMIT 1").fetchall())  # noqa: S608


def _first_links(connection: duckdb.DuckDBPyConnection, known: str | None) -> None:
    """Make `links` and `firsts`: every present record, the entity it has where that counts, how it was linked."""
    before = (
        known
        or "(SELECT NULL::VARCHAR AS source, NULL::VARCHAR AS record_id, "
        "NULL::VARCHAR AS entity_id, NULL::DOUBLE AS match_probability, NULL::VARCHAR AS match_pass WHERE false)"
    )
    connection.execute(f"""
        CREATE TABLE firsts AS SELECT r.source, r.record_id, k.entity_id AS first
        FROM records r LEFT JOIN {before} k USING (source, record_id);
        CREATE TABLE {LINKS} AS
        WITH sides AS (
            SELECT source_l AS source, record_id_l AS record_id, * FROM pairs WHERE linked
            UNION ALL SELECT source_r AS source, record_id_r AS record_id, * FROM pairs WHERE linked
        ), best AS (
            SELECT source, record_id, arg_max(struct_pack(w := match_weight, p := match_probability, s := match_pass),
                coalesce(match_weight, 'infinity'::DOUBLE)) AS best FROM sides GROUP BY source, record_id
        )
        SELECT f.source, f.record_id, NULL::VARCHAR AS cluster_id,
            coalesce(b.best.p, k.match_probability, 1.0) AS match_probability, b.best.w AS match_weight,
            coalesce(b.best.s, k.match_pass) AS match_pass
        FROM firsts f LEFT JOIN best b USING (source, record_id) LEFT JOIN {before} k USING (source, record_id)
    """)  # noqa: S608


def _put_together(connection: duckdb.DuckDBPyConnection, plan: LinkPlan, decided: str) -> int:
    """Fill in the clusters of `links` from `firsts`, what people decided, and the linked pairs, the surest first."""
    one = _one_partner(plan)
    number = "CASE f.source " + " ".join(f"WHEN {literal(s)} THEN {n}" for n, s in enumerate(one)) + " ELSE -1 END"
    source = number if one else f"{NO_SOURCE}"
    connection.execute(f"""
        CREATE TABLE members AS SELECT row_number() OVER (ORDER BY f.source, f.record_id) - 1 AS n, f.source,
            f.record_id, {source} AS competes,
            min(n0) OVER (PARTITION BY coalesce(first, n0::VARCHAR)) AS start
        FROM (SELECT *, row_number() OVER (ORDER BY source, record_id) - 1 AS n0 FROM firsts) f
    """)  # noqa: S608
    found = connection.execute("SELECT start, competes FROM members ORDER BY n").fetchnumpy()
    groups = Groups(_whole(found["start"]), _whole(found["competes"]))
    wanted = f"{decided} d"
    groups.keep_apart(_numbered(connection, wanted, "NOT matched", "1"))
    refused = groups.join(_numbered(connection, wanted, "matched", "1"))
    by = "coalesce(match_weight, 'infinity'::DOUBLE) DESC, match_probability DESC, l.n, r.n"
    refused += groups.join(_numbered(connection, "pairs d", "linked", by))
    made = pa.table({"n": np.arange(len(found["start"])), "cluster": groups.result()})
    connection.register("made_arrow", made)
    connection.execute(f"""
        UPDATE {LINKS} SET cluster_id = 'g' || a.cluster FROM members m JOIN made_arrow a USING (n)
        WHERE m.source = {LINKS}.source AND m.record_id = {LINKS}.record_id
    """)  # noqa: S608
    connection.unregister("made_arrow")
    return refused


def _one_partner(plan: LinkPlan) -> tuple[str, ...]:
    """Return the sources of which a group has one record at most."""
    names = tuple(dataset.name for dataset in plan.datasets)
    if plan.one_to_one and plan.link_type is LinkType.LINK:
        return names
    return names[-1:] if plan.many_to_one else ()


def _numbered(connection: duckdb.DuckDBPyConnection, table: str, where: str, order: str) -> list[tuple[int, int]]:
    rows = connection.execute(f"""
        SELECT l.n, r.n FROM {table}
        JOIN members l ON l.source = d.source_l AND l.record_id = d.record_id_l
        JOIN members r ON r.source = d.source_r AND r.record_id = d.record_id_r
        WHERE {where} ORDER BY {order}
    """).fetchall()  # noqa: S608
    return [(int(left), int(right)) for left, right in rows]


def _whole(column: Any) -> Numbers:
    return np.asarray(column, dtype=np.int64)
