"""Household income made comparable, low income, and ranks.

Equivalence scales (modified OECD in the form of Households Below Average Income, a couple without children = 1):

======================= ==================== ===================
member                  before housing costs after housing costs
======================= ==================== ===================
first adult             0.67                 0.58
further aged 14 or over 0.33                 0.42
child under 14          0.20                 0.20
======================= ==================== ===================

Equivalised income = the household's income / the sum of its members' values. As in HBAI a household's negative income
before housing costs counts as zero, also where costs are taken off it; after housing costs it may be negative.

References
----------
Department for Work and Pensions, Households Below Average Income: quality and methodology information report.
Chetty, Hendren, Kline, Saez (2014), Where is the land of opportunity?, Quarterly Journal of Economics 129(4) (ranks).
"""

from __future__ import annotations

from saferoom.projects.measures.fragments import LARGEST_AMOUNT, amount, mid_rank
from saferoom.projects.measures.households import MEMBERS, PERSON
from saferoom.projects.measures.model import Column, Input, Kind, Refusal, Setting, Step

SOURCES = ("employment", "self-employment", "benefits", "pension", "other")
SCALES = {"bhc": (0.67, 0.33, 0.20), "ahc": (0.58, 0.42, 0.20)}
"""First adult, further member of 14 and over, child under 14; before and after housing costs."""

_HBAI = "DWP, Households Below Average Income, quality and methodology information report"
_HOUSEHOLD = Column("household", Kind.ID, "the household's id")
_EQUIVALISED = (
    Column("equivalised_bhc", Kind.NUMBER, "equivalised yearly income before housing costs", missing=True),
    Column("equivalised_ahc", Kind.NUMBER, "equivalised yearly income after housing costs", missing=True),
)


def _scale(form: str) -> str:
    first, further, child = SCALES[form]
    # A household of children alone has no first adult: it has no scale.
    return f"""CASE WHEN c.adults > 0 AND c.unknown_age = 0
        THEN CAST({first} + {further} * (c.aged_14_and_over - 1) + {child} * c.under_14 AS DECIMAL(18, 2)) END"""


EQUIVALISED = Step(
    name="equivalised-income",
    version=1,
    title="Equivalised household income before and after housing costs",
    formula="bhc = max(0, sum of amounts) / (0.67 + 0.33 (n14 - 1) + 0.20 n0); "
    "ahc = (max(0, sum of amounts) - costs) / (0.58 + 0.42 (n14 - 1) + 0.20 n0), with n14 members of 14 and over and "
    "n0 under 14.",
    source=f"{_HBAI}: modified OECD scale and companion scale, couple = 1.",
    cost="One grouped pass over the amounts and two joins by household: n.",
    inputs=(
        Input(
            "households",
            "household-composition",
            (
                _HOUSEHOLD,
                Column("adults", Kind.INTEGER, "people of 16 and over", low=0),
                Column("aged_14_and_over", Kind.INTEGER, "people of 14 and over", low=0),
                Column("under_14", Kind.INTEGER, "people under 14", low=0),
                Column("unknown_age", Kind.INTEGER, "people whose age is not known", low=0, default="0"),
            ),
            key=("household",),
        ),
        MEMBERS,
        Input(
            "incomes",
            "yearly amounts of people after tax, one row or more each",
            (
                PERSON,
                Column("source", Kind.TEXT, "where the amount comes from", codes=SOURCES),
                Column("amount", Kind.NUMBER, "amount of a year", low=-LARGEST_AMOUNT, high=LARGEST_AMOUNT),
            ),
        ),
        Input(
            "costs",
            "housing costs",
            (_HOUSEHOLD, Column("costs", Kind.NUMBER, "rent, interest, water of a year", low=0, high=LARGEST_AMOUNT)),
            key=("household",),
        ),
    ),
    refusals=(
        Refusal(
            "an amount in 'incomes' is negative that is not from self-employment, where alone there are losses",
            "SELECT 1 FROM incomes WHERE amount < 0 AND source <> 'self-employment'",
        ),
        Refusal(
            "a household has more people of 16 and over than of 14 and over; make it by household-composition",
            "SELECT 1 FROM households WHERE adults > aged_14_and_over",
        ),
    ),
    sql=f"""
        WITH earned AS (
            SELECT m.household, {amount("i.amount")} AS income, count(DISTINCT i.person) AS persons_with_income
            FROM incomes i JOIN members m USING (person) WHERE m.household IS NOT NULL GROUP BY m.household
        ), scaled AS (
            SELECT c.household, {_scale("bhc")} AS scale_bhc, {_scale("ahc")} AS scale_ahc,
                greatest(e.income, 0) AS income_bhc, greatest(e.income, 0) - h.costs AS income_ahc,
                coalesce(e.persons_with_income, 0) AS persons_with_income
            FROM households c LEFT JOIN earned e ON e.household = c.household
            LEFT JOIN costs h ON h.household = c.household
        )
        SELECT household, persons_with_income, scale_bhc, scale_ahc,
            CASE WHEN persons_with_income > 0 THEN income_bhc END AS income_bhc,
            CASE WHEN persons_with_income > 0 THEN income_ahc END AS income_ahc,
            CASE WHEN persons_with_income > 0 THEN income_bhc / CAST(scale_bhc AS DOUBLE) END AS equivalised_bhc,
            CASE WHEN persons_with_income > 0 THEN income_ahc / CAST(scale_ahc AS DOUBLE) END AS equivalised_ahc
        FROM scaled
    """,  # noqa: S608
    output=(
        _HOUSEHOLD,
        Column("persons_with_income", Kind.INTEGER, "members with an amount; 0 means unknown, not no income"),
        Column("scale_bhc", Kind.NUMBER, "equivalence before housing costs", missing=True),
        Column("scale_ahc", Kind.NUMBER, "equivalence after housing costs", missing=True),
        Column("income_bhc", Kind.NUMBER, "the household's income before housing costs", missing=True),
        Column("income_ahc", Kind.NUMBER, "the household's income after housing costs", missing=True),
        *_EQUIVALISED,
    ),
    key=("household",),
)


