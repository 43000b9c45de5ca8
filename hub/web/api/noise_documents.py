"""Noise from a privacy budget as calls answer it: what it costs, whom it protects, how exact the numbers are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from saferoom.disclosure.privacy.words import read_privacy
from saferoom.hub.web.api.documents import Document


class Contributions(Document):
    """How much of one unit of privacy counts, at most."""

    rows: int
    per_cell: int
    """Rows in one cell."""
    cells: int


class NoisyColumn(Document):
    """A number that leaves."""

    name: str
    margin_95: float | None
    """By how much it is off at most, because of the noise, in 95 of 100 draws; null where that depends on the data."""
    margin_95_at: dict[str, float]
    """The same of a mean: in cells of so many rows, at most."""
    scale: float | None
    """Of its noise; null where it has several."""


class Noise(Document):
    """A quote, or what was drawn by one."""

    label: str
    """``differentially private``, or that it is not."""
    measure: str
    """In which terms the loss counts: ``zcdp`` (rho) or ``pure`` (epsilon)."""
    loss: float
    delta: float
    unit: str
    """Whom it protects: the column with the ids of the units of privacy."""
    contributions: Contributions
    cells: int
    """How many there are; 0 where the data find them."""
    columns: list[NoisyColumn]
    plan: str
    """SHA-256 of the plan by which noise is drawn, which the charge is for."""
    drawn: bool
    processed: bool
    """Whether the numbers were made from drawn ones afterwards, which costs nothing."""
    charge: str | None
    """Once drawn: what it was paid by."""


def noise(said: Mapping[str, Any] | None) -> Noise | None:
    """Return what an evaluation says of its noise; null of other statistics."""
    found = read_privacy(said)
    if found is None or said is None:
        return None
    columns = [
        NoisyColumn(
            name=str(one["name"]),
            margin_95=one.get("margin_95"),
            margin_95_at=dict(one.get("margin_95_at") or {}),
            scale=one.get("scale"),
        )
        for one in found.columns
    ]
    return Noise(
        label=found.label,
        measure=found.measure,
        loss=found.loss,
        delta=found.delta,
        unit=found.unit,
        contributions=Contributions.model_validate(dict(found.contributions)),
        cells=found.cells,
        columns=columns,
        plan=str(said["digest"]),
        drawn=found.drawn,
        processed=found.processed,
        charge=said.get("charge"),
    )
