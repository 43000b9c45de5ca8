"""The work of making extracts, as a job that can be done in another process than the hub's.

A job says everything in a document: which datasets, columns and rows, from which sources, under which keys, sealed how.
It is done where the sources can be read: in the hub for owners' plain files, in the provisioner's zone for linked
datasets. Its results are sealed files, and a document that says what is in them.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from saferoom.disclosure.history.crosswalk import Crosswalk, keys_of_numbers
from saferoom.disclosure.history.frames import array_of, guarded, read_frame, write_frame
from saferoom.hub.extraction import Chosen, Extracted, Extraction, Target
from saferoom.hub.sealed_parquet import Seal
from saferoom.hub.store.cipher import AtRest
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.extracts.manifest import ExtractColumn
from saferoom.projects.extracts.matching import Weighing
from saferoom.projects.extracts.pseudonyms import LineageKey, PseudonymKey

if TYPE_CHECKING:
    from collections.abc import Iterator

_ABOUT = {"purpose": "saferoom/extract-work/1"}


@dataclass(frozen=True)
class Order:
    """One dataset of a job.

    Attributes
    ----------
    source : mapping
        ``{"path": ...}`` for a plain file, or what the provisioner's zone calls a linked one.
    file : str
        Where the extract goes below the job's folder.
    weigh : sequence of Weighing
        How linkage weights are made.
    """

    dataset: Dataset
    columns: Sequence[str]
    where: str | None
    source: Mapping[str, Any]
    file: str
    seal: Seal
    weigh: Sequence[Weighing] = ()

    def document(self) -> dict[str, Any]:
        """Return the order as JSON."""
        return {
            "dataset": self.dataset.model_dump_json(),
            "columns": list(self.columns),
            "where": self.where,
            "source": dict(self.source),
            "file": self.file,
            "key": self.seal.key.hex(),
            "about": self.seal.about,
            "weigh": [[one.weight, one.band, list(one.by)] for one in self.weigh],
        }

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Order:
        """Read what `document` wrote."""
        return cls(
            dataset=Dataset.model_validate_json(document["dataset"]),
            columns=tuple(document["columns"]),
            where=document["where"],
            source=document["source"],
            file=document["file"],
            seal=Seal(bytes.fromhex(document["key"]), document["about"]),
            weigh=tuple(Weighing(weight, band, tuple(by)) for weight, band, by in document["weigh"]),
        )


def job(
    orders: Sequence[Order], keys: Mapping[str, Sequence[PseudonymKey]], lineages: Mapping[str, LineageKey]
) -> dict[str, Any]:
    """Return a job as JSON; it holds keys, so that it is handed over in memory alone."""
    return {
        "orders": [order.document() for order in orders],
        "units": {
            unit: {"keys": [key.secret.hex() for key in keys[unit]], "lineage": lineages[unit].secret.hex()}
            for unit in keys
        },
        "answer": secrets.token_hex(32),
    }


def work(document: Mapping[str, Any], out: Path, place: Callable[[Mapping[str, Any]], Path]) -> dict[str, Any]:
    """Do a job.

    Parameters
    ----------
    out : Path
        The folder that takes the files.
    place : callable
        Returns the plain file of a source.

    Raises
    ------
    BadInputError
        A source is not as described, or two ids have the same pseudonym.
    """
    units = document["units"]
    keys = {unit: [PseudonymKey(bytes.fromhex(key)) for key in found["keys"]] for unit, found in units.items()}
    lineages = {unit: LineageKey(bytes.fromhex(found["lineage"])) for unit, found in units.items()}
    made = []
    extraction = Extraction(keys, lineages, out / "scratch")
    try:
        for order in map(Order.read, document["orders"]):
            target = out / order.file
            target.parent.mkdir(parents=True, exist_ok=True)
            source = place(order.source)
            to = Target(target, order.seal)
            rows = Chosen(order.where, order.weigh)
            made.append(_written(extraction.extract(order.dataset, order.columns, source, to, rows)))
        cipher = AtRest(bytes.fromhex(document["answer"]))
        for number, unit in enumerate(units):
            pseudonyms, lineage = extraction.crosswalk(unit)
            frame = write_frame({}, [keys_of_numbers(pseudonyms).astype("<u8"), lineage.astype("<u8")])
            (out / _crosswalk(number)).write_bytes(cipher.seal(frame, _ABOUT))
    finally:
        extraction.close()
    return {"made": made}


def results(document: Mapping[str, Any], answer: Mapping[str, Any]) -> list[Extracted]:
    """Return what was made of each order of a job."""
    found = [
        Extracted(
            int(one["rows"]),
            tuple(ExtractColumn.model_validate_json(column) for column in one["columns"]),
            tuple(str(unit) for unit in one["one_each"]),
        )
        for one in answer["made"]
    ]
    if len(found) != len(document["orders"]):
        raise ValueError("not every order was done")
    return found


def walks_of(document: Mapping[str, Any], out: Path) -> Iterator[Crosswalk]:
    """Yield the crosswalks that a job left in its folder."""
    cipher = AtRest(bytes.fromhex(document["answer"]))
    for number, unit in enumerate(document["units"]):
        data = cipher.open((out / _crosswalk(number)).read_bytes(), _ABOUT)
        known, lineage = guarded(partial(_arrays, data), f"the new crosswalk for {unit} is damaged")
        yield Crosswalk(unit, known, lineage)


def _arrays(data: bytes) -> tuple[Any, Any]:
    _, (known, lineage) = read_frame(data)
    return np.array(array_of(known, "<u8")), np.array(array_of(lineage, "<u8"))


def _crosswalk(number: int) -> str:
    return f"crosswalk-{number}"


def _written(found: Extracted) -> dict[str, Any]:
    return {
        "rows": found.rows,
        "columns": [column.model_dump_json() for column in found.columns],
        "one_each": list(found.one_each),
    }
