"""Parents and children side by side: income over years of age, and education.

A family's income in a year is the sum of its parents' known incomes of that year; its parent income is the mean over
the years in which the child was of the ages asked for. The child's own income is the mean over its own later years.
Means over several years, because one year's income says little of a lasting one. Who has fewer known years than asked
for has no such income. Ranks are mid-ranks within the child's year of birth among pairs with both known.

References
----------
Chetty, Hendren, Kline, Saez (2014), Where is the land of opportunity?, Quarterly Journal of Economics 129(4).
Solon (1992), Intergenerational income mobility in the United States, American Economic Review 82(3) (several years).
"""

from __future__ import annotations

from saferoom.projects.measures.background import EDUCATION
from saferoom.projects.measures.fragments import (
    LARGEST_AMOUNT,
    amount,
    birth_refusals,
    mid_rank,
    parent_refusals,
)
from saferoom.projects.measures.households import BIRTHS, PARENTS, PERSON
from saferoom.projects.measures.model import Column, Input, Kind, Refusal, Setting, Step

_CHILD = Column("child", Kind.ID, "the child's id")
_COHORT = Column("cohort", Kind.INTEGER, "the child's year of birth")
_RANKS = (
    Column("parent_rank", Kind.NUMBER, "the parents' rank among pairs of the cohort", missing=True),
    Column("child_rank", Kind.NUMBER, "the child's rank among pairs of the cohort", missing=True),
)


def _ranked(pairs: str, columns: str, parent: str, child: str) -> str:
    """Return the query that adds to `pairs` both ranks within the cohort, of pairs with both known."""
    ranks = [mid_rank(f"known_{side}", "cohort") for side in ("parent", "child")]
    return f"""
        WITH {pairs}, known AS (
            SELECT *, CASE WHEN {child} IS NOT NULL THEN {parent} END AS known_parent,
                CASE WHEN {parent} IS NOT NULL THEN {child} END AS known_child FROM pairs
        )
        SELECT {columns}, {ranks[0]} AS parent_rank, {ranks[1]} AS child_rank FROM known
    """  # noqa: S608


def _ages(name: str, first: int, last: int) -> tuple[Setting, ...]:
    return (
        Setting(f"{name}_from", int, f"the child's first age for the {name} income", first, low=0, high=100),
        Setting(f"{name}_to", int, f"the child's last age for the {name} income", last, low=0, high=100),
    )


INCOME_PAIRS = Step(
    name="parent-child-income",
    version=1,
    title="Parent-child income pairs",
    formula="parent income = mean over years y with born + parent_from <= y <= born + parent_to of the sum of the "
    "parents' incomes; child income = mean of the child's over born + child_from to born + child_to; missing with "
    "fewer than `years` known years.",
    source="Chetty, Hendren, Kline, Saez (2014), QJE 129(4); Solon (1992), AER 82(3).",
    cost="Two joins of people with their years, one sort by cohort and income: children x parents x years.",
    inputs=(
        PARENTS,
        BIRTHS,
        Input(
            "incomes",
            "yearly incomes; negative ones are losses",
            (
                PERSON,
                Column("year", Kind.INTEGER, "the year", low=1900, high=2200),
                Column("income", Kind.NUMBER, "income of the year", low=-LARGEST_AMOUNT, high=LARGEST_AMOUNT),
            ),
            key=("person", "year"),
        ),
    ),
    settings=(
        *_ages("parent", 14, 18),
        *_ages("child", 28, 32),
        Setting("years", int, "the least number of known years", 3, low=1, high=50),
    ),
    refusals=(
        *birth_refusals("people"),
        *parent_refusals("people"),
        Refusal(
            "the first age is after the last one, or fewer ages are asked for than years; correct the settings",
            "SELECT 1 WHERE $parent_from > $parent_to OR $child_from > $child_to"
            " OR least($parent_to - $parent_from, $child_to - $child_from) + 1 < $years",
        ),
        Refusal(
            "somebody has an income in a year before the birth; correct the year or the date",
            "SELECT 1 FROM incomes JOIN people USING (person) WHERE year < year(born)",
        ),
    ),
    sql=_ranked(
        f"""children AS (
            SELECT l.child, year(b.born) AS cohort, count(*) AS parents
            FROM parents l JOIN people b ON b.person = l.child WHERE b.born IS NOT NULL GROUP BY l.child, b.born
        ), family AS (
            SELECT l.child, count(DISTINCT i.year) AS years, {amount("i.income")} / years AS income
            FROM parents l JOIN children c USING (child) JOIN incomes i ON i.person = l.parent
                AND i.year BETWEEN c.cohort + $parent_from AND c.cohort + $parent_to
            GROUP BY l.child
        ), own AS (
            SELECT c.child, count(*) AS years, {amount("i.income")} / years AS income
            FROM children c JOIN incomes i ON i.person = c.child
                AND i.year BETWEEN c.cohort + $child_from AND c.cohort + $child_to
            GROUP BY c.child
        ), pairs AS (
            SELECT c.child, c.cohort, c.parents, coalesce(f.years, 0) AS parent_years,
                coalesce(o.years, 0) AS child_years,
                CASE WHEN f.years >= $years THEN f.income END AS parent_income,
                CASE WHEN o.years >= $years THEN o.income END AS child_income
            FROM children c LEFT JOIN family f ON f.child = c.child LEFT JOIN own o ON o.child = c.child
        )""",  # noqa: S608
        "child, cohort, parents, parent_years, child_years, parent_income, child_income",
        "parent_income",
        "child_income",
    ),
    output=(
        _CHILD,
        _COHORT,
        Column("parents", Kind.INTEGER, "parents that links know"),
        Column("parent_years", Kind.INTEGER, "years with an income of a parent"),
        Column("child_years", Kind.INTEGER, "years with an own income"),
        Column("parent_income", Kind.NUMBER, "mean yearly income of the parents together", missing=True),
        Column("child_income", Kind.NUMBER, "mean own yearly income", missing=True),
        *_RANKS,
    ),
    key=("child",),
)

EDUCATION_PAIRS = Step(
    name="parent-child-education",
    version=1,
    title="Parent-child education pairs",
    formula="parent education = highest level of the parents; ranks are mid-ranks of the levels within the cohort.",
    source="As `parental-background`; mid-ranks for ordered categories (ridits): Bross (1958), Biometrics 14(1).",
    cost="Two joins and one sort by cohort and level: n log n.",
    inputs=(PARENTS, BIRTHS, Input("adults", "education", (PERSON, EDUCATION), key=("person",))),
    refusals=(*birth_refusals("people"), *parent_refusals("people")),
    sql=_ranked(
        """pairs AS (
            SELECT l.child, year(b.born) AS cohort, max(p.education) AS parent_education,
                any_value(c.education) AS child_education
            FROM parents l JOIN people b ON b.person = l.child LEFT JOIN adults p ON p.person = l.parent
            LEFT JOIN adults c ON c.person = l.child WHERE b.born IS NOT NULL GROUP BY l.child, b.born
        )""",
        "child, cohort, parent_education, child_education",
        "parent_education",
        "child_education",
    ),
    output=(
        _CHILD,
        _COHORT,
        Column("parent_education", Kind.INTEGER, "highest level of a parent", missing=True),
        Column("child_education", Kind.INTEGER, "the child's own highest level", missing=True),
        *_RANKS,
    ),
    key=("child",),
)
