"""What quality packs say of one dataset of an index: its own tables and sentences first, of the others how many match.

Nothing is computed here but a choice of what the packs hold: what they do not show is not shown here either.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import ConfigDict

from saferoom.projects.linkage.quality_model import (
    Agreed,
    Estimate,
    GroupTable,
    LevelValues,
    QualityPack,
    ReviewedPairs,
    Rules,
    Sentence,
    SourceQuality,
    State,
    _Part,
)

_NOT_TOLD = "withheld: the quality pack says nothing of this dataset"
_NOBODY = "No group of {name} is shown to be lost more often than others, beyond what chance explains."
_NOT_COMPARED = (
    "Groups of {name} cannot be compared: in none of them may linked and unlinked records be counted. Where nearly "
    "everybody is linked, those who are not are too few for that."
)


class _Told(_Part):
    model_config = ConfigDict(use_attribute_docstrings=True)


class Linked(_Told):
    """Which linkage it is."""

    index: str
    number: int
    """Which linkage of the index, from 1."""
    at: datetime
    afresh: bool
    """Whether everything was compared anew; else new records were compared with those that were known."""
    digest: str
    """SHA-256 of the quality pack, as it is on record."""


class OtherDataset(_Told):
    """How many records of another dataset of the index are linked."""

    name: str
    state: State
    records: int | None
    linked: int | None
    match_rate: Estimate | None


class IndexQuality(_Told):
    """What the quality packs of one linkage say of one dataset; null may not be shown."""

    linked: Linked
    sentences: tuple[Sentence, ...]
    """About groups that are lost more than others: those of this dataset first."""
    otherwise: str
    """What holds of this dataset's groups where no sentence is about them; empty where one is."""
    comparisons: tuple[int, ...]
    """How many differences between groups each pack tried; sentences hold for all of one pack together."""
    precision: Estimate | None
    recall: Estimate | None
    threshold: float | None
    """The match probability from which on a pair counts as a link."""
    dataset: SourceQuality
    """Linked against unlinked records of the dataset, by group, by pass and by band of the match weight."""
    others: tuple[OtherDataset, ...]
    model: tuple[LevelValues, ...]
    review: ReviewedPairs | None
    agreement: Agreed | None
    rules: tuple[Rules, ...]
    """The risk appetites under which it was checked."""
    notes: tuple[str, ...]

    @property
    def said(self) -> tuple[str, ...]:
        """Whom linking loses, in sentences, the dataset's own first; always one at least."""
        own = (self.otherwise,) if self.otherwise else ()
        return (*own, *(one.text for one in self.sentences))

    @property
    def fair(self) -> bool:
        """Whether groups of the dataset were compared and none is told to be lost; what is not known is not fair."""
        return _compared(self.dataset) and not self.sentences

    @property
    def has_blanks(self) -> bool:
        """Whether a number is missing because it may not be shown."""
        own = self.dataset
        return (
            None in (own.records, own.linked, own.unlinked)
            or any(not row.shown for table in own.groups for row in table.rows)
            or any(count is None for table in own.counts for _, count in table.rows)
            or any(None in (other.records, other.linked) for other in self.others)
        )


class VersionQuality(_Told):
    """How well a version of a dataset is linked."""

    dataset: str
    version: str
    linkages: tuple[IndexQuality, ...]
    """One for each index that the dataset is linked through: the last in which the version was the newest."""


def index_quality(
    name: str, linked: Linked, identifiers: QualityPack, attributes: QualityPack | None = None
) -> IndexQuality:
    """Return what two packs of one linkage say of the dataset called `name`.

    Parameters
    ----------
    identifiers : QualityPack
        The linker's, of all datasets of the index, by groups that identify.
    attributes : QualityPack, optional
        The provisioner's, of this dataset alone, by groups that are attributes.
    """
    packs = [identifiers] if attributes is None else [identifiers, attributes]
    said = [sentence for pack in packs for sentence in pack.sentences]
    own = _own(name, identifiers, attributes)
    return IndexQuality(
        linked=linked,
        otherwise="" if any(one.source == name for one in said) else _otherwise(own),
        sentences=tuple(sorted(said, key=lambda one: (one.source != name, one.difference))),
        comparisons=tuple(pack.comparisons for pack in packs),
        precision=identifiers.precision,
        recall=identifiers.recall,
        threshold=identifiers.threshold,
        dataset=own,
        others=tuple(
            OtherDataset(
                name=one.name, state=one.state, records=one.records, linked=one.linked, match_rate=one.match_rate
            )
            for one in identifiers.sources
            if one.name != name
        ),
        model=identifiers.model,
        review=identifiers.review,
        agreement=identifiers.agreement,
        rules=tuple(dict.fromkeys(pack.rules for pack in packs)),
        notes=_notes(identifiers),
    )


def _own(name: str, identifiers: QualityPack, attributes: QualityPack | None) -> SourceQuality:
    nothing = SourceQuality(name=name, state=State.WITHHELD, reason=_NOT_TOLD)
    own = next((one for one in identifiers.sources if one.name == name), nothing)
    more = () if attributes is None else next((one.groups for one in attributes.sources if one.name == name), ())
    # A column that both zones know, such as sex, is told once: by the linker, who knows precision and recall, too.
    known = {table.column for table in own.groups}
    groups = (*own.groups, *(table for table in more if table.column not in known))
    return own.model_copy(update={"groups": tuple(map(_in_order, groups))})


def _in_order(table: GroupTable) -> GroupTable:
    """Return the table with labels that are whole numbers in their order, before all others."""
    whole = [row for row in table.rows if row.label.isdecimal()]
    others = [row for row in table.rows if not row.label.isdecimal()]
    return table.model_copy(update={"rows": (*sorted(whole, key=lambda row: int(row.label)), *others)})


def _compared(own: SourceQuality) -> bool:
    return any(row.shown for table in own.groups for row in table.rows)


def _otherwise(own: SourceQuality) -> str:
    return (_NOBODY if _compared(own) else _NOT_COMPARED).format(name=own.name)


def _notes(identifiers: QualityPack) -> tuple[str, ...]:
    if identifiers.precision is not None or identifiers.recall is not None:
        return identifiers.notes
    return (
        "Precision and recall were not estimated for this linkage: they are where an index is compared afresh and "
        "enough links are found.",
    )
