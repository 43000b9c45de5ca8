"""Households from shared addresses, and who makes them up.

The occupied-address method: a household is the people whose records put them at the same address on a day. It finds
addresses with people, not who shares a kitchen, so two households of one address become one, and somebody whose
address is out of date makes a household smaller or larger than it is. An address with more people than `largest` is
taken for a hostel, home or hall; the measures of households leave it out, as surveys of private households do.

Formula: of a person's stays that cover the day, the one begun last is where the person lives; the person's household
is that address.

Composition counts a household's people by age and its generations by parent-child links. It says `two adults`, not
`couple`, because addresses tell who lives together and not as what.

References
----------
Office for National Statistics, Administrative Data Census: households (occupied addresses) from administrative data.
"""

from __future__ import annotations

from datetime import date

from saferoom.projects.measures.fragments import age, birth_refusals, parent_refusals
from saferoom.projects.measures.model import Column, Input, Kind, Refusal, Setting, Step

PERSON = Column("person", Kind.ID, "the person's id")
HOUSEHOLD = Column(
    "household", Kind.ID, "the household's id; empty for people not in a private household", missing=True
)
DAY = Setting("day", date, "the day on which people are counted")
MEMBERS = Input("members", "who lives where", (PERSON, HOUSEHOLD), key=("person",))
BIRTHS = Input(
    "people",
    "when people were born",
    (PERSON, Column("born", Kind.DATE, "date of birth", missing=True)),
    key=("person",),
)
PARENTS = Input(
    "parents",
    "parent-child links",
    (Column("child", Kind.ID, "the child's id"), Column("parent", Kind.ID, "the parent's id")),
    key=("child", "parent"),
)

HOUSEHOLDS = Step(
    name="household-from-address",
    version=1,
    title="Household from shared address",
    formula="household(p) = the address of p's stay with the latest beginning among those with begins <= day <= ends; "
    "none where more than `largest` people live there.",
    source="ONS, Administrative Data Census: occupied addresses. `largest` is this step's choice.",
    cost="One sort of the stays that cover the day by person: n log n.",
    inputs=(
        Input(
            "stays",
            "who was registered at which address when",
            (
                PERSON,
                Column("address", Kind.ID, "the address's id (a property reference number)"),
                Column("begins", Kind.DATE, "first day there"),
                Column("ends", Kind.DATE, "last day there; empty while it goes on", missing=True),
            ),
        ),
    ),
    settings=(DAY, Setting("largest", int, "the most people of a private household", 30, low=1, high=1000)),
    refusals=(
        Refusal(
            "a stay in 'stays' ends before it begins; correct the dates", "SELECT 1 FROM stays WHERE ends < begins"
        ),
        Refusal(
            "a stay in 'stays' begins before 1850; correct the date",
            "SELECT 1 FROM stays WHERE begins < DATE '1850-01-01'",
        ),
    ),
    sql="""
        WITH living AS (
            SELECT person, address, count(*) OVER (PARTITION BY person) AS addresses FROM (
                SELECT person, address, max(begins) AS begins FROM stays
                WHERE begins <= $day AND (ends IS NULL OR ends >= $day) GROUP BY person, address
            ) QUALIFY row_number() OVER (PARTITION BY person ORDER BY begins DESC, address) = 1
        ), counted AS (SELECT *, count(*) OVER (PARTITION BY address) AS residents FROM living)
        SELECT person, CASE WHEN residents <= $largest THEN address END AS household, residents, addresses,
            residents > $largest AS communal FROM counted
    """,
    output=(
        PERSON,
        HOUSEHOLD,
        Column("residents", Kind.INTEGER, "people at the address"),
        Column("addresses", Kind.INTEGER, "addresses the person's records give for the day; more than 1 is doubtful"),
        Column("communal", Kind.BOOLEAN, "whether the address has more than `largest` people"),
    ),
    key=("person",),
)

COMPOSITION = Step(
    name="household-composition",
    version=1,
    title="Household composition",
    formula="Age in completed years on the day; adult: 16 and over; generations = 1 + the longest chain of "
    "parent-child links within the household.",
    source="Ages of the HBAI companion scales (14) and of HBAI's adults (16). The kinds are this step's.",
    cost="Two joins on the person and one pass per generation within households: n log n.",
    inputs=(MEMBERS, BIRTHS, PARENTS),
    settings=(DAY,),
    refusals=(
        *birth_refusals("people"),
        Refusal(
            "a member of a household is born after the day; correct the date or leave the member out",
            "SELECT 1 FROM members JOIN people USING (person) WHERE born > $day AND household IS NOT NULL",
        ),
        *parent_refusals("people"),
    ),
    sql=f"""
        WITH RECURSIVE aged AS (
            SELECT m.person, m.household, {age("p.born", "$day")} AS age
            FROM members m LEFT JOIN people p USING (person) WHERE m.household IS NOT NULL
        ), links AS (
            SELECT c.household, l.child, l.parent FROM parents l
            JOIN aged c ON c.person = l.child JOIN aged p ON p.person = l.parent AND p.household = c.household
        ), lines AS (
            SELECT household, parent AS person, 2 AS generation FROM links
            UNION
            SELECT l.household, l.parent, s.generation + 1 FROM lines s JOIN links l ON l.child = s.person
        ), depth AS (SELECT household, max(generation) AS generations FROM lines GROUP BY household
        ), counted AS (
            SELECT household, count(*) AS persons, count(*) FILTER (WHERE age >= 16) AS adults,
                count(*) FILTER (WHERE age < 16) AS children, count(*) FILTER (WHERE age >= 14) AS aged_14_and_over,
                count(*) FILTER (WHERE age < 14) AS under_14, count(*) FILTER (WHERE age IS NULL) AS unknown_age,
                count(*) FILTER (WHERE age < 16 AND person IN (SELECT child FROM links)) AS children_with_parent
            FROM aged GROUP BY household
        )
        SELECT c.*, coalesce(generations, 1) AS generations, CASE WHEN unknown_age > 0 THEN 'unknown'
            ELSE CASE adults WHEN 0 THEN 'no adult' WHEN 1 THEN 'one adult' WHEN 2 THEN 'two adults'
                ELSE 'three or more adults' END
                || CASE children WHEN 0 THEN '' WHEN 1 THEN ', one child' WHEN 2 THEN ', two children'
                ELSE ', three or more children' END END AS kind
        FROM counted c LEFT JOIN depth USING (household)
    """,  # noqa: S608
    output=(
        Column("household", Kind.ID, "the household's id"),
        Column("persons", Kind.INTEGER, "people in it"),
        Column("adults", Kind.INTEGER, "people of 16 and over"),
        Column("children", Kind.INTEGER, "people under 16"),
        Column("aged_14_and_over", Kind.INTEGER, "people of 14 and over, for equivalence scales"),
        Column("under_14", Kind.INTEGER, "people under 14, for equivalence scales"),
        Column("unknown_age", Kind.INTEGER, "people whose date of birth is not known"),
        Column("children_with_parent", Kind.INTEGER, "people under 16 who live with a parent that links know"),
        Column("generations", Kind.INTEGER, "generations that links know of in the household"),
        Column("kind", Kind.TEXT, "adults and children in words; `unknown` where an age is not known"),
    ),
    key=("household",),
)
