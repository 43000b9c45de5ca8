"""A synthetic twin with what was kept, what is left of disclosure, and what must be said of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from saferoom.disclosure.microdata import columns
from saferoom.disclosure.microdata.synthetic.check.judged import Disclosure
from saferoom.disclosure.microdata.synthetic.described import Role, Terms

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.columns import Frame


class Fidelity(StrEnum):
    """How much of a file a twin keeps."""

    LOW = "low"
    MEDIUM = "medium"


MADE_WITH = {
    Fidelity.LOW: "each variable drawn by itself from a safe margin",
    Fidelity.MEDIUM: "sequential trees, each variable given those before it",
}
_NOT_KEPT = {
    Fidelity.LOW: "how variables go together is not kept at all; nor are the farthest numbers and rare categories",
    Fidelity.MEDIUM: (
        "how variables go together is kept roughly; not kept are rules between columns (sums, dates in order), the "
        "farthest numbers, rare categories, and what the records of one unit or the members of one household share"
    ),
}


@dataclass(frozen=True)
class SyntheticTwin:
    """A twin whose disclosure limits hold.

    Attributes
    ----------
    frame : Frame
        Of the same kind as the records given, with the same columns and types.
    columns : mapping of str to mapping
        What is told of each column.
    visits : tuple of str
        The order in which variables were drawn; empty for low fidelity.
    """

    frame: Frame
    fidelity: Fidelity
    terms: Terms
    roles: Mapping[str, Role]
    columns: Mapping[str, Mapping[str, Any]]
    visits: tuple[str, ...]
    disclosure: Disclosure

    @property
    def public(self) -> bool:
        """Whether it may be public when its owner says so; medium fidelity never is without somebody's decision."""
        return self.fidelity is Fidelity.LOW

    @property
    def sentence(self) -> str:
        """What the disclosure check found, in a sentence or two."""
        return "statistical disclosure check: " + "; ".join(self._found()) + "."

    def _found(self) -> list[str]:
        found, terms = self.disclosure, self.terms
        said = [f"every value that is told is shared by at least {terms.threshold} units or public"]
        if found.uniques is not None:
            chosen = " (chosen, since none were named)" if found.chosen else ""
            left = int(found.uniques.records.sum())
            said.append(
                f"{left:,} records replicate a unique key on {', '.join(found.keys)}{chosen}, {found.removed:,} were "
                "made again or taken out"
            )
        else:
            said.append("no keys were named or found, so nothing was attributed to them")
        said.append("no record is a copy of one that a single unit has")
        if found.attributions:
            worst = max(found.attributions, key=lambda one: one.gain)
            said.append(f"most that a value given away tells beyond what others' records tell: {worst.gain:.2f}")
        if found.closeness is None:
            said.append("the file is too small to measure how near its records lie to people")
        else:
            said.append(
                f"{100 * found.closeness.closer:.0f} % of its records lie nearer to somebody than their neighbour, "
                f"{100 * found.closeness.baseline:.0f} % of other people do"
            )
        if self.fidelity is Fidelity.MEDIUM:
            said.append("a twin of medium fidelity is never public by itself: the data owner decides who may have it")
        return said

    def public_document(self) -> dict[str, Any]:
        """Return what may be told to whoever gets the twin: how it was made, nothing measured on the records."""
        return {
            "fidelity": self.fidelity.value,
            "made_with": MADE_WITH[self.fidelity],
            "records": columns.length(self.frame),
            "threshold": self.terms.threshold,
            "columns": {name: dict(told) for name, told in self.columns.items()},
            "not_kept": _NOT_KEPT[self.fidelity],
            "may_be_public": self.public,
        }

    def document(self) -> dict[str, Any]:
        """Return all but the records as JSON holds it, for the data owner; no values of records are in it."""
        return {
            **self.public_document(),
            "visit_sequence": list(self.visits),
            "disclosure": self.disclosure.document(self.terms.limits),
            "statistical_disclosure_check": self.sentence,
        }
