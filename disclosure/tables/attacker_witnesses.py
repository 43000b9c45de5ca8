"""Tables that were found while others were looked for, and what else they prove."""

from __future__ import annotations

from collections.abc import Mapping

from saferoom.disclosure.tables.attacker_programs import Limits

Moved = Mapping[int, float]
"""Groups (positions in the part) that move in another table that fits, and how far; all others stand still."""
_MOST_LOOKED_AT = 60


class Witnesses:
    """Remembers tables of one part by the groups that move in them.

    Parameters
    ----------
    whole : bool
        Whether only whole tables count. Where any do, all moves of a table can be made smaller together.
    """

    def __init__(self, *, whole: bool) -> None:
        self._whole = whole
        self._by_group: dict[tuple[int, int], list[Moved]] = {}

    def add(self, moved: Moved) -> None:
        """Remember a table that fits everything published."""
        for group, move in moved.items():
            self._by_group.setdefault((group, 1 if move > 0 else -1), []).append(moved)

    def of(self, group: int, direction: int, amount: float, limits: Limits, near: float) -> Moved | None:
        """Return a table in which a group moves by `amount` or more and that fits `limits`; None without any.

        Parameters
        ----------
        near : float
            By how much moves may go beyond `limits`, for the solver's accuracy.
        """
        for moved in reversed(self._by_group.get((group, direction), [])[-_MOST_LOOKED_AT:]):
            there = abs(moved[group])
            if there < amount - near:
                continue
            scaled = moved if self._whole else _smaller(moved, min(amount / there, 1.0))
            if believed(scaled, limits, near):
                return scaled
        return None


def _smaller(moved: Moved, share: float) -> Moved:
    return {at: move * share for at, move in moved.items()}


def believed(moved: Moved, limits: Limits, near: float) -> bool:
    """Whether an insider who knows `limits` cannot rule a table out."""
    return all(least - near <= moved[at] <= most + near for at, (least, most) in limits.items() if at in moved)
