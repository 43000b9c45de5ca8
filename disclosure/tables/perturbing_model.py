"""What a method makes of a table's numbers, before it is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.rules.hit import Hit
from saferoom.disclosure.tables.boxes import Enough


@dataclass(frozen=True)
class Changed:
    """Changed numbers; all arrays have one entry per cell of the frame's cube.

    Attributes
    ----------
    shown : ndarray of float
        nan where blank.
    low, high : ndarray of float
        The box of each total or count (of a mean: of its sum) for all its own shown number tells.
    asked : ndarray of bool
        Cells that must not be told too closely.
    enough : callable
        See `saferoom.disclosure.tables.boxes.Enough`.
    hits : sequence of Hit
        Rules that the change does not answer.
    exposed : Hit
        What is said of cells that are told too closely.
    error : pair of int
        How far a shown count can lie above and below the true one.
    base : int
        Tells noise of one kind from other noise of that kind.
    witnesses : sequence of ndarray
        Tables that fit what is shown.
    said : sequence of str
        What has to be told about how the numbers were changed.
    """

    shown: Numbers
    low: Numbers
    high: Numbers
    asked: Mask
    enough: Enough
    hits: Sequence[Hit]
    exposed: Hit
    error: tuple[int, int] = (0, 0)
    base: int = 0
    whole: bool = False
    witnesses: Sequence[Numbers] = ()
    said: Sequence[str] = ()
