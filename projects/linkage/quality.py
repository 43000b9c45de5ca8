"""The quality pack of a linked version: rates, precision and recall, whom linkage loses, and what the model learnt.

Counts are declared frequencies over each source's records and pass the disclosure checker under the owner's risk
appetite (`quality_tables`). Rates, standardised differences and sentences are computed from the counts that are shown
and from nothing else. Estimated precision and recall of a group are means over exactly the records of cells that are
shown, rounded to three decimals; where a cell is blank they are blank.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saferoom.disclosure.history.memory import Memory
from saferoom.errors import BadInputError
from saferoom.policies.models import RiskAppetite
from saferoom.projects.linkage import rates
from saferoom.projects.linkage.quality_model import (
    LevelValues,
    QualityPack,
    ReviewedPairs,
    Rules,
)
from saferoom.projects.linkage.quality_sources import About, Maker, Work, shown_estimate
from saferoom.projects.linkage.rates import Found
from saferoom.projects.linkage.sentences import sentences
from saferoom.projects.linkage.tables import columns_of, quoted, require, scratch

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


__all__ = ["About", "LinkedTables", "Made", "QualityPack", "model_values", "quality_pack"]

MOST_LABELS = 60
"""Most categories of a group column; a finer one is nearly a list of records."""


@dataclass(frozen=True)
class LinkedTables:
    """Names of relations in the connection.

    Attributes
    ----------
    records : str
        `source, record_id`, the group columns, and optionally `unit_id`: an id that is the same in every version. Where
        `clusters` is None, `linked` (boolean) says of each record whether it was.
    pairs : str or None
        Every compared pair, accepted or not; without it nothing is said of precision and recall.
    reviewed : str or None
        `source_l, record_id_l, source_r, record_id_r, matched`: decisions on a random sample of each stratum.
    """

    records: str
    pairs: str | None = None
    clusters: str | None = None
    reviewed: str | None = None


@dataclass(frozen=True)
class Made:
    """A pack, and the memory of everything shown up to it, for the next version's pack."""

    pack: QualityPack
    memory: Memory


def quality_pack(
    connection: DuckDBPyConnection,
    tables: LinkedTables,
    about: About,
    policy: RiskAppetite | None = None,
    memory: Memory | None = None,
) -> Made:
    """Make the quality pack of one linked version.

    Parameters
    ----------
    memory : Memory, optional
        What the packs of earlier versions showed; tables that would tell about few records beside it are withheld.

    Raises
    ------
    BadInputError
        A table or column is missing, or a group column has too many categories.
    """
    policy = policy or RiskAppetite()
    sources = _checked(connection, tables, about)
    with scratch(connection, rates.SCRATCH):
        _prepare(connection, tables, about)
        overall, work = _overall(connection, tables, about, policy)
        maker = Maker(connection, about, policy, memory or Memory.empty(), work)
        found = tuple(maker.source(name) for name in sources)
    return Made(
        QualityPack(
            version=about.version,
            link_type=about.link_type,
            threshold=about.threshold,
            precision=None if overall is None else shown_estimate(overall.precision, overall.basis),
            recall=None if overall is None else shown_estimate(overall.recall, overall.basis),
            sources=found,
            sentences=sentences(maker.compared),
            comparisons=sum(item.usable for item in maker.compared),
            model=model_values(about.model),
            review=_review(work, policy),
            rules=Rules(
                policy=policy.name,
                threshold_units=policy.threshold_units,
                difference_units=policy.difference_units,
                near_everybody_may_be_linked=about.near_everybody,
            ),
            notes=_notes(tables, work),
        ),
        maker.memory,
    )