def _middle(form: str) -> str:
    """Return the weighted median: where half of the weight is reached, the middle of two values where it is exactly."""
    return f"""(SELECT avg(value) FROM (
        SELECT value, below, coalesce(lead(below) OVER (ORDER BY value), whole) AS up_to, whole FROM (
            SELECT DISTINCT equivalised_{form} AS value, sum(weight) OVER (ORDER BY equivalised_{form}) - sum(weight)
                OVER (PARTITION BY equivalised_{form}) AS below, sum(weight) OVER () AS whole
            FROM everybody WHERE equivalised_{form} IS NOT NULL AND weight > 0)
        ) WHERE 2 * below <= whole AND 2 * up_to >= whole)"""  # noqa: S608


LOW_INCOME = Step(
    name="low-income",
    version=1,
    title="Relative low income",
    formula="low(p) = equivalised income of p's household < fraction x median over people, each counted with the own "
    "weight; where half of the weight is reached exactly between two incomes, the median is their middle.",
    source=f"{_HBAI}: below 60 % of median equivalised household income, people counted.",
    cost="One sort of people by income before and one after housing costs: n log n.",
    inputs=(
        Input(
            "members",
            "who lives where",
            (*MEMBERS.columns, Column("weight", Kind.NUMBER, "what the person counts", low=0, high=1e6, default="1.0")),
            key=("person",),
        ),
        Input("incomes", "equivalised-income", (_HOUSEHOLD, *_EQUIVALISED), key=("household",)),
    ),
    settings=(Setting("fraction", float, "the fraction of the median", 0.6, low=0.1, high=1.0),),
    sql=f"""
        WITH everybody AS (
            SELECT m.person, CAST(m.weight AS DECIMAL(28, 12)) AS weight, i.equivalised_bhc, i.equivalised_ahc
            FROM members m LEFT JOIN incomes i USING (household)
        ), medians AS (SELECT {_middle("bhc")} AS median_bhc, {_middle("ahc")} AS median_ahc)
        SELECT person, equivalised_bhc, equivalised_ahc, equivalised_bhc < $fraction * median_bhc AS low_income_bhc,
            equivalised_ahc < $fraction * median_ahc AS low_income_ahc, $fraction * median_bhc AS threshold_bhc,
            $fraction * median_ahc AS threshold_ahc
        FROM everybody, medians
    """,  # noqa: S608
    output=(
        PERSON,
        *_EQUIVALISED,
        Column("low_income_bhc", Kind.BOOLEAN, "below the threshold before housing costs", missing=True),
        Column("low_income_ahc", Kind.BOOLEAN, "below the threshold after housing costs", missing=True),
        Column("threshold_bhc", Kind.NUMBER, "the threshold before housing costs, same for all", missing=True),
        Column("threshold_ahc", Kind.NUMBER, "the threshold after housing costs, same for all", missing=True),
    ),
    key=("person",),
)

RANKS = Step(
    name="income-ranks",
    version=1,
    title="Income ranks within cohorts",
    formula="rank = (number with less + half the number with the same, oneself counted) / n, among those of the cohort "
    "whose income is known; between 0 and 1, on average 1/2.",
    source="Chetty, Hendren, Kline, Saez (2014), QJE 129(4); mid-ranks for ties, as in declared mobility statistics.",
    cost="One sort by cohort and income: n log n.",
    inputs=(
        Input(
            "incomes",
            "one income a person",
            (
                PERSON,
                Column("cohort", Kind.INTEGER, "year of birth, or another group to rank in"),
                Column("income", Kind.NUMBER, "the income", missing=True),
            ),
            key=("person",),
        ),
    ),
    sql=f"SELECT person, cohort, {mid_rank('income', 'cohort')} AS rank FROM incomes",  # noqa: S608
    output=(
        PERSON,
        Column("cohort", Kind.INTEGER, "the cohort"),
        Column("rank", Kind.NUMBER, "rank within the cohort", missing=True),
    ),
    key=("person",),
)
