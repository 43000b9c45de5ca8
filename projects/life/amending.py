"""Amendments: changes of a running project, each agreed to by the data owners it concerns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from saferoom.errors import NotFoundError, WrongStateError
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.approvals.model import Terms
from saferoom.projects.life import alterations, checks
from saferoom.projects.life.deciding import approval_of, put_approval, ruling, said_terms, settled
from saferoom.projects.life.model import (
    Alteration,
    Amendment,
    AmendmentState,
    Choice,
    Life,
    Wish,
)
from saferoom.projects.life.parts import Actor, Deed, Parts, reason_of, tried
from saferoom.projects.life.problems import refuse
from saferoom.projects.life.proposing import tidied_wish
from saferoom.projects.life.states import Action
from saferoom.projects.registry import ConfirmsPeople

MOST_PENDING = 5


class Amending(Parts):
    """Changes of running projects."""

    def amend(
        self, actor: Actor, slug: ProjectSlug, change: Alteration, why: str = "", version: int | None = None
    ) -> Life:
        """Do at once what needs nobody, and ask for the rest."""
        with self.deed(actor, slug, Action.AMEND, version) as deed:
            registry = deed.tx.registry
            tidy = change.model_copy(update={"datasets": tuple(tidied_wish(registry, w) for w in change.datasets)})
            tidy = alterations.differing(deed.life, tidy)
            refuse(alterations.problems(registry, deed.life, tidy, deed.at))
            parts = alterations.split(deed.life, tidy, _live(deed))
            for wish in parts.rest.datasets:
                tried(self, registry.dataset(wish.dataset), wish.rows, f"datasets.{wish.dataset}.rows")
            changes: dict[str, Any] = {}
            payload: dict[str, Any] = {"at_once": _said(parts.now), "asked": _said(parts.rest), "of": list(parts.asks)}
            if parts.now:
                changes["proposal"] = alterations.applied(deed.life.proposal, parts.now)
            if parts.rest:
                amendment = _asked(deed, parts, reason_of(why, "why"))
                changes["amendments"] = (*deed.life.amendments, amendment)
                payload |= {"amendment": amendment.number, "why": amendment.why}
            _apply_now(deed, parts.now)
            life = deed.take(payload, **changes)
            return _go_on(deed, changes["amendments"][-1]) if parts.rest else life

    def approve_amendment(
        self,
        owner: Actor,
        slug: ProjectSlug,
        number: int,
        dataset: DatasetName,
        terms: Terms | None = None,
        version: int | None = None,
    ) -> Life:
        """Agree to an amendment for one's dataset, on `terms`; left out, those that hold stay."""
        with self.deed(owner, slug, Action.APPROVE_AMENDMENT, version, dataset) as deed:
            amendment = _open(deed.life, number, dataset)
            agreed = _terms(self, deed, amendment, dataset, terms)
            made = ruling(deed, dataset, Choice.APPROVED, terms=agreed, amendment=number)
            payload = {"amendment": number, "dataset": dataset, "terms": said_terms(agreed)}
            deed.take(payload, rulings=(*deed.life.rulings, made))
            return _go_on(deed, amendment)

    def decline_amendment(
        self,
        actor: Actor,
        slug: ProjectSlug,
        number: int,
        reason: str,
        dataset: DatasetName | None = None,
        version: int | None = None,
    ) -> Life:
        """Refuse an amendment: a data owner for a dataset, an administrator because of its people."""
        with self.deed(actor, slug, Action.DECLINE_AMENDMENT, version, dataset) as deed:
            said = reason_of(reason)
            payload = {"amendment": number, "dataset": dataset, "reason": said}
            amendment = _pending(deed.life, number)
            if dataset is None:
                if amendment.state is not AmendmentState.CONFIRMING:
                    raise WrongStateError(
                        "this amendment waits for its data owners; say for which dataset it is declined"
                    )
                return deed.take(
                    payload, amendments=_with(deed, _ended(deed, amendment, AmendmentState.DECLINED, said))
                )
            amendment = _open(deed.life, number, dataset)
            made = ruling(deed, dataset, Choice.DECLINED, said, amendment=number)
            deed.take(payload, rulings=(*deed.life.rulings, made))
            return _go_on(deed, amendment)

    def confirm_amendment(
        self, administrator: Actor, slug: ProjectSlug, number: int, version: int | None = None
    ) -> Life:
        """Confirm the people whom an amendment brings in; it takes effect."""
        with self.deed(administrator, slug, Action.CONFIRM_AMENDMENT, version) as deed:
            amendment = _pending(deed.life, number)
            if amendment.state is not AmendmentState.CONFIRMING:
                raise WrongStateError("this amendment waits for its data owners first")
            return _take_effect(deed, amendment, by_system=False)

    def withdraw_amendment(self, actor: Actor, slug: ProjectSlug, number: int, version: int | None = None) -> Life:
        """Take an amendment back that is not decided yet."""
        with self.deed(actor, slug, Action.WITHDRAW_AMENDMENT, version) as deed:
            ended = _ended(deed, _pending(deed.life, number), AmendmentState.WITHDRAWN, "")
            return deed.take({"amendment": number}, amendments=_with(deed, ended))


