"""Windows whose functions cannot fail because of a row, and whose order leaves nothing to the engine."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from saferoom.disclosure.privacy.trying import guarded_part, tried
from saferoom.errors import BadInputError

_ORDERED = (exp.RowNumber, exp.Ntile, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue)
"""Window functions that tell rows apart which their order leaves equal."""


def settle(window: exp.Window, every: Sequence[exp.Expression], where: str) -> None:
    """Guard a window's parts, and order by everything where its function tells equal rows apart."""
    function, spec = window.this, window.args.get("spec")
    _check_function(function, where)
    if spec is not None:
        _check_frame(spec, where)
    window.set("this", guarded_part(function))
    window.set("partition_by", [tried(key) for key in window.args.get("partition_by") or ()])
    order = window.args.get("order")
    places = [_ordered(tried(one.this), one) for one in order.expressions] if order else []
    frame = str(spec.args.get("kind") or "").upper() if spec is not None else ""
    if isinstance(function, _ORDERED) or frame in {"ROWS", "GROUPS"}:
        places += [exp.Ordered(this=column.copy()) for column in every]
    window.set("order", exp.Order(expressions=places) if places else None)


def _check_function(function: exp.Expression, where: str) -> None:
    """Refuse arguments that could fail, or be converted, row by row."""
    given = [function.this] if isinstance(function, exp.Ntile) else []
    given += [found for key in ("offset", "default") if (found := function.args.get(key)) is not None]
    for one in given:
        number = isinstance(one, exp.Literal) and not one.is_string
        whole = number and str(one.this).isdigit() and 0 < int(one.this) < 2**31
        default = one is function.args.get("default")
        if not (whole or (default and (number or isinstance(one, exp.Null)))):
            raise BadInputError(
                f"{where}: under differential privacy, ntile, lag and lead take whole numbers above 0, and a "
                "number or null in place of what is missing"
            )


def _check_frame(spec: exp.Expression, where: str) -> None:
    bounds = [bound for bound in (spec.args.get("start"), spec.args.get("end")) if bound is not None]
    plain = all(str(bound).upper() in {"UNBOUNDED", "CURRENT ROW"} for bound in bounds)
    counted = all(isinstance(b, str) or (isinstance(b, exp.Literal) and str(b.this).isdigit()) for b in bounds)
    if not plain and (str(spec.args.get("kind") or "").upper() != "ROWS" or not counted):
        raise BadInputError(
            f"{where}: under differential privacy, the frame of a window is of rows: ROWS BETWEEN 3 "
            "PRECEDING AND CURRENT ROW"
        )


def _ordered(tree: exp.Expression, like: exp.Expression) -> exp.Ordered:
    return exp.Ordered(this=tree, **{key: like.args.get(key) for key in ("desc", "nulls_first")})
