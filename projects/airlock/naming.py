"""Which datasets a query can have used: never fewer than it did, so that every owner concerned is heard."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from saferoom.errors import BadInputError
from saferoom.ids import DatasetName

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def datasets_named(query: Mapping[str, Any], live: Sequence[DatasetName]) -> tuple[DatasetName, ...]:
    """Return those of `live` that the query document `query` names anywhere but in its title.

    All count when the query does not say where its rows come from, or names none: one owner too many does no harm.
    """
    if not isinstance(query.get("from"), str):
        return tuple(live)
    said = words_of(query)
    return tuple(name for name in live if name.lower() in said) or tuple(live)


def versions_named(query: Mapping[str, Any], names: Sequence[DatasetName]) -> dict[DatasetName, str]:
    """Return the versions that `query` names, by dataset; of a dataset that it does not name, the newest is meant.

    Raises
    ------
    BadInputError
        It is no mapping of datasets that the query uses to versions.
    """
    said = query.get("versions") or {}
    if not isinstance(said, Mapping):
        raise BadInputError(f"versions: {_VERSIONS}")
    known = {name.lower(): name for name in names}
    found: dict[DatasetName, str] = {}
    for name, version in said.items():
        if not isinstance(name, str) or name.lower() not in known or not isinstance(version, str):
            raise BadInputError(f"versions: {_VERSIONS}")
        found[known[name.lower()]] = version
    return found


_VERSIONS = 'maps datasets that the query uses to one of their versions, each a text, as {survey: "1"}'


def words_of(query: Mapping[str, Any]) -> frozenset[str]:
    """Return every name in a query document but those in its title, in small letters."""
    parts = (part for key, part in query.items() if key != "title")
    return frozenset(word.lower() for part in parts for text in _texts(part) for word in _WORD.findall(text))


def _texts(part: Any) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, Mapping):
        for key, value in part.items():
            yield from _texts(key)
            yield from _texts(value)
    elif isinstance(part, Sequence):
        for value in part:
            yield from _texts(value)
