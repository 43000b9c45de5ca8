"""What rules for expressions share."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sqlglot import exp

from saferoom.disclosure.queries.spark.scopes import Types
from saferoom.disclosure.queries.spark.types import family, spark_type
from saferoom.disclosure.queries.spark.worker import WorkerFunction
from saferoom.errors import BadInputError


class NotNativeError(Exception):
    """Spark means something else by it."""


class Scope(NamedTuple):
    """What an expression stands in.

    Attributes
    ----------
    query : callable
        Compiles a query inside it.
    filters : bool
        Whether it is a condition on rows, where a query may stand on the right of IN.
    """

    types: Types
    query: Callable[[exp.Expression], exp.Expression]
    functions: dict[str, WorkerFunction]
    filters: bool = False


def refused(what: str) -> BadInputError:
    """Return the error for what cannot be computed with Spark."""
    return BadInputError(f"{what} cannot be computed with the engine spark; use the engine duckdb")


Part = Callable[[exp.Expression], exp.Expression]
"""Compiles a part of an expression."""
Rule = Callable[[exp.Expression, Scope, Part], exp.Expression]
"""Compiles an expression of one kind; raises `NotNativeError` where Spark means something else by it."""


def named(kind: str) -> str:
    name = spark_type(kind)
    if name is None:
        raise refused("a value of a type that Spark does not have")
    return name


def is_number(kind: str | None) -> bool:
    return kind is not None and family(kind) == "number"
