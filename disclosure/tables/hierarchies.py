"""The categories of a dimension, and which of them are sums of which.

Vocabulary
----------
hierarchy
    Parents with their children: regions of a country, municipalities of a region. A child may have several parents
    (a municipality in a county and in a type of municipality); the tables by each of them are linked.
leaf
    A category without children. All values come from leaves; what a row says about a parent is only checked.
total
    The category that holds all leaves: the hierarchy's own root, or one that is added.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from saferoom.disclosure.verdict import Label
from saferoom.errors import BadInputError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Hierarchy = Mapping[str, Sequence[Label]]
"""Children by their parent's label."""

TOTALS = ("Total", "All", "_T")
"""Labels that a total may have; without a hierarchy, a category called so (in any case) is taken to be the total."""


@dataclass(frozen=True)
class Dimension:
    """A dimension's categories: leaves in reading order, then parents from the lowest to the highest, the total last.

    Attributes
    ----------
    name : str
    labels : tuple of Label
    leaves : int
        How many of the labels are leaves.
    sums : csr_array, shape (labels, leaves)
        1 where a leaf is in the category.
    relations : csr_array, shape (relations, labels)
        1 at the children, -1 at their parent.
    """

    name: str
    labels: tuple[Label, ...]
    leaves: int
    sums: csr_array
    relations: csr_array

    def __len__(self) -> int:
        return len(self.labels)

    def places(self) -> dict[str, int]:
        """Return the position of every category by its label as text."""
        return {text(label): place for place, label in enumerate(self.labels)}


def text(label: Label) -> str:
    """Return a label as text, by which labels of data and specifications are compared.

    >>> text(3.0), text(3), text("3"), text(True)
    ('3', '3', '3', 'true')
    """
    if isinstance(label, bool):
        return "true" if label else "false"
    if isinstance(label, float) and label.is_integer():
        return str(int(label))
    return str(label)


def spelt(label: Label, categories: Collection[str]) -> str:
    """Return how a table spells a label of a specification: as text, else as the same number or truth value.

    >>> spelt(True, ["False", "True"]), spelt(1, ["1.0", "2.0"]), spelt("1", ["1.0", "2.0"])
    ('True', '1.0', '1')
    """
    own = text(label)
    if own in categories or isinstance(label, str) or label is None:
        return own
    if isinstance(label, bool):
        alike = [category for category in categories if category.casefold() == own]
    else:
        alike = [category for category in categories if _number(category) == label]
    return alike[0] if len(alike) == 1 else own


def _number(category: str) -> float | None:
    try:
        return float(category)
    except ValueError:
        return None


def dimension(
    name: str, categories: Sequence[Label], hierarchy: Hierarchy | None = None, total: str | None = None
) -> Dimension:
    """Return the dimension of `categories`, which may hold parents besides leaves.

    Parameters
    ----------
    categories : sequence of Label
        In reading order.
    total : str, optional
        The label of the total, where the hierarchy has no category that holds all; by default the first of `TOTALS`
        that is free.

    Raises
    ------
    BadInputError
        For cycles, gaps, and categories that would be counted twice.
    """
    shown = {text(label): label for label in reversed(categories)}
    order = [text(label) for label in categories]
    given = {parent: [spelt(child, shown) for child in listed] for parent, listed in (hierarchy or {}).items()}
    children = _children(name, given, total)
    named = {*children, *(child for listed in children.values() for child in listed)}
    if total is None:
        total = _total_by_name(name, [label for label in dict.fromkeys(order) if label not in named])
    # A cycle leaves no leaves below it, and would look like a gap.
    lower = _from_the_lowest(name, children)
    if children:
        _check_gaps(name, children, named, [label for label in order if label != total])
    leaves = [label for label in dict.fromkeys(order) if label not in children and label != total]
    if not leaves:
        raise BadInputError(f"the dimension '{name}' has no categories besides totals")
    held = _held(name, lower, children, leaves)
    top = _top(name, lower, children, held, len(leaves), total)
    if top is None:
        top = total if total is not None else _free_label({*leaves, *children})
        children[top] = _roots(children, held, leaves)
        lower.append(top)
    else:
        lower = [label for label in lower if label != top] + [top]
    return _made(name, leaves, lower, children, shown)


_FOLDED = frozenset(label.casefold() for label in TOTALS)


def _total_by_name(name: str, categories: Sequence[str]) -> str | None:
    found = [label for label in categories if label.casefold() in _FOLDED]
    if len(found) > 1:
        # The second one would be counted as a part of the first.
        raise BadInputError(
            f"the dimension '{name}' has two categories that look like its total, '{found[0]}' and '{found[1]}'; say "
            "which one is in `totals`, or leave one out"
        )
    return found[0] if found else None


def _free_label(taken: set[str]) -> str:
    folded = {label.casefold() for label in taken}
    label = next((label for label in TOTALS if label.casefold() not in folded), TOTALS[0])
    while label.casefold() in folded:
        label += " (total)"
    return label


