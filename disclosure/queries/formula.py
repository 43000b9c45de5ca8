"""Model formulas: ``outcome ~ term + term``, read by hand; nothing is ever evaluated.

Terms are names of columns or of `derive`, ``C(name)`` for categories, ``0`` or ``- 1`` for no intercept, ``1`` for one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from saferoom.errors import BadInputError

MOST_TERMS = 50
_NAME = r"(?:[A-Za-z_][A-Za-z0-9_]{0,62})"
_TERM = re.compile(rf"(?P<name>{_NAME})|C\(\s*(?P<category>{_NAME})\s*\)|(?P<constant>[01])")
_SIDES = re.compile(rf"\s*(?P<outcome>{_NAME})\s*~(?P<terms>[^~]*)")
_HELP = (
    "options.formula: must read like pay ~ age + C(region), with names of columns or of derive, C(name) for "
    "categories, and 0 for no intercept; write transformations and interactions into derive"
)


@dataclass(frozen=True)
class Formula:
    """A linear model's parts, by name."""

    outcome: str
    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    intercept: bool


def parse_formula(text: str) -> Formula:
    """Return the parts of a formula.

    >>> parse_formula("pay ~ age + C(region) - 1")
    Formula(outcome='pay', numbers=('age',), categories=('region',), intercept=False)
    """
    sides = _SIDES.fullmatch(text)
    if sides is None:
        raise BadInputError(_HELP)
    pieces = re.split(r"([+-])", sides["terms"].strip())
    signs = ["+", *pieces[1::2]]
    terms = [piece.strip() for piece in pieces[0::2]]
    if len(terms) > MOST_TERMS:
        raise BadInputError(f"options.formula: has more than {MOST_TERMS} terms")
    numbers: list[str] = []
    categories: list[str] = []
    intercept = True
    for sign, term in zip(signs, terms, strict=True):
        # "C" alone is a column's name; C( opens a category.
        found = _TERM.fullmatch(term)
        if found is None or (sign == "-" and found["constant"] != "1"):
            raise BadInputError(_HELP)
        if found["constant"]:
            intercept = found["constant"] == "1" and sign == "+"
        else:
            (numbers if found["name"] else categories).append(found["name"] or found["category"])
    names = [name.lower() for name in (sides["outcome"], *numbers, *categories)]
    if len(set(names)) != len(names):
        raise BadInputError("options.formula: names a column twice")
    if not (numbers or categories):
        raise BadInputError(_HELP)
    return Formula(sides["outcome"], tuple(numbers), tuple(categories), intercept)
