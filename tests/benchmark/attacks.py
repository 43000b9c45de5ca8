"""What attackers do with released numbers: plain arithmetic and logic.

Every function takes what was released and what the attacker knows, and nothing else: no population, no closure. What
the attacker knows is said by the case: their own values, those of people who collude with them, the membership of a
group, and what everybody can see about the victim.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from tests.benchmark.model import Known, Released


def reads_the_cell(released: Released, known: Known) -> Any:
    """Read the number of a cell that describes the victim alone, or everybody in it alike."""
    return released.value(known["cell"], known.get("column"))


def takes_others_off_a_total(released: Released, known: Known) -> Any:
    """Subtract what the other members of a cell, who collude, know about themselves."""
    return released.value(known["cell"], known.get("column")) - sum(known["others"])


def takes_others_off_a_mean(released: Released, known: Known) -> Any:
    """Multiply a mean by the size of a group whose members all know each other, and subtract the others."""
    return released.value(known["cell"], known.get("column")) * (len(known["others"]) + 1) - sum(known["others"])


def takes_others_off_a_weighted_mean(released: Released, known: Known) -> Any:
    """Do the same where the survey's weights are known."""
    weighted = sum(value * weight for value, weight in known["others"])
    whole = sum(weight for _, weight in known["others"]) + known["weight"]
    return (released.value(known["cell"]) * whole - weighted) / known["weight"]


def counts_the_others_away(released: Released, known: Known) -> Any:
    """Take the others, whose categories are known, off the counts of their group; the category left is the victim's."""
    left = {}
    for row in released.tables[0].cells():
        if row[: len(known["group"])] == tuple(known["group"]) and row[-1] is not None:
            category = row[len(known["group"])]
            left[category] = row[-1] - sum(known.get("each", 1) for other in known["others"] if other == category)
    remaining = [category for category, count in left.items() if count > 0]
    return remaining[0] if len(remaining) == 1 else None


def finds_the_only_category(released: Released, known: Known) -> Any:
    """See that a whole group is in one category."""
    width = len(known["group"])
    held = {row[width] for row in released.tables[0].cells() if row[:width] == tuple(known["group"]) and row[-1]}
    return held.pop() if len(held) == 1 else None


def finds_the_usual_category(released: Released, known: Known) -> Any:
    """See that nearly everybody of a group is in one category, and say it of the victim."""
    width = len(known["group"])
    rows = [row for row in released.tables[0].cells() if row[:width] == tuple(known["group"])]
    counts: dict[Any, float] = {row[width]: float(row[-1] or 0) for row in rows}
    best = max(counts, key=lambda category: counts[category])
    return best if counts[best] >= 0.9 * sum(counts.values()) else None


def finds_what_nobody_is(released: Released, known: Known) -> Any:
    """See which categories, known to exist, nobody of a group is in."""
    width = len(known["group"])
    rows = list(released.tables[0].cells())
    held = {row[width] for row in rows if row[:width] == tuple(known["group"]) and row[-1]}
    return sorted({str(row[width]) for row in rows} - {str(category) for category in held})


def subtracts_one_from_the_other(released: Released, known: Known) -> Any:
    """Subtract the same cell of two releases whose populations differ by the victim."""
    cell, column = known["cell"], known.get("column")
    return abs(released.value(cell, column, 0) - released.value(cell, column, 1))


def subtracts_all_others(released: Released, known: Known) -> Any:
    """Subtract, from the cell of one release, cells of others that together hold everybody but the victim."""
    first, *rest = known["cells"]
    return released.value(first[1], None, first[0]) - sum(released.value(cell, None, table) for table, cell in rest)


def subtracts_means(released: Released, known: Known) -> Any:
    """Turn two means into totals with the two released counts, and subtract."""
    cell = known["cell"]
    totals = [released.value(cell, None, t) * released.value(cell, None, c) for t, c in known["pairs"]]
    return abs(totals[0] - totals[1])


