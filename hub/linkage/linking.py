"""An index linked: the linker's process works, its map goes to the provisioner, and the new linkage is recorded.

The hub carries sealed files from one zone to the other and learns counts, digests and the checked quality pack.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from saferoom.errors import BadInputError, NotFoundError, WrongStateError
from saferoom.hub.linkage.answers import read_linked, read_packs, read_queue
from saferoom.hub.linkage.definition import PLACES, Index, attribute_groups, known_labels, linked, plan_of
from saferoom.hub.linkage.ingesting import store_of
from saferoom.hub.linkage.messages import Tell, silent
from saferoom.hub.linkage.places import KEPT_BY_LINKER, MAP, MAPS, OUT, alone, check_written, move_in, sweep
from saferoom.hub.linkage.provisioner import MapRef
from saferoom.hub.linkage.records import Delivery, Linkage
from saferoom.hub.linkage.reviews import agreement_before, decided_before, open_review
from saferoom.hub.linkage.splitting import IDENTIFIERS
from saferoom.hub.linkage.zones import Zone, hand_over, run_in_zone, take_back
from saferoom.hub.sandbox import Bind
from saferoom.hub.store.zones import ZonesReading
from saferoom.hub.wiring import Instance
from saferoom.policies.merge import Layer, strictest
from saferoom.policies.models import RiskAppetite
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.linkage.households import PLACED_BY
from saferoom.projects.linkage.indexes import CARRIED_PASS
from saferoom.projects.linkage.linked import MODEL_PASS
from saferoom.projects.linkage.passes import label, passes_of
from saferoom.projects.linkage.relating import RELATIVES_PASS
from saferoom.projects.linkage.review_sample import CLERICAL_PASS

_LINK = "saferoom.hub.linkage.linker:link_index"
_RATE = "saferoom.hub.linkage.rating_inside:rate"


@dataclass(frozen=True)
class Wish:
    """What somebody asks for.

    Attributes
    ----------
    definition : Index or None
        How the index is linked from now on; None for as before.
    afresh : bool
        Compare everything anew.
    """

    index: str
    definition: Index | None = None
    afresh: bool = False


@dataclass(frozen=True)
class _Start:
    """What is known before anything is linked."""

    index: Index
    datasets: Mapping[str, Dataset]
    deliveries: tuple[Delivery, ...]
    """All of the sources', by number."""
    before: Linkage | None
    afresh: bool
    policy: RiskAppetite

    @property
    def number(self) -> int:
        return 1 if self.before is None else self.before.number + 1

    @property
    def current(self) -> dict[str, Delivery]:
        return {one.dataset: one for one in self.deliveries}

    @property
    def new(self) -> list[Delivery]:
        return [one for one in self.deliveries if self.before is None or not self.before.covers(one)]


def link_index(instance: Instance, wish: Wish, actor: str, tell: Tell = silent) -> Linkage:
    """Link an index and record it; everything of it or nothing.

    Raises
    ------
    NotFoundError
        There is no such index, and no definition of it.
    BadInputError
        Its definition does not fit its sources, or a source was never ingested.
    WrongStateError
        Nothing is new since it was linked.
    """
    store, home = store_of(instance), instance.home
    with alone(home):
        with store.reading() as now:
            newest = now.linkage(wish.index)
        if newest is not None:
            open_review(instance, newest)  # whoever recorded it may have been killed before
        with store.reading() as now:
            start = _start(now, wish)
            known = {one.id for one in now.deliveries()}
            linkages = {one.name: [kept.number for kept in now.linkages(one.name)] for one in now.indexes()}
        sweep(home, known, linkages)
        staging = home.splits / secrets.token_hex(12)
        try:
            linkage = _link(instance, start, staging, actor, tell)
            linkage = _rated(instance, start, linkage, tell)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        with store.transaction() as transaction:
            if transaction.index(start.index.name) != start.index:
                transaction.save_index(start.index, actor)
            transaction.add_linkage(linkage)
            for name, delivery in start.current.items():
                if _all_linked(transaction, start.datasets[name], delivery):
                    transaction.put_in_force(delivery.dataset, delivery.version, actor)
                transaction.note_linkage(delivery.dataset, delivery.version, linkage)
        open_review(instance, linkage)
        return linkage


def _start(now: ZonesReading, wish: Wish) -> _Start:
    index = wish.definition or now.index(wish.index)
    if index is None:
        raise NotFoundError(f"there is no index called {wish.index}; say how it is linked: --definition FILE")
    if index.name != wish.index:
        raise BadInputError(f"the definition is of the index {index.name}, not of {wish.index}")
    datasets: dict[str, Dataset] = {name: now.registry.dataset(name) for name in index.sources}
    plan_of(index, datasets)  # says what does not fit before anything is done
    deliveries = [one for name in index.sources for one in now.deliveries(name)]
    for name in index.sources:
        own = [one for one in deliveries if one.dataset == name]
        if not own:
            raise BadInputError(f"{name} was never ingested: saferoom admin ingest {name} FILE --version VERSION")
        if any(IDENTIFIERS not in one.stamps for one in own):
            raise BadInputError(f"{name}: a delivery holds nothing that identifies; it cannot be linked")
    before = now.linkage(index.name)
    changed = before is not None and before.index != index
    layers = [Layer("platform", now.registry.platform().risk_appetite)]
    layers += [Layer(f"data owner of {name}", one.risk_appetite) for name, one in datasets.items()]
    afresh = before is None or wish.afresh or changed
    found = _Start(index, datasets, tuple(deliveries), before, afresh, strictest(layers).policy)
    if before is not None and not found.new and not afresh:
        raise WrongStateError(f"nothing is new since {before.name}; to compare everything anew, add --afresh")
    return found


