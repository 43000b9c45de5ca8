"""What a quality pack says of one linked version: machine-readable, and nothing in it that did not pass the checker.

References
----------
Gilbert, R. et al. (2018), GUILD: GUidance for Information about Linking Data sets, Journal of Public Health 40,
191-198. Austin, P. C. (2009), Balance diagnostics for comparing the distribution of baseline covariates, Statistics in
Medicine 28, 3083-3107 (standardised differences).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from saferoom.projects.linkage.agreement import Agreement

FORMAT = 1


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Basis(StrEnum):
    """What an estimate rests on."""

    COUNTS = "counts"
    MODEL = "match probabilities"
    CLERICAL = "clerical review"
    """Decisions on a sample of pairs by stratum of match probability; the model's word where there are none."""


class State(StrEnum):
    """Whether a table is shown."""

    SHOWN = "shown"
    WITHHELD = "withheld"


class Estimate(_Part):
    """A share with the limits of its 95 % interval."""

    value: float
    low: float
    high: float
    basis: Basis


class GroupRow(_Part):
    """One category of a group column, or all that may not be named; what is None may not be shown."""

    label: str
    records: int | None
    linked: int | None
    unlinked: int | None
    match_rate: Estimate | None = None
    precision: Estimate | None = None
    recall: Estimate | None = None
    standardised_difference: float | None = None
    """Of the category's share among linked and among unlinked records, in standard deviations."""

    @property
    def shown(self) -> bool:
        """Whether all three counts are shown; nothing else of the row is, unless they are."""
        return None not in (self.records, self.linked, self.unlinked)


class GroupTable(_Part):
    """Linked and unlinked records of one source by one column."""

    column: str
    state: State
    reason: str = ""
    """Why it is withheld, in a sentence."""
    rows: tuple[GroupRow, ...] = ()


class CountTable(_Part):
    """Linked records of one source by pass or by band of the match weight; a count that may not be shown is None."""

    what: str
    state: State
    reason: str = ""
    rows: tuple[tuple[str, int | None], ...] = ()


class SourceQuality(_Part):
    """One dataset of the linkage."""

    name: str
    state: State
    reason: str = ""
    records: int | None = None
    linked: int | None = None
    unlinked: int | None = None
    match_rate: Estimate | None = None
    groups: tuple[GroupTable, ...] = ()
    counts: tuple[CountTable, ...] = ()


class LevelValues(_Part):
    """One level of a comparison: how likely it is among pairs of the same entity (m), and among others (u)."""

    comparison: str
    level: str
    m: float | None
    u: float | None


class ReviewedPairs(_Part):
    """The clerical sample behind the estimates."""

    pairs: int
    strata: int


class Coefficient(_Part):
    """A coefficient of agreement with its 95 % interval."""

    value: float
    low: float
    high: float


class Agreed(_Part):
    """How far clerical reviewers agree who did not see each other's decisions; of pairs, so about nobody's record."""

    pairs: int
    agreed: Coefficient
    kappa: Coefficient | None
    """Cohen's; None where everybody decided everything alike."""
    ac1: Coefficient | None
    """Gwet's, which holds where nearly all pairs are of one kind, too."""


class Sentence(_Part):
    """A plain sentence and what it rests on."""

    text: str
    source: str
    column: str
    label: str
    about: Literal["match rate", "precision", "recall"]
    difference: float
    low: float
    high: float
    p_value: float
    """Adjusted for the number of comparisons."""


class Rules(_Part):
    """Under which risk appetite the pack was checked."""

    policy: str
    threshold_units: int
    difference_units: int
    near_everybody_may_be_linked: bool


class QualityPack(_Part):
    """The quality of one linked version."""

    format: Literal[1] = 1
    version: str
    link_type: str
    threshold: float | None
    precision: Estimate | None
    recall: Estimate | None
    sources: tuple[SourceQuality, ...]
    sentences: tuple[Sentence, ...]
    comparisons: int
    """How many differences between groups were tried."""
    model: tuple[LevelValues, ...]
    review: ReviewedPairs | None
    agreement: Agreed | None = None
    rules: Rules
    notes: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return the pack JSON-ready."""
        found: dict[str, Any] = self.model_dump(mode="json")
        return found

    def with_agreement(self, agreement: Agreement | None) -> QualityPack:
        """Return the pack with how far reviewers agree, of as many pairs as the policy's threshold at least."""
        if agreement is None or agreement.pairs < self.rules.threshold_units:
            return self
        return self.model_copy(update={"agreement": Agreed.model_validate(agreement.document())})

    def summary(self) -> dict[str, Any]:
        """Return what ``saferoom link --json`` tells: precision, recall, sources, by group; null may not be shown."""
        groups: dict[str, dict[str, dict[str, Any]]] = {}
        for source in self.sources:
            for table in source.groups:
                own = groups.setdefault(source.name, {}).setdefault(table.column, {})
                own.update({row.label: _short(row) for row in table.rows})
        return {
            "precision": _plain(self.precision),
            "recall": _plain(self.recall),
            "sources": {source.name: _of_source(source) for source in self.sources},
            "by_group": groups,
            "sentences": [sentence.text for sentence in self.sentences],
        }

    def count(self, number: int) -> int | None:
        """Return a number of pairs as it may be told beside the pack: None where they are fewer than the threshold."""
        return number if number >= self.rules.threshold_units else None

    def counts(self, counted: Mapping[str, Any]) -> dict[str, Any]:
        """Return a linkage's counts as they may be told beside the pack; None where the pack has a blank.

        Parameters
        ----------
        counted : mapping
            `records` by source, `candidate_pairs`, `links` and `entities`. The last two follow from how many records
            of each source are linked, so they are told only where the pack tells that of every source.
        """
        told = all(source.linked is not None for source in self.sources)
        records = {source.name: source.records for source in self.sources}
        return {
            "records": {name: records.get(name) for name in counted["records"]},
            "candidate_pairs": self.count(counted["candidate_pairs"]),
            "links": self.count(counted["links"]) if told else None,
            "entities": counted["entities"] if told else None,
        }

    def markdown(self) -> str:
        """Return the pack as a page."""
        from saferoom.projects.linkage.quality_page import page

        return page(self)


def _of_source(source: SourceQuality) -> dict[str, Any]:
    rate = None if source.match_rate is None else source.match_rate.value
    return {"records": source.records, "linked": source.linked, "match_rate": rate}


def _short(row: GroupRow) -> dict[str, Any]:
    rate = None if row.match_rate is None else row.match_rate.value
    return {
        "records": row.records,
        "linked": row.linked,
        "match_rate": rate,
        "precision": _plain(row.precision),
        "recall": _plain(row.recall),
    }


def _plain(found: Estimate | None) -> dict[str, Any] | None:
    return None if found is None else found.model_dump(mode="json")