def finds_where_two_counts_differ(released: Released, known: Known) -> Any:
    """Compare two tables of counts cell by cell: the category in which they differ is the victim's."""
    counts = [
        {row[:-1]: row[-1] for row in table.cells() if row[-1] is not None and row[-1]} for table in released.tables[:2]
    ]
    differ = [cell for cell in {**counts[0], **counts[1]} if counts[0].get(cell, 0) != counts[1].get(cell, 0)]
    return differ[0][known["place"]] if len(differ) == 1 else None


def solves_a_blank_from_its_margin(released: Released, known: Known) -> Any:
    """Take the visible cells of a row off the row's total: what is left is the blanked cell."""
    row, total = known["row"], known["total"]
    visible = [
        found[-1]
        for found in released.tables[0].cells()
        if found[: len(row)] == tuple(row) and found[: len(total)] != tuple(total) and found[-1] is not None
    ]
    whole = released.value(total, None, known.get("table", 0))
    return whole - sum(visible) - sum(known.get("others", ()))


def share_of_a_known_count(released: Released, known: Known) -> Any:
    """Turn a share of a group of known size into a count."""
    return round(released.value(known["cell"], known.get("column")) * known["n"])


def sees_that_the_share_is_whole(released: Released, known: Known) -> Any:
    """See that a share is nought or one: everybody has, or nobody has, what it counts."""
    share = released.value(known["cell"], known.get("column"))
    return {0.0: "nobody", 1.0: "everybody"}.get(float(share))


def sees_a_whole_group(released: Released, known: Known) -> Any:
    """Read a statistic that equals everybody's value."""
    return released.value(known["cell"], known.get("column"))


def unrounded_by_steps(released: Released, known: Known) -> Any:
    """Add known people one by one until the rounded count jumps: that tells the count itself.

    Release number i holds the population and i people more whom the attacker knows.
    """
    base, cell = known["base"], known["cell"]
    rounded = [released.value(cell, None, table) for table in range(len(released.tables))]
    for added, (before, after) in enumerate(pairwise(rounded), start=1):
        if after > before:
            return math.ceil((before + after) / 2) - added
    return None if rounded[0] is None else base


def solves_a_blank_from_a_table(released: Released, known: Known) -> Any:
    """Take the visible cells of a suppressed table's row off the same row of a one-way table."""
    row = tuple(known["row"])
    visible = [found[-1] for found in released.tables[0].cells() if found[: len(row)] == row and found[-1] is not None]
    return released.value(known["total"], None, known["table"]) - sum(visible) - sum(known.get("others", ()))


def adds_up_tables(released: Released, known: Known) -> Any:
    """Add up one table, add up the parts, and subtract."""
    whole = sum(row[-1] for row in released.tables[known["whole"]].cells() if row[-1] is not None)
    return whole - sum(released.value(cell, None, table) for table, cell in known["parts"])


def subtracts_means_of_known_sizes(released: Released, known: Known) -> Any:
    """Turn two means into totals with sizes that everybody knows, and subtract."""
    (n, m), cell = known["sizes"], known["cell"]
    return n * released.value(cell, None, 0) - m * released.value(cell, None, 1)


def subtracts_a_mean_from_a_sum(released: Released, known: Known) -> Any:
    """Turn the second release, a mean, into a total, and subtract it from the first."""
    return released.value(known["cell"], None, 0) - known["n"] * released.value(known["cell"], None, 1)


def subtracts_a_multiple(released: Released, known: Known) -> Any:
    """Divide the second release by its factor, and subtract."""
    return released.value(known["cell"], None, 0) - released.value(known["cell"], None, 1) / known["factor"]


def subtracts_two_parts(released: Released, known: Known) -> Any:
    """Add the first and the third release, and subtract the second, which is of both measures."""
    cell = known["cell"]
    return released.value(cell, None, 0) + released.value(cell, None, 2) - released.value(cell, None, 1)


def subtracts_a_ratio(released: Released, known: Known) -> Any:
    """Multiply a ratio by its denominator, which is released as well, and subtract."""
    cell = known["cell"]
    return released.value(cell, None, 0) - released.value(cell, None, 1) * released.value(cell, None, 2)


def adds_the_cap(released: Released, known: Known) -> Any:
    """Only one person's value is above the cap: the difference of both sums is what it exceeds the cap by."""
    return known["cap"] + released.value(known["cell"], None, 0) - released.value(known["cell"], None, 1)
