"""The query as it goes into the release record: the same statistic under names that nobody chose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlglot import exp

from saferoom.disclosure.queries import language
from saferoom.disclosure.queries.forms import FORMS
from saferoom.disclosure.queries.plan import Dimension, Plan, View


def canonical_document(plan: Plan) -> dict[str, Any]:
    """Return a query document that computes the same table and holds no name or title of a researcher's.

    Datasets and their columns keep the data owner's names; views, aliases and derived columns get generated ones, and
    every expression is written anew from its checked tree.
    """
    query = plan.query
    document = query.document()
    document.pop("title", None)
    document["from"] = plan.relation.sql_name
    document.pop("views", None)
    if views := _used(plan):
        document["views"] = {view.relation.sql_name: language.write(view.tree) for view in views}
    derive: dict[str, str] = {}
    by = [_name(dimension, derive) for dimension in plan.dimensions]
    document.pop("derive", None)
    document.pop("by", None)
    if by and plan.formula is None:
        document["by"] = by
    if plan.measures or plan.formula is not None:
        document |= _values(plan, by, derive)
    if derive:
        document["derive"] = derive
    if plan.where is not None:
        document["where"] = language.write(plan.where)
    if plan.weight is not None:
        document["weight"] = language.write(plan.weight)
    return document


def _used(plan: Plan) -> list[View]:
    """Return the views that the table is computed from: what is in others would leave as a message only."""
    names, found = {plan.relation.sql_name.lower()}, []
    for view in reversed(plan.views):
        if view.relation.sql_name.lower() in names:
            found.append(view)
            names |= {table.name.lower() for table in view.tree.find_all(exp.Table)}
    return found[::-1]


def _values(plan: Plan, by: list[str], derive: dict[str, str]) -> dict[str, Any]:
    """Return `measure` and `options` with every expression written anew from its tree."""
    options = plan.query.document().get("options", {})
    if plan.formula is not None:
        trees = [*plan.measures]
        if plan.query.options.event is not None:
            options["event"] = language.write(trees.pop())
        if isinstance(plan.cluster, Dimension):
            options["cluster"] = _term(_name(plan.cluster, derive), derive)
        return {"options": {**options, "formula": _formula(plan, trees, by, derive)}}
    texts = [language.write(tree) for tree in plan.measures]
    document: dict[str, Any] = {}
    if plan.query.measure is not None:
        document["measure"] = texts.pop(0)
    for name in FORMS[plan.query.statistic].expressions:
        several = isinstance(getattr(plan.query.options, name), tuple)
        options[name] = [*texts] if several else texts.pop(0)
    return {**document, "options": options} if options else document


def _name(dimension: Dimension, derive: dict[str, str]) -> str:
    if dimension.column is not None:
        return dimension.column
    return _generated(language.write(dimension.tree), derive)


def _generated(text: str, derive: dict[str, str]) -> str:
    name = f"_d{len(derive) + 1}"
    derive[name] = text
    return name


def _formula(plan: Plan, trees: Sequence[exp.Expression], categories: list[str], derive: dict[str, str]) -> str:
    formula = plan.formula
    if formula is None:
        return ""
    numbers = [_generated(language.write(tree), derive) for tree in trees]
    written = dict(zip(formula.numbers, numbers[1:], strict=True))
    written |= {name: f"C({_term(given, derive)})" for name, given in zip(formula.categories, categories, strict=True)}
    terms = [":".join(written[name] for name in term) for term in formula.terms]
    return f"{numbers[0]} ~ {' + '.join(terms)}{'' if formula.intercept else ' - 1'}"


def _term(name: str, derive: dict[str, str]) -> str:
    """A data owner's column may have a name that a formula cannot hold."""
    return name if name.isidentifier() and name.isascii() else _generated(f'"{name}"', derive)
