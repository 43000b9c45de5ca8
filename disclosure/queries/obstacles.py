"""Covert channels and free text: every reason why an output may not leave without a person looking at it.

Nothing that a researcher wrote is quoted here, for these sentences travel further than the query does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp

from saferoom.disclosure.queries import language
from saferoom.disclosure.queries.model import Candidates, Protect
from saferoom.disclosure.queries.plan import Dimension, Plan
from saferoom.disclosure.verdict import Label
from saferoom.policies.models import ReleaseRoute

_MANTISSA = re.compile(r"([0-9]*)\.?([0-9]*)")


def automatic_obstacles(
    plan: Plan, texts: Sequence[bool], categories: Sequence[set[Label]], route: ReleaseRoute
) -> tuple[str, ...]:
    """Return the reasons in plain sentences; none means that nothing in the query or its labels is free text.

    Parameters
    ----------
    texts : sequence of bool
        Per dimension, whether its categories are texts.
    categories : sequence of set of Label
        Per dimension, the categories that the table shows.
    """
    found = [*_written_texts(plan), *_numbers(plan, route), *_labels(plan, texts, categories)]
    if plan.stepped:
        found.append("The measure is computed with a function that can pick out single values (floor, power ...).")
    if plan.query.title is not None:
        found.append("The title was written by a researcher.")
    return tuple(dict.fromkeys(found))


def _trees(plan: Plan) -> Iterator[tuple[str, exp.Expression]]:
    for view in plan.views:
        yield "a view", view.tree
    if plan.where is not None:
        yield "where", plan.where
    for dimension in plan.dimensions:
        yield "a dimension", dimension.tree
    for tree in plan.measures:
        yield "the measure", tree
    if plan.weight is not None:
        yield "the weight", plan.weight
    if isinstance(plan.cluster, Dimension):
        yield "the clusters", plan.cluster.tree


def _written_texts(plan: Plan) -> Iterator[str]:
    for place, tree in _trees(plan):
        for node in tree.find_all(exp.Literal):
            if node.is_string and not _is_category(node, plan):
                yield f"A text written in {place} is not in the codelist of the column it is compared with."


def _is_category(node: exp.Literal, plan: Plan) -> bool:
    """Say whether a text is compared with a column whose codelist has it; a text anywhere else never is."""
    parent = node.parent
    if isinstance(parent, exp.EQ | exp.NEQ):
        other = parent.right if node is parent.left else parent.left
    elif isinstance(parent, exp.In) and node is not parent.this:
        other = parent.this
    else:
        return False
    column = language.column_of(other, plan.relation) if isinstance(other, exp.Column) and not other.table else None
    return column is not None and column.codelist is not None and str(node.this) in column.codelist


def _numbers(plan: Plan, route: ReleaseRoute) -> Iterator[str]:
    literals = [node for _, tree in _trees(plan) for node in tree.find_all(exp.Literal)]
    digits = [significant(str(node.this)) for node in literals if not node.is_string]
    written = [*_option_numbers(plan), *_protection_numbers(plan.query.protect)]
    digits += [significant(repr(value)) for value in written]
    digits.append(significant(str(plan.query.protect.base or 0)))
    if any(count > route.literal_digits for count in digits):
        yield f"A number in the query has more than {route.literal_digits} significant digits."
    if len(literals) + len(written) + _keys(plan.query.protect) > route.literals:
        yield f"The query has more than {route.literals} numbers and texts."


def _option_numbers(plan: Plan) -> Iterator[float]:
    """Yield every number written in the options, whatever their names."""
    for value in plan.query.options.model_dump(exclude_none=True).values():
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, int | float):
                yield item


def _protection_numbers(protect: Protect) -> Iterator[float]:
    """Yield every number that a query with differential privacy chooses; what it leaves out, nobody chose."""
    given = [protect.epsilon, protect.rho, protect.accuracy, protect.delta, *(protect.bounds or ())]
    if isinstance(protect.candidates, Candidates):
        given += [protect.candidates.start, protect.candidates.stop, protect.candidates.step]
    else:
        given += protect.candidates or ()
    # 100000.0 says no more than 100000.
    yield from (int(one) if float(one).is_integer() else one for one in given if one is not None)


def _keys(protect: Protect) -> int:
    """Count the codes that a query picks out: which ones could say something, as texts in a filter could."""
    return sum(len(codes) for codes in protect.keys.values()) if isinstance(protect.keys, Mapping) else 0


def significant(text: str) -> int:
    """Count the digits that carry information; an exponent is a number of its own.

    >>> significant("16000"), significant("0.25"), significant("16001.5")
    (2, 2, 6)
    """
    mantissa, _, exponent = text.lower().partition("e")
    found = _MANTISSA.fullmatch(mantissa)
    digits = "".join(found.groups()) if found else mantissa
    carried = digits.lstrip("0")
    if "." not in mantissa:
        carried = carried.rstrip("0")
    return max(len(carried), len(exponent.lstrip("+-").lstrip("0")))


def _labels(plan: Plan, texts: Sequence[bool], categories: Sequence[set[Label]]) -> Iterator[str]:
    for dimension, is_text, labels in zip(plan.dimensions, texts, categories, strict=True):
        if not is_text:
            continue
        if dimension.codelist is None:
            yield "Categories of a dimension are texts without a codelist."
        elif not labels <= {*dimension.codelist, *dimension.parents}:
            yield "Categories of a dimension are texts outside its codelist."
