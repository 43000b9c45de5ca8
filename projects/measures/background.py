"""What a child's parents reached: the highest education and the highest occupation class of those who are known.

The dominance approach: of two parents the one with the higher position stands for the family. NS-SEC analytic classes
go from 1 (higher managerial and professional) to 7 (routine); 8 (never worked, long-term unemployed) comes last, so a
parent with an occupation stands before one without.

References
----------
Erikson (1984), Social class of men, women and families, Sociology 18(4).
Office for National Statistics, The National Statistics Socio-economic classification (NS-SEC), classes and collapses.
Ofqual, Regulated Qualifications Framework, levels 1 to 8 (0: none).
"""

from __future__ import annotations

from saferoom.projects.measures.fragments import parent_refusals
from saferoom.projects.measures.households import PARENTS, PERSON
from saferoom.projects.measures.model import Column, Input, Kind, Step

EDUCATION = Column("education", Kind.INTEGER, "highest level, 0 (none) to 8", missing=True, low=0, high=8)

BACKGROUND = Step(
    name="parental-background",
    version=1,
    title="Highest parental education and occupation class",
    formula="education(c) = max over c's parents; NS-SEC(c) = min over c's parents; in three classes: 1-2, 3-4, 5-7, "
    "and 8 apart.",
    source="Erikson (1984), Sociology 18(4), dominance; ONS NS-SEC collapses; Ofqual levels.",
    cost="One join of links with adults and one grouped pass: n.",
    inputs=(
        PARENTS,
        Input(
            "adults",
            "what is known of adults",
            (PERSON, EDUCATION, Column("ns_sec", Kind.INTEGER, "NS-SEC class, 1 to 8", missing=True, low=1, high=8)),
            key=("person",),
        ),
    ),
    refusals=parent_refusals(),
    sql="""
        SELECT child, count(*) AS parents, count(a.education) AS parents_with_education,
            count(a.ns_sec) AS parents_with_ns_sec, max(a.education) AS highest_education,
            min(a.ns_sec) AS highest_ns_sec,
            CASE WHEN highest_ns_sec <= 2 THEN 'higher' WHEN highest_ns_sec <= 4 THEN 'intermediate'
                WHEN highest_ns_sec <= 7 THEN 'routine and manual' WHEN highest_ns_sec = 8 THEN 'never worked'
                END AS ns_sec_3
        FROM parents LEFT JOIN adults a ON a.person = parents.parent GROUP BY child
    """,
    output=(
        Column("child", Kind.ID, "the child's id"),
        Column("parents", Kind.INTEGER, "parents that links know"),
        Column("parents_with_education", Kind.INTEGER, "of them with a known education"),
        Column("parents_with_ns_sec", Kind.INTEGER, "of them with a known class"),
        Column("highest_education", Kind.INTEGER, "highest level of a parent", missing=True),
        Column("highest_ns_sec", Kind.INTEGER, "highest class of a parent (1 is highest)", missing=True),
        Column("ns_sec_3", Kind.TEXT, "that class in the three-class version", missing=True),
    ),
    key=("child",),
)
