"""Derived datasets made anew where what they are made of changed, in a process of the provisioner.

A derived dataset is kept as deliveries are: sealed for the provisioner, on record with a digest of its recipe, of the
steps as they are, and of every version it was made from. Nothing is made where that digest is on record already.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saferoom.digests import canonical, sha256
from saferoom.errors import BadInputError, SaferoomError, WrongStateError
from saferoom.hub.catalogue.twins import shape
from saferoom.hub.linkage.answers import Derivation, read_derivation
from saferoom.hub.linkage.deliveries import linked_source
from saferoom.hub.linkage.ingesting import keep_twin, store_of
from saferoom.hub.linkage.messages import Tell, silent
from saferoom.hub.linkage.places import DELIVERIES, alone, check_written, move_in
from saferoom.hub.linkage.provisioner import LinkedSource
from saferoom.hub.linkage.records import Delivery
from saferoom.hub.linkage.splitting import ATTRIBUTES, OUT
from saferoom.hub.linkage.zones import Zone, hand_over, run_in_zone, take_back
from saferoom.hub.sandbox import Bind
from saferoom.hub.store.zones import ZonesReading
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName, new_id
from saferoom.projects.catalogue.limits import finder
from saferoom.projects.catalogue.limits import sources as linked_from
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.catalogue.versions import Version

_TASK = "saferoom.hub.linkage.deriving_inside:derive"


@dataclass(frozen=True)
class Outcome:
    """What became of a derived dataset.

    Attributes
    ----------
    made : Delivery or None
        The new version; None where nothing changed, or it could not be made.
    problem : str
        Why it could not be made; the version before stays in force.
    """

    dataset: DatasetName
    made: Delivery | None
    problem: str = ""


def derive(instance: Instance, name: DatasetName, actor: str, tell: Tell = silent) -> Delivery:
    """Make a derived dataset from the versions in force of what it uses, and put it in force.

    Raises
    ------
    BadInputError
        It is not derived, or its recipe does not fit the data; nothing was changed.
    WrongStateError
        One of its sources was not ingested or linked yet, or nothing changed since it was made.
    """
    with alone(instance.home):
        wanted = _wanted(instance, name)
        if wanted.known:
            raise WrongStateError(f"{name}: nothing that it is made of changed since its version {wanted.version}")
        return _make(instance, wanted, actor, tell)


def derive_stale(instance: Instance, actor: str, tell: Tell = silent) -> tuple[Outcome, ...]:
    """Make every derived dataset anew of which something changed; one that cannot be made stops no other.

    Those whose sources were never ingested are left out.
    """
    with store_of(instance).reading() as now:
        datasets = {one.name: one for one in now.registry.datasets() if one.derived is not None}
    found = []
    for name in _in_order(datasets):
        try:
            with alone(instance.home):
                wanted = _wanted(instance, name)
                made = None if wanted.known else _make(instance, wanted, actor, tell)
            found.append(Outcome(name, made))
        except _NotThereError:
            continue
        except SaferoomError as error:
            found.append(Outcome(name, None, error.message))
    return tuple(found)


class _NotThereError(WrongStateError):
    """A source of a derived dataset has no version that could be used."""


@dataclass(frozen=True)
class _Wanted:
    """A derived dataset as it would be made now."""

    dataset: Dataset
    sources: Mapping[str, LinkedSource]
    digest: str
    before: Delivery | None
    twin: bool
    """Whether a twin is to be made: there is none of the dataset as it is described now."""

    @property
    def number(self) -> int:
        return 1 if self.before is None else self.before.number + 1

    @property
    def known(self) -> bool:
        return self.before is not None and self.before.sha256 == self.digest

    @property
    def version(self) -> str:
        return str(self.number - 1 if self.known else self.number)


def _wanted(instance: Instance, name: DatasetName) -> _Wanted:
    with store_of(instance).reading() as now:
        dataset = now.registry.dataset(name)
        if dataset.derived is None:
            raise BadInputError(f"{name} is not derived; ingest a delivery: saferoom admin ingest {name} FILE")
        # Its budgets and legal gateways are those of what it was linked from: of these alone links may tell.
        beside = [one.name for one in linked_from(dataset, finder(now.registry.dataset)) if one is not dataset]
        sources = {alias: _source(now, name, used, beside) for alias, used in dataset.derived.uses.items()}
        made_of = {"recipe": dataset.derived.digest(), "sources": _versions(sources), "told": _told(sources)}
        digest = sha256(canonical(made_of))
        return _Wanted(dataset, sources, digest, now.latest(name), now.twin_shape(name) != shape(dataset))


def _source(now: ZonesReading, name: str, used: DatasetName, beside: Sequence[str]) -> LinkedSource:
    dataset = now.registry.dataset(used)
    delivery = now.delivery(used, dataset.version)
    if delivery is None:
        how = f"saferoom admin derive {used}" if dataset.derived is not None else f"saferoom admin ingest {used} FILE"
        raise _NotThereError(f"{name} is made of {used}, of which no version is in force yet: {how}")
    try:
        return linked_source(now, dataset, delivery, beside)
    except WrongStateError as error:
        raise _NotThereError(f"{name} is made of {used}: {error.message}") from None


def _versions(sources: Mapping[str, LinkedSource]) -> list[dict[str, Any]]:
    """Return what the sources are: deliveries and, where an index gives their ids, its version."""
    return [
        {
            "as": alias,
            "dataset": source.dataset.name,
            "version": source.delivery["version"],
            "delivery": source.delivery["id"],
            "linkages": [f"{ref.index}@{ref.number}" for ref in source.maps],
        }
        for alias, source in sorted(sources.items())
    ]


def _told(sources: Mapping[str, LinkedSource]) -> dict[str, Any]:
    """Return of which deliveries the sources' links may tell."""
    return {alias: source.to_json()["tells_of"] for alias, source in sources.items() if source.maps}


