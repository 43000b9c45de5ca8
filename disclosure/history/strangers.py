"""Earlier releases with which a new table cannot be compared, because who is behind one of them is not known."""

from __future__ import annotations

from collections.abc import Iterator

from saferoom.disclosure.history.contributors import Contributors
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.queries.relations import COUNT
from saferoom.disclosure.verdict import Finding, Risk, Verdict


def not_comparable(new: Contributors, memory: Memory) -> Iterator[Finding]:
    """Yield a finding where an earlier release about the same things has people without ids, or other kinds of unit.

    Notes
    -----
    Tables that only count have no column in common that says they are about the same people, so that those with other
    kinds of unit are left alone.
    """
    about, kinds = _subjects(new), _kinds(new)
    if any(_subjects(old) & about and old.nameless for old in (release.contributors for release in memory.releases)):
        yield _NAMELESS
    for release in memory.releases:
        if kinds and not _kinds(release.contributors) & kinds and (_subjects(release.contributors) & about) - {COUNT}:
            yield _OTHER_UNITS
            return


def _subjects(found: Contributors) -> frozenset[str]:
    return frozenset().union(*(part.subjects for part in found.parts))


def _kinds(found: Contributors) -> frozenset[str]:
    return frozenset(sets.unit for part in found.parts for sets in part.units)


_NAMELESS = Finding(
    rule="differencing",
    risk=Risk.DIFFERENCING,
    severity=Verdict.REVIEW,
    cells=(),
    message="An earlier release from these data has rows without a unit's id behind it, so that it is not known by "
    "whom this differs from it.",
    remedy="let an output checker decide; ids in every row would make the comparison possible",
)
_OTHER_UNITS = Finding(
    rule="differencing",
    risk=Risk.DIFFERENCING,
    severity=Verdict.REVIEW,
    cells=(),
    message="An earlier release of the same column was judged by other kinds of unit, so that it cannot be compared "
    "with this.",
    remedy="name the same columns of ids each time, or let an output checker decide",
)
