"""What a person is shown of an opened file: its tables and words as text, its pictures drawn anew, and what it hides.

Nothing of the file itself is ever shown: a page made from a view runs no script, loads nothing and follows no link,
whatever the file holds. A view is bounded, and says what it leaves out.
"""

from __future__ import annotations

import base64
import binascii
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from saferoom.disclosure.files.model import Concealed, Grid, Opened, Passage, Picture
from saferoom.disclosure.verdict import Label

MOST_GRIDS = 20
MOST_ROWS = 2_000
"""Rows of all tables together."""
MOST_COLUMNS = 100
MOST_CELL_CHARACTERS = 300
MOST_TEXT_CHARACTERS = 200_000
"""Characters of all passages together."""
MOST_PASSAGES = 200
MOST_PICTURES = 20
MOST_PICTURE_BYTES = 8 * 2**20
"""Bytes of all pictures together, PNG."""
MOST_CONCEALED = 200
PICTURES = frozenset({"png", "jpeg"})
"""Types of files that are one picture, which leaves drawn anew."""
_DEEPEST = 8
# Control, format (which turn the order of others), surrogate, private and unassigned characters.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_Thing = TypeVar("_Thing", Grid, Passage, Picture, Concealed)


@dataclass(frozen=True)
class View:
    """What is shown of a file.

    Attributes
    ----------
    grids : tuple of Grid
        Every cell is text, as it would be printed.
    left_out : tuple of str
        What is in the file and not in the view, as nouns.
    """

    grids: tuple[Grid, ...] = ()
    passages: tuple[Passage, ...] = ()
    pictures: tuple[Picture, ...] = ()
    concealed: tuple[Concealed, ...] = ()
    left_out: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the view as a JSON-ready document."""
        return {
            "grids": [[g.place, list(g.header), [list(row) for row in g.rows], g.first_row] for g in self.grids],
            "passages": [[p.place, p.text, p.is_code] for p in self.passages],
            "pictures": [
                [p.place, p.width, p.height, base64.b64encode(p.clean).decode("ascii")] for p in self.pictures
            ],
            "concealed": [[c.place, c.what] for c in self.concealed],
            "left_out": list(self.left_out),
        }

    @classmethod
    def from_json(cls, document: Any) -> View:
        """Read what `to_json` wrote.

        Raises
        ------
        ValueError
            It is anything else.
        """
        try:
            return cls(
                grids=tuple(
                    Grid(str(place), tuple(map(str, header)), tuple(tuple(map(str, row)) for row in rows), int(first))
                    for place, header, rows, first in document["grids"]
                ),
                passages=tuple(
                    Passage(str(place), str(text), code is True) for place, text, code in document["passages"]
                ),
                pictures=tuple(
                    Picture(str(place), int(width), int(height), base64.b64decode(clean, validate=True))
                    for place, width, height, clean in document["pictures"]
                ),
                concealed=tuple(Concealed(str(place), str(what)) for place, what in document["concealed"]),
                left_out=tuple(map(str, document["left_out"])),
            )
        except (KeyError, TypeError, AttributeError, binascii.Error) as error:
            raise ValueError("not a view") from error


def view_of(opened: Opened) -> View:
    """Return what is shown of `opened`, the files inside it included."""
    parts = list(_parts("", opened, _DEEPEST))
    grids, more_rows = _grids([_placed(where, grid) for where, part in parts for grid in part.grids])
    passages, more_text = _passages([_placed(where, passage) for where, part in parts for passage in part.passages])
    pictures, more_pictures = _pictures([_placed(where, picture) for where, part in parts for picture in part.pictures])
    concealed = [_placed(where, thing) for where, part in parts for thing in part.concealed]
    shown = tuple(Concealed(seen(thing.place), seen(thing.what)) for thing in concealed[:MOST_CONCEALED])
    hidden = _more(len(concealed) - len(shown), "hidden things")
    return View(grids, passages, pictures, shown, (*more_rows, *more_text, *more_pictures, *hidden))


def clean_copy(kind: str, opened: Opened) -> bytes | None:
    """Return the picture of a picture file drawn anew (PNG), without anything else in the file; None for others."""
    return opened.pictures[0].clean if kind in PICTURES and len(opened.pictures) == 1 else None


def seen(text: str) -> str:
    """Return `text` with every character that nobody sees, or that turns the order of others, written out."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in "\n\t" or unicodedata.category(c) not in _UNSEEN else f"⟨U+{ord(c):04X}⟩" for c in text)


def _parts(where: str, opened: Opened, deepest: int) -> Iterator[tuple[str, Opened]]:
    yield where, opened
    if deepest:
        for name, _kind, inner in opened.inner:
            yield from _parts(f"{where}{name}: ", inner, deepest - 1)


def _placed(where: str, thing: _Thing) -> _Thing:
    return replace(thing, place=where + thing.place) if where else thing


def _grids(found: Sequence[Grid]) -> tuple[tuple[Grid, ...], tuple[str, ...]]:
    shown, room = [], MOST_ROWS
    for grid in found[:MOST_GRIDS]:
        rows = tuple(tuple(_cell(value) for value in row[:MOST_COLUMNS]) for row in grid.rows[:room])
        header = tuple(_cell(name) for name in grid.header[:MOST_COLUMNS])
        shown.append(Grid(seen(grid.place), header, rows, grid.first_row))
        room -= len(rows)
    rows_left = sum(len(grid.rows) for grid in found) - sum(len(grid.rows) for grid in shown)
    wide = sum(any(len(row) > MOST_COLUMNS for row in (grid.header, *grid.rows)) for grid in found[:MOST_GRIDS])
    return tuple(shown), (
        *_more(len(found) - len(shown), "tables"),
        *_more(rows_left, "rows of tables"),
        *(("columns of a table beyond the first " + str(MOST_COLUMNS),) if wide else ()),
    )


def _cell(value: Label) -> str:
    if value is None:
        return ""
    text = str(value)
    return seen(text if len(text) <= MOST_CELL_CHARACTERS else text[:MOST_CELL_CHARACTERS] + "…")


def _passages(found: Sequence[Passage]) -> tuple[tuple[Passage, ...], tuple[str, ...]]:
    shown, room = [], MOST_TEXT_CHARACTERS
    for passage in found[:MOST_PASSAGES]:
        shown.append(Passage(seen(passage.place), seen(passage.text[:room]), passage.is_code))
        room -= min(room, len(passage.text))
    long = sum(len(passage.text) for passage in found) - MOST_TEXT_CHARACTERS
    return tuple(shown), (*_more(len(found) - len(shown), "passages"), *_more(long, "characters of text"))


def _pictures(found: Sequence[Picture]) -> tuple[tuple[Picture, ...], tuple[str, ...]]:
    shown, room = [], MOST_PICTURE_BYTES
    for picture in found[:MOST_PICTURES]:
        if len(picture.clean) <= room:
            shown.append(replace(picture, place=seen(picture.place)))
            room -= len(picture.clean)
    return tuple(shown), _more(len(found) - len(shown), "pictures")


def _more(count: int, what: str) -> tuple[str, ...]:
    return (f"{count:,} more {what}",) if count > 0 else ()
