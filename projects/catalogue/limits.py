"""Which purposes a dataset may be used for: its own legal gateways decide, and those of what it was linked from.

A project needs, for each dataset and for every dataset that it was linked from, one gateway that permits all of the
project's purposes. A dataset without gateways has no limits of its own. Where every gateway limits, a project without
purposes is refused: what it is for is not known, and unknown is never permitted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from saferoom.errors import NotFoundError
from saferoom.ids import DatasetName
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.catalogue.purposes import MEANINGS, Gateway, Purpose

Find = Callable[[DatasetName], Dataset | None]


def limited(gateways: Sequence[Gateway]) -> bool:
    """Tell whether the gateways leave some purpose out."""
    return bool(gateways) and all(gateway.limits for gateway in gateways)


def refusals(dataset: Dataset, purposes: Collection[Purpose], find: Find) -> Iterator[str]:
    """Yield why `dataset` may not be used for `purposes`, one sentence for each dataset that stands against it.

    Parameters
    ----------
    find : callable
        Returns a dataset by its name, None where there is none.
    """
    for source in sources(dataset, find):
        said = _refusal(source, purposes)
        if said and source.name == dataset.name:
            yield said
        elif said:
            yield f"{dataset.name} was linked from {source.name}: {said}"


def sources(dataset: Dataset, find: Find) -> Iterator[Dataset]:
    """Yield `dataset` and every dataset that it was linked from, at any distance, each once, by name."""
    found: dict[str, Dataset] = {dataset.name: dataset}
    waiting = list(dataset.linked_from)
    while waiting:
        name = waiting.pop()
        one = None if name in found else find(DatasetName(name))
        if one is not None:
            found[name] = one
            waiting.extend(one.linked_from)
    yield dataset
    yield from (one for name, one in sorted(found.items()) if name != dataset.name)


def finder(lookup: Callable[[DatasetName], Dataset]) -> Find:
    """Return `lookup` with None in place of `NotFoundError`."""

    def find(name: DatasetName) -> Dataset | None:
        try:
            return lookup(name)
        except NotFoundError:
            return None

    return find


def permitted(dataset: Dataset, find: Find) -> tuple[Purpose, ...]:
    """Return every purpose that a project with this purpose alone could use `dataset` for."""
    return tuple(purpose for purpose in Purpose if not any(refusals(dataset, (purpose,), find)))


def in_words(purposes: Collection[Purpose]) -> str:
    """Return purposes as a sentence names them."""
    said = [MEANINGS[purpose] for purpose in Purpose if purpose in purposes]
    return said[0] if len(said) == 1 else f"{'; '.join(said[:-1])}; and {said[-1]}" if said else "nothing"


def told(purposes: Collection[Purpose]) -> str:
    """Return in words what something may be used for, by what it may not where that is shorter."""
    left = [purpose for purpose in Purpose if purpose not in purposes]
    if not left:
        return "every purpose of research"
    if len(left) < len(purposes):
        return f"every purpose of research but {in_words(left)}"
    return in_words(purposes)


def _refusal(dataset: Dataset, purposes: Collection[Purpose]) -> str:
    if not limited(dataset.gateways):
        return ""
    if not purposes:
        return f"{dataset.name} may be used for some purposes only; say which purposes the project has"
    against = [(gateway, gateway.refused(purposes)) for gateway in dataset.gateways]
    if any(not refused for _, refused in against):
        return ""
    gateway, refused = min(against, key=lambda one: len(one[1]))
    if len(against) == 1:
        return f"{dataset.name} may not be used for {in_words(refused)}: its legal gateway ({gateway.name}) excludes it"
    return (
        f"{dataset.name} may not be used for {in_words(purposes)} together: none of its {len(against)} legal gateways "
        f"permits all of it; {gateway.name} excludes {in_words(refused)}"
    )
