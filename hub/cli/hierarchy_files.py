"""Hierarchies of codes that lie beside a data file: ``people.hierarchy.yaml`` for ``people.csv``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saferoom.errors import BadInputError

if TYPE_CHECKING:
    from saferoom.disclosure.queries.classification import Classification

_ENDINGS = (".hierarchy.yaml", ".hierarchy.yml", ".hierarchy.json")
_MOST_BYTES = 4_000_000
_FORM = "{column: {parent: [child, ...]}}"


def classifications_beside(path: Path, columns: Mapping[str, str]) -> dict[str, Classification]:
    """Return the hierarchies beside the data file `path`, by column; none where there is no such file.

    Parameters
    ----------
    columns : mapping
        The data file's columns by their lower-case names.

    Raises
    ------
    BadInputError
        When there are several such files, or one is no hierarchy of the file's columns.
    """
    stem = path.name.rsplit(".", 1)[0]
    found = [file for ending in _ENDINGS if (file := path.with_name(stem + ending)).is_file()]
    if not found:
        return {}
    if len(found) > 1:
        raise BadInputError(f"{found[0].name} and {found[1].name} are both hierarchies of {path.name}; keep one")
    try:
        return _read(found[0], columns)
    except BadInputError as error:
        named = error.message.startswith(found[0].name)
        raise BadInputError(error.message if named else f"{found[0].name}: {error.message}") from None


def _read(file: Path, columns: Mapping[str, str]) -> dict[str, Classification]:
    from saferoom.disclosure.queries.classification import classified
    from saferoom.disclosure.queries.relations import unknown
    from saferoom.policies.document import read_document

    try:
        if file.stat().st_size > _MOST_BYTES:
            raise BadInputError("is larger than 4 MB")
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise BadInputError("cannot be read as text in UTF-8") from None
    document: Any = read_document(text, file.name).value
    if not isinstance(document, dict) or not document:
        raise BadInputError(f"must be a mapping {_FORM}")
    made = {}
    for name, hierarchy in document.items():
        column = columns.get(name.lower())
        if column is None:
            raise unknown("column", name, columns.values(), "a hierarchy")
        if not isinstance(hierarchy, dict) or not all(isinstance(listed, list) for listed in hierarchy.values()):
            raise BadInputError(f"{name}: must be a mapping of parents to lists of children, {_FORM}")
        whole = all(isinstance(child, int) for listed in hierarchy.values() for child in listed)
        made[column] = classified(name, hierarchy, whole=whole)
    return made
