"""The data owner's classification of a column's codes: which of them make up which broader category.

Vocabulary
----------
parent
    A broader category: a region with its areas. It may itself be the child of another. Codes that are under no parent
    only belong to the total.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any

from saferoom.disclosure.verdict import Label
from saferoom.errors import BadInputError

Key = tuple[str, Label]
"""A label that is told apart from equal ones of another type: 1 from True."""
_MOST_CATEGORIES = 20_000
_WHOLE = re.compile(r"-?\d{1,15}")


def key_of(label: Label) -> Key:
    """Return what labels are compared by.

    >>> key_of(True) == key_of(1), key_of(1.0) == key_of(1)
    (False, True)
    """
    kind = "number" if isinstance(label, int | float) and not isinstance(label, bool) else type(label).__name__
    return (kind, label)


@dataclass(frozen=True)
class Classification:
    """Parents of a column's codes.

    Attributes
    ----------
    children : mapping of a parent to its children
        Checked by `classification_of`.
    """

    children: Mapping[Label, tuple[Label, ...]]

    def to_json(self) -> list[list[Any]]:
        """Return parents with their children, JSON-ready; keys of JSON objects could not be numbers."""
        return [[parent, list(listed)] for parent, listed in self.children.items()]

    @classmethod
    def from_json(cls, column: str, document: Sequence[Sequence[Any]]) -> Classification:
        """Read what `to_json` wrote; `BadInputError` when it is no classification."""
        return classification_of(column, {parent: tuple(listed) for parent, listed in document})

    @cached_property
    def parents(self) -> tuple[Label, ...]:
        """Every parent, the lowest first."""
        order = {
            parent: [child for child in listed if child in self.children] for parent, listed in self.children.items()
        }
        return tuple(TopologicalSorter(order).static_order())

    @cached_property
    def above(self) -> dict[Label, tuple[Label, ...]]:
        """Every parent that holds a code, by code."""
        found: dict[Label, list[Label]] = {}
        for parent, codes in self.codes.items():
            for code in codes:
                found.setdefault(code, []).append(parent)
        return {code: tuple(parents) for code, parents in found.items()}

    @property
    def reading_order(self) -> tuple[Label, ...]:
        """Every category, each parent after its children."""
        below = {child for listed in self.children.values() for child in listed}
        order: dict[Label, None] = {}

        def read(category: Label) -> None:
            for child in self.children.get(category, ()):
                read(child)
            order.setdefault(category)

        for parent in self.children:
            if parent not in below:
                read(parent)
        return tuple(order)

    @property
    def is_text(self) -> bool:
        """Whether codes are texts; else they are whole numbers."""
        return isinstance(next(iter(self.children)), str)

    @cached_property
    def codes(self) -> dict[Label, tuple[Label, ...]]:
        """The codes that each parent holds, directly or through others."""
        held: dict[Label, tuple[Label, ...]] = {}
        for parent in self.parents:
            inside = [code for child in self.children[parent] for code in held.get(child, (child,))]
            held[parent] = tuple(dict.fromkeys(inside))
        return held


def classification_of(
    column: str, children: Mapping[Label, Sequence[Label]], codelist: Sequence[Label] | None = None
) -> Classification:
    """Return a classification after it was found to be one.

    Parameters
    ----------
    codelist : sequence of Label, optional
        Every code that the column may have: then all codes must be among them, and each must have a parent.

    Raises
    ------
    BadInputError
        For cycles, gaps, empty parents, codes that are no codes of the column or counted twice, and parents called like
        a code. The message names labels of the classification only.
    """
    where = f"the hierarchy of '{column}'"
    if not children:
        raise BadInputError(f"{where} is empty; leave it out, or name parents with their children")
    if len(children) + sum(map(len, children.values())) > _MOST_CATEGORIES:
        raise BadInputError(f"{where} names more than {_MOST_CATEGORIES:,} categories")
    for parent, listed in children.items():
        _check_children(where, parent, listed)
    found = Classification({parent: tuple(listed) for parent, listed in children.items()})
    try:
        order = found.parents
    except CycleError as error:
        cycle = " > ".join(f"'{label}'" for label in error.args[1])
        raise BadInputError(f"{where} has a cycle: {cycle}") from None
    for parent in order:
        inside = [code for child in found.children[parent] for code in found.codes.get(child, (child,))]
        twice = (
            next((code for code in inside if inside.count(code) > 1), None) if len(set(inside)) < len(inside) else None
        )
        if twice is not None:
            raise BadInputError(f"{where} counts '{twice}' twice in '{parent}': two of its children hold it")
    if codelist is not None:
        _check_codes(where, found, codelist)
    return found


def classified(
    column: str,
    children: Mapping[str, Sequence[Label]],
    *,
    whole: bool,
    codelist: Sequence[Label] | None = None,
) -> Classification:
    """Return a classification whose parents are written as texts, as keys of documents are.

    Parameters
    ----------
    whole : bool
        Whether codes are whole numbers, and so parents as well.

    Raises
    ------
    BadInputError
        When it is none, see `classification_of`; or a parent of whole numbers is none itself.
    """
    if not whole:
        return classification_of(column, {parent: listed for parent, listed in children.items()}, codelist)  # noqa: C416
    strange = next((parent for parent in children if not _WHOLE.fullmatch(parent)), None)
    if strange is not None:
        raise BadInputError(
            f"the hierarchy of '{column}': '{strange}' must be a whole number (in quotes), since the codes are; it is "
            "the label of the parent's subtotal"
        )
    return classification_of(column, {int(parent): listed for parent, listed in children.items()}, codelist)


def _check_children(where: str, parent: Label, listed: Sequence[Label]) -> None:
    labels = [parent, *listed]
    if any(not isinstance(label, int | str) or isinstance(label, bool) for label in labels):
        raise BadInputError(f"{where} must name codes: texts or whole numbers")
    if any(isinstance(label, str) and not (0 < len(label) <= 200 and label.isprintable()) for label in labels):
        raise BadInputError(f"{where} has an empty or very long label, or one with invisible characters")
    if len({key_of(label)[0] for label in labels}) > 1:
        raise BadInputError(f"{where}: '{parent}' and its children must be of one type, that of the column's codes")
    if not listed:
        raise BadInputError(f"{where}: '{parent}' has no children; leave it out, or name them")
    if len(set(listed)) < len(listed):
        twice = next(label for label in listed if list(listed).count(label) > 1)
        raise BadInputError(f"{where}: '{parent}' names its child '{twice}' twice")
    if parent in listed:
        raise BadInputError(f"{where} has a cycle: '{parent}' is its own child")


def _check_codes(where: str, found: Classification, codelist: Sequence[Label]) -> None:
    codes = set(codelist)
    held = {code for listed in found.codes.values() for code in listed}
    clash = next((parent for parent in found.children if parent in codes), None)
    if clash is not None:
        raise BadInputError(f"{where}: '{clash}' is a code of the codelist and cannot be a parent as well")
    strange = next((code for code in sorted(held - codes, key=str)), None)
    if strange is not None:
        raise BadInputError(f"{where} names '{strange}', which is neither in the codelist nor a parent with children")
    gap = next((code for code in codelist if code not in held), None)
    if gap is not None:
        raise BadInputError(f"{where} has a gap: '{gap}' of the codelist is under no parent")
