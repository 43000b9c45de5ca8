"""Ways to protect a table: what can be asked for, which one was chosen and why, and what its blanks mean.

Vocabulary
----------
primary blank
    A cell that a rule names.
secondary blank
    A cell that is hidden so that no primary one can be worked out from what is left. What leaves does not tell the two
    apart; in the room, where the numbers are known anyway, the shown table does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from saferoom.disclosure.verdict import Table, Verdict
from saferoom.hub.notebook import markup
from saferoom.hub.notebook.errors import RoomError
from saferoom.hub.notebook.layout import SYMBOLS, Cell, Labels

Document = dict[str, Any]

METHODS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "auto": ("the cheapest of the others that may leave", ()),
    "suppress": ("cells at risk are left blank, and as many others as keep them from being worked out", ()),
    "round": ("every count becomes a multiple of the base", ("base",)),
    "controlled_rounding": ("counts become neighbouring multiples of the base, and still add up", ("base",)),
    "random_rounding": ("counts become a neighbouring multiple of the base by chance", ("base",)),
    "cell_key": ("counts get noise that is the same wherever the same people are counted", ("D", "V", "js", "pstay")),
    "significant": ("sums and means keep their first digits", ("digits",)),
    "dp": (
        "noise with a proven privacy loss, drawn once on release and paid from the data owner's budget",
        ("epsilon", "rho", "accuracy", "delta", "bounds", "candidates", "keys", "unit", "estimator"),
    ),
    "none": ("the numbers stay as they are", ()),
}
"""Every method: what it does, and the parameters it takes."""


def protection(method: object, parameters: Mapping[str, Any]) -> Document:
    """Return a ``protect`` block from a method's name and its parameters, or from a whole block.

    Raises
    ------
    RoomError
        The method is unknown, or does not take a parameter.
    """
    if isinstance(method, Mapping) and not parameters:
        return dict(method)
    if not isinstance(method, str):
        raise RoomError('protect takes a method and its parameters, for example protect("round", base=5)')
    if method not in METHODS:
        raise RoomError(f"there is no protection {method!r}; there are: {', '.join(METHODS)}")
    taken = METHODS[method][1]
    strange = next((name for name in parameters if name not in taken), None)
    if strange is not None:
        takes = f"it takes {', '.join(taken)}" if taken else "it takes none"
        raise RoomError(f"the protection {method!r} has no parameter {strange!r}; {takes}")
    return {"method": method, **{key: _plain(value) for key, value in parameters.items() if value is not None}}


def _plain(value: Any) -> Any:
    """Return ranges, arrays and the like as lists, so that they can be sent."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, str) or not isinstance(value, Iterable):
        return value
    return list(value)


class Blank(StrEnum):
    """Why a cell is blank."""

    PRIMARY = "u"
    SECONDARY = "x"
    EMPTY = "z"


_SIGNS = {Blank.PRIMARY: "x!", Blank.SECONDARY: "x", Blank.EMPTY: "x"}
_MEANINGS = {
    Blank.PRIMARY: "left blank: at risk itself (primary)",
    Blank.SECONDARY: "left blank: others could be worked out from it (secondary)",
    Blank.EMPTY: "left blank: nobody is in this combination, or it is at risk",
}
_LEGEND = (
    "x! and x: left blank, because the cell is at risk itself (x!, primary), because others could be worked out from "
    "it (x, secondary), or because nobody is in it. What leaves says x for all of them."
)
_PLAIN_LEGEND = "x: left blank, because the cell is at risk, or others could be worked out from it, or nobody is in it."


@dataclass(frozen=True)
class Tried:
    """A protection that was looked at before one was chosen."""

    method: str
    verdict: Verdict | None
    why: str


@dataclass(frozen=True)
class Choice:
    """Which protection was chosen, why, and what was tried.

    Attributes
    ----------
    method : str
        Empty when none of what was tried may leave.
    """

    method: str
    why: str
    tried: tuple[Tried, ...]


def read_choice(item: Any) -> Choice | None:
    """Return what an answer says about the choice among protections; None when nothing was to be chosen."""
    if item is None:
        return None
    return Choice(str(item["method"] or ""), str(item["why"]), tuple(_tried(entry) for entry in item["tried"]))


def _tried(entry: Mapping[str, Any]) -> Tried:
    verdict = entry.get("verdict")
    return Tried(str(entry["method"]), None if verdict is None else Verdict(verdict), str(entry.get("why") or ""))


def read_blanks(item: Any) -> dict[Labels, Blank]:
    """Return what an answer says about blank cells: labels and status of each."""
    return {tuple(labels): Blank(status) for labels, status in item or ()}


def blank_cells(blanks: Mapping[Labels, Blank]) -> dict[Labels, Cell]:
    """Return what a table shows in place of its blank cells."""
    return {labels: Cell(_SIGNS[why], note=_MEANINGS[why]) for labels, why in blanks.items()}


def legend(protected: Table | None, blanks: Mapping[Labels, Blank]) -> str:
    """Return what blank cells of a protected table mean; empty where there are none."""
    if protected is None or not any(value is None for row in protected.rows for value in row):
        return ""
    return _LEGEND if blanks else _PLAIN_LEGEND


def choice_html(choice: Choice | None) -> str:
    """Return which protection was chosen and why, with what was tried behind a line that opens it."""
    if choice is None:
        return ""
    tried = markup.words_html(("protection", "would it leave", "why"), _rows(choice.tried))
    return markup.paragraph(_sentence(choice), "sr-route") + markup.details("What was tried", tried)


def choice_text(choice: Choice | None) -> list[str]:
    """Return the same as lines."""
    if choice is None:
        return []
    rows = [("protection", "would it leave", "why"), *_rows(choice.tried)]
    return [_sentence(choice), *(f"  {line}" for line in markup.columns_text(rows, left=3))]


def _sentence(choice: Choice) -> str:
    chosen = f"Protection chosen: {choice.method}" if choice.method else "No protection chosen"
    return f"{chosen}. {markup.tidy(choice.why)}".strip()


def _rows(tried: Sequence[Tried]) -> list[tuple[str, str, str]]:
    return [(entry.method, _VERDICTS[entry.verdict], markup.tidy(entry.why)) for entry in tried]


_VERDICTS = {
    None: "not possible",
    Verdict.PASS: f"{SYMBOLS[Verdict.PASS]} yes",
    Verdict.REVIEW: f"{SYMBOLS[Verdict.REVIEW]} after a person has looked",
    Verdict.FAIL: f"{SYMBOLS[Verdict.FAIL]} no",
}
