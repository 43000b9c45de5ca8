"""Privacy budgets as people see them: lists of accounts cut by the database, limits that were set, mechanisms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, String, cast, func, literal, or_, select, union_all
from sqlalchemy.orm import Session

from saferoom.hub.store.ledger_tables import ChargeRow, DebitRow, LimitRow
from saferoom.hub.store.tables import ApprovalRow, DatasetRow, MemberRow, PersonRoleRow, PersonRow, ProjectRow
from saferoom.ids import Username
from saferoom.projects.ledger.accounts import parts_of
from saferoom.projects.ledger.limits import Allows, Limit
from saferoom.projects.ledger.losses import Loss
from saferoom.projects.ledger.mechanisms import Mechanism, MechanismKind
from saferoom.projects.ledger.model import Account, AccountId, AccountKind
from saferoom.projects.ledger.store import Entry, Selection
from saferoom.projects.paging import Cut, Paged
from saferoom.projects.people.model import Role

_ORDER = (AccountKind.LINEAGE, AccountKind.OWNER, AccountKind.PROJECT, AccountKind.APPROVAL)


class PeopleReading:
    """What people ask of the ledger at one moment of the store."""

    _session: Session

    def since(self, account: AccountId) -> datetime | None:
        return self._session.scalar(
            select(DebitRow.at)
            .where(DebitRow.kind == account.kind.value, DebitRow.name == account.name)
            .order_by(DebitRow.at)
            .limit(1)
        )

    def mechanisms(self, account: AccountId) -> Sequence[tuple[Mechanism, ...] | None]:
        query = select(ChargeRow.mechanisms).join(DebitRow, DebitRow.charge == ChargeRow.id)
        query = query.where(DebitRow.kind == account.kind.value, DebitRow.name == account.name)
        return [None if written is None else read_mechanisms(written) for written in self._session.scalars(query)]

    def accounts(self, selection: Selection, cut: Cut) -> Paged[Entry]:
        kinds = _ORDER if selection.kind is None else (selection.kind,)
        found = union_all(*(_listed(kind, selection) for kind in kinds)).subquery()
        wanted = []
        if selection.text:
            words = (func.lower(found.c.name), func.lower(found.c.title))
            wanted.append(or_(*(one.contains(selection.text, autoescape=True) for one in words)))
        ordered = select(found).where(*wanted).order_by(found.c.place, found.c.name)
        rows = self._session.execute(ordered.limit(cut.size).offset(cut.offset)).all()
        total = self._session.scalar(select(func.count()).select_from(found).where(*wanted)) or 0
        items = tuple(Entry(Account(AccountId(_ORDER[row.place], row.name)), row.title) for row in rows)
        return Paged(items, total, cut)

    def title(self, account: AccountId) -> str:
        title: ColumnElement[str] | Any
        if account.kind is AccountKind.OWNER:
            title, about = PersonRow.display_name, PersonRow.username == account.name
        elif account.kind is AccountKind.PROJECT:
            title, about = ProjectRow.title, ProjectRow.slug == account.name
        else:
            name = parts_of(account)[1] if account.kind is AccountKind.APPROVAL else account.name
            title, about = DatasetRow.title, DatasetRow.name == name
        return self._session.scalar(select(title).where(about)) or account.name

    def said(self, account: AccountId) -> Limit | None:
        about = (LimitRow.kind == account.kind.value, LimitRow.name == account.name)
        row = self._session.scalars(select(LimitRow).where(*about).order_by(LimitRow.version.desc()).limit(1)).first()
        return None if row is None else _limit(row)


def limit_row(limit: Limit) -> LimitRow:
    """Return the row of a limit that was set."""
    return LimitRow(
        kind=limit.account.kind.value,
        name=limit.account.name,
        version=limit.version,
        allows=limit.allows.value,
        epsilon=None if limit.epsilon is None else str(limit.epsilon),
        delta=None if limit.delta is None else str(limit.delta),
        rho_limit=None if limit.loss is None else limit.loss.rho,
        delta_limit=None if limit.loss is None else limit.loss.delta,
        set_by=limit.by,
        at=limit.at,
    )


def write_mechanisms(mechanisms: Sequence[Mechanism]) -> list[Any] | None:
    """Return mechanisms as they are stored; None where they are not known."""
    return [[one.kind.value, one.loss] for one in mechanisms] or None


def read_mechanisms(written: Sequence[Any]) -> tuple[Mechanism, ...]:
    """Read what `write_mechanisms` wrote."""
    return tuple(Mechanism(MechanismKind(kind), float(loss)) for kind, loss in written)


def _limit(row: LimitRow) -> Limit:
    whole = row.rho_limit is not None and row.delta_limit is not None
    return Limit(
        account=AccountId(AccountKind(row.kind), row.name),
        version=row.version,
        allows=Allows(row.allows),
        epsilon=None if row.epsilon is None else Decimal(row.epsilon),
        delta=None if row.delta is None else Decimal(row.delta),
        loss=Loss(row.rho_limit or 0, row.delta_limit or 0) if whole else None,
        by=row.set_by,
        at=row.at,
    )


def _listed(kind: AccountKind, selection: Selection) -> Select[Any]:
    """Return the accounts of one kind, as place, name and title."""
    name, title, found_in = _COLUMNS[kind]
    place = literal(_ORDER.index(kind)).label("place")
    chosen: Select[Any] = found_in(select(place, name.label("name"), title.label("title")))
    return chosen if selection.everything else chosen.where(or_(literal(False), *_concerning(kind, selection)))


def _datasets(query: Select[Any]) -> Select[Any]:
    return query.select_from(DatasetRow)


def _owners(query: Select[Any]) -> Select[Any]:
    held = (PersonRoleRow.role == Role.DATA_OWNER.value, PersonRoleRow.ended_at.is_(None))
    return query.select_from(PersonRow).where(PersonRow.username.in_(select(PersonRoleRow.username).where(*held)))


def _projects(query: Select[Any]) -> Select[Any]:
    return query.select_from(ProjectRow)


def _approvals(query: Select[Any]) -> Select[Any]:
    joined = query.select_from(ApprovalRow).join(DatasetRow, DatasetRow.name == ApprovalRow.dataset)
    # An approval without a budget has JSON's null in its place.
    return joined.where(ApprovalRow.ended_at.is_(None), cast(ApprovalRow.budget, String) != "null")


_COLUMNS: dict[AccountKind, Any] = {
    AccountKind.LINEAGE: (DatasetRow.name, DatasetRow.title, _datasets),
    AccountKind.OWNER: (PersonRow.username, PersonRow.display_name, _owners),
    AccountKind.PROJECT: (ProjectRow.slug, ProjectRow.title, _projects),
    AccountKind.APPROVAL: (ApprovalRow.project + "/" + ApprovalRow.dataset, DatasetRow.title, _approvals),
}


def _concerning(kind: AccountKind, selection: Selection) -> list[ColumnElement[bool]]:
    """Return what makes an account one of the owner's, or of the member's."""
    found: list[ColumnElement[bool]] = []
    owner, member = selection.owner, selection.member
    if kind is AccountKind.LINEAGE:
        found += [DatasetRow.owner == owner] if owner else []
        found += [DatasetRow.name.in_(sorted(selection.lineages))] if selection.lineages else []
    elif kind is AccountKind.OWNER:
        found += [PersonRow.username == owner] if owner else []
    elif kind is AccountKind.PROJECT:
        found += [ProjectRow.slug.in_(_approved_by(owner))] if owner else []
        found += [ProjectRow.slug.in_(_member_of(member))] if member else []
    else:
        found += [DatasetRow.owner == owner] if owner else []
        found += [ApprovalRow.project.in_(_member_of(member))] if member else []
    return found


def _approved_by(owner: Username) -> Select[Any]:
    return (
        select(ApprovalRow.project)
        .join(DatasetRow, DatasetRow.name == ApprovalRow.dataset)
        .where(DatasetRow.owner == owner)
    )


def _member_of(member: Username) -> Select[Any]:
    return select(MemberRow.project).where(MemberRow.username == member, MemberRow.ended_at.is_(None))