def _children(name: str, hierarchy: Hierarchy, total: str | None) -> dict[str, list[str]]:
    where = f"the hierarchy of '{name}'"
    children: dict[str, list[str]] = {}
    for parent, given in hierarchy.items():
        listed = [text(child) for child in given]
        if not listed:
            raise BadInputError(f"{where}: '{parent}' has no children; leave it out, or name them")
        twice = next((label for label, times in Counter(listed).items() if times > 1), None)
        if twice is not None:
            raise BadInputError(f"{where}: '{parent}' names its child '{twice}' twice")
        if text(parent) in listed:
            raise BadInputError(f"{where} has a cycle: '{parent}' is its own child")
        if total is not None and total in listed:
            raise BadInputError(f"{where}: the total '{total}' is a child of '{parent}'")
        children[text(parent)] = listed
    return children


def _check_gaps(name: str, children: Mapping[str, Sequence[str]], named: set[str], order: Sequence[str]) -> None:
    where = f"the hierarchy of '{name}'"
    stray = next((label for label in order if label not in named), None)
    if stray is not None:
        raise BadInputError(f"{where} has a gap: '{stray}' is in the table but under no parent")
    present = set(order)
    for parent, listed in children.items():
        gone = next((child for child in listed if child not in children and child not in present), None)
        if gone is not None:
            raise BadInputError(
                f"{where} has a gap: '{gone}', a child of '{parent}', has neither rows in the table nor children"
            )


def _from_the_lowest(name: str, children: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the parents so that each comes after those among its children; a cycle is an error."""
    from graphlib import CycleError, TopologicalSorter

    sorter = TopologicalSorter({parent: [c for c in listed if c in children] for parent, listed in children.items()})
    try:
        return list(sorter.static_order())
    except CycleError as error:
        cycle = " > ".join(f"'{label}'" for label in reversed(error.args[1]))
        raise BadInputError(f"the hierarchy of '{name}' has a cycle: {cycle}") from None


def _held(
    name: str, lower: Sequence[str], children: Mapping[str, Sequence[str]], leaves: Sequence[str]
) -> dict[str, frozenset[str]]:
    """Return the leaves that each category holds, directly or through others."""
    held = {leaf: frozenset((leaf,)) for leaf in leaves}
    for parent in lower:
        inside: set[str] = set()
        for child in children[parent]:
            double = inside & held[child]
            if double:
                raise BadInputError(
                    f"the hierarchy of '{name}' counts '{min(double)}' twice in '{parent}': two of its children hold it"
                )
            inside |= held[child]
        held[parent] = frozenset(inside)
    return held


def _top(
    name: str,
    lower: Sequence[str],
    children: Mapping[str, Sequence[str]],
    held: Mapping[str, frozenset[str]],
    leaves: int,
    total: str | None,
) -> str | None:
    """Return the category that holds all leaves and is nobody's child."""
    if total is not None and total in children:
        if len(held[total]) < leaves:
            raise BadInputError(
                f"the hierarchy of '{name}' has a gap: its total '{total}' does not hold every category"
            )
        return total
    below = {child for listed in children.values() for child in listed}
    return next((label for label in lower if len(held[label]) == leaves and label not in below), None)


def _roots(
    children: Mapping[str, Sequence[str]], held: Mapping[str, frozenset[str]], leaves: Sequence[str]
) -> list[str]:
    """Return what a total adds up: the highest categories where these split the leaves, else the leaves."""
    below = {child for listed in children.values() for child in listed}
    roots = [label for label in (*children, *leaves) if label not in below]
    return roots if sum(len(held[root]) for root in roots) == len(leaves) else list(leaves)


def _made(
    name: str,
    leaves: Sequence[str],
    parents: Sequence[str],
    children: Mapping[str, Sequence[str]],
    shown: Mapping[str, Label],
) -> Dimension:
    from scipy.sparse import csr_array

    labels = [*leaves, *parents]
    place = {label: position for position, label in enumerate(labels)}
    held = {leaf: [place[leaf]] for leaf in leaves}
    rows: list[int] = []
    columns: list[int] = []
    for row, parent in enumerate(parents):
        members = children[parent]
        held[parent] = [leaf for child in members for leaf in held[child]]
        columns += [*(place[child] for child in members), place[parent]]
        rows += [row] * (len(members) + 1)
    signs = np.where(np.array(columns) == np.array(rows) + len(leaves), -1.0, 1.0)
    relations = csr_array((signs, (rows, columns)), shape=(len(parents), len(labels)))
    inside = [(place[label], leaf) for label in labels for leaf in held[label]]
    into, leaf = zip(*inside, strict=True)
    sums = csr_array((np.ones(len(inside)), (into, leaf)), shape=(len(labels), len(leaves)))
    return Dimension(name, tuple(shown.get(label, label) for label in labels), len(leaves), sums, relations)