def _live(deed: Deed) -> frozenset[DatasetName]:
    approvals = deed.tx.registry.approvals(deed.life.slug)
    return frozenset(approval.dataset for approval in approvals if approval.live(deed.at))


def _said(change: Alteration) -> list[str]:
    return list(alterations.words(change))


def _asked(deed: Deed, parts: alterations.Split, why: str) -> Amendment:
    if len(deed.life.pending) >= MOST_PENDING:
        raise WrongStateError(f"{MOST_PENDING} amendments wait for a decision already; withdraw one first")
    number = len(deed.life.amendments) + 1
    return Amendment(number, AmendmentState.OPEN, deed.actor.name, why, parts.rest, parts.asks, deed.at, deed.at)


def _apply_now(deed: Deed, change: Alteration) -> None:
    """Write into the registry what takes effect at once."""
    registry, slug = deed.tx.registry, deed.life.slug
    _put_project(deed, change)
    for wish in change.datasets:
        before = approval_of(registry, slug, wish.dataset)
        if before is None or wish.variables is None:
            continue
        allowed = set(wish.variables if before.variables is None else before.variables)
        kept = tuple(name for name in wish.variables if name in allowed)
        terms = before.terms.model_copy(update={"variables": kept or wish.variables})
        # Where none of the approved variables is left, nothing is: the approval ends.
        put_approval(deed, wish.dataset, terms, ended_at=before.ended_at if kept else before.ended_at or deed.at)
    for name in sorted(change.drop):
        before = approval_of(registry, slug, name)
        if before is not None:
            put_approval(deed, name, before.terms, ended_at=before.ended_at or deed.at)


def _put_project(deed: Deed, change: Alteration) -> None:
    before = deed.tx.registry.project(deed.life.slug)
    members = (before.members | change.add) - change.remove
    purposes = before.purposes if change.purposes is None else change.purposes
    after = before.model_copy(update={"members": members, "ends": change.ends or before.ends, "purposes": purposes})
    deed.register("project", deed.life.slug, before, after)


def _pending(life: Life, number: int) -> Amendment:
    found = next((one for one in life.amendments if one.number == number), None)
    if found is None:
        raise NotFoundError(f"this project has no amendment number {number}")
    if not found.pending:
        raise WrongStateError(f"amendment {number} is {found.state.value} already")
    return found


def _open(life: Life, number: int, dataset: DatasetName) -> Amendment:
    amendment = _pending(life, number)
    if dataset not in amendment.asks:
        raise NotFoundError(f"amendment {number} asks nothing of {dataset}")
    if amendment.state is not AmendmentState.OPEN or dataset in life.ruled(amendment):
        raise WrongStateError(f"amendment {number} is decided for {dataset} already")
    return amendment


