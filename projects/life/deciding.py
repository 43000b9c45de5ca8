"""What data owners and administrators decide about a proposal, and how it becomes a project."""

from __future__ import annotations

from typing import Any

from saferoom.errors import WrongStateError
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.projects.approvals.model import Approval, Project, Terms
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.catalogue.purposes import Purpose
from saferoom.projects.extracts import rows
from saferoom.projects.life import checks
from saferoom.projects.life.model import Choice, Life, Ruling, Wish
from saferoom.projects.life.parts import Actor, Deed, Parts, reason_of, tried
from saferoom.projects.life.problems import refuse
from saferoom.projects.life.states import Action, State
from saferoom.projects.registry import ConfirmsPeople, Registry


class Deciding(Parts):
    """Decisions about proposals."""

    def approve(
        self, owner: Actor, slug: ProjectSlug, dataset: DatasetName, terms: Terms, version: int | None = None
    ) -> Life:
        """Allow the project the dataset on `terms`; takes effect when all is decided and the people are confirmed."""
        with self.deed(owner, slug, Action.APPROVE, version, dataset) as deed:
            wish = deed.life.proposal.wish(dataset) or Wish(dataset=dataset)
            agreed = settled(self, deed, deed.tx.registry.dataset(dataset), terms, wish)
            return _rule(deed, dataset, Choice.APPROVED, terms=agreed)

    def decline(
        self, owner: Actor, slug: ProjectSlug, dataset: DatasetName, reason: str, version: int | None = None
    ) -> Life:
        """Refuse the project the dataset, with a reason."""
        with self.deed(owner, slug, Action.DECLINE, version, dataset) as deed:
            said = reason_of(reason)
            if deed.life.state is State.DECIDED:
                return deed.take({"reason": said}, reason=said)
            return _rule(deed, dataset, Choice.DECLINED, said)

    def decline_people(self, administrator: Actor, slug: ProjectSlug, reason: str, version: int | None = None) -> Life:
        """Refuse the project because of its people, although its data were approved; for good."""
        with self.deed(administrator, slug, Action.DECLINE, version) as deed:
            if deed.life.state is not State.DECIDED:
                raise WrongStateError("its people are decided on when its datasets are; say which dataset is declined")
            said = reason_of(reason)
            return deed.take({"reason": said}, reason=said)

    def ask_changes(
        self,
        actor: Actor,
        slug: ProjectSlug,
        reason: str,
        dataset: DatasetName | None = None,
        version: int | None = None,
    ) -> Life:
        """Give the proposal back with what to change; when it is submitted again, everybody decides anew."""
        with self.deed(actor, slug, Action.ASK_CHANGES, version, dataset) as deed:
            said = reason_of(reason)
            changes: dict[str, Any] = {"reason": said}
            if dataset is not None:
                changes["rulings"] = (*deed.life.rulings, ruling(deed, dataset, Choice.CHANGES, said))
            return deed.take({"reason": said, "dataset": dataset}, **changes)

    def confirm(self, administrator: Actor, slug: ProjectSlug, version: int | None = None) -> Life:
        """Confirm the project's people: it is registered, its approvals hold, and rooms may be opened."""
        with self.deed(administrator, slug, Action.CONFIRM, version) as deed:
            _check_people(deed)
            register(deed)
            return deed.take({"people": sorted(deed.life.proposal.members)}, reason="")


def settled(
    parts: Parts, deed: Deed, dataset: Dataset, terms: Terms, wish: Wish, purposes: tuple[Purpose, ...] | None = None
) -> Terms:
    """Return an owner's terms as they are kept, after they were checked against what was asked for.

    Parameters
    ----------
    purposes : tuple of Purpose, optional
        What the data are for; left out, the project's present purposes.
    """
    asked = terms if terms.rows is not None else terms.model_copy(update={"rows": wish.rows})
    refuse(checks.terms_problems(dataset, asked, wish, deed.at))
    used_for = deed.life.proposal.purposes if purposes is None else purposes
    refuse(checks.purpose_problems(deed.tx.registry, dataset.name, used_for))
    tried(parts, dataset, asked.rows)
    order = [variable.name for variable in dataset.variables]
    variables = None if asked.variables is None else tuple(sorted(asked.variables, key=order.index))
    return asked.model_copy(update={"variables": variables, "rows": rows.canonical(dataset, asked.rows)})


