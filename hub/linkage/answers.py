"""What processes of the zones answer, read without believing more than its form: counts, digests and checked packs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from saferoom.errors import IntegrityError
from saferoom.hub.catalogue.twins import TwinMade
from saferoom.hub.linkage.places import KEPT_BY_LINKER, MAP
from saferoom.hub.linkage.sealed import Stamp
from saferoom.projects.catalogue.checks.report import Check, DeliveryReport, Kind, Status
from saferoom.projects.catalogue.checks.risk import risk_sentences
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.linkage.quality import QualityPack

Queue = list[tuple[int, int, bool]]
"""Doubtful pairs for people to decide: number, stratum, and whether it is taken for a link."""
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NOT_UNDERSTOOD = "a process of the zones gave an answer that was not understood; nothing was changed"


def read_linked(answer: Mapping[str, Any]) -> tuple[dict[str, Stamp], dict[str, Any], QualityPack]:
    """Return the stamps, counts and quality pack of a linker's answer.

    Raises
    ------
    IntegrityError
        It is nothing of the kind.
    """
    try:
        stamps = {str(kind): Stamp.from_json(stamp) for kind, stamp in answer["stamps"].items()}
        counts, pack = answer["counts"], QualityPack.model_validate(answer["quality"], strict=False)
    except (KeyError, AttributeError, ValidationError):
        raise IntegrityError(_NOT_UNDERSTOOD) from None
    if set(stamps) != {*KEPT_BY_LINKER, MAP} or not _numbers(counts):
        raise IntegrityError(_NOT_UNDERSTOOD)
    return stamps, counts, pack


def read_queue(answer: Mapping[str, Any]) -> Queue:
    """Return the doubtful pairs of a linker's answer.

    Raises
    ------
    IntegrityError
        It is nothing of the kind.
    """
    try:
        queue = [(number, stratum, accepted) for number, stratum, accepted in answer["queue"]]
    except (KeyError, TypeError, ValueError):
        raise IntegrityError(_NOT_UNDERSTOOD) from None
    if any((type(one[0]), type(one[1]), type(one[2])) != (int, int, bool) for one in queue):
        raise IntegrityError(_NOT_UNDERSTOOD)
    return queue


def _numbers(counts: Any, depth: int = 0) -> bool:
    """Tell whether these are named numbers alone."""
    if not isinstance(counts, dict) or depth > 2:  # by source, by what is counted
        return False
    return all(
        isinstance(name, str) and (type(value) is int or _numbers(value, depth + 1)) for name, value in counts.items()
    )


def read_associations(found: Any, dataset: Dataset) -> list[dict[str, Any]]:
    """Return what a deriving process tells of the associations of a dataset's recipe: tables and numbers alone.

    Raises
    ------
    IntegrityError
        It is nothing of the kind.
    """
    recipe = dataset.derived
    wanted = [part.table for part in recipe.make if part.association is not None] if recipe is not None else []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise IntegrityError(_NOT_UNDERSTOOD)
    numbers = [{name: value for name, value in one.items() if name != "table"} for one in found]
    if [one.get("table") for one in found] != wanted or not all(map(_numbers, numbers)):
        raise IntegrityError(_NOT_UNDERSTOOD)
    return [{"table": table, **told} for table, told in zip(wanted, numbers, strict=True)]


def read_packs(answer: Mapping[str, Any], wanted: Sequence[str]) -> tuple[dict[str, Any], dict[str, Stamp]]:
    """Return the packs of the sources `wanted`, and the stamps of their memories, from a provisioner's answer.

    Raises
    ------
    IntegrityError
        It is nothing of the kind.
    """
    try:
        found = answer["packs"]
        packs = {name: QualityPack.model_validate(found[name]["pack"], strict=False).document() for name in wanted}
        stamps = {f"memory-{name}": Stamp.from_json(found[name]["memory"]) for name in wanted}
    except (KeyError, TypeError, AttributeError, ValidationError):
        raise IntegrityError(_NOT_UNDERSTOOD) from None
    return packs, stamps


@dataclass(frozen=True)
class Split:
    """What splitting a delivery came to."""

    rows: int
    sha256: str
    stamps: Mapping[str, Stamp]
    report: DeliveryReport
    twin: TwinMade | None = None
    """None where none was asked for."""


def read_split(answer: Mapping[str, Any], wanted: set[str], *, twin: bool = False) -> Split:
    """Return what a splitter answered; `wanted` are the files that it was to write, `twin` whether one was asked for.

    Raises
    ------
    IntegrityError
        It is nothing of the kind.
    """
    try:
        stamps = {str(kind): Stamp.from_json(stamp) for kind, stamp in answer["stamps"].items()}
        rows, digest = answer["rows"], answer["sha256"]
        report = DeliveryReport.read(answer["report"], answer["profile"])
        made = _twin(answer) if twin else None
    except (KeyError, TypeError, AttributeError, ValueError):
        raise IntegrityError(_NOT_UNDERSTOOD) from None
    if set(stamps) != wanted or type(rows) is not int or any(stamp.rows != rows for stamp in stamps.values()):
        raise IntegrityError(_NOT_UNDERSTOOD)
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest) or not report.ok:
        raise IntegrityError(_NOT_UNDERSTOOD)
    return Split(rows, digest, stamps, report, made)


def _twin(answer: Mapping[str, Any]) -> TwinMade:
    made = TwinMade(answer["twin"]["sha256"], dict(answer["twin"]["document"]))
    if made.sha256 is not None and not _DIGEST.fullmatch(made.sha256):
        raise ValueError(_NOT_UNDERSTOOD)
    return made


@dataclass(frozen=True)
class Derivation:
    """What making a derived dataset came to.

    Attributes
    ----------
    steps, associations : list of mappings
        What the recipe's steps were, and what is told of its associations.
    """

    rows: int
    stamp: Stamp
    steps: list[Any]
    associations: list[dict[str, Any]]
    report: DeliveryReport
    twin: TwinMade | None = None
    """None where none was asked for."""


def read_derivation(answer: Mapping[str, Any], dataset: Dataset, *, twin: bool) -> Derivation:
    """Return what a deriving process answered; `twin` is whether one was asked for.

    Raises
    ------
    IntegrityError
        It is nothing of the kind.
    """
    try:
        rows, stamp, steps = answer["rows"], Stamp.from_json(answer["stamp"]), answer["steps"]
        associations = read_associations(answer["associations"], dataset)
        risk = dict(answer["risk"])
        risk_sentences(risk)
        made = _twin(answer) if twin else None
    except (KeyError, TypeError, AttributeError, ValueError):
        raise IntegrityError(_NOT_UNDERSTOOD) from None
    if type(rows) is not int or stamp.rows != rows or not isinstance(steps, list):
        raise IntegrityError(_NOT_UNDERSTOOD)
    fits = Check(Kind.SCHEMA, Status.PASS, "every column that the recipe makes is as it is described")
    return Derivation(rows, stamp, steps, associations, DeliveryReport(dataset.name, rows, [fits], risk=risk), made)