def _terms(parts: Parts, deed: Deed, amendment: Amendment, dataset: DatasetName, terms: Terms | None) -> Terms:
    held = approval_of(deed.tx.registry, deed.life.slug, dataset)
    changed = alterations.applied(deed.life.proposal, amendment.change)
    after = changed.wish(dataset) or Wish(dataset=dataset)
    if terms is None:
        if held is None or any(wish.dataset == dataset for wish in amendment.change.datasets):
            raise WrongStateError(f"say on which terms {dataset} is approved: which variables, until when")
        return held.terms
    return settled(parts, deed, deed.tx.registry.dataset(dataset), terms, after, changed.purposes)


def _ended(deed: Deed, amendment: Amendment, state: AmendmentState, reason: str) -> Amendment:
    return replace(amendment, state=state, since=deed.at, reason=reason)


def _with(deed: Deed, amendment: Amendment) -> tuple[Amendment, ...]:
    return deed.life.with_amendment(amendment).amendments


def _go_on(deed: Deed, amendment: Amendment) -> Life:
    """Go on once every owner has decided: to the people who come in, or into effect."""
    decided = deed.life.ruled(amendment)
    if any(dataset not in decided for dataset in amendment.asks):
        return deed.life
    people = bool(amendment.change.add) and not _declined(deed.life, amendment)
    if people and not _confirmed_by_policy(deed, amendment.change.add):
        waiting = replace(amendment, state=AmendmentState.CONFIRMING, since=deed.at)
        if waiting.state is amendment.state:
            return deed.life
        return deed.note(Action.CONFIRM_AMENDMENT, {"amendment": amendment.number}, amendments=_with(deed, waiting))
    return _take_effect(deed, amendment, by_system=True)


def _declined(life: Life, amendment: Amendment) -> list[str]:
    ruled = life.ruled(amendment)
    return [name for name in amendment.asks if ruled[name].choice is Choice.DECLINED]


def _confirmed_by_policy(deed: Deed, people: frozenset[Username]) -> bool:
    if deed.tx.registry.platform().confirms_people is not ConfirmsPeople.POLICY:
        return False
    return not any(problem for name in people for problem in checks.standing_problems(deed.tx.registry, name, deed.at))


def _take_effect(deed: Deed, amendment: Amendment, *, by_system: bool) -> Life:
    """Apply what was agreed to: a dataset's part by its owner's word, people and dates by everybody's."""
    ruled, refused = deed.life.ruled(amendment), _declined(deed.life, amendment)
    change = amendment.change
    agreed = Alteration(
        add=frozenset() if refused else change.add,
        ends=None if refused else change.ends,
        purposes=None if refused else change.purposes,
        # What was asked for other purposes comes with these or not at all.
        datasets=()
        if refused and change.purposes is not None
        else tuple(wish for wish in change.datasets if wish.dataset not in refused),
    )
    if agreed:
        refuse(alterations.problems(deed.tx.registry, deed.life, agreed, deed.at))
        _put_project(deed, agreed)
        named = {wish.dataset for wish in agreed.datasets}
        for dataset in amendment.asks:
            terms = ruled[dataset].terms
            if terms is not None and (dataset in named or not refused):
                put_approval(deed, dataset, terms, ended_at=None)
    reason = f"declined for {', '.join(refused)}" if refused else ""
    state = AmendmentState.APPLIED if agreed else AmendmentState.DECLINED
    changes: dict[str, Any] = {
        "proposal": alterations.applied(deed.life.proposal, agreed),
        "amendments": _with(deed, _ended(deed, amendment, state, reason)),
    }
    payload = {"amendment": amendment.number, "applied": _said(agreed), "declined": refused}
    if by_system:
        return deed.go_on(Action.CONFIRM_AMENDMENT, payload, **changes)
    return deed.take(payload, **changes)
