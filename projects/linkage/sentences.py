"""Plain sentences about groups that are lost more than others, and about none where chance explains it.

How a sentence is earned: each category is compared with all other records of its source by the score test of two
shares. The p values of all comparisons of a pack (every source, column, category, and of match rate, recall and
precision) are adjusted together by Holm's method, so that the chance of even one sentence from noise is at most 5 %;
the interval in the sentence is Newcombe's at the level of Bonferroni. A difference of less than `LEAST` is not worth
one, however many records prove it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from saferoom.projects.linkage.intervals import CONFIDENCE, difference, holm, p_value
from saferoom.projects.linkage.quality_model import Sentence

LEAST = 0.005
"""The smallest difference, half a percentage point, that is told."""

About = Literal["match rate", "precision", "recall"]


@dataclass(frozen=True)
class Compared:
    """One category beside all others: how many of how many, both of which may be expected numbers."""

    source: str
    column: str
    label: str
    about: About
    own: tuple[float, float]
    others: tuple[float, float]

    @property
    def usable(self) -> bool:
        """Whether both have somebody in them."""
        return min(self.own[1], self.others[1]) >= 1


def sentences(compared: Sequence[Compared]) -> tuple[Sentence, ...]:
    """Return a sentence for each category of which more is lost than of the others, the largest difference first."""
    tried = [item for item in compared if item.usable]
    adjusted = holm([p_value(item.own, item.others) for item in tried])
    confidence = 1 - (1 - CONFIDENCE) / max(1, len(tried))
    found = []
    for item, value in zip(tried, adjusted, strict=True):
        gap = difference(item.own, item.others, confidence)
        if value >= 1 - CONFIDENCE or gap.value > -LEAST:
            continue
        found.append(
            Sentence(
                text=_text(item, len(tried), (gap.value, gap.low, gap.high)),
                source=item.source,
                column=item.column,
                label=item.label,
                about=item.about,
                difference=round(gap.value, 4),
                low=round(gap.low, 4),
                high=round(gap.high, 4),
                p_value=float(f"{value:.3g}"),
            )
        )
    return tuple(sorted(found, key=lambda sentence: sentence.difference))


_WORDS: dict[About, str] = {
    "match rate": "are linked less often than the others",
    "recall": "are found less often than the others where they have a partner, by the estimates",
    "precision": "are linked wrongly more often than the others, by the estimates",
}


def _text(item: Compared, tried: int, gap: tuple[float, float, float]) -> str:
    own, others = (pair[0] / pair[1] for pair in (item.own, item.others))
    value, low, high = gap
    what = {"match rate": "match rate", "recall": "recall", "precision": "precision"}[item.about]
    return (
        f"Records of {item.source} with {item.column} = {item.label} {_WORDS[item.about]}: {what} {_percent(own)} "
        f"against {_percent(others)}, {_points(-value)} percentage points lower "
        f"(95 % interval {_points(-high)} to {_points(-low)}, allowing for {tried} comparisons)."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _points(difference_: float) -> str:
    return f"{100 * difference_:.1f}"
