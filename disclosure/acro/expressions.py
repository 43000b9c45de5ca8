"""pandas expressions of an ACRO command, read as syntax and never run, and written as SQL expressions."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

_BINARY: Mapping[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Mod: "%",
    ast.BitAnd: "AND",
    ast.BitOr: "OR",
}
_COMPARED: Mapping[type[ast.AST], str] = {
    ast.Eq: "=",
    ast.NotEq: "<>",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_METHODS = {"isna": "IS NULL", "isnull": "IS NULL", "notna": "IS NOT NULL", "notnull": "IS NOT NULL"}
_FUNCTIONS = {"log": "ln", "sqrt": "sqrt", "exp": "exp", "abs": "abs", "floor": "floor", "ceil": "ceil"}
_WHOLE = {"int", "int64", "int32", "bool"}


class NotReadableError(Exception):
    """The expression is none that can be written as SQL; whoever asked takes another way."""


@dataclass(frozen=True)
class Series:
    """A column-like value of a command: its SQL, and the filter of the frame it was taken from."""

    sql: str
    where: str | None = None
    column: str | None = None
    """The column's name where it is one unchanged."""


def quoted(name: str) -> str:
    """Return a column's name as SQL writes it.

    >>> quoted("pay"), quoted("net pay")
    ('pay', '"net pay"')
    """
    if name.isidentifier() and name.isascii():
        return name
    return '"' + name.replace('"', '""') + '"'


def read_series(node: ast.expr, columns: Mapping[str, bool]) -> Series:
    """Return what `node` means.

    Parameters
    ----------
    columns : mapping of str to bool
        The dataset's columns.

    Raises
    ------
    NotReadableError
        When it is anything but columns of one frame, filtered or not, with arithmetic and comparisons.
    """
    return _Reader(columns).series(node)


def constant(node: ast.expr) -> str | int | float | bool:
    """Return a written text or number."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = constant(node.operand)
        if not isinstance(value, str):
            return -value
    if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | bool):
        return node.value
    raise NotReadableError


class _Reader:
    def __init__(self, columns: Mapping[str, bool]) -> None:
        self._columns = columns

    def series(self, node: ast.expr) -> Series:
        if isinstance(node, ast.Attribute):
            return self._column(node.value, node.attr)
        if isinstance(node, ast.Subscript):
            name = constant(node.slice)
            if not isinstance(name, str):
                raise NotReadableError
            return self._column(node.value, name)
        if isinstance(node, ast.BinOp):
            return self._binary(node)
        if isinstance(node, ast.Compare):
            return self._compared(node)
        if isinstance(node, ast.UnaryOp):
            inner = self.series(node.operand)
            sign = {ast.Invert: "NOT ", ast.USub: "-"}.get(type(node.op))
            if sign is None:
                raise NotReadableError
            return Series(f"({sign}{inner.sql})", inner.where)
        if isinstance(node, ast.Call):
            return self._call(node)
        return Series(_literal(constant(node)))

    def _column(self, frame: ast.expr, name: str) -> Series:
        if name not in self._columns:
            raise NotReadableError
        if isinstance(frame, ast.Name):
            return Series(quoted(name), column=name)
        if isinstance(frame, ast.Subscript) and isinstance(frame.value, ast.Name):
            chosen = self.series(frame.slice)
            if chosen.where is not None or chosen.column is not None:
                raise NotReadableError
            return Series(quoted(name), chosen.sql, name)
        raise NotReadableError

    def _binary(self, node: ast.BinOp) -> Series:
        left, right = self.series(node.left), self.series(node.right)
        where = _same(left, right)
        if isinstance(node.op, ast.FloorDiv):
            return Series(f"floor({left.sql} / {right.sql})", where)
        if isinstance(node.op, ast.Pow):
            return Series(f"power({left.sql}, {right.sql})", where)
        sign = _BINARY.get(type(node.op))
        if sign is None:
            raise NotReadableError
        return Series(f"({left.sql} {sign} {right.sql})", where)

    def _compared(self, node: ast.Compare) -> Series:
        sign = _COMPARED.get(type(node.ops[0]))
        if len(node.ops) != 1 or sign is None:
            raise NotReadableError
        left, right = self.series(node.left), self.series(node.comparators[0])
        return Series(f"({left.sql} {sign} {right.sql})", _same(left, right))

    def _call(self, node: ast.Call) -> Series:
        if not isinstance(node.func, ast.Attribute) or node.keywords:
            raise NotReadableError
        name, owner = node.func.attr, node.func.value
        if isinstance(owner, ast.Name) and owner.id in {"np", "numpy"} and name in _FUNCTIONS and len(node.args) == 1:
            inner = self.series(node.args[0])
            return Series(f"{_FUNCTIONS[name]}({inner.sql})", inner.where)
        inner = self.series(owner)
        if name in _METHODS and not node.args:
            return Series(f"({inner.sql} {_METHODS[name]})", inner.where)
        if name == "isin" and len(node.args) == 1 and isinstance(node.args[0], ast.List | ast.Tuple | ast.Set):
            values = ", ".join(_literal(constant(item)) for item in node.args[0].elts)
            return Series(f"({inner.sql} IN ({values}))", inner.where)
        if name == "between" and len(node.args) == 2:
            low, high = (_literal(constant(item)) for item in node.args)
            return Series(f"({inner.sql} BETWEEN {low} AND {high})", inner.where)
        if name == "abs" and not node.args:
            return Series(f"abs({inner.sql})", inner.where)
        if name == "astype" and len(node.args) == 1 and _type_name(node.args[0]) in _WHOLE:
            return Series(f"CAST({inner.sql} AS BIGINT)", inner.where)
        raise NotReadableError


def _type_name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else str(constant(node))


def _same(left: Series, right: Series) -> str | None:
    """Return the filter of two parts of an expression; a written number has none and takes the other's."""
    filters = {part.where for part in (left, right) if part.where is not None}
    plain = [part for part in (left, right) if part.where is None and not _is_written(part)]
    if len(filters) > 1 or (filters and plain):
        raise NotReadableError
    return next(iter(filters), None)


def _is_written(part: Series) -> bool:
    return part.sql[:1] in "'-0123456789tf" and part.column is None


def _literal(value: str | int | float | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)
