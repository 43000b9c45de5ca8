"""What must hold of a proposal, an alteration and an owner's terms; each problem beside its field."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from saferoom.errors import BadInputError, NotFoundError
from saferoom.ids import DatasetName, Username
from saferoom.projects.approvals.model import Terms
from saferoom.projects.catalogue import limits
from saferoom.projects.catalogue.model import Dataset, VariableRole
from saferoom.projects.catalogue.purposes import Purpose
from saferoom.projects.extracts import rows
from saferoom.projects.life.model import Proposal, Wish
from saferoom.projects.life.problems import Problem
from saferoom.projects.people.entitlement import may_sign_in
from saferoom.projects.people.model import Role
from saferoom.projects.registry import Registry

LONGEST_DAYS = 366 * 10
_NEEDED = {
    "question": "say which question the project asks",
    "benefit": "say what the public gains from it",
    "gateway": "name the law that allows it",
    "assessment": "say where the data-protection and ethics assessments are kept",
}
"""Expected outputs help the output checkers later, but are not demanded."""


def draft_problems(registry: Registry, proposal: Proposal, lead: Username) -> Iterator[Problem]:
    """Yield what is wrong with a draft; it may be incomplete, but names only what there is."""
    if lead not in proposal.members:
        yield Problem("members", "you lead this project, so you are one of its people")
    yield from people_problems(registry, proposal.members)
    names = [wish.dataset for wish in proposal.datasets]
    for index, wish in enumerate(proposal.datasets):
        if wish.dataset in names[:index]:
            yield Problem(f"datasets.{wish.dataset}", f"{wish.dataset} stands twice; ask for all its variables at once")
        else:
            yield from wish_problems(registry, wish, complete=False)
            # What a draft leaves open is asked for when it is submitted.
            yield from purpose_problems(registry, wish.dataset, proposal.purposes) if proposal.purposes else ()


def submission_problems(registry: Registry, proposal: Proposal, lead: Username, at: datetime) -> Iterator[Problem]:
    """Yield what is wrong with a proposal that is submitted; nothing may be left open."""
    yield from draft_problems(registry, proposal, lead)
    for name, sentence in _NEEDED.items():
        if not getattr(proposal, name).strip():
            yield Problem(name, sentence)
    yield from end_problems(proposal.ends, at)
    if not proposal.datasets:
        yield Problem("datasets", "choose at least one dataset with its variables")
    for wish in proposal.datasets:
        if wish.variables == ():
            yield Problem(f"datasets.{wish.dataset}.variables", f"choose the variables of {wish.dataset} you need")
        yield from own_data(registry, wish.dataset, proposal.members)
        yield from () if proposal.purposes else purpose_problems(registry, wish.dataset, proposal.purposes)
    for username in sorted(proposal.members):
        yield from standing_problems(registry, username, at)


def end_problems(ends: date | None, at: datetime, field: str = "ends") -> Iterator[Problem]:
    """Yield what is wrong with a project's last day."""
    today = at.astimezone(UTC).date()
    if ends is None:
        yield Problem(field, "say on which day the project ends")
    elif ends < today:
        yield Problem(field, "the project's last day is in the past")
    elif ends > today + timedelta(days=LONGEST_DAYS):
        yield Problem(field, "a project may run for ten years at most; it can be prolonged later")


def standing_problems(
    registry: Registry, username: Username, at: datetime, field: str = "members"
) -> Iterator[Problem]:
    """Yield why `username` could not work in a project now."""
    try:
        person = registry.person(username)
    except NotFoundError:
        return  # said already
    if Role.RESEARCHER in person.roles and not may_sign_in(registry, username, at):
        yield Problem(field, f"{username} is not in good standing: accreditation or training is missing or has expired")


def wish_problems(registry: Registry, wish: Wish, *, complete: bool) -> Iterator[Problem]:
    """Yield what is wrong with the wish for one dataset."""
    try:
        dataset = registry.dataset(wish.dataset)
    except NotFoundError:
        yield Problem("datasets", f"there is no dataset called {wish.dataset}")
        return
    field = f"datasets.{wish.dataset}"
    yield from _variables(dataset, wish.variables or (), f"{field}.variables")
    if complete and not wish.variables:
        yield Problem(f"{field}.variables", f"choose the variables of {wish.dataset} you need")
    yield from _rows(dataset, wish.rows, f"{field}.rows")


def terms_problems(dataset: Dataset, terms: Terms, wish: Wish, at: datetime) -> Iterator[Problem]:
    """Yield what is wrong with a data owner's terms; they never allow more than was asked for."""
    today = at.astimezone(UTC).date()
    if terms.until < today:
        yield Problem("until", "the approval's last day is in the past")
    allowed = terms.variables
    if allowed == ():
        yield Problem("variables", "no variable is left that could be approved; end or decline the approval instead")
    yield from _variables(dataset, allowed or (), "variables")
    asked = wish.variables
    if asked is not None:
        if allowed is None:
            yield Problem("variables", "name the variables that may be used; the project did not ask for all")
        for name in sorted(set(allowed or ()) - set(asked)):
            yield Problem("variables", f"the project did not ask for {name}, so it cannot be approved")
    yield from _rows(dataset, terms.rows, "rows")
    if terms.automatic and terms.sign_off:
        yield Problem("sign_off", "outputs that leave by themselves are signed off by nobody; choose one of the two")
    if terms.budget is not None and terms.budget.problem:
        yield Problem("delta", terms.budget.problem)


def purpose_problems(
    registry: Registry, name: DatasetName, purposes: tuple[Purpose, ...], field: str = "purposes"
) -> Iterator[Problem]:
    """Yield why a dataset's legal gateways, or those of what it was linked from, forbid a project's purposes."""
    find = limits.finder(registry.dataset)
    dataset = find(name)
    if dataset is not None:  # else said already
        yield from (Problem(field, said) for said in limits.refusals(dataset, purposes, find))


def own_data(registry: Registry, name: DatasetName, members: frozenset[Username]) -> Iterator[Problem]:
    """Yield that nobody could decide about a dataset, because its owner is on the project's side."""
    try:
        owner = registry.dataset(name).owner
    except NotFoundError:
        return  # said already
    if owner in members:
        yield Problem(
            "members",
            f"{owner} owns {name}, so cannot be in a project that asks for it: nobody decides on both sides",
        )


def people_problems(registry: Registry, members: frozenset[Username]) -> Iterator[Problem]:
    """Yield who of `members` could not be in a project at all."""
    for username in sorted(members):
        try:
            person = registry.person(username)
        except NotFoundError:
            yield Problem("members", f"nobody is registered as {username}")
            continue
        if Role.RESEARCHER not in person.roles or not person.active:
            yield Problem("members", f"{username} is not a researcher, so could not work in the project")


def _variables(dataset: Dataset, names: tuple[str, ...], field: str) -> Iterator[Problem]:
    if len(set(names)) != len(names):
        yield Problem(field, "a variable is named twice")
    for name in names:
        variable = dataset.variable(name)
        if variable is None:
            yield Problem(field, f"{dataset.name} has no variable called {name}")
        elif variable.role is VariableRole.DIRECT:
            yield Problem(field, f"{name} identifies people directly and never leaves the data owner's file")
        elif variable.role is VariableRole.ID:
            yield Problem(field, f"{name} holds unit ids, which are always part of an extract, as pseudonyms")


def _rows(dataset: Dataset, text: str | None, field: str) -> Iterator[Problem]:
    if text is None:
        return
    try:
        rows.variables_of(dataset, text, "the rows")
    except BadInputError as error:
        yield Problem(field, error.message)