def ruling(
    deed: Deed,
    dataset: DatasetName,
    choice: Choice,
    reason: str = "",
    terms: Terms | None = None,
    amendment: int | None = None,
) -> Ruling:
    """Return the next ruling of a life."""
    number = max((one.number for one in deed.life.rulings), default=0) + 1
    return Ruling(
        number,
        deed.life.round,
        dataset,
        choice,
        deed.actor.name,
        deed.at,
        reason=reason,
        terms=terms,
        amendment=amendment,
    )


def said_terms(terms: Terms | None) -> dict[str, Any] | None:
    """Return terms as events keep them."""
    return None if terms is None else terms.model_dump(mode="json", exclude_none=True)


def register(deed: Deed) -> None:
    """Put the project and its approvals into the registry."""
    proposal = deed.life.proposal
    project = Project(
        slug=deed.life.slug,
        title=proposal.title,
        members=proposal.members,
        purposes=proposal.purposes,
        ends=proposal.ends,
    )
    deed.register("project", deed.life.slug, None, project)
    for wish in proposal.datasets:
        found = deed.life.ruling(wish.dataset)
        if found is None or found.terms is None or found.choice is not Choice.APPROVED:
            continue
        owner = deed.tx.registry.dataset(wish.dataset).owner
        if owner != found.by:
            raise WrongStateError(
                f"{wish.dataset} has another owner since {found.by} approved it; ask the lead for a new round"
            )
        put_approval(deed, wish.dataset, found.terms)


def put_approval(deed: Deed, dataset: DatasetName, terms: Terms, **changes: Any) -> None:
    """Write the approval of `dataset` on `terms`; an ended one is granted again."""
    registry = deed.tx.registry
    before = approval_of(registry, deed.life.slug, dataset)
    after = Approval(
        **{name: getattr(terms, name) for name in Terms.model_fields},
        project=deed.life.slug,
        dataset=dataset,
        granted_by=registry.dataset(dataset).owner,
        held=before.held if before else None,
    ).model_copy(update=changes)
    deed.register("approval", f"{dataset} for {deed.life.slug}", before, after)


def approval_of(registry: Registry, slug: ProjectSlug, dataset: str) -> Approval | None:
    """Return the approval of a dataset for a project, ended or not; None when there is none."""
    return next((one for one in registry.approvals(slug) if one.dataset == dataset), None)


def _rule(deed: Deed, dataset: DatasetName, choice: Choice, reason: str = "", terms: Terms | None = None) -> Life:
    made = ruling(deed, dataset, choice, reason, terms)
    payload = {"dataset": dataset, "round": deed.life.round, "reason": reason, "terms": said_terms(terms)}
    life = deed.take(payload, rulings=(*deed.life.rulings, made))
    return life if life.undecided else _complete(deed)


def _complete(deed: Deed) -> Life:
    """Go on once every dataset is decided: to the people, or to the end when none was approved."""
    choices = {wish.dataset: deed.life.ruling(wish.dataset) for wish in deed.life.proposal.datasets}
    approved = sorted(name for name, found in choices.items() if found and found.choice is Choice.APPROVED)
    if not approved:
        return deed.go_on(Action.REFUSE, reason="no data owner approved a dataset")
    life = deed.go_on(Action.COMPLETE, {"approved": approved})
    if deed.tx.registry.platform().confirms_people is not ConfirmsPeople.POLICY or _lacking(deed):
        return life
    register(deed)
    return deed.go_on(Action.CONFIRM, {"people": sorted(life.proposal.members), "by": "policy"}, reason="")


def _lacking(deed: Deed) -> list[str]:
    """Return why the people cannot be confirmed."""
    proposal, registry = deed.life.proposal, deed.tx.registry
    found = [
        problem
        for username in sorted(proposal.members)
        for problem in checks.standing_problems(registry, username, deed.at)
    ]
    found += checks.end_problems(proposal.ends, deed.at)
    found += checks.draft_problems(registry, proposal, deed.life.lead or next(iter(proposal.members)))
    for wish in proposal.datasets:
        found += checks.own_data(registry, wish.dataset, proposal.members)
        found += checks.purpose_problems(registry, wish.dataset, proposal.purposes)
    return list(dict.fromkeys(problem.message for problem in found))


def _check_people(deed: Deed) -> None:
    lacking = _lacking(deed)
    if lacking:
        raise WrongStateError(
            f"the project cannot begin as it is: {'; '.join(lacking)}. Give it back for changes, or settle that first"
        )


__all__ = ["Deciding", "approval_of", "put_approval", "register", "ruling", "said_terms", "settled"]
