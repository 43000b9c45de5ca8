"""Suppression in a table with margins: cells at risk are blank, and so are others, so that none can be worked out.

Notes
-----
Whoever knows less of a table can tell no hidden cell more closely. So a pattern of hidden cells that protects one layer
still protects it when more is hidden for another, and the layers (counts, sums, group shares) are protected one after
the other; in the end every layer is audited with all that is hidden. Absent combinations are taken for known zeros,
which is the worst case, wherever they are not themselves what has to be hidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from saferoom.disclosure.queries.evidence import Cells, Mask, Numbers
from saferoom.disclosure.rules.classes import Axis
from saferoom.disclosure.rules.hit import Hit
from saferoom.disclosure.rules.threshold import threshold_of
from saferoom.disclosure.statbarns.case import Case, Outcome
from saferoom.disclosure.tables.additive import Mode, Suppression
from saferoom.disclosure.tables.attacker import audit
from saferoom.disclosure.tables.group_shares import Groups, groups_of
from saferoom.disclosure.tables.known import nameable
from saferoom.disclosure.tables.lattice import Lattice, lattice_of
from saferoom.disclosure.tables.levels import layers_of, primary_of
from saferoom.disclosure.tables.posing import NotAdditiveError, Posed, added_up, posed, posed_groups
from saferoom.disclosure.tables.protected import CLASS_RULES, NOTHING_LEFT, Protected, sparse
from saferoom.disclosure.tables.report import Audited, report
from saferoom.disclosure.tables.secondary import Unprotectable
from saferoom.disclosure.tables.secondary import suppress as hide
from saferoom.disclosure.verdict import Risk, Verdict


def suppress_with_margins(case: Case, outcome: Outcome, axes: Sequence[Axis]) -> tuple[Protected | None, Sequence[Hit]]:
    """Return the table with every cell blank that has to be, or None where nothing protects it, and what then bites.

    Parameters
    ----------
    outcome : Outcome
        Of a table with margins.
    """
    rest = [hit for hit in outcome.hits if hit.cells is None and hit.rule not in CLASS_RULES]
    try:
        lattice = lattice_of(outcome.cells, outcome.base.classifications)
        pattern = _Pattern(case, outcome, lattice)
        pattern.protect_layers()
        left = pattern.protect_groups(axes)
        pattern.audit()
    except (Unprotectable, NotAdditiveError):
        return None, [_CANNOT, *rest]
    hidden = pattern.hidden[lattice.place]
    rest += [*left, *sparse(hidden[outcome.cells.inner], case.policy)]
    if len(hidden) and hidden.all():
        rest.append(NOTHING_LEFT)
    cells, columns = _shown(outcome, lattice, pattern.hidden, nameable(outcome, axes, case.policy))
    return Protected(cells, columns, tuple(rest), ~hidden, exact=True, audit=pattern.report()), rest


@dataclass
class _Pattern:
    """The cells of one table that are hidden, and what was proven about them."""

    case: Case
    outcome: Outcome
    lattice: Lattice
    hidden: Mask = field(init=False)
    primary: Mask = field(init=False)
    unknown: Mask = field(init=False)
    posed: list[tuple[Posed, Suppression, bool]] = field(default_factory=list)
    """Layers, each with what was hidden for it, and whether absent combinations are unknown to its attacker."""
    audited: list[Audited] = field(default_factory=list)
    last: Suppression | None = None

    def __post_init__(self) -> None:
        self.hidden = np.zeros(len(self.lattice), dtype=bool)
        self.unknown = self.hidden.copy()
        self.primary = self.lattice.spread(primary_of(self.outcome))

    def protect_layers(self) -> None:
        """Hide what keeps the cells that a rule names from being worked out, from every number behind the table."""
        if not self.primary.any():
            return
        flagged = primary_of(self.outcome)
        for layer in layers_of(self.outcome, flagged, self.case.policy):
            self._hide(posed(layer, self.lattice, flagged, self._cost()), outside=False)

    def protect_groups(self, axes: Sequence[Axis]) -> list[Hit]:
        """Hide what tells too surely in which category everybody of a group is, or is not.

        Returns
        -------
        list of Hit
            Where a category that nobody of a group has cannot be hidden, its rule still bites.
        """
        bitten = [hit for hit in self.outcome.hits if hit.rule in CLASS_RULES]
        if not bitten:
            return []
        policy, counted = self.case.policy, "count" in self.outcome.columns
        share = policy.near_class_fraction if counted else policy.class_disclosure_fraction
        values = self._counts(counted=counted)
        groups = groups_of(self.lattice, values, axes, policy, share)
        self.unknown = groups.unknown
        self.primary |= groups.below > 0
        # Even where no counts are published: a blank cell alone in its row and column is no hidden one.
        empty = [hit for hit in bitten if hit.rule == "empty-class"]
        if empty and groups.empty.any():
            room = float(max(threshold_of(policy, units.kind) for units in self.outcome.units))
            try:
                self._hide(posed_groups(groups, self.lattice, values, self._cost(), room), outside=True)
            except Unprotectable:
                self._hide_shares(groups, values)
                return empty
            return []
        self._hide_shares(groups, values)
        return empty

    def audit(self) -> None:
        """Audit every layer with all that is hidden in the end.

        Raises
        ------
        Unprotectable
            When a cell can still be told too closely, so that nothing is let out.
        """
        for one, made, outside in self.posed:
            hidden = self.hidden | self.unknown if outside else self.hidden
            proven = np.array_equal(hidden, made.hidden)
            found = made.audit if proven else audit(one.table, hidden, one.needs, self._progress)
            if not found.holds:
                raise Unprotectable("a hidden cell can still be told too closely")
            self.audited.append(Audited(one.name, one.table.values, found))

    def report(self) -> dict[str, object]:
        """Return the audit as evidence."""
        return report(self.lattice, self.outcome, self.hidden, self.primary, (self.audited, self.last))

    def _hide_shares(self, groups: Groups, values: Numbers) -> None:
        if (groups.below > 0).any():
            self._hide(posed_groups(groups, self.lattice, values, self._cost(), 0.0), outside=True)

    def _hide(self, one: Posed, *, outside: bool) -> None:
        made = hide(one.table, one.needs, Mode.HEURISTIC, progress=self._progress)
        self.hidden |= made.hidden & self.lattice.there
        self.posed.append((one, made, outside))
        self.last = made

    def _counts(self, *, counted: bool) -> Numbers:
        if counted:
            return added_up(self.lattice, self.outcome.columns["count"])
        nobody = np.zeros(len(self.outcome.cells), dtype=bool)
        return added_up(self.lattice, layers_of(self.outcome, nobody, self.case.policy)[0].values)

    def _cost(self) -> Numbers:
        """Return what hiding a cell takes from the reader: what it tells about its units; nothing if it is hidden."""
        cost = self.lattice.numbers(self.outcome.units[0].units.astype(np.float64) + 1.0)
        return np.where(self.hidden, 0.0, cost)

    def _progress(self, _what: str, _share: float) -> None:
        self.case.engine.tick()


def _shown(outcome: Outcome, lattice: Lattice, hidden: Mask, named: Mask) -> tuple[Cells, dict[str, Numbers]]:
    """Return the cells that are listed, with their numbers: blank where hidden, and where there is nobody.

    Where nothing is hidden the table is as it was. Else every combination of the categories that may be named is
    listed, so that it cannot be seen which of the blank cells hold anybody.
    """
    if not hidden.any():
        return outcome.cells, dict(outcome.columns)
    named_ones = lattice.spread(named)
    keep = np.ones(len(lattice), dtype=bool)
    places = np.unravel_index(np.arange(len(lattice)), lattice.cube.shape)
    for axis, column in enumerate(places):
        may = np.zeros(lattice.cube.shape[axis], dtype=bool)
        may[column[named_ones]] = True
        keep &= may[column]
    chosen = np.flatnonzero(keep)
    cells = Cells(tuple(lattice.cells.labels[place] for place in chosen.tolist()), lattice.cells.levels[chosen])
    blank = hidden | ~lattice.there
    columns = {
        name: np.where(blank, np.nan, lattice.numbers(values))[chosen] for name, values in outcome.columns.items()
    }
    return cells, columns


_CANNOT = Hit(
    rule="suppression-with-margins",
    risk=Risk.DIFFERENCING,
    severity=Verdict.REVIEW,
    message="Cells of this table have to be blanked, and however many others are blanked with them, they could still "
    "be worked out from its margins, so no protected table is given.",
    remedy="leave the margins out (margins: false), or use broader categories",
)
