"""Conformance of the `microdata` benchmark: published results of sdcMicro, in a folder that is named with --reference.

The folder holds ``sdc.json`` and ``data/data_*.csv``; they come with sdcMicro's licence and are no part of Saferoom.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saferoom.errors import BadInputError


@dataclass(frozen=True)
class Check:
    """One published number beside ours; `tolerance` is relative."""

    name: str
    ours: float
    published: float
    tolerance: float = 1e-9

    @property
    def holds(self) -> bool:
        """Whether both agree to the printed digits."""
        return abs(self.ours - self.published) <= self.tolerance * max(1.0, abs(self.published))

    def document(self) -> dict[str, Any]:
        """Return the check as JSON holds it."""
        return {"check": self.name, "ours": self.ours, "published": self.published, "holds": self.holds}


@dataclass(frozen=True)
class Reference:
    """The folder of published results."""

    folder: Path

    def __post_init__(self) -> None:
        if not (self.folder / "sdc.json").is_file():
            raise BadInputError(f"--reference: {self.folder} holds no sdc.json; name the folder of published results")

    def values(self) -> dict[str, Any]:
        """Return the published values.

        Raises
        ------
        BadInputError
        """
        try:
            found: dict[str, Any] = json.loads((self.folder / "sdc.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise BadInputError("--reference: sdc.json cannot be read as JSON") from None
        return found

    def records(self, name: str) -> Any:
        """Return the records of the data file called `name`."""
        from saferoom.disclosure.microdata.files import read_records

        return read_records(self.folder / "data" / f"data_{name}.csv", missing=["NA"])


def pairs(name: str, ours: Iterable[Any], published: Sequence[float], tolerance: float = 1e-9) -> Iterator[Check]:
    """Yield one check per number of two lists."""
    for place, (own, other) in enumerate(zip(ours, published, strict=True)):
        yield Check(f"{name}[{place + 1}]", float(own), float(other), tolerance)


def named(name: str, ours: Mapping[str, float], published: Sequence[Mapping[str, Any]]) -> Iterator[Check]:
    """Yield one check per variable of a published list of contributions."""
    for one in published:
        yield Check(f"{name} of {one['variable']}", ours[one["variable"]], one["contribution"])
