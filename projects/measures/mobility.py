"""Mobility between generations, overall or by area: transition matrix, rank-rank line, expected rank.

The line: child rank = a + b x parent rank, by (weighted) least squares. b is the rank-rank slope (0: no persistence);
a + 0.25 b is the rank that children of parents at the 25th percentile can expect. Ranks are taken as they are given,
so that areas are compared on the ranks of the whole country.

These are working tables inside a room; out of it go declared `mobility` and `transition` statistics only.

References
----------
Chetty, Hendren, Kline, Saez (2014), Where is the land of opportunity?, Quarterly Journal of Economics 129(4).
Dahl, DeLeire (2008), The association between children's earnings and fathers' lifetime earnings (rank-rank).
"""

from __future__ import annotations

from saferoom.projects.measures.fragments import total
from saferoom.projects.measures.model import Column, Input, Kind, Setting, Step

_SOURCE = "Chetty, Hendren, Kline, Saez (2014), QJE 129(4)"
_AREA = Column("area", Kind.TEXT, "the area, or another group; `all` where the input has none", default="'all'")
_PAIRS = Input(
    "pairs",
    "parent-child-income or parent-child-education",
    (
        Column("child", Kind.ID, "the child's id"),
        Column("parent_rank", Kind.NUMBER, "rank of the parents", missing=True, low=0, high=1),
        Column("child_rank", Kind.NUMBER, "rank of the child", missing=True, low=0, high=1),
        _AREA,
        Column("weight", Kind.NUMBER, "what the pair counts, as for linkage", low=0, high=1e6, default="1.0"),
    ),
    key=("child",),
)


def _bin(rank: str) -> str:
    # Ranks are quotients: what rounding left below a bound belongs above it.
    return f"least($bins, 1 + CAST(floor(round({rank} * $bins, 9)) AS BIGINT))"


TRANSITIONS = Step(
    name="transition-matrix",
    version=1,
    title="Transition matrix of ranks",
    formula="share(i, j) = weight of pairs with parents in i-th and child in j-th of `bins` equal bands of rank / "
    "weight of pairs with parents in the i-th.",
    source=_SOURCE,
    cost="One grouped pass over pairs: n; areas x bins^2 rows.",
    inputs=(_PAIRS,),
    settings=(Setting("bins", int, "the number of bands", 5, low=2, high=100),),
    sql=f"""
        WITH placed AS (
            SELECT area, {_bin("parent_rank")} AS parent_band, {_bin("child_rank")} AS child_band, weight
            FROM pairs WHERE parent_rank IS NOT NULL AND child_rank IS NOT NULL
        ), counted AS (
            SELECT area, parent_band, child_band, count(*) AS pairs, {total("weight")} AS weight
            FROM placed GROUP BY ALL
        ), bands AS (SELECT unnest(range(1, $bins + 1)) AS band
        ), cells AS (
            SELECT a.area, p.band AS parent_band, c.band AS child_band
            FROM (SELECT DISTINCT area FROM counted) a, bands p, bands c
        ), wholes AS (SELECT area, parent_band, {total("weight")} AS whole FROM placed GROUP BY ALL)
        SELECT area, parent_band, child_band, coalesce(pairs, 0) AS pairs,
            CASE WHEN whole > 0 THEN coalesce(weight, 0) / whole END AS share
        FROM cells LEFT JOIN counted USING (area, parent_band, child_band) LEFT JOIN wholes USING (area, parent_band)
    """,  # noqa: S608
    output=(
        _AREA,
        Column("parent_band", Kind.INTEGER, "the parents' band, 1 is lowest"),
        Column("child_band", Kind.INTEGER, "the child's band, 1 is lowest"),
        Column("pairs", Kind.INTEGER, "pairs"),
        Column("share", Kind.NUMBER, "weighted share of the parents' band; missing where it is empty", missing=True),
    ),
    key=("area", "parent_band", "child_band"),
)

SLOPE = Step(
    name="rank-rank-slope",
    version=1,
    title="Rank-rank slope and expected rank at the 25th percentile",
    formula="b = sum w (x - mx)(y - my) / sum w (x - mx)^2; a = my - b mx; expected at p25 = a + 0.25 b.",
    source=_SOURCE,
    cost="One grouped pass over pairs: n.",
    inputs=(_PAIRS,),
    sql=f"""
        WITH sums AS (
            SELECT area, count(*) AS pairs, {total("weight")} AS w, {total("weight * (parent_rank - 0.5)")} AS x,
                {total("weight * (child_rank - 0.5)")} AS y,
                {total("weight * (parent_rank - 0.5) * (parent_rank - 0.5)")} AS xx,
                {total("weight * (child_rank - 0.5) * (child_rank - 0.5)")} AS yy,
                {total("weight * (parent_rank - 0.5) * (child_rank - 0.5)")} AS xy
            FROM pairs WHERE parent_rank IS NOT NULL AND child_rank IS NOT NULL GROUP BY area
        ), moments AS (
            -- What is left of equal ranks is rounding: they have no spread.
            SELECT area, pairs, x / nullif(w, 0) + 0.5 AS mx, y / nullif(w, 0) + 0.5 AS my,
                CASE WHEN xx - x * x / w > 1e-12 * w THEN xx - x * x / w END AS sxx,
                CASE WHEN yy - y * y / w > 1e-12 * w THEN yy - y * y / w END AS syy, xy - x * y / nullif(w, 0) AS sxy
            FROM sums
        )
        SELECT area, pairs, sxy / sxx AS slope, my - slope * mx AS intercept,
            intercept + 0.25 * slope AS expected_at_p25,
            sxy / sqrt(sxx * syy) AS correlation, mx AS mean_parent_rank, my AS mean_child_rank FROM moments
    """,  # noqa: S608
    output=(
        _AREA,
        Column("pairs", Kind.INTEGER, "pairs with both ranks"),
        Column("slope", Kind.NUMBER, "rank-rank slope; missing where parents' ranks have no spread", missing=True),
        Column("intercept", Kind.NUMBER, "expected rank of children of the lowest parents", missing=True),
        Column(
            "expected_at_p25", Kind.NUMBER, "expected rank of children of parents at the 25th percentile", missing=True
        ),
        Column("correlation", Kind.NUMBER, "correlation of the ranks", missing=True),
        Column("mean_parent_rank", Kind.NUMBER, "mean rank of the parents", missing=True),
        Column("mean_child_rank", Kind.NUMBER, "mean rank of the children", missing=True),
    ),
    key=("area",),
)
