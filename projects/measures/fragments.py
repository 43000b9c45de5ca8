"""Pieces of SQL that several steps share; all are exact, so that neither the order of rows nor threads change a digit.

Sums of binary fractions depend on their order. Amounts are therefore summed to the hundredth of a penny, and ranks and
weights to 18 places, as whole numbers.
"""

from __future__ import annotations

from saferoom.projects.measures.model import Refusal

MOST_GENERATIONS = 12
"""More generations than this do not live at the same time, nor in records of a century."""
LARGEST_AMOUNT = 1e12
"""No yearly amount of a person or household is larger; with it sums stay exact."""
EARLIEST = "DATE '1850-01-01'"
"""Nobody in the data was born before."""


def amount(value: str) -> str:
    """Return the exact sum of amounts."""
    return f"CAST(sum(CAST({value} AS DECIMAL(22, 4))) AS DOUBLE)"


def total(value: str) -> str:
    """Return the exact sum of numbers of order one, such as ranks and weights."""
    return f"CAST(sum(CAST({value} AS DECIMAL(38, 18))) AS DOUBLE)"


def mid_rank(value: str, within: str) -> str:
    """Return the fractional mid-rank: the share of those `within` who are below, with half of those who are equal.

    Missing values have none and count for nobody; `within` is SQL of one or more columns.
    """
    known = f"count({value}) OVER (PARTITION BY {within})"
    place = f"rank() OVER (PARTITION BY {within} ORDER BY {value} NULLS LAST)"
    equal = f"count(*) OVER (PARTITION BY {within}, {value})"
    return f"CASE WHEN {value} IS NOT NULL THEN ({place} - 1 + {equal} / 2.0) / {known} END"


def age(born: str, day: str) -> str:
    """Return completed years of age on a day."""
    return f"date_sub('year', {born}, {day})"


def parent_refusals(births: str | None = None) -> tuple[Refusal, ...]:
    """Return the refusals of an input ``parents`` (child, parent) that no family can have.

    Parameters
    ----------
    births : str
        The input with ``person`` and ``born``, where there is one.
    """
    circle = f"""
        WITH RECURSIVE up AS (
            SELECT DISTINCT parent AS person, 1 AS generation FROM parents
            UNION
            SELECT p.parent, up.generation + 1 FROM up JOIN parents p ON p.child = up.person
            WHERE up.generation <= {MOST_GENERATIONS}
        )
        SELECT 1 FROM up WHERE generation > {MOST_GENERATIONS}
    """  # noqa: S608
    found = [
        Refusal(
            "somebody is an own parent or ancestor in 'parents' (a household that goes round in a circle); "
            "correct the parent-child links",
            circle,
        ),
        Refusal(
            "somebody has more than two parents in 'parents'; keep the links that are of one family",
            "SELECT 1 FROM parents GROUP BY child HAVING count(*) > 2",
        ),
    ]
    if births:
        found.append(
            Refusal(
                "a parent in 'parents' is born less than ten years before the child; correct the link or the date",
                f"""SELECT 1 FROM parents JOIN {births} c ON c.person = parents.child
                JOIN {births} p ON p.person = parents.parent WHERE c.born < p.born + INTERVAL 10 YEAR""",  # noqa: S608
            )
        )
    return tuple(found)


def birth_refusals(births: str) -> tuple[Refusal, ...]:
    """Return the refusals of births before anybody now in records was born."""
    return (
        Refusal(
            f"somebody in '{births}' is born before 1850; correct the date or leave it empty",
            f"SELECT 1 FROM {births} WHERE born < {EARLIEST}",  # noqa: S608
        ),
    )