def _checked(connection: DuckDBPyConnection, tables: LinkedTables, about: About) -> list[str]:
    """Return the sources; refuse tables that lack something."""
    if (tables.pairs is None) != (tables.clusters is None):
        raise BadInputError("a quality pack needs pairs and clusters, or neither of them")
    more = () if tables.clusters is not None else ("linked",)
    require(connection, tables.records, "the table of records", ("source", "record_id", *about.groups, *more))
    if tables.pairs is not None and tables.clusters is not None:
        sides = ("source_l", "record_id_l", "source_r", "record_id_r")
        require(connection, tables.pairs, "the table of pairs", (*sides, "match_probability"))
        wanted = ("source", "record_id", "cluster_id", "match_weight", "match_pass")
        require(connection, tables.clusters, "the table of clusters", wanted)
        if tables.reviewed is not None:
            require(connection, tables.reviewed, "the table of reviewed pairs", (*sides, "matched"))
    for name in about.groups:
        sql = f"SELECT count(DISTINCT {quoted(name)}) FROM {quoted(tables.records)}"  # noqa: S608
        row = connection.execute(sql).fetchone()
        if row and row[0] > MOST_LABELS:
            raise BadInputError(
                f"groups: '{name}' has {row[0]} categories and a pack takes {MOST_LABELS}; group them first, "
                "such as ages into bands"
            )
    rows = connection.execute(f"SELECT DISTINCT source FROM {quoted(tables.records)} ORDER BY 1")  # noqa: S608
    sources = [row[0] for row in rows.fetchall()]
    if not sources:
        raise BadInputError("the table of records has no rows")
    if None in sources:
        raise BadInputError("the table of records has rows without a source")
    return [str(source) for source in sources]


def _prepare(connection: DuckDBPyConnection, tables: LinkedTables, about: About) -> None:
    unit = "unit_id" if "unit_id" in columns_of(connection, tables.records, "the table of records") else "record_id"
    own = about.link_type == "dedupe"
    rates.prepare_records(connection, tables.records, tables.clusters, about.groups, own=own, unit=unit)
    if tables.pairs is not None and tables.clusters is not None:
        rates.prepare_pairs(connection, tables.pairs, tables.clusters, about.one_partner, tables.reviewed)


def _overall(
    connection: DuckDBPyConnection, tables: LinkedTables, about: About, policy: RiskAppetite
) -> tuple[Found | None, Work]:
    if tables.pairs is None:
        return None, Work({}, 0.0, pairs=False)
    counted, reviewed = rates.strata(connection)
    found = rates.with_blocked(counted, reviewed, about.missed_by_blocking)
    # Of a handful of links a mean is nearly somebody's own probability.
    shown = found if found.links >= policy.threshold_units else None
    return shown, Work(reviewed, about.missed_by_blocking, pairs=True, decided=rates.decisions(connection))


def model_values(model: Mapping[str, Any]) -> tuple[LevelValues, ...]:
    """Return the m and u values in a model's artefact or in Splink's settings, comparison by comparison."""
    settings = model.get("splink", model)
    found = []
    for comparison in settings.get("comparisons", ()) if isinstance(settings, Mapping) else ():
        for level in comparison.get("comparison_levels", ()):
            if level.get("is_null_level"):
                continue
            found.append(
                LevelValues(
                    comparison=str(comparison.get("output_column_name") or "comparison"),
                    level=str(level.get("label_for_charts") or "level"),
                    m=_number(level.get("m_probability")),
                    u=_number(level.get("u_probability")),
                )
            )
    return tuple(found)


def _number(value: Any) -> float | None:
    return float(f"{value:.4g}") if isinstance(value, int | float) and math.isfinite(value) else None


def _review(work: Work, policy: RiskAppetite) -> ReviewedPairs | None:
    if work.decided < policy.threshold_units:
        return None
    used = {key[1] for key, seen in work.reviewed.items() if seen.decisions >= rates.FEWEST_REVIEWED}
    return ReviewedPairs(pairs=work.decided, strata=len(used))


def _notes(tables: LinkedTables, work: Work) -> tuple[str, ...]:
    if tables.pairs is None:
        return ("Precision and recall are in the linker's pack: here nothing is known of pairs.",)
    notes = [
        "Intervals of precision and recall are of chance alone.",
        "Recall counts what blocking let nobody compare as the model expects it, most where most was refused.",
    ]
    if any(seen.decisions >= rates.FEWEST_REVIEWED for seen in work.reviewed.values()):
        notes.append("Within a stratum of match probability, pairs of all groups are taken to be alike.")
    else:
        notes.append("No pairs were reviewed: precision and recall are the model's own word, and as good as the model.")
    return tuple(notes)