def _make(instance: Instance, wanted: _Wanted, actor: str, tell: Tell) -> Delivery:
    home, name = instance.home, wanted.dataset.name
    identifier = new_id("delivery").removeprefix("delivery-")
    staging = home.splits / identifier
    out = staging / "out"
    try:
        (out / Zone.PROVISIONER.value).mkdir(parents=True, mode=0o700)
        staging.chmod(0o700)
        hand_over(out, home, Zone.PROVISIONER)
        document = {
            "dataset": wanted.dataset.model_dump(mode="json"),
            "delivery": {"id": identifier, "dataset": name, "version": wanted.version},
            "sources": {alias: source.to_json() for alias, source in wanted.sources.items()},
            "before": None if wanted.before is None else wanted.before.to_json(),
            "twin": wanted.twin,
        }
        answer = run_in_zone(
            home, Zone.PROVISIONER, _TASK, document, writable=[Bind(out, str(OUT))], timeout_seconds=3600.0, tell=tell
        )
        take_back(out)
        told = read_derivation(answer, wanted.dataset, twin=wanted.twin)
        keep_twin(instance, out, told.twin)
        made = out / Zone.PROVISIONER.value
        check_written(made, {ATTRIBUTES: told.stamp})
        delivery = Delivery(
            id=identifier,
            dataset=name,
            number=wanted.number,
            version=wanted.version,
            period=None,
            rows=told.rows,
            sha256=wanted.digest,
            stamps={ATTRIBUTES: told.stamp},
            report={
                "derived": {
                    "sources": _versions(wanted.sources),
                    "steps": told.steps,
                    "associations": told.associations,
                }
            },
            at=instance.clock.now(),
            by=actor,
        )
        move_in(home, Zone.PROVISIONER, made, f"{DELIVERIES}/{identifier}")
        _record(instance, wanted.dataset, delivery, told)
        return delivery
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _record(instance: Instance, dataset: Dataset, delivery: Delivery, told: Derivation) -> None:
    with store_of(instance).transaction() as transaction:
        if transaction.registry.dataset(dataset.name) != dataset:
            raise WrongStateError(f"{dataset.name} was described anew meanwhile; derive it again")
        transaction.add_delivery(delivery)
        transaction.record_version(_version(delivery), delivery.by, (told.report, instance.cipher))
        if told.twin is not None:
            transaction.record_twin(_version(delivery), delivery.by, told.twin, shape(dataset))
        transaction.put_in_force(dataset.name, delivery.version, delivery.by)


def _version(delivery: Delivery) -> Version:
    """Return the catalogue's record of a derived version; its digest is of the recipe and of what it was made of."""
    return Version(
        dataset=delivery.dataset,
        version=delivery.version,
        sha256=delivery.sha256,
        rows=delivery.rows,
        ingested_at=delivery.at,
    )


def _in_order(datasets: Mapping[DatasetName, Dataset]) -> Sequence[DatasetName]:
    """Return derived datasets so that what one is made of comes before it."""
    ordered: dict[DatasetName, None] = {}

    def visit(name: DatasetName, above: tuple[DatasetName, ...]) -> None:
        recipe = datasets[name].derived
        if name in ordered or name in above or recipe is None:
            return
        for used in recipe.uses.values():
            if used in datasets:
                visit(used, (*above, name))
        ordered[name] = None

    for name in sorted(datasets):
        visit(name, ())
    return tuple(ordered)
