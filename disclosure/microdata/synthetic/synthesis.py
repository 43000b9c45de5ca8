"""Carries out a plan: the twin, what it is still good for, and the commitment to its seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saferoom.disclosure.microdata import columns
from saferoom.disclosure.microdata.keys import Keys
from saferoom.disclosure.microdata.plans.seeds import Seed
from saferoom.disclosure.microdata.synthetic.described import Role
from saferoom.disclosure.microdata.synthetic.making import Progress, low_fidelity, medium_fidelity
from saferoom.disclosure.microdata.synthetic.plan import Codelist, SynthesisPlan
from saferoom.disclosure.microdata.synthetic.twin import Fidelity, SyntheticTwin
from saferoom.disclosure.microdata.utility import Compared, UtilityReport, compare

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.columns import Frame

_STEP = 0
"""Steps of plans that protect records count from 1: a seed that serves both draws other numbers here."""


@dataclass(frozen=True)
class Synthesised:
    """A twin by a plan."""

    twin: SyntheticTwin
    plan: SynthesisPlan
    commitment: str
    utility: UtilityReport | None

    def document(self) -> dict[str, Any]:
        """Return all but the records as JSON holds it, for the data owner; no values of records are in it."""
        return {
            "plan": self.plan.document(),
            "seed_commitment": self.commitment,
            **self.twin.document(),
            "utility": None if self.utility is None else self.utility.document(),
        }


def synthesise(
    records: Frame,
    plan: SynthesisPlan,
    seed: Seed,
    codelists: Mapping[str, Codelist] | None = None,
    progress: Progress | None = None,
) -> Synthesised:
    """Make a twin of `records` as `plan` says.

    Raises
    ------
    BadInputError
        When plan and columns do not go together, a column that is named has no value, or the limits do not hold of the
        twin.
    """
    _check_named(records, plan)
    make = low_fidelity if plan.fidelity is Fidelity.LOW else medium_fidelity
    twin = make(records, plan.described(codelists), seed.generator(_STEP), plan.terms(), progress)
    if progress is not None:
        progress("measuring what the twin is good for", 1.0)
    left_out = tuple(name for name, role in twin.roles.items() if role in (Role.UNIT, Role.ID, Role.TEXT))
    asked = Compared(keys=twin.terms.keys, ids=left_out, least=plan.threshold)
    utility = compare(records, twin.frame, asked) if len(left_out) < len(twin.roles) else None
    return Synthesised(twin, plan, seed.commitment, utility)


def _check_named(records: Frame, plan: SynthesisPlan) -> None:
    columns.check_names(records, plan.units, "units")
    for what, names in (("keys", plan.keys), ("sensitive", plan.sensitive)):
        if names and columns.length(records):
            Keys.of(records, names, what).check_not_empty(what)
