"""What a quality pack says of one source: linked against unlinked by group, and how sure that is.

Rates, standardised differences and sentences come from counts that are shown and from nothing else. Estimated precision
and recall of a group are means over exactly the records of cells that are shown, rounded to three decimals; where a
cell is blank they are blank.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from saferoom.disclosure.history.memory import Memory
from saferoom.policies.models import RiskAppetite
from saferoom.projects.linkage import rates
from saferoom.projects.linkage.intervals import Share, wilson
from saferoom.projects.linkage.quality_model import (
    Basis,
    CountTable,
    Estimate,
    GroupRow,
    GroupTable,
    SourceQuality,
    State,
)
from saferoom.projects.linkage.quality_tables import LINKED, TOTAL, UNLINKED, Checker, Counts, checker
from saferoom.projects.linkage.rates import Found
from saferoom.projects.linkage.sentences import Compared
from saferoom.projects.linkage.weights import BANDS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from saferoom.projects.linkage.linked import Linked
    from saferoom.projects.linkage.plan import LinkPlan

_DECIMALS = 3
OTHERS = "other categories ({})"
"""Stands for so many labels that were found in the data and whose records may not be counted."""


@dataclass(frozen=True)
class About:
    """What the pack is about.

    Attributes
    ----------
    one_partner : tuple of str
        Sources whose records have at most one partner in every other one.
    model : mapping
        The model's version artefact, or Splink's settings.
    known : mapping
        Of source to group column to the labels that are public, as a codelist's. Others were found in the data, and one
        that few records have is not named.
    missed_by_blocking : float
        Expected pairs of the same entity that blocking let nobody compare.
    near_everybody : bool
        Whether it may be told that nearly everybody of a group is linked. Policies keep near-class disclosure for
        people to look at; here it is what a match rate says. Set it to False where being in the other source tells
        something about somebody: then groups of which more than the policy's share is linked stay blank.
    """

    version: str
    groups: tuple[str, ...] = ()
    link_type: str = "link"
    threshold: float | None = None
    one_partner: tuple[str, ...] = ()
    model: Mapping[str, Any] = field(default_factory=dict)
    known: Mapping[str, Mapping[str, Collection[str]]] = field(default_factory=dict)
    missed_by_blocking: float = 0.0
    near_everybody: bool = True

    @classmethod
    def of(cls, plan: LinkPlan, linked: Linked, sources: Sequence[str], version: str) -> About:
        """Return it for what `linked` says was done by `plan` with `sources`, in the plan's order."""
        one = tuple(sources) if plan.one_to_one else tuple(sources[:-1]) if plan.many_to_one else ()
        return cls(
            version=version,
            groups=plan.groups,
            link_type=plan.link_type.value,
            threshold=linked.threshold,
            one_partner=one,
            model=linked.model,
            missed_by_blocking=linked.estimates.missed_by_blocking,
        )


@dataclass(frozen=True)
class Work:
    """What estimates are made from; empty where there are no pairs."""

    reviewed: Mapping[rates.Key, rates.Reviewed]
    blocked: float
    pairs: bool
    decided: int = 0


