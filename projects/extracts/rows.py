"""The rows that a data owner approved: a condition in the language of declared queries, never SQL as it was written.

The condition is parsed by the allow-list that parses researchers' queries, every name in it is one of the dataset's own
variables, and what the engine is given is written anew from the checked tree.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from saferoom.errors import BadInputError
from saferoom.projects.catalogue.model import Dataset, VariableRole, VariableType

if TYPE_CHECKING:
    from sqlglot import exp


def variables_of(dataset: Dataset, text: str, where: str = "rows") -> tuple[str, ...]:
    """Return the variables that a condition on the rows of `dataset` reads, in the dataset's order.

    Raises
    ------
    BadInputError
        It is no single condition of the allow-list, or names what is no variable to analyse.
    """
    named = {variable.name: variable.name for variable in dataset.releasable}
    _, used = _checked(dataset, text, named, where)
    return tuple(variable.name for variable in dataset.variables if variable.name in used)


def condition_sql(dataset: Dataset, text: str, columns: Mapping[str, str], where: str = "rows") -> str:
    """Return the condition for the engine.

    Parameters
    ----------
    columns : mapping of variable to the engine's column
        Of the variables it reads at least.
    """
    from saferoom.disclosure.queries import language

    tree, _ = _checked(dataset, text, columns, where)
    return language.write(tree)


def canonical(dataset: Dataset, text: str | None, where: str = "rows") -> str | None:
    """Return a condition in the one spelling in which it is kept and compared; None for all rows."""
    if text is None or not text.strip():
        return None
    named = {variable.name: variable.name for variable in dataset.releasable}
    tree, _ = _checked(dataset, text, named, where)
    return _plain(dataset, tree, named, where)


def _plain(dataset: Dataset, tree: exp.Expression, named: Mapping[str, str], where: str) -> str:
    """Write the tree without quotes around names where it is read back as the same."""
    from sqlglot import exp

    from saferoom.disclosure.queries import language

    bare = tree.copy()
    for name in bare.find_all(exp.Identifier):
        name.set("quoted", False)
    written: str = bare.sql(dialect=language.DIALECT, comments=False)
    try:
        again, _ = _checked(dataset, written, named, where)
    except BadInputError:  # a variable is called as a word of the language is
        return language.write(tree)
    return written if again == tree else language.write(tree)


def _checked(dataset: Dataset, text: str, columns: Mapping[str, str], where: str) -> tuple[exp.Expression, set[str]]:
    """Return the resolved tree and the names of the variables in it."""
    from sqlglot import exp

    from saferoom.disclosure.queries import language
    from saferoom.disclosure.queries.relations import Column, Relation

    known = [Column(name=name, sql_name=sql) for name, sql in columns.items()]
    ids = [variable.name for variable in dataset.variables if variable.role is VariableRole.ID]
    known += [Column(name=name, sql_name=name, unit=name) for name in ids]
    relation = Relation.of(dataset.name, dataset.name, known)
    tree = language.resolve(language.parse_expression(text, where), relation, {}, where)
    by_column = {sql: name for name, sql in columns.items()}
    used = {by_column[node.name] for node in tree.find_all(exp.Column)}
    if not used:
        raise BadInputError(f"{where}: the condition names no variable; leave it empty for all rows")
    if not _is_condition(dataset, tree, by_column):
        raise BadInputError(f"{where}: must be a condition that a row meets or not, such as age >= 16")
    return tree, used


def _is_condition(dataset: Dataset, tree: exp.Expression, by_column: Mapping[str, str]) -> bool:
    from sqlglot import exp

    if isinstance(tree, exp.Paren | exp.Not):
        return _is_condition(dataset, tree.this, by_column)
    if isinstance(tree, exp.And | exp.Or):
        return all(_is_condition(dataset, part, by_column) for part in (tree.this, tree.expression))
    if isinstance(tree, exp.Column):
        variable = dataset.variable(by_column[tree.name])
        return variable is not None and variable.type is VariableType.BOOLEAN
    return isinstance(tree, exp.Predicate)
