"""Model formulas: ``outcome ~ term + term``, read by hand; nothing is ever evaluated.

Terms are names of columns or of `derive`, ``C(name)`` for categories, ``a:b`` for an interaction of these, ``a*b`` for
``a + b + a:b``, ``0`` or ``- 1`` for no intercept, ``1`` for one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from saferoom.errors import BadInputError

MOST_TERMS = 50
MOST_FACTORS = 4
_NAME = r"(?:[A-Za-z_][A-Za-z0-9_]{0,62})"
_FACTOR = re.compile(rf"(?P<name>{_NAME})|C\(\s*(?P<category>{_NAME})\s*\)")
_SIDES = re.compile(rf"\s*(?P<outcome>{_NAME})\s*~(?P<terms>[^~]*)")
_HELP = (
    "options.formula: must read like pay ~ age + C(region) + age:C(region), with names of columns or of derive, "
    "C(name) for categories, a:b or a*b for interactions, and 0 for no intercept; write transformations into derive"
)

Factor = tuple[str, bool]
"""A name, and whether it stands for categories."""


@dataclass(frozen=True)
class Formula:
    """A linear model's parts, by name.

    Attributes
    ----------
    numbers, categories : tuple of str
        Every name that the terms use, as a number or as categories.
    interactions : tuple of tuples of str
        Terms of several names.
    alone : frozenset of str, optional
        The names that are a term by themselves; None when all are.
    """

    outcome: str
    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    intercept: bool
    interactions: tuple[tuple[str, ...], ...] = ()
    alone: frozenset[str] | None = None

    @property
    def terms(self) -> tuple[tuple[str, ...], ...]:
        """All terms in the order of the model's coefficients: numbers, categories, interactions."""
        names = (*self.numbers, *self.categories)
        return (*((name,) for name in names if self.alone is None or name in self.alone), *self.interactions)


def parse_formula(text: str) -> Formula:
    """Return the parts of a formula.

    >>> parse_formula("pay ~ age + C(region) - 1")
    Formula(outcome='pay', numbers=('age',), categories=('region',), intercept=False, interactions=(), alone=None)
    >>> parse_formula("pay ~ age * C(sex)").terms
    (('age',), ('sex',), ('age', 'sex'))
    """
    sides = _SIDES.fullmatch(text)
    if sides is None:
        raise BadInputError(_HELP)
    pieces = re.split(r"([+-])", sides["terms"].strip())
    signs = ["+", *pieces[1::2]]
    terms: list[tuple[Factor, ...]] = []
    intercept, starred = True, False
    for sign, piece in zip(signs, (piece.strip() for piece in pieces[0::2]), strict=True):
        if piece in {"0", "1"}:
            intercept = piece == "1" and sign == "+"
        elif sign == "-":
            raise BadInputError(_HELP)
        else:
            # A product repeats what stands elsewhere: a*b + a*c has the term a once.
            starred = starred or "*" in piece
            seen = {frozenset(term) for term in terms} if starred else set()
            terms += [term for term in _expanded(piece) if frozenset(term) not in seen]
    return _formula(sides["outcome"], terms, intercept)


def _expanded(piece: str) -> Iterator[tuple[Factor, ...]]:
    """Yield the terms of ``a``, ``a:b`` or ``a*b:c``; of products those of fewer factors come first."""
    groups = [tuple(_factor(text) for text in part.split(":")) for part in piece.split("*")]
    if len(groups) > MOST_FACTORS:
        # A product of n has 2 ** n - 1 terms.
        raise _too_many()
    for size in range(1, len(groups) + 1):
        for chosen in combinations(groups, size):
            yield tuple(factor for group in chosen for factor in group)


def _too_many() -> BadInputError:
    return BadInputError(
        f"options.formula: has more than {MOST_TERMS} terms, or an interaction of more than {MOST_FACTORS} columns"
    )


def _factor(text: str) -> Factor:
    # "C" alone is a column's name; C( opens a category.
    found = _FACTOR.fullmatch(text.strip())
    if found is None:
        raise BadInputError(_HELP)
    return (found["name"] or found["category"], found["category"] is not None)


def _key(term: tuple[Factor, ...]) -> frozenset[str]:
    return frozenset(name.lower() for name, _ in term)


def _formula(outcome: str, terms: list[tuple[Factor, ...]], intercept: bool) -> Formula:
    if not terms:
        raise BadInputError(_HELP)
    if len(terms) > MOST_TERMS or any(len(term) > MOST_FACTORS for term in terms):
        raise _too_many()
    factors = list(dict.fromkeys(factor for term in terms for factor in term))
    names = [outcome.lower(), *(name.lower() for name, _ in factors)]
    together = [tuple(name for name, _ in term) for term in terms]
    keys = [_key(term) for term in terms]
    repeated = any(len(key) != len(term) for key, term in zip(keys, together, strict=True))
    if len(set(names)) != len(names) or len(set(keys)) != len(keys) or repeated:
        raise BadInputError("options.formula: names a column or a term twice, or a column both as C(name) and as name")
    alone = frozenset(term[0] for term in together if len(term) == 1)
    return Formula(
        outcome=outcome,
        numbers=tuple(name for name, is_category in factors if not is_category),
        categories=tuple(name for name, is_category in factors if is_category),
        intercept=intercept,
        interactions=tuple(term for term in together if len(term) > 1),
        alone=None if len(alone) == len(factors) else alone,
    )
