"""Between the rows of projects' lives and their records; no rule is decided here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from saferoom.errors import IntegrityError
from saferoom.hub.store.life_tables import (
    AmendmentRow,
    DatasetVersionRow,
    HoldRow,
    LifeDatasetRow,
    LifePersonRow,
    LifeRow,
    RulingRow,
    SealRow,
)
from saferoom.hub.store.registry import read_model
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.approvals.model import Terms
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.catalogue.purposes import Purpose
from saferoom.projects.life.document import alteration_document
from saferoom.projects.life.model import (
    TEXTS,
    Alteration,
    Amendment,
    AmendmentState,
    Choice,
    Hold,
    Life,
    Origin,
    Proposal,
    Ruling,
    Seal,
)
from saferoom.projects.life.states import State
from saferoom.projects.life.store import DatasetVersion


def read_life(row: LifeRow) -> Life:
    """Return the life of a row, with everything about it."""
    return Life(
        slug=ProjectSlug(row.slug),
        state=_member(State, row.state),
        origin=_member(Origin, row.origin),
        lead=None if row.lead is None else Username(row.lead),
        proposal=_proposal(row),
        created_at=row.created_at,
        updated_at=row.updated_at,
        since=row.since,
        submitted_at=row.submitted_at,
        round=row.round,
        reason=row.reason,
        rulings=tuple(_ruling(one) for one in row.rulings),
        amendments=tuple(_amendment(one) for one in row.amendments),
        holds=tuple(Hold(h.number, h.by, h.side, h.reason, h.since, h.lifted_at, h.lifted_by) for h in row.holds),
        seal=_seal(row.seal) if row.seal else None,
        version=row.version,
        waits=frozenset(DatasetName(one.dataset) for one in row.datasets if one.waits),
    )


def write_life(row: LifeRow, life: Life) -> None:
    """Put a life into its row and those below it; what was decided before stays as it is."""
    proposal = life.proposal
    row.state, row.origin, row.lead = life.state.value, life.origin.value, life.lead
    row.title, row.ends, row.words = proposal.title, proposal.ends, {name: getattr(proposal, name) for name in TEXTS}
    row.purposes = listed(proposal.purposes)
    row.round, row.reason = life.round, life.reason
    row.created_at, row.updated_at, row.since = life.created_at, life.updated_at, life.since
    row.submitted_at = life.submitted_at
    write_people(row, proposal.members)
    _write_datasets(row, life)
    known = {ruling.number for ruling in row.rulings}
    row.rulings += [_ruling_row(life.slug, ruling) for ruling in life.rulings if ruling.number not in known]
    _write_amendments(row, life)
    _write_holds(row, life)
    if life.seal is not None:
        row.seal = row.seal or SealRow(life=life.slug)
        row.seal.sealed_at, row.seal.retain_until = life.seal.sealed_at, life.seal.retain_until
        row.seal.statement = dict(life.seal.statement)
        row.seal.deleted_at = life.seal.deleted_at
        row.seal.certificate = None if life.seal.certificate is None else dict(life.seal.certificate)


def write_people(row: LifeRow, members: frozenset[Username] | frozenset[str]) -> None:
    """Make the present people of a project those of `members`."""
    known = {person.username: person for person in row.people}
    row.people = [
        known.get(username) or LifePersonRow(life=row.slug, username=username) for username in sorted(members)
    ]


def listed(purposes: Iterable[Purpose]) -> list[str] | None:
    """Return purposes as a row keeps them."""
    return [purpose.value for purpose in purposes] or None


def read_version(row: DatasetVersionRow) -> DatasetVersion:
    """Return a version of a dataset."""
    return DatasetVersion(row.number, row.at, read_model(Dataset, **row.document))


def _proposal(row: LifeRow) -> Proposal:
    wishes = [
        {"dataset": one.dataset, "variables": one.variables, "rows": one.rows} for one in row.datasets if one.current
    ]
    people = [person.username for person in row.people]
    words = {name: row.words.get(name, "") for name in TEXTS}
    return read_model(
        Proposal,
        slug=row.slug,
        title=row.title,
        **words,
        purposes=row.purposes or (),
        members=people,
        ends=row.ends,
        datasets=wishes,
    )


def _write_datasets(row: LifeRow, life: Life) -> None:
    known = {one.dataset: one for one in row.datasets}
    wishes = {wish.dataset: wish for wish in life.proposal.datasets}
    rows = []
    for name in sorted({*wishes, *life.waits}):
        wish, one = wishes.get(name), known.get(name) or LifeDatasetRow(life=life.slug, dataset=name)
        one.variables = None if wish is None or wish.variables is None else list(wish.variables)
        one.rows = None if wish is None else wish.rows
        one.waits, one.current = name in life.waits, wish is not None
        rows.append(one)
    row.datasets = rows


def _write_amendments(row: LifeRow, life: Life) -> None:
    known = {one.number: one for one in row.amendments}
    for amendment in life.amendments:
        one = known.get(amendment.number)
        if one is None:
            one = AmendmentRow(life=life.slug, number=amendment.number)
            row.amendments.append(one)
        one.state, one.by, one.why = amendment.state.value, amendment.by, amendment.why
        one.change = alteration_document(amendment.change)
        one.asks, one.at, one.since, one.reason = list(amendment.asks), amendment.at, amendment.since, amendment.reason


def _write_holds(row: LifeRow, life: Life) -> None:
    known = {one.number: one for one in row.holds}
    for hold in life.holds:
        one = known.get(hold.number)
        if one is None:
            row.holds.append(HoldRow(life=life.slug, **asdict(hold)))
        else:
            one.lifted_at, one.lifted_by = hold.lifted_at, hold.lifted_by


def _ruling(row: RulingRow) -> Ruling:
    return Ruling(
        number=row.number,
        round=row.round,
        dataset=DatasetName(row.dataset),
        choice=_member(Choice, row.choice),
        by=row.by,
        at=row.at,
        reason=row.reason,
        terms=None if row.terms is None else read_model(Terms, **row.terms),
        amendment=row.amendment,
    )


def _ruling_row(slug: str, ruling: Ruling) -> RulingRow:
    terms = None if ruling.terms is None else ruling.terms.model_dump(mode="json")
    return RulingRow(**{**asdict(ruling), "life": slug, "choice": ruling.choice.value, "terms": terms})


def _amendment(row: AmendmentRow) -> Amendment:
    return Amendment(
        number=row.number,
        state=_member(AmendmentState, row.state),
        by=row.by,
        why=row.why,
        change=read_model(Alteration, **row.change),
        asks=tuple(DatasetName(name) for name in row.asks),
        at=row.at,
        since=row.since,
        reason=row.reason,
    )


def _seal(row: SealRow) -> Seal:
    return Seal(row.sealed_at, row.retain_until, row.statement, row.deleted_at, row.certificate)


def _member(kind: Any, value: str) -> Any:
    try:
        return kind(value)
    except ValueError as error:
        raise IntegrityError("the store holds a project that this version cannot read") from error
