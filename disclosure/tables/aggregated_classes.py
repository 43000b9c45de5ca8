"""Class disclosure in aggregated counts: what a protected table tells of everybody in a group at once.

Vocabulary
----------
group
    All cells that share the categories of every dimension but one; the question is how its units spread over that one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.tables.additive import Places
from saferoom.disclosure.tables.cube import Cube
from saferoom.disclosure.verdict import Finding, Label, Risk, Verdict

_CLOSE = 1e-9
_MOST_NAMED = 1_000


@dataclass(frozen=True)
class Classes:
    """The class rules of a table of counts.

    Attributes
    ----------
    full, near : float or None
        From which share of its group on a category fails, and goes to a person; None where that does not matter.
    zeros_known : bool
        Whether everybody knows beforehand that empty cells cannot hold anybody, so that a group without another
        possible category tells nothing.
    """

    full: float | None
    near: float | None
    zeros_known: bool


def class_findings(
    classes: Classes | None, cube: Cube, empty: Mask, told: tuple[Numbers, Numbers], finest: Sequence[Places]
) -> list[Finding]:
    """Return what is still certain of whole groups, for all that intervals leave open.

    Parameters
    ----------
    empty : ndarray of bool, shape (cells,)
    told : pair of ndarray of float, shape (cells,)
        The least and the largest count that each cell can have for everybody.
    finest : sequence of ndarray of int
        Per dimension, the categories that hold everybody once.

    Notes
    -----
    Of a cell between l and h in a group whose other cells hold at most o together, at least ``l / (l + o)`` of the
    group is sure to be in it. Where l and o are 0, it is not told that anybody is in the group, but in which category
    everybody is who is; that goes to a person.
    """
    if classes is None:
        return []
    findings = []
    grid = np.ix_(*finest)
    cells = np.arange(len(cube)).reshape(cube.shape)
    for axis, dimension in enumerate(cube.dimensions):
        if len(finest[axis]) < 2:
            continue
        parts = np.moveaxis(cells[grid], axis, 0).reshape(len(finest[axis]), -1)
        total = np.moveaxis(cells, axis, 0)[-1]
        groups = total[np.ix_(*(places for other, places in enumerate(finest) if other != axis))].ravel()
        share, lone = _shares(told, parts, groups), _alone(told, parts) & ~empty[parts]
        if classes.zeros_known:
            others = (~empty[parts]).sum(axis=0) - ~empty[parts]
            share, lone = np.where(others == 0, 0.0, share), lone & (others > 0)
        nobody = np.zeros(share.shape, dtype=bool)
        full = nobody if classes.full is None else share >= classes.full - _CLOSE
        near = nobody if classes.near is None else (share >= classes.near - _CLOSE) & ~full
        lone = nobody if classes.full is None else lone & ~full
        for found, made in ((full, _full(Verdict.FAIL)), (lone, _full(Verdict.REVIEW)), (near & ~lone, _near)):
            if found.any():
                named = np.sort(parts[found])[:_MOST_NAMED].tolist()
                findings.append(made(dimension.name, tuple(cube.labels[cell] for cell in named)))
    return findings


def _shares(told: tuple[Numbers, Numbers], parts: Places, groups: Places) -> Numbers:
    low, high = np.maximum(told[0], 0.0), told[1]
    most = high[parts]
    unbounded = np.isinf(most)
    bounded = np.where(unbounded, 0.0, most)
    # What the others hold at most: by their own intervals, and by the group's.
    others = np.where(unbounded.sum(axis=0) - unbounded > 0, np.inf, bounded.sum(axis=0) - bounded)
    others = np.maximum(np.minimum(others, high[groups] - low[parts]), 0.0)
    return np.asarray(low[parts] / np.maximum(low[parts] + others, 1.0))


def _alone(told: tuple[Numbers, Numbers], parts: Places) -> Mask:
    """Return the cells of groups that hold nobody elsewhere, as everybody knows."""
    there = told[1][parts] > 0
    return np.asarray(there & (there.sum(axis=0) == 1))


_Made = Callable[[str, tuple[tuple[Label, ...], ...]], Finding]


def _full(severity: Verdict) -> _Made:
    return lambda name, cells: Finding(
        rule="class-disclosure",
        risk=Risk.CLASS_DISCLOSURE,
        severity=severity,
        cells=cells,
        message=f"Even after protection it is certain that everybody in a group is in the same category of {name}: "
        "whoever knows that somebody belongs to the group learns it.",
        remedy=f"use broader categories of {name} or of the other dimensions, leave {name} out, hide the empty cells "
        "(`zeros: suppressible`, and name them as `primary`), or write `zeros: structural` where everybody knows that "
        "the other categories are impossible",
    )


def _near(name: str, cells: tuple[tuple[Label, ...], ...]) -> Finding:
    return Finding(
        rule="near-class-disclosure",
        risk=Risk.CLASS_DISCLOSURE,
        severity=Verdict.REVIEW,
        cells=cells,
        message=f"Even after protection it is certain that nearly everybody in a group is in the same category of "
        f"{name}: whoever knows that somebody belongs to the group learns it almost surely.",
        remedy=f"use broader categories of {name} or of the other dimensions, or let an output checker decide",
    )
