"""What an amendment changes: which part of it takes effect at once, and whom the rest needs.

Taking people out, shortening the project, giving up purposes, variables or datasets needs nobody's approval and works
at once. Everything else is asked of the data owners concerned: of a dataset's owner where more of the dataset is
wanted, of all data owners of the project where people come in, the project is to go on longer or has other purposes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from saferoom.ids import DatasetName, Username
from saferoom.projects.catalogue.limits import in_words
from saferoom.projects.life import checks
from saferoom.projects.life.model import Alteration, Life, Proposal, Wish
from saferoom.projects.life.problems import Problem
from saferoom.projects.registry import Registry


@dataclass(frozen=True)
class Split:
    """An alteration in its two parts.

    Attributes
    ----------
    asks : tuple of DatasetName
        The datasets whose owners decide on the rest.
    """

    now: Alteration
    rest: Alteration
    asks: tuple[DatasetName, ...]


def split(life: Life, change: Alteration, live: frozenset[DatasetName]) -> Split:
    """Divide `change` into what works at once and what must be agreed to.

    Parameters
    ----------
    live : frozenset of DatasetName
        Datasets that the project has a holding approval for.
    """
    proposal = life.proposal
    narrower = tuple(wish for wish in change.datasets if _narrows(proposal.wish(wish.dataset), wish))
    wider = tuple(wish for wish in change.datasets if wish not in narrower)
    shorter = change.ends is not None and proposal.ends is not None and change.ends <= proposal.ends
    shorter = shorter or (change.ends is not None and proposal.ends is None)
    fewer = bool(change.purposes) and set(change.purposes or ()) <= set(proposal.purposes)
    now = Alteration(
        remove=change.remove,
        ends=change.ends if shorter else None,
        purposes=change.purposes if fewer else None,
        datasets=narrower,
        drop=change.drop,
    )
    rest = Alteration(
        add=change.add,
        ends=None if shorter else change.ends,
        purposes=None if fewer else change.purposes,
        datasets=wider,
    )
    asked = {wish.dataset for wish in wider}
    if rest.add or rest.ends or rest.purposes is not None:
        asked |= live - change.drop
    return Split(now, rest, tuple(sorted(asked)))


def applied(proposal: Proposal, change: Alteration) -> Proposal:
    """Return `proposal` after `change`."""
    wishes = {wish.dataset: wish for wish in proposal.datasets} | {wish.dataset: wish for wish in change.datasets}
    return proposal.model_copy(
        update={
            "members": (proposal.members | change.add) - change.remove,
            "ends": change.ends or proposal.ends,
            "purposes": proposal.purposes if change.purposes is None else change.purposes,
            "datasets": tuple(wishes[name] for name in sorted(wishes) if name not in change.drop),
        }
    )


def differing(life: Life, change: Alteration) -> Alteration:
    """Return `change` without what is so already."""
    proposal = life.proposal
    return Alteration(
        add=change.add - proposal.members,
        remove=change.remove & proposal.members,
        ends=None if change.ends == proposal.ends else change.ends,
        purposes=None if change.purposes == proposal.purposes else change.purposes,
        datasets=tuple(wish for wish in change.datasets if proposal.wish(wish.dataset) != wish),
        drop=frozenset(name for name in change.drop if proposal.wish(name) is not None),
    )


def problems(registry: Registry, life: Life, change: Alteration, at: datetime) -> Iterator[Problem]:
    """Yield what is wrong with an alteration."""
    after = applied(life.proposal, change)
    if not change:
        yield Problem("", "nothing would change; change something first")
    if change.add & change.remove:
        yield Problem("members", "somebody is added and removed at once")
    yield from checks.people_problems(registry, change.add)
    for username in sorted(change.add):
        yield from checks.standing_problems(registry, username, at)
    if life.lead in change.remove:
        yield Problem("members", f"{life.lead} leads the project; hand it over to somebody else first")
    if change.ends is not None:
        yield from checks.end_problems(change.ends, at)
    for wish in change.datasets:
        yield from checks.wish_problems(registry, wish, complete=True)
    if not after.datasets:
        yield Problem("datasets", "no dataset would be left; close the project instead")
    for wish in after.datasets:
        yield from checks.own_data(registry, wish.dataset, _newly(life, change, wish, after.members))
    for wish in change.datasets if change.purposes is None else after.datasets:
        yield from checks.purpose_problems(registry, wish.dataset, after.purposes)
    overlap = {wish.dataset for wish in change.datasets} & change.drop
    if overlap:
        yield Problem("datasets", f"{min(overlap)} is changed and given up at once")


def words(change: Alteration) -> tuple[str, ...]:
    """Return what an alteration changes, one sentence per thing."""
    said = []
    if change.add:
        said.append(f"add {', '.join(sorted(change.add))}")
    if change.remove:
        said.append(f"remove {', '.join(sorted(change.remove))}")
    if change.ends is not None:
        said.append(f"end on {change.ends}")
    if change.purposes is not None:
        said.append(f"work on {in_words(change.purposes)}")
    for wish in change.datasets:
        variables = "all variables" if wish.variables is None else ", ".join(wish.variables)
        said.append(f"{wish.dataset}: {variables}" + (f", rows where {wish.rows}" if wish.rows else ", all rows"))
    said += [f"give up {name}" for name in sorted(change.drop)]
    return tuple(said)


def _newly(life: Life, change: Alteration, wish: Wish, members: frozenset[Username]) -> frozenset[Username]:
    """Return the people who would come to stand on both sides: for a new dataset anybody, else those who come in."""
    return members if life.proposal.wish(wish.dataset) is None else change.add


def _narrows(before: Wish | None, after: Wish) -> bool:
    if before is None or after.variables is None or before.rows != after.rows:
        return False
    return before.variables is None or set(after.variables) <= set(before.variables)
