"""Making the world: chunk by chunk, so that memory does not grow with the number of people."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from saferoom.errors import BadInputError
from saferoom.hub.demo.population import extracts, files, truth
from saferoom.hub.demo.population.arrays import texts
from saferoom.hub.demo.population.chunk import Plan, chunk_of
from saferoom.hub.demo.population.deliveries import changes, second_delivery
from saferoom.hub.demo.population.employers import employers
from saferoom.hub.demo.population.places import CODES, Areas
from saferoom.hub.demo.population.schooling import PHASES, schools

PEOPLE = 50_000
SEED = 20_210_321
DELIVERIES = (1, 2)
FEWEST, MOST = 1_000, 12_000_000
PEOPLE_PER_CHUNK = 25_000
_MOST_SEED = 2**63 - 1
_AREAS_STREAM = 2**31
"""Apart from the streams of chunks, which are numbered from 0."""


@dataclass(frozen=True)
class World:
    """A world that was made.

    Attributes
    ----------
    folder : Path
        Department by department a folder with its files, ``truth`` and ``manifest.json``.
    manifest : mapping
        Seed, people, and every file with its rows, columns and SHA-256.
    """

    folder: Path
    manifest: Mapping[str, Any]

    def file(self, name: str) -> Path:
        """Return the path of a file, e.g. ``schools/pupils``."""
        return self.folder / f"{name}.parquet"


def generate(
    folder: Path,
    *,
    people: int = PEOPLE,
    seed: int = SEED,
    delivery: int = 1,
    told: Callable[[str], None] | None = None,
) -> World:
    """Make the world of so many people from `seed` in `folder`, which must be new or empty.

    The same people, seed and library versions give the same bytes. Nothing is in `folder` until all of it is there.

    Parameters
    ----------
    delivery : int
        2 for what the departments deliver, and what is true, a year later about the same people.
    told : callable, optional
        Is told how far it is.

    Raises
    ------
    BadInputError
        The numbers are out of range, or something is in `folder`.
    """
    _check(folder, people, seed)
    if delivery not in DELIVERIES:
        raise BadInputError("delivery: 1 for the first, 2 for the one a year later", field="delivery")
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        manifest = _make(making, _plans(people, seed), delivery, told or (lambda _: None))
        making.chmod(0o755)
        making.replace(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return World(folder, manifest)


def _check(folder: Path, people: int, seed: int) -> None:
    if not FEWEST <= people <= MOST:
        raise BadInputError(f"people: a world has {FEWEST:,} to {MOST:,} people", field="people")
    if not 0 <= seed <= _MOST_SEED:
        raise BadInputError(f"seed: a whole number from 0 to {_MOST_SEED}", field="seed")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInputError(f"{folder} is not an empty folder; name a new one, nothing is overwritten", field="out")


def _make(folder: Path, plans: list[Plan], delivery: int, told: Callable[[str], None]) -> dict[str, Any]:
    people, seed = plans[0].people, plans[0].seed
    areas = Areas.drawn(np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_AREAS_STREAM,))))
    names: tuple[str, ...] = ()
    for plan in plans:
        tables = _tables(plan, areas) if delivery == 1 else _later_tables(plan, areas)
        names = tuple(tables)
        files.write_part(folder, plan.number, tables)
        told(f"{plan.start + plan.size:,} of {people:,} people")
    whole = {
        "schools/schools": _schools(people, seed, areas),
        **employers(seed, people, areas, delivery),
        f"{truth.FOLDER}/authorities": truth.authorities(areas),
    }
    files.write_part(folder, 0, whole)
    told("putting the files together")
    files.put_together(folder, [*names, *whole])
    shutil.rmtree(folder / files.PARTS)
    return files.write_manifest(folder, {"people": people, "seed": seed, "delivery": delivery})


def _plans(people: int, seed: int) -> list[Plan]:
    chunks = max(1, round(people / PEOPLE_PER_CHUNK))
    edges = [people * k // chunks for k in range(chunks + 1)]
    return [Plan(seed, people, k, chunks, edges[k], edges[k + 1] - edges[k]) for k in range(chunks)]


def _tables(plan: Plan, areas: Areas) -> dict[str, Mapping[str, Any]]:
    chunk = chunk_of(plan, areas)
    # What departments know has a stream of its own, after the truth's.
    tables, held = extracts.extracts_of(plan.stream(1), chunk)
    return {**tables, **truth.truth_of(chunk, held)}


def _later_tables(plan: Plan, areas: Areas) -> dict[str, Mapping[str, Any]]:
    later, tables, held = second_delivery(chunk_of(plan, areas))
    return {**tables, **truth.truth_of(later.chunk, held), f"{truth.FOLDER}/changes": changes(later)}


def _schools(people: int, seed: int, areas: Areas) -> Mapping[str, Any]:
    number, name, phase, authority = schools(people, areas)
    return {
        "school_id": extracts.school_ids(seed, number),
        "school_name": name,
        "phase": texts(list(PHASES))[phase],
        "authority_code": CODES[authority],
    }
