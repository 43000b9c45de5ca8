"""JSON: its tables wherever they stand, its texts, and names that are given twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from saferoom.disclosure.files.kind import Kind
from saferoom.disclosure.files.openers.base import File, OpeningError, too_large, unreadable
from saferoom.disclosure.files.openers.characters import decode, invisible
from saferoom.disclosure.files.openers.encoded import open_data_uris, open_runs
from saferoom.disclosure.verdict import Label

_SCALARS: Final = (str, int, float, bool, type(None))
_LONG_TEXT = 200
_MANY_KEYS = 12
_ITEMS_PER_CELL = 4
_FEWEST_POINTS = 20
_MOST_PARTS = 12
_DEEPEST = 4
_STRUCTURE: Final = frozenset(
    {
        *("data", "results", "result", "tables", "table", "values", "rows", "columns", "index", "cells", "counts"),
        *("count", "outputs", "output", "metadata", "meta", "records", "series", "items", "summary", "estimates"),
        *("coefficients", "parameters", "params", "model", "models", "statistics", "stats", "groups", "children"),
        *("features", "properties", "datasets", "fields", "schema", "notes", "title", "labels", "layout", "traces"),
        *("marks", "encoding", "config", "options", "settings", "charts", "figures", "images", "text", "x", "y", "z"),
    }
)
_Path = tuple[str, ...]


def read(file: File) -> None:
    """Open a JSON document, or one document per line."""
    text = decode(file.data, "JSON")
    if what := invisible(text):
        file.conceal("", what)
    if file.kind is Kind.JSON_LINES:
        lines = (line for line in text.splitlines() if line.strip())
        read_value(file, "", [parse(file, line) for line in lines])
    else:
        read_value(file, "", parse(file, text))


def parse(file: File, text: str, what: str = "JSON") -> Any:
    """Return the value of a JSON text.

    Raises
    ------
    OpeningError
        It is not JSON, or nested too deeply.
    """
    if text.count(",") + text.count("[") + text.count("{") > file.limits.cells * _ITEMS_PER_CELL:
        raise too_large("has more values than anybody can check")
    twice = False

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal twice
        found = dict(items)
        twice = twice or len(found) < len(items)
        return found

    try:
        value = json.loads(text, object_pairs_hook=pairs)
    except RecursionError:
        raise OpeningError(
            "hostile", "nests its parts more deeply than any proper file", "Write the file again, flat."
        ) from None
    except ValueError:
        raise unreadable(what) from None
    if twice:
        file.conceal("", "a name that is given twice, of which programs show only one")
    return value


def read_value(file: File, place: str, value: Any) -> None:
    """Write down the tables and texts of a value."""
    stack: list[tuple[Any, _Path]] = [(value, ())]
    while stack:
        current, path = stack.pop()
        if len(path) > file.limits.nesting:
            raise OpeningError(
                "hostile", "nests its parts more deeply than any proper file", "Write the file again, flat."
            )
        where = _place(place, path)
        if isinstance(current, str):
            _text(file, where, current)
        elif isinstance(current, dict):
            stack += _read_object(file, where, current, path)
        elif isinstance(current, list):
            stack += _read_list(file, where, current, path)
        elif current is not None:
            file.grid(where, [(current,)], head=False)


def _place(place: str, path: _Path) -> str:
    said = ", ".join(path[:8]) + (", ..." if len(path) > 8 else "")
    return ", ".join(part for part in (place, said) if part)


def _step(key: str, position: int) -> str:
    # A key can be a person's name, and places never hold values: only words of structure are repeated.
    return f"'{key}'" if key.lower() in _STRUCTURE else f"entry {position}"


def _children(values: dict[str, Any] | list[Any], path: _Path) -> Iterator[tuple[Any, _Path]]:
    if isinstance(values, dict):
        for position, (key, value) in enumerate(values.items(), start=1):
            if not isinstance(value, _SCALARS):
                yield value, (*path, _step(key, position))
    else:
        for position, value in enumerate(values, start=1):
            if not isinstance(value, _SCALARS):
                yield value, (*path, f"item {position}")


def _read_object(file: File, where: str, found: dict[str, Any], path: _Path) -> list[tuple[Any, _Path]]:
    if _is_split(found):
        rows = [tuple(map(_scalar, row)) for row in found["data"]]
        file.grid(where, [tuple(map(str, found["columns"])), *rows], head=True)
        _index(file, where, found.get("index"))
        return list(_children({k: v for k, v in found.items() if k not in {"columns", "data", "index"}}, path))
    values = list(found.values())
    if len(found) > 1 and all(isinstance(value, dict) and value and not _columns(value) for value in values):
        # Frames written by row or by column: the names are cells too.
        file.grid(where, _records([{"": key, **_flat(value)} for key, value in found.items()], file), head=True)
        return [child for value in values for child in _deeper(value, path)]
    if len(found) > 1 and all(_is_column(value) for value in values) and len({len(v) for v in values}) == 1:
        file.grid(where, [tuple(found), *zip(*values, strict=True)], head=True)
        return []
    found = _without_columns(file, where, found)
    scalars = {key: value for key, value in found.items() if isinstance(value, _SCALARS)}
    if len(scalars) > _MANY_KEYS:
        file.grid(where, [("name", "value"), *scalars.items()], head=True)
    elif scalars:
        file.grid(where, [tuple(scalars), tuple(scalars.values())], head=True)
    _long_texts(file, where, scalars.values())
    return list(_children(found, path))


def _is_split(found: dict[str, Any]) -> bool:
    columns, data = found.get("columns"), found.get("data")
    return (
        isinstance(columns, list)
        and isinstance(data, list)
        and bool(data)
        and all(isinstance(row, list) and all(isinstance(cell, _SCALARS) for cell in row) for row in data)
    )


def _index(file: File, where: str, index: Any) -> None:
    if isinstance(index, list) and any(isinstance(label, (str, float)) for label in index):
        file.grid(
            f"{where}, names of the rows" if where else "names of the rows", [(_scalar(label),) for label in index]
        )


def _without_columns(file: File, where: str, found: dict[str, Any]) -> dict[str, Any]:
    """Write down lists of one length as one table (the x, y and texts of a chart), and return what is left."""
    together = _columns(found)
    for length in dict.fromkeys(len(value) for value in together.values()):
        alike = {key: value for key, value in together.items() if len(value) == length}
        file.grid(where, [tuple(alike), *zip(*alike.values(), strict=True)], head=True)
        for value in alike.values():
            _long_texts(file, where, value)
    return {key: value for key, value in found.items() if key not in together}


def _columns(found: Any) -> dict[str, Any]:
    """Return the lists of an object that are as long as another one of it."""
    if not isinstance(found, dict):
        return {}
    columns = {key: value for key, value in found.items() if _is_column(value) and len(value) >= _FEWEST_POINTS}
    lengths = [len(value) for value in columns.values()]
    return {key: value for key, value in columns.items() if lengths.count(len(value)) > 1}


def _is_column(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(cell, _SCALARS) for cell in value)


def _read_list(file: File, where: str, found: list[Any], path: _Path) -> list[tuple[Any, _Path]]:
    if not found:
        return []
    if all(isinstance(item, _SCALARS) for item in found):
        file.grid(where, [(item,) for item in found], head=False)
        _long_texts(file, where, found)
        return []
    if any(map(_columns, found)):
        return list(_children(found, path))
    if all(isinstance(item, dict) for item in found):
        flat = [_flat(item) for item in found]
        rows = _records(flat, file)
        if rows:
            file.grid(where, rows, head=True)
            for record in flat:
                _long_texts(file, where, record.values())
        return [child for item in found for child in _deeper(item, path)]
    if all(isinstance(item, list) and all(isinstance(cell, _SCALARS) for cell in item) for item in found):
        file.grid(where, [tuple(row) for row in found])
        return []
    return [
        *_children(found, path),
        *((item, path) for item in found if isinstance(item, _SCALARS) and item is not None),
    ]


def _flat(record: dict[str, Any], depth: int = 0) -> dict[str, Label]:
    """Return the scalars of a record, of the objects in it, and of short lists."""
    flat: dict[str, Label] = {}
    for key, value in record.items():
        if isinstance(value, _SCALARS):
            flat[key] = value
        elif _is_part(value, depth):
            inner = value if isinstance(value, dict) else {str(n): one for n, one in enumerate(value, start=1)}
            flat.update({f"{key}.{name}": one for name, one in _flat(inner, depth + 1).items()})
    return flat


def _is_part(value: Any, depth: int) -> bool:
    """Tell whether a value within a record is read as fields of it."""
    short = isinstance(value, dict) or (isinstance(value, list) and len(value) <= _MOST_PARTS)
    return short and depth < _DEEPEST and not _columns(value)


def _deeper(record: dict[str, Any] | list[Any], path: _Path, depth: int = 0) -> Iterator[tuple[Any, _Path]]:
    """Yield what `_flat` leaves out of a record."""
    for child, step in _children(record, path):
        if _is_part(child, depth):
            yield from _deeper(child, step, depth + 1)
        else:
            yield child, step


def _records(records: list[dict[str, Any]], file: File) -> list[tuple[Label, ...]]:
    names = list(dict.fromkeys(name for record in records for name in record))
    if len(names) > file.limits.columns:
        raise too_large(f"has more than {file.limits.columns:,} columns")
    if not names:
        return []
    if len(names) * len(records) > file.budget.cells_left:
        file.budget.cells(file.budget.cells_left + 1)
    return [tuple(names), *(tuple(record.get(name) for name in names) for record in records)]


def _scalar(value: Any) -> Label:
    return value if isinstance(value, _SCALARS) else str(type(value).__name__)


def _text(file: File, where: str, text: str) -> None:
    open_runs(file, where, text)
    file.passage(where, open_data_uris(file, where, text, shown=False))


def _long_texts(file: File, where: str, values: Any) -> None:
    for value in values:
        if isinstance(value, str) and len(value) > _LONG_TEXT:
            _text(file, where, value)