@dataclass
class Maker:
    """Makes the sources' parts one after the other; what is shown of one is remembered for the next."""

    connection: DuckDBPyConnection
    about: About
    policy: RiskAppetite
    memory: Memory
    work: Work
    compared: list[Compared] = field(default_factory=list)

    def source(self, name: str) -> SourceQuality:
        """Return what may be shown of one source."""
        policy = self.policy
        if self.about.near_everybody:
            policy = policy.model_copy(update={"near_class_fraction": policy.class_disclosure_fraction})
        with checker(self.connection, name, len(self.about.groups), policy, self.memory) as check:
            whole = check.frequency(["status"])
            if whole.counts is None:
                return SourceQuality(name=name, state=State.WITHHELD, reason=whole.reason)
            groups = tuple(self._group(check, name, place) for place in range(len(self.about.groups)))
            linked, unlinked = whole.counts.get((LINKED,)), whole.counts.get((UNLINKED,))
            counts: tuple[CountTable, ...] = ()
            if self.work.pairs:
                counts = tuple(_counted(check, what, column, linked) for what, column in _COUNTED)
            self.memory = check.memory
        return SourceQuality(
            name=name,
            state=State.SHOWN,
            records=whole.counts.get((TOTAL,)),
            linked=linked,
            unlinked=unlinked,
            match_rate=_rate(linked, unlinked),
            groups=groups,
            counts=counts,
        )

    def _group(self, check: Checker, source: str, place: int) -> GroupTable:
        column = self.about.groups[place]
        found = check.frequency([rates.column_of(place), "status"])
        if found.counts is None:
            return GroupTable(column=column, state=State.WITHHELD, reason=found.reason)
        by_label = rates.strata_by(self.connection, source, place) if self.work.pairs else {}
        labels = sorted({str(labels[0]) for labels in found.counts if labels[0] is not TOTAL})
        known = {rates.MISSING, *self.about.known.get(source, {}).get(column, ())}
        rows, unnamed = [], 0
        for label in labels:
            row = _row(found.counts, label)
            if row.records is None and label not in known:
                unnamed += 1
                continue
            if row.shown:
                self._compare(source, column, row, _totals(found.counts))
                others = rates.merged(strata for other, strata in by_label.items() if other != label)
                row = self._with_estimates(row, (source, column), by_label.get(label, {}), others)
            rows.append(row)
        if unnamed:
            rows.append(GroupRow(label=OTHERS.format(unnamed), records=None, linked=None, unlinked=None))
        return GroupTable(column=column, state=State.SHOWN, rows=tuple(rows))

    def _compare(self, source: str, column: str, row: GroupRow, totals: tuple[int | None, int | None]) -> None:
        linked, unlinked = totals
        if linked is None or unlinked is None or row.linked is None or row.records is None:
            return
        own = (float(row.linked), float(row.records))
        others = (linked - own[0], linked + unlinked - own[1])
        self.compared.append(Compared(source, column, row.label, "match rate", own, others))

    def _with_estimates(
        self,
        row: GroupRow,
        place: tuple[str, str],
        own: Mapping[rates.Key, rates.Counted],
        others: Mapping[rates.Key, rates.Counted],
    ) -> GroupRow:
        # Whom comparing loses, blocking loses: what was never compared falls on groups as what was refused does.
        lost, elsewhere = rates.missed(own), rates.missed(others)
        share = lost / (lost + elsewhere) if lost + elsewhere > 0 else 0.0
        here = rates.with_blocked(own, self.work.reviewed, self.work.blocked * share)
        there = rates.with_blocked(others, self.work.reviewed, self.work.blocked * (1 - share))
        if here.links < self.policy.threshold_units:
            return row
        self._compare_estimates((*place, row.label), here, there)
        return row.model_copy(
            update={
                "precision": shown_estimate(here.precision, here.basis),
                "recall": shown_estimate(here.recall, here.basis),
            }
        )

    def _compare_estimates(self, place: tuple[str, str, str], here: Found, there: Found) -> None:
        if here.precision is not None and there.precision is not None:
            own, others = (here.precision.value * here.links, there.precision.value * there.links)
            pair = ((own, here.links), (others, there.links))
            self.compared.append(Compared(*place, "precision", *pair))
        if here.recall is not None and there.recall is not None:
            own, others = (here.recall.value * here.matches, there.recall.value * there.matches)
            pair = ((own, here.matches), (others, there.matches))
            self.compared.append(Compared(*place, "recall", *pair))


_COUNTED = (("match weight", "band"), ("pass", "match_pass"))


def _counted(check: Checker, what: str, column: str, linked: int | None) -> CountTable:
    labels = check.labels(column)
    if len(labels) < 2:
        # One label of all that is linked tells no more than how many are.
        return CountTable(what=what, state=State.SHOWN, rows=tuple((label, linked) for label in labels))
    found = check.frequency([column], where=f"status = '{LINKED}'")
    if found.counts is None:
        return CountTable(what=what, state=State.WITHHELD, reason=found.reason)
    # A band that holds nobody looks like one that holds few.
    every = (*BANDS, *(label for label in labels if label not in BANDS)) if column == "band" else labels
    rows = tuple((label, found.counts.get((label,))) for label in every)
    return CountTable(what=what, state=State.SHOWN, rows=rows)


def _row(counts: Counts, label: str) -> GroupRow:
    linked, unlinked, records = (counts.get((label, status)) for status in (LINKED, UNLINKED, TOTAL))
    rate = _rate(linked, unlinked) if records is not None else None
    total = _totals(counts)
    apart = None
    if linked is not None and unlinked is not None and None not in total:
        apart = standardised_difference(linked, total[0] or 0, unlinked, total[1] or 0)
    return GroupRow(
        label=label,
        records=records,
        linked=linked,
        unlinked=unlinked,
        match_rate=rate,
        standardised_difference=apart,
    )


def _totals(counts: Counts) -> tuple[int | None, int | None]:
    return counts.get((TOTAL, LINKED)), counts.get((TOTAL, UNLINKED))


def standardised_difference(linked: int, of_linked: int, unlinked: int, of_unlinked: int) -> float | None:
    """Return how far a category's share among linked records is from that among unlinked ones.

    ``(p - q) / sqrt((p (1 - p) + q (1 - q)) / 2)``, positive where linked records have more of it (Austin 2009); None
    where neither group varies.

    >>> standardised_difference(450, 900, 30, 100)
    0.417
    """
    if not of_linked or not of_unlinked:
        return None
    p, q = linked / of_linked, unlinked / of_unlinked
    spread = math.sqrt((p * (1 - p) + q * (1 - q)) / 2)
    return round((p - q) / spread, _DECIMALS) if spread else None


def _rate(linked: int | None, unlinked: int | None) -> Estimate | None:
    if linked is None or unlinked is None or linked + unlinked == 0:
        return None
    return shown_estimate(wilson(linked, linked + unlinked), Basis.COUNTS)


def shown_estimate(share: Share | None, basis: Basis) -> Estimate | None:
    if share is None:
        return None
    decimals = 4 if basis is Basis.COUNTS else _DECIMALS
    value, low, high = (round(number, decimals) for number in (share.value, share.low, share.high))
    return Estimate(value=value, low=low, high=high, basis=basis)