def _link(instance: Instance, start: _Start, staging: Path, actor: str, tell: Tell) -> Linkage:
    out = staging / "out"
    staging.mkdir(mode=0o700)
    out.mkdir(mode=0o700)
    hand_over(out, instance.home, Zone.LINKER)
    binds = [Bind(out, str(OUT))]
    document = _document(start) | {"decided": decided_before(instance, start.index.name, start.number)}
    answer = run_in_zone(instance.home, Zone.LINKER, _LINK, document, writable=binds, tell=tell)
    take_back(out)
    stamps, counts, pack = read_linked(answer)
    check_written(out, {MAP: stamps[MAP]})
    move_in(instance.home, Zone.PROVISIONER, out, f"{MAPS}/{start.index.name}/{start.number}")
    plan = plan_of(start.index, start.datasets)
    placed = PLACED_BY if start.index.unit in PLACES else ()
    heard = () if start.index.relatives is None else (RELATIVES_PASS,)
    passes = [
        MODEL_PASS,
        CARRIED_PASS,
        CLERICAL_PASS,
        *placed,
        *heard,
        *(label(n, rule) for n, rule in enumerate(passes_of(plan))),
    ]
    return Linkage(
        index=start.index,
        number=start.number,
        deliveries=tuple(one.name for one in start.deliveries),
        afresh=start.afresh,
        passes=tuple(dict.fromkeys([*(start.before.passes if start.before else ()), *passes])),
        stamps=stamps,
        queue=tuple(read_queue(answer)),
        counts=counts,
        quality={
            "identifiers": pack.with_agreement(agreement_before(instance, start.index.name, start.number)).document(),
            "attributes": {},
        },
        at=instance.clock.now(),
        by=actor,
    )


def _document(start: _Start) -> dict[str, Any]:
    new, current = {one.id for one in start.new}, {one.id for one in start.current.values()}
    compared = linked(start.index, start.datasets)
    deliveries = [
        {**one.to_json(), "new": one.id in new, "current": one.id in current}
        for one in start.deliveries
        if one.id in new | current or one.dataset not in compared
    ]
    before = None
    if start.before is not None:
        stamps = {name: start.before.stamps[name].to_json() for name in KEPT_BY_LINKER}
        before = {"number": start.before.number, "stamps": stamps}
    return {
        "index": start.index.model_dump(mode="json"),
        "datasets": {name: one.model_dump(mode="json") for name, one in start.datasets.items()},
        "number": start.number,
        "before": before,
        "deliveries": deliveries,
        "afresh": start.afresh,
        "policy": start.policy.model_dump(mode="json"),
    }


def _rated(instance: Instance, start: _Start, linkage: Linkage, tell: Tell) -> Linkage:
    """Return the linkage with the rates by attributes, and with a map that the provisioner found to be one."""
    sources = {
        name: _rating(start, delivery, groups)
        for name, delivery in start.current.items()
        if (groups := attribute_groups(start.index, start.datasets, name))
    }
    document = {
        "map": map_of(linkage).to_json(),
        "policy": start.policy.model_dump(mode="json"),
        "sources": list(sources.values()),
    }
    answer = run_in_zone(instance.home, Zone.PROVISIONER, _RATE, document, tell=tell)
    packs, stamps = read_packs(answer, list(sources))
    quality = {**linkage.quality, "attributes": packs}
    return replace(linkage, quality=quality, stamps={**linkage.stamps, **stamps})


def _rating(start: _Start, delivery: Delivery, groups: Sequence[str]) -> dict[str, Any]:
    """Return what the provisioner needs to rate one source."""
    own = start.datasets[delivery.dataset]
    before = None
    if start.before is not None and (stamp := start.before.stamps.get(f"memory-{delivery.dataset}")) is not None:
        before = {"number": start.before.number, "stamp": stamp.to_json()}
    columns = {name: one.source_column for name in groups if (one := own.variable(name)) is not None}
    known = known_labels(own, list(columns))
    near = start.index.near_everybody
    return {
        "delivery": delivery.to_json(),
        "groups": columns,
        "known": known,
        "before": before,
        "near_everybody": near,
    }


def map_of(linkage: Linkage) -> MapRef:
    """Return what the provisioner needs to read a linkage's map."""
    return MapRef(linkage.index.name, linkage.number, linkage.stamps[MAP], linkage.passes)


def _all_linked(now: ZonesReading, dataset: Dataset, delivery: Delivery) -> bool:
    """Tell whether a delivery's records have entities in every index that its dataset needs."""
    newest = [now.linkage(index) for index in dataset.indexes]
    return all(linkage is not None and linkage.covers(delivery) for linkage in newest)
