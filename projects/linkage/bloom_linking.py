"""Linking two custodians' encodings (see `bloom`) by their Dice coefficients, one to one, without labels.

Up to `MOST_COMPARED` pairs, all are compared. Beyond, candidates come from locality-sensitive hashing: in each of
some tables, records that have the same bits at so many random positions are candidates (Indyk and Motwani 1998; for
Bloom filters Durham 2012; Karapiperis and Verykios 2015). Memory is bounded by the encodings, one block of pairs and
the candidates that are more alike than records of different people nearly ever are.

A pair is a link when each is the other's most alike, and it stands out from chance. What chance gives is learnt from
the data: a record's second most alike is somebody else, as its most alike would be if it had no partner. So a link
needs a coefficient, or a distance from the next ones, that at most the share `chance` of these have.

References
----------
Indyk, P. and Motwani, R. (1998), Approximate nearest neighbors, STOC. Karapiperis, D. and Verykios, V. S. (2015), An
LSH-based blocking approach with a homomorphic matching technique for privacy-preserving record linkage, IEEE TKDE 27.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saferoom.projects.linkage.bloom import Bits, dice

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
MOST_COMPARED = 1_000_000_000
CHANCE = 0.1
TABLES = 48
_BLOCK = 1 << 24
_PAIRS = 1 << 19
_KEPT = 3
_SAMPLE = 1_000_000
_EACH = 20
"""Candidates that a table may make by chance for each record."""
_FLOOR = 99.9
_MOST_ALIKE_KEYS = 200
"""A key that so many records share on a side says nothing; its pairs are left to the other tables."""


@dataclass(frozen=True)
class Alike:
    """Links between encodings.

    Attributes
    ----------
    left, right : ndarray of int, shape (links,)
        Positions of the two records.
    dice : ndarray of float, shape (links,)
    probability : ndarray of float, shape (links,)
        One minus the share of records whose second most alike is as much alike: not a model's match probability.
    compared : int
        Pairs that were compared.
    least_dice, least_gap : float
        What a link's coefficient, or its distance from the next ones, must at least be.
    """

    left: Ints
    right: Ints
    dice: Floats
    probability: Floats
    compared: int
    least_dice: float
    least_gap: float


@dataclass(frozen=True)
class _Tops:
    """The most alike of every record of one side, best first: partners and coefficients, shape (records, 3)."""

    partners: Ints
    scores: Floats

    @classmethod
    def none(cls, size: int) -> _Tops:
        return cls(np.full((size, _KEPT), -1, dtype=np.int64), np.zeros((size, _KEPT), dtype=np.float32))

    def at_least(self, floor: float) -> None:
        """Take it that what was not compared is as much alike as `floor`, which it nearly never exceeds."""
        np.maximum(self.scores, np.float32(floor), out=self.scores)

    def better(self, rows: Any, partners: Any, scores: Any) -> None:
        """Take in candidates: `rows` of this side, of each the `partners` and `scores`, shape (rows, any)."""
        both = np.concatenate([self.scores[rows], scores], axis=1)
        who = np.concatenate([self.partners[rows], partners], axis=1)
        best = np.argsort(-both, axis=1, kind="stable")[:, :_KEPT]
        self.scores[rows] = np.take_along_axis(both, best, axis=1)
        self.partners[rows] = np.take_along_axis(who, best, axis=1)


def link_encodings(
    left: Bits, right: Bits, *, chance: float = CHANCE, seed: int = 1, most_compared: int = MOST_COMPARED
) -> Alike:
    """Link two sides' encodings one to one.

    Parameters
    ----------
    left, right : ndarray of uint8, shape (records, bytes)
        Packed encodings, made with the same key and settings.
    chance : float
        See the module: the larger, the more links, and the more of them wrong.
    seed : int
        Of the positions that locality-sensitive hashing looks at.
    """
    if not len(left) or not len(right):
        places, scores = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        return Alike(places, places, scores, scores, 0, 1.0, 1.0)
    sides = _Tops.none(len(left)), _Tops.none(len(right))
    if len(left) * len(right) <= most_compared:
        compared = _all(left, right, sides)
    else:
        compared = _hashed(left, right, sides, seed)
    return _decided(*sides, chance, compared)


def _all(left: Bits, right: Bits, sides: tuple[_Tops, _Tops]) -> int:
    """Compare all pairs, a block at a time, as a product of matrices."""
    rows, columns = min(len(left), 2048), max(64, min(len(right), _BLOCK // min(len(left), 2048)))
    for b in range(0, len(right), columns):
        others = np.unpackbits(right[b : b + columns], axis=1).astype(np.float32)
        their_ones = others.sum(axis=1)
        for a in range(0, len(left), rows):
            ours = np.unpackbits(left[a : a + rows], axis=1).astype(np.float32)
            scores = 2 * (ours @ others.T) / np.maximum(ours.sum(axis=1)[:, None] + their_ones[None], 1)
            _take(sides[0], a, b, scores)
            _take(sides[1], b, a, scores.T)
    return len(left) * len(right)


def _take(tops: _Tops, first: int, others: int, scores: Floats) -> None:
    kept = min(_KEPT, scores.shape[1])
    best = np.argpartition(-scores, kept - 1, axis=1)[:, :kept]
    tops.better(np.arange(first, first + len(scores)), others + best, np.take_along_axis(scores, best, axis=1))


def _hashed(left: Bits, right: Bits, sides: tuple[_Tops, _Tops], seed: int) -> int:
    """Compare pairs that share a key in some table; keep those that are more alike than chance nearly ever is."""
    rng = np.random.default_rng(seed)
    a, b = rng.integers(len(left), size=_SAMPLE), rng.integers(len(right), size=_SAMPLE)
    sample = np.concatenate([dice(left[a[i : i + _PAIRS]], right[b[i : i + _PAIRS]]) for i in _steps(_SAMPLE)])
    floor = float(np.percentile(sample, _FLOOR))
    same = 1 - float(np.bitwise_count(left[a[:_PAIRS]] ^ right[b[:_PAIRS]]).sum(axis=1).mean()) / (8 * left.shape[1])
    larger = max(len(left), len(right))
    wanted = math.log(max(2.0, len(left) * len(right) / (_EACH * larger))) / -math.log(same)
    width = int(min(62, max(8, math.ceil(wanted))))
    kept = np.zeros(0, dtype=np.int64)
    compared = 0
    for _ in range(TABLES):
        positions = rng.choice(8 * left.shape[1], size=width, replace=False)
        found = []
        for rows, columns in _sharing(_keys(left, positions), _keys(right, positions)):
            scores = dice(left[rows], right[columns])
            compared += len(rows)
            found.append((rows * len(right) + columns)[scores >= floor])
        kept = np.unique(np.concatenate([kept, *found]))
    for i in range(0, len(kept), _PAIRS):
        rows, columns = np.divmod(kept[i : i + _PAIRS], len(right))
        scores = dice(left[rows], right[columns])
        _group(sides[0], rows, columns, scores)
        _group(sides[1], columns, rows, scores)
    for side in sides:
        side.at_least(floor)
    return compared


def _steps(size: int) -> range:
    return range(0, size, _PAIRS)


def _keys(bits: Bits, positions: Ints) -> NDArray[np.uint64]:
    keys = np.zeros(len(bits), dtype=np.uint64)
    for position in positions:
        bit = (bits[:, position >> 3] >> np.uint8(7 - (position & 7))) & np.uint8(1)
        keys = (keys << np.uint64(1)) | bit
    return keys


def _sharing(left: NDArray[np.uint64], right: NDArray[np.uint64]) -> Iterator[tuple[Ints, Ints]]:
    """Yield pairs of positions with the same key, in blocks; keys that too many share are left out."""
    order = np.argsort(right, kind="stable")
    sorted_right = right[order]
    first = np.searchsorted(sorted_right, left, side="left")
    count = np.searchsorted(sorted_right, left, side="right") - first
    _, which, ours = np.unique(left, return_inverse=True, return_counts=True)
    rows = np.flatnonzero((count > 0) & (count <= _MOST_ALIKE_KEYS) & (ours[which] <= _MOST_ALIKE_KEYS))
    ends = np.cumsum(count[rows])
    start = 0
    while start < len(rows):
        before = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + _PAIRS)))
        chosen = rows[start:stop]
        sizes = count[chosen]
        offset = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        yield np.repeat(chosen, sizes), order[np.repeat(first[chosen], sizes) + offset]
        start = stop


def _group(tops: _Tops, rows: Ints, partners: Ints, scores: Floats) -> None:
    """Take in pairs: the three best of every row."""
    order = np.lexsort((partners, -scores, rows))
    rows, partners, scores = rows[order], partners[order], scores[order]
    distinct, first = np.unique(rows, return_index=True)
    place = np.arange(len(rows)) - np.repeat(first, np.diff(np.append(first, len(rows))))
    good = place < _KEPT
    of = np.searchsorted(distinct, rows[good])
    who = np.full((len(distinct), _KEPT), -1, dtype=np.int64)
    best = np.zeros((len(distinct), _KEPT), dtype=np.float32)
    who[of, place[good]], best[of, place[good]] = partners[good], scores[good]
    tops.better(distinct, who, best)


def _decided(left: _Tops, right: _Tops, chance: float, compared: int) -> Alike:
    """Keep pairs that are each other's best and stand out from what chance gives."""
    second = np.concatenate([left.scores[:, 1], right.scores[:, 1]])
    gaps = np.concatenate([tops.scores[:, 1] - tops.scores[:, 2] for tops in (left, right)])
    least, gap = (float(np.quantile(by_chance, 1 - chance)) for by_chance in (second, gaps))
    rows = np.flatnonzero(left.partners[:, 0] >= 0)
    partner = left.partners[rows, 0]
    mutual = right.partners[partner, 0] == rows
    rows, partner = rows[mutual], partner[mutual]
    score = left.scores[rows, 0]
    apart = np.minimum(score - left.scores[rows, 1], score - right.scores[partner, 1])
    # A tie with the next one is no link, whatever the coefficient.
    good = (apart > 0) & ((score > least) | (apart > gap))
    rows, partner, score = rows[good], partner[good], score[good]
    ordered = np.sort(second)
    probability = (np.searchsorted(ordered, score, side="left") / max(1, len(ordered))).astype(np.float32)
    return Alike(rows, partner, score, probability, compared, least, gap)
