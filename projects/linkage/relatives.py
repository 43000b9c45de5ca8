"""People who are not the same and yet agree on much: those of one household, twins, and namesakes in one household.

A model of two classes, the same person or two people at random, takes relatives for the same person: that two people
share surname, postcode and address is no coincidence on top of a coincidence. So pairs that do not match are of several
classes. Each shares some fields as the same person does and agrees on the others by chance:

============ =====================================================
household    surname, address and postcode
twins        these, and the date
namesakes    these, and the given name (father and son, say)
============ =====================================================

How many pairs are of each class is found from the data along with the number of matches (`classes`), so where there are
no relatives the classes are empty and nothing changes. With weight `w` of the pair and `w_k` of the fields that class
`k` shares, the odds of a match are `2^w / (1 + sum of c_k 2^w_k)`, `c_k` the share of the class among random pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from saferoom.projects.linkage.comparisons import internal_names
from saferoom.projects.linkage.plan import FieldKind, LinkPlan

PATTERN_BASE = 16
"""Levels of up to three comparisons make one number; no comparison has so many."""
RELATIVES = ("household", "twins", "namesakes")


def shared_by_relatives(plan: LinkPlan) -> Mapping[str, tuple[str, ...]]:
    """Return kind of relatives -> comparisons in which they agree like one person; empty without surname and place."""
    names = internal_names(plan)

    def of(*kinds: FieldKind) -> tuple[str, ...]:
        return tuple(names[column] for column in plan.of_kind(*kinds))

    place = of(FieldKind.POSTCODE, FieldKind.ADDRESS)
    surname = of(FieldKind.SURNAME)[:1]
    if not place or not surname:
        return {}
    shared = surname + place
    found = {"household": shared}
    if of(FieldKind.DATE):
        found["twins"] = shared + of(FieldKind.DATE)[:1]
    if of(FieldKind.GIVEN_NAME):
        found["namesakes"] = shared + of(FieldKind.GIVEN_NAME)[:1]
    return found


def moving_together(plan: LinkPlan) -> tuple[str, ...]:
    """Return the comparisons that change together when somebody moves or marries: surname, postcode, address."""
    names = internal_names(plan)
    kinds = (FieldKind.SURNAME, FieldKind.POSTCODE, FieldKind.ADDRESS)
    found = tuple(names[column] for kind in kinds for column in plan.of_kind(kind)[:1])
    anchored = plan.of_kind(FieldKind.GIVEN_NAME) and plan.of_kind(FieldKind.DATE)
    return found if anchored and len(found) > 1 else ()


def usual(
    plan: LinkPlan, values: Mapping[str, Mapping[str, tuple[float, float]]], shares: Mapping[str, float]
) -> Callable[[int], float]:
    """Return what gives a pattern's probability in records of one person if fields changed independently."""
    columns = {name: column for column, name in internal_names(plan).items()}
    tables = []
    for name in moving_together(plan):
        there = min(max(shares[columns[name]] ** 2, 1e-6), 1.0)
        levels = [m for m, _ in values[name].values()]
        # Level -1 is missing, 0 the last.
        tables.append([max(1.0 - there, 1e-6), *(there * m for m in reversed(levels))])

    def probability(pattern: int) -> float:
        found = 1.0
        for table in tables:
            found *= table[pattern % PATTERN_BASE]
            pattern //= PATTERN_BASE
        return max(found, 1e-12)

    return probability


def anchors(plan: LinkPlan) -> tuple[str, ...]:
    """Return the comparisons in which a pair agrees from which it is learnt how surname and place change together."""
    names = internal_names(plan)
    return tuple(names[plan.of_kind(kind)[0]] for kind in (FieldKind.GIVEN_NAME, FieldKind.DATE))
