"""Free school meals over a child's school life, and children in low income who do not get them.

Persistent disadvantage: on free school meals in at least 80 % of the school years seen. A year without a record says
nothing, so it is no year without free meals; how many years were seen stands beside the share.

Children in low income not on free school meals (the "lost children"): children of school age whose household is in
relative low income and who are in the school records of the year without free meals. Where the household's income is
not known, or the child is not in the school records, it is not known whether a child is one of them: the value is
missing, never `no`.

References
----------
Education Policy Institute, Closing the Gap? Trends in Educational Attainment and Disadvantage (2017): persistent
disadvantage, 80 % of school life.
Department for Education, Pupil premium: conditions of grant (eligible at any time in the last six years).
"""

from __future__ import annotations

from datetime import date

from saferoom.projects.measures.fragments import age, birth_refusals
from saferoom.projects.measures.households import BIRTHS, DAY, PERSON
from saferoom.projects.measures.model import Column, Input, Kind, Refusal, Setting, Step

_MEALS = Input(
    "meals",
    "school records, a row for each pupil and school year",
    (
        PERSON,
        Column("year", Kind.INTEGER, "year in which the school year ends", low=1945, high=2200),
        Column("eligible", Kind.BOOLEAN, "whether on free school meals"),
    ),
    key=("person", "year"),
)

FREE_MEALS = Step(
    name="free-school-meals",
    version=1,
    title="Years on free school meals and persistent disadvantage",
    formula="share = years eligible / years seen, up to `year`; persistent = share >= `fraction`; "
    "ever six = eligible in any of the six school years up to `year`.",
    source="Education Policy Institute (2017), Closing the Gap?; DfE pupil premium (ever six).",
    cost="One grouped pass over pupil-years: n.",
    inputs=(_MEALS,),
    settings=(
        Setting("year", int, "the last school year that counts", low=1945, high=2200),
        Setting("fraction", float, "the share of years of a persistent disadvantage", 0.8, low=0.0, high=1.0),
    ),
    sql="""
        SELECT person, count(*) AS years_seen, count(*) FILTER (WHERE eligible) AS years_eligible,
            years_eligible / years_seen AS share,
            -- Thirds and fifths are no binary fractions: 4 of 5 years are 80 %.
            years_eligible + 1e-9 >= $fraction * years_seen AND years_eligible > 0 AS persistent,
            bool_or(eligible AND year > $year - 6) AS ever_six
        FROM meals WHERE year <= $year GROUP BY person
    """,
    output=(
        PERSON,
        Column("years_seen", Kind.INTEGER, "school years with a record"),
        Column("years_eligible", Kind.INTEGER, "of them on free school meals"),
        Column("share", Kind.NUMBER, "share of the years seen"),
        Column("persistent", Kind.BOOLEAN, "persistently disadvantaged"),
        Column("ever_six", Kind.BOOLEAN, "on free school meals in one of the last six years"),
    ),
    key=("person",),
)

LOST = Step(
    name="low-income-without-free-meals",
    version=1,
    title="Children in low income not on free school meals",
    formula="lost(c) = low income(c) and not eligible(c, year), for children aged `youngest` to `oldest` on the day.",
    source="Relative low income as in `low-income`; the population as in DfE's school census (ages 5 to 15).",
    cost="Three joins on the person: n.",
    inputs=(
        BIRTHS,
        Input(
            "incomes",
            "low-income (its column before or after housing costs)",
            (PERSON, Column("low_income", Kind.BOOLEAN, "whether in relative low income", missing=True)),
            key=("person",),
        ),
        _MEALS,
    ),
    settings=(
        Setting("day", date, DAY.meaning),
        Setting("year", int, "the school year, by the year in which it ends", low=1945, high=2200),
        Setting("youngest", int, "the least age in completed years", 5, low=0, high=25),
        Setting("oldest", int, "the greatest age in completed years", 15, low=0, high=25),
    ),
    refusals=(
        *birth_refusals("people"),
        Refusal(
            "a pupil with a record of the school year is born after the day; correct the date",
            "SELECT 1 FROM meals JOIN people USING (person) WHERE year = $year AND born > $day",
        ),
        Refusal("'youngest' is more than 'oldest', so nobody would be a child", "SELECT 1 WHERE $youngest > $oldest"),
    ),
    sql=f"""
        SELECT p.person, {age("p.born", "$day")} AS age, i.low_income, m.eligible AS free_meals,
            CASE WHEN i.low_income IS NOT NULL AND m.eligible IS NOT NULL
                THEN i.low_income AND NOT m.eligible END AS lost
        FROM people p LEFT JOIN incomes i USING (person)
        LEFT JOIN (SELECT * FROM meals WHERE year = $year) m ON m.person = p.person
        WHERE p.born <= $day AND {age("p.born", "$day")} BETWEEN $youngest AND $oldest
    """,  # noqa: S608
    output=(
        PERSON,
        Column("age", Kind.INTEGER, "completed years"),
        Column("low_income", Kind.BOOLEAN, "in relative low income", missing=True),
        Column("free_meals", Kind.BOOLEAN, "on free school meals; missing without a school record", missing=True),
        Column("lost", Kind.BOOLEAN, "in low income and not on free school meals", missing=True),
    ),
    key=("person",),
)
