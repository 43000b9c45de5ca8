"""An owner's folder, a project's folder, and somebody who makes extracts of one into the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from tests.support.registry_world import MOB, NOW, MemoryRegistry, approval, dataset, owner, project, researcher

from saferoom.audit import Event
from saferoom.clock import FrozenClock
from saferoom.hub.crosswalks import Crosswalks
from saferoom.hub.extract_keys import ExtractKeys
from saferoom.hub.extracts import Extracts
from saferoom.hub.memory_folder import MemoryFolder
from saferoom.hub.opened_extracts import OpenedExtracts
from saferoom.hub.store.cipher import AtRest
from saferoom.ids import DatasetName, ProjectSlug
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.extracts.manifest import Manifest
from saferoom.signing import SigningKey

ROWS = [
    {"person_id": 30, "full_name": "Zoe Adams", "sex": "F", "age": 41, "wage": 12.5},
    {"person_id": 10, "full_name": "Adam Young", "sex": "M", "age": 35, "wage": 9.75},
    {"person_id": 20, "full_name": "Mia Bell", "sex": "F", "age": None, "wage": None},
    {"person_id": 10, "full_name": "Adam Young", "sex": "M", "age": 36, "wage": 10.25},
]


@dataclass
class Workshop:
    """Sources, extracts, and what was recorded."""

    folder: Path
    registry: MemoryRegistry
    key: SigningKey
    maker: Extracts
    events: list[Event] = field(default_factory=list)

    def csv(self, text: str, name: str = "htv.csv") -> None:
        (self.folder / "sources" / name).write_text(text, encoding="utf-8")

    def parquet(self, rows: Sequence[dict[str, Any]], name: str, schema: pa.Schema | None = None) -> None:
        pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), self.folder / "sources" / name)

    def provision(self, slug: ProjectSlug = MOB) -> Manifest:
        return self.maker.provision(slug)

    def file(self, name: str = "htv", slug: str = MOB, version: str = "1") -> Path:
        """Return where an extract is, sealed."""
        return self.folder / "extracts" / slug / name / version / f"{name}.parquet"

    def read(self, name: str = "htv", slug: str = MOB, version: str | None = None) -> list[dict[str, Any]]:
        """Return an extract's rows, as those read them who have it open."""
        with self.maker.opened.lease(ProjectSlug(slug), [(name, version)]) as lease:
            file = lease.manifest.file(name, version)
            assert file is not None
            rows: list[dict[str, Any]] = pq.read_table(lease.folder / file.file).to_pylist()
        return rows

    def schema(self, name: str = "htv", slug: str = MOB) -> pa.Schema:
        with self.maker.opened.lease(ProjectSlug(slug), [(name, None)]) as lease:
            return pq.read_schema(lease.folder / f"{name}.parquet")

    def add(self, changed: Dataset, slug: ProjectSlug = MOB, **approved: object) -> None:
        self.registry.sets[changed.name] = changed
        self.registry.granted[slug, changed.name] = approval(project=slug, dataset=changed.name, **approved)

    def renamed(self, name: str, source: str, **changes: object) -> Dataset:
        return dataset(name=DatasetName(name), source=source, **changes)


def workshop(folder: Path) -> Workshop:
    """Return a workshop with htv as CSV, approved for mob."""
    for name in ("sources", "extracts", "crosswalks"):
        (folder / name).mkdir(mode=0o700)
    registry = MemoryRegistry.of(
        researcher(), owner(), project(), project(slug=ProjectSlug("other")), dataset(), approval()
    )
    key = SigningKey.generate()
    crosswalks = Crosswalks(folder / "crosswalks", AtRest(b"rest" * 8))
    memory = MemoryFolder(folder / "opened", in_memory=False)
    opened = OpenedExtracts(folder / "extracts", memory, key.verifying_key, ExtractKeys.fixed(b"x" * 32))
    clock = FrozenClock(NOW)
    maker = Extracts(folder / "sources", folder / "extracts", registry, key, b"m" * 32, clock, crosswalks, opened)
    made = Workshop(folder, registry, key, maker)
    made.maker = replace(maker, record=made.events.append, actor="admin:ada")
    made.csv(csv_of(ROWS))
    return made


def csv_of(rows: Sequence[dict[str, Any]]) -> str:
    """Write rows as CSV; None as nothing."""
    lines = [",".join(rows[0])]
    lines += [",".join("" if value is None else str(value) for value in row.values()) for row in rows]
    return "\n".join(lines) + "\n"
