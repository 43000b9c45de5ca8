"""The plan of a twin as a document, and the codelists that make categories public."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from saferoom.disclosure.microdata.synthetic.described import (
    LEAST_THRESHOLD,
    THRESHOLD,
    Described,
    Limits,
    Role,
    Terms,
)
from saferoom.disclosure.microdata.synthetic.twin import Fidelity
from saferoom.disclosure.verdict import Label
from saferoom.errors import BadInputError
from saferoom.policies.conform import conform
from saferoom.policies.document import read_document

Name = Annotated[str, Field(min_length=1, max_length=200)]
Names = Annotated[tuple[Name, ...], Field(max_length=60)]
Codelist = tuple[Label, ...]
_MOST_ROWS = 100_000_000


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class PlannedColumn(_Part):
    """What is known of a column."""

    role: Role | None = None
    codelist: Annotated[Codelist, Field(min_length=1, max_length=100_000)] | None = None


class PlannedLimits(_Part):
    """What must hold of the twin, or nothing is written."""

    attribution_gain: Annotated[float, Field(ge=0, le=1)] = Limits().attribution_gain
    closeness_excess: Annotated[float, Field(ge=0, le=1)] = Limits().closeness_excess
    replicated_uniques: Annotated[int, Field(ge=0)] = Limits().replicated_uniques


class SynthesisPlan(_Part):
    """How a twin is made of a file of records."""

    fidelity: Fidelity = Fidelity.LOW
    threshold: Annotated[int, Field(ge=LEAST_THRESHOLD, le=100_000)] = THRESHOLD
    units: Names = ()
    """Columns of ids of statistical units, which the threshold counts; every record is one where none is named."""
    keys: Names = ()
    sensitive: Names = ()
    order: Names = ()
    """Which variables are drawn first (medium fidelity)."""
    rows: Annotated[int, Field(ge=1, le=_MOST_ROWS)] | None = None
    columns: dict[Name, PlannedColumn] = {}
    limits: PlannedLimits = PlannedLimits()

    def terms(self) -> Terms:
        """Return the terms that the plan sets."""
        limits = Limits(**self.limits.model_dump())
        return Terms(self.threshold, self.keys, self.sensitive, self.order, self.rows, limits)

    def described(self, codelists: Mapping[str, Codelist] | None = None) -> dict[str, Described]:
        """Return what plan and codelists say of the columns.

        Raises
        ------
        BadInputError
            When they say two things of one column.
        """
        found = {name: Described(one.role, one.codelist) for name, one in self.columns.items()}
        for name, codes in (codelists or {}).items():
            said = found.get(name, Described())
            if said.codelist is not None:
                raise BadInputError(f"codelists: '{name}' has a codelist in the plan as well; give one of the two")
            found[name] = Described(said.role, codes)
        for name in self.units:
            said = found.get(name, Described())
            if said.codelist is not None or said.role not in (None, Role.UNIT):
                raise BadInputError(f"units: '{name}' cannot have another role or a codelist")
            found[name] = Described(Role.UNIT)
        return found

    def document(self) -> dict[str, Any]:
        """Return the plan as JSON holds it, without what is left out and without codes."""
        told = self.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
        for column in told.get("columns", {}).values():
            if "codelist" in column:
                column["codelist"] = len(column["codelist"])
        return told


def read_synthesis_plan(text: str, where: str) -> SynthesisPlan:
    """Read a plan from YAML or JSON; `where` names its file in messages.

    Raises
    ------
    BadInputError
        With line, field and what is allowed.
    """
    return conform(read_document(text, where), SynthesisPlan)


def read_codelists(text: str, where: str) -> dict[str, Codelist]:
    """Read codelists from YAML or JSON: ``{column: [code, ...]}`` or ``{column: {code: what it means}}``.

    Raises
    ------
    BadInputError
    """
    document = read_document(text, where)
    value = document.value
    if not isinstance(value, dict) or not value:
        raise document.error("expected codelists, as {column: [code, ...]}")
    made: dict[str, Codelist] = {}
    for name, codes in value.items():
        listed = list(codes) if isinstance(codes, list | dict) else []
        if not listed or not all(isinstance(code, str | int | float | bool) for code in listed):
            raise document.error(f"'{name}' must be a list of codes, each a text, a number, true or false", (name,))
        made[str(name)] = tuple(listed)
    return made
