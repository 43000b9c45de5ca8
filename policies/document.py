"""YAML (or JSON) documents that people write, read strictly and with line numbers.

The text becomes plain values: mappings with text keys, lists, text, whole numbers, numbers, true, false, null. Scalars
follow YAML 1.2's core schema, so ``no`` is a text, not false, and ``2027-01-01`` is a text until a model makes it a
date. What can surprise or exhaust a reader is refused: duplicate keys, aliases and anchors, tags, numbers that are
not finite, leading zeros, deep nesting, large files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from saferoom.errors import BadInputError

Position = tuple[str | int, ...]
"""Where a value stands in a document: keys and list positions from the top."""

LONGEST_TEXT = 4 * 1024 * 1024
DEEPEST_NESTING = 24
_MOST_DIGITS = 18
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_WHOLE = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
# JSON writes what lies beyond the basic plane as two escapes, which YAML does not know.
_SURROGATE_PAIR = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+(?:\.[0-9]*)?")


@dataclass(frozen=True)
class Document:
    """One document: its values, and the line on which each of them starts."""

    where: str
    value: Any
    lines: Mapping[Position, int]

    def at(self, path: Position = ()) -> str:
        """Return ``file, line n`` of what stands at `path`, or of the nearest thing around it."""
        return f"{self.where}, line {self.line(path)}"

    def line(self, path: Position = ()) -> int:
        """Return the line of what stands at `path`, or of the nearest thing around it."""
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]

    def error(self, message: str, path: Position = ()) -> BadInputError:
        """Return the error that says `message` about what stands at `path`."""
        return BadInputError(f"{self.at(path)}: {message}")


def read_documents(text: str, where: str) -> tuple[Document, ...]:
    """Read every document of `text`; `where` names its file in messages.

    Raises
    ------
    BadInputError
        With file and line of the first thing that is wrong.
    """
    if len(text) > LONGEST_TEXT:
        raise BadInputError(f"{where}: the file is larger than {LONGEST_TEXT // 1024 // 1024} MiB")
    reader = _Reader(where)
    try:
        return tuple(reader.documents(yaml.parse(_without_surrogates(text), Loader=_LOADER)))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = "" if mark is None else f", line {mark.line + 1}"
        raise BadInputError(f"{where}{line}: this is not YAML ({error.problem or 'malformed'})") from None
    except (yaml.YAMLError, UnicodeEncodeError):  # the latter for half of a surrogate pair
        raise BadInputError(f"{where}: the file holds characters that YAML does not allow") from None


def written(*documents: Any, **style: Any) -> str:
    """Return documents of plain values as YAML that `read_documents` reads as the same values.

    Parameters
    ----------
    style
        As of ``yaml.dump``: ``width``, ``default_flow_style``, ``explicit_start``.
    """
    text: str = yaml.dump_all(documents, Dumper=_Writer, sort_keys=False, allow_unicode=True, **style)
    return text


class _Writer(yaml.SafeDumper):
    """Quotes what looks like a number to our reader, too: YAML 1.1, which PyYAML writes, takes fewer texts for one."""


_Writer.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(rf"(?:{_NUMBER.pattern}|{_NOT_FINITE.pattern})\Z"), list("-+.0123456789")
)


def _without_surrogates(text: str) -> str:
    if not text.lstrip().startswith("{"):
        return text
    return _SURROGATE_PAIR.sub(lambda found: found[1] + bytes.fromhex(found[2] + found[3]).decode("utf-16-be"), text)


def read_document(text: str, where: str) -> Document:
    """Read `text`, which must hold exactly one document, a mapping."""
    documents = read_documents(text, where)
    if len(documents) != 1:
        raise BadInputError(f"{where}: expected one document, found {len(documents)}")
    if not isinstance(documents[0].value, dict):
        raise documents[0].error("expected `key: value` lines at the top")
    return documents[0]


class _Reader:
    """Builds values from the parser's events, so that nothing but plain values can come about."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._lines: dict[Position, int] = {}

    def documents(self, events: Iterable[Any]) -> Iterator[Document]:
        stream = iter(events)
        for event in stream:
            if isinstance(event, yaml.DocumentStartEvent):
                self._lines = {}
                value = self._value(next(stream), stream, ())
                if value is None and len(self._lines) == 1:
                    continue  # an empty document, as between two separators
                yield Document(self._where, value, self._lines)

    def _value(self, event: Any, stream: Iterator[Any], path: Position) -> Any:
        self._lines.setdefault(path, event.start_mark.line + 1)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise self._error(event, "anchors and aliases are not allowed; write the value out")
        if getattr(event, "tag", None):
            raise self._error(event, "tags are not allowed; write the plain value")
        if len(path) > DEEPEST_NESTING:
            raise self._error(event, f"nested more than {DEEPEST_NESTING} levels deep")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(stream, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(stream, path)
        return self._scalar(event)

    def _mapping(self, stream: Iterator[Any], path: Position) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for event in stream:
            if isinstance(event, yaml.MappingEndEvent):
                break
            line = event.start_mark.line + 1
            if not isinstance(event, yaml.ScalarEvent) or event.anchor or event.tag:
                raise self._error(event, "a key must be plain text")
            key = event.value
            if key in values:
                first = self._lines[(*path, key)]
                raise self._error(event, f"the key '{key}' stands twice; the first is on line {first}")
            self._lines[(*path, key)] = line
            values[key] = self._value(next(stream), stream, (*path, key))
        return values

    def _sequence(self, stream: Iterator[Any], path: Position) -> list[Any]:
        values: list[Any] = []
        for event in stream:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            values.append(self._value(event, stream, (*path, len(values))))
        return values

    def _scalar(self, event: Any) -> Any:
        text = event.value
        if not event.implicit[0]:  # quoted, or a block of text
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _NOT_FINITE.fullmatch(text):
            raise self._error(event, "a number must be finite")
        if _LEADING_ZERO.fullmatch(text):
            raise self._error(event, "a number has leading zeros; drop them, or put quotes around a text")
        if _WHOLE.fullmatch(text):
            if len(text.lstrip("+-")) > _MOST_DIGITS:
                raise self._error(event, f"a whole number has more than {_MOST_DIGITS} digits")
            return int(text)
        if _NUMBER.fullmatch(text):
            return self._finite(event, float(text))
        return text

    def _finite(self, event: Any, number: float) -> float:
        if number in (float("inf"), float("-inf")):
            raise self._error(event, "a number must be finite")
        return number

    def _error(self, event: Any, message: str) -> BadInputError:
        return BadInputError(f"{self._where}, line {event.start_mark.line + 1}: {message}")
