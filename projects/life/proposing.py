"""What a lead does with a proposal: write it, submit it, take it back."""

from __future__ import annotations

from typing import Any

from saferoom.audit import Event
from saferoom.errors import NotFoundError, TooManyError
from saferoom.ids import ProjectSlug, Username
from saferoom.projects.decision import ALLOWED, Decision, forbidden
from saferoom.projects.extracts import rows
from saferoom.projects.life import checks, permissions, states
from saferoom.projects.life.model import Life, Origin, Proposal, Wish
from saferoom.projects.life.parts import Actor, Parts, end_day, tried
from saferoom.projects.life.problems import Problem, refuse
from saferoom.projects.life.states import Action, Party, State
from saferoom.projects.life.store import Reading, Transaction
from saferoom.projects.people.entitlement import signed_in
from saferoom.projects.people.model import Role
from saferoom.projects.registry import Registry

MOST_PROPOSALS = 20


class Proposing(Parts):
    """Proposals and their leads."""

    def may_propose(self, tx: Reading, username: Username) -> Decision:
        """Decide whether somebody may propose a project: accredited researchers in good standing, who then lead it."""
        person = signed_in(tx.registry, username, self.clock.now())
        if Role.RESEARCHER not in person.roles:
            return forbidden("not-a-researcher", "only accredited researchers can propose a project", permissions.RULE)
        return ALLOWED

    def propose(self, lead: Actor, proposal: Proposal) -> Life:
        """Keep a new draft, which its lead alone sees until it is submitted; it may be incomplete."""
        with self.store.transaction() as tx:
            username = _named(lead)
            self.may_propose(tx, username).enforce()
            if tx.proposals(username) >= MOST_PROPOSALS:
                raise TooManyError(
                    f"you have {MOST_PROPOSALS} proposals under way already; withdraw one, or wait for a decision"
                )
            tidy = tidied(tx.registry, proposal)
            if tx.life(proposal.slug) is not None or _registered(tx, proposal.slug):
                refuse([Problem("slug", "this short name is taken; choose another")])
            refuse(checks.draft_problems(tx.registry, tidy, username))
            row = states.check(None, Action.PROPOSE, frozenset({Party.LEAD}))
            at = self.clock.now()
            life = Life(proposal.slug, row.to, Origin.PROPOSAL, username, tidy, at, at, at)
            payload: dict[str, Any] = {"datasets": sorted(wish.dataset for wish in tidy.datasets)}
            return tx.add(life, Event(lead.name, row.audit, f"project:{life.slug}", payload))

    def edit(self, lead: Actor, slug: ProjectSlug, proposal: Proposal, version: int | None = None) -> Life:
        """Keep another text of a draft, or of a proposal that was given back."""
        with self.deed(lead, slug, Action.EDIT, version) as deed:
            tidy = tidied(deed.tx.registry, proposal.model_copy(update={"slug": slug}))
            refuse(checks.draft_problems(deed.tx.registry, tidy, deed.life.lead or _named(lead)))
            return deed.take({"datasets": sorted(wish.dataset for wish in tidy.datasets)}, proposal=tidy)

    def submit(self, lead: Actor, slug: ProjectSlug, version: int | None = None) -> Life:
        """Ask the data owners; a new round begins, and no earlier decision counts."""
        with self.deed(lead, slug, Action.SUBMIT, version) as deed:
            proposal, registry = deed.life.proposal, deed.tx.registry
            refuse(checks.submission_problems(registry, proposal, deed.life.lead or _named(lead), deed.at))
            for wish in proposal.datasets:
                tried(self, registry.dataset(wish.dataset), wish.rows, f"datasets.{wish.dataset}.rows")
            number = deed.life.round + (deed.life.state is State.RETURNED)
            payload = {
                "round": number,
                "proposal": proposal.model_dump(mode="json") | {"members": sorted(proposal.members)},
            }
            return deed.take(payload, round=number, submitted_at=deed.at, reason="")

    def withdraw(self, lead: Actor, slug: ProjectSlug, version: int | None = None) -> Life:
        """Take a proposal back, for good; possible until the project runs."""
        with self.deed(lead, slug, Action.WITHDRAW, version) as deed:
            return deed.take({"ends": end_day(deed.life.proposal.ends)})


def tidied(registry: Registry, proposal: Proposal) -> Proposal:
    """Return a proposal whose texts, variables and conditions are in one form."""
    texts = {
        name: getattr(proposal, name).replace("\r\n", "\n").strip()
        for name in ("title", "question", "benefit", "gateway", "assessment", "outputs")
    }
    wishes = tuple(tidied_wish(registry, wish) for wish in sorted(proposal.datasets, key=lambda wish: wish.dataset))
    return proposal.model_copy(update={**texts, "datasets": wishes})


def tidied_wish(registry: Registry, wish: Wish) -> Wish:
    """Return a wish with its variables in the dataset's order and its condition in the one spelling."""
    try:
        dataset = registry.dataset(wish.dataset)
    except NotFoundError:
        return wish  # refused where it is checked
    problems = tuple(checks.wish_problems(registry, wish, complete=False))
    if problems:
        return wish
    order = [variable.name for variable in dataset.variables]
    variables = None if wish.variables is None else tuple(sorted(wish.variables, key=order.index))
    return wish.model_copy(update={"variables": variables, "rows": rows.canonical(dataset, wish.rows)})


def _named(actor: Actor) -> Username:
    if actor.username is None:
        forbidden("no-person", "a proposal needs a researcher who leads it", permissions.RULE).enforce()
        raise AssertionError  # pragma: no cover - raised above
    return actor.username


def _registered(tx: Transaction, slug: ProjectSlug) -> bool:
    try:
        tx.registry.project(slug)
    except NotFoundError:
        return False
    return True
