"""The plan document: key variables, steps in order, and what must hold of the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from pydantic import Field, model_validator

from saferoom.disclosure.microdata.plans.step import Column, Columns, GroupSize, Part, Step
from saferoom.disclosure.microdata.plans.steps import METHODS
from saferoom.disclosure.microdata.utility.asked import Compared, Family, Regression
from saferoom.policies.conform import conform
from saferoom.policies.document import Document, Position, read_document

if TYPE_CHECKING:
    AnyStep = Step
else:
    models = tuple(method.model for method in METHODS.values())
    AnyStep = Annotated[Union[models], Field(discriminator="method")]  # noqa: UP007 - of a tuple made elsewhere


class Limits(Part):
    """What must hold of the protected records, or nothing is written."""

    k: GroupSize | None = None
    """No record may share its key with fewer than k - 1 others."""
    max_risk: Annotated[float, Field(gt=0, le=1)] | None = None
    """The largest individual risk."""
    max_household_risk: Annotated[float, Field(gt=0, le=1)] | None = None
    """The largest risk that somebody of a household is found; the plan names `household` for it."""
    expected_reidentifications: Annotated[float, Field(ge=0)] | None = None
    l_diversity: Annotated[int, Field(ge=2)] | None = None
    """Least different values of each `sensitive` variable among those who share a key."""
    t_closeness: Annotated[float, Field(gt=0, lt=1)] | None = None
    """How far the values of a `sensitive` variable may be from the whole file's, among those who share a key."""


class RegressionAsked(Part):
    """A regression that users of the protected records will fit: it is fitted before and after."""

    outcome: Column
    on: Columns
    family: Family = "ols"


class UtilityAsked(Part):
    """What of the protected records' utility is looked at beyond what always is."""

    regressions: Annotated[tuple[RegressionAsked, ...], Field(max_length=20)] = ()
    tables: Annotated[tuple[tuple[Column, Column], ...], Field(max_length=100)] = ()
    """Two-way tables; every pair of the keys when left out."""


class Plan(Part):
    """How a table of records is protected."""

    keys: Columns
    """Key variables: what somebody outside may know of a person. Risk is measured on them."""
    weight: Column | None = None
    household: Column | None = None
    sensitive: Annotated[tuple[Column, ...], Field(max_length=60)] = ()
    columns: Annotated[tuple[Column, ...], Field(min_length=1, max_length=1000)] | None = None
    """What the result has, and nothing else, whatever a refresh adds; None keeps what no step drops."""
    rows: Literal["kept", "random"] = "kept"
    """Order of the result's records: that of the records given, which may tell who is who, or one drawn anew."""
    steps: Annotated[tuple[AnyStep, ...], Field(min_length=1, max_length=100)]
    limits: Limits = Limits()
    utility: UtilityAsked = UtilityAsked()

    @model_validator(mode="after")
    def _limits_of_what_is_named(self) -> Plan:
        limits = self.limits
        if limits.max_household_risk is not None and self.household is None:
            raise ValueError("limits: max_household_risk needs a 'household', and the plan names none")
        if (limits.l_diversity is not None or limits.t_closeness is not None) and not self.sensitive:
            raise ValueError("limits: l_diversity and t_closeness need 'sensitive' variables, and the plan names none")
        return self

    @model_validator(mode="after")
    def _keys_once(self) -> Plan:
        if len(set(self.keys)) < len(self.keys):
            raise ValueError("a key variable is named twice")
        if self.columns is not None and len(set(self.columns)) < len(self.columns):
            raise ValueError("'columns' names a column twice")
        return self

    def compared(self) -> Compared:
        """Return how records before and after the plan are compared.

        Raises
        ------
        BadInputError
            When a regression names a column twice.
        """
        return Compared(
            weight=self.weight,
            keys=self.keys,
            ids=() if self.household is None else (self.household,),
            corresponding=True,
            tables=self.utility.tables,
            regressions=tuple(Regression(one.outcome, one.on, one.family) for one in self.utility.regressions),
        )

    def document(self) -> dict[str, Any]:
        """Return the plan as JSON holds it, without what is left out."""
        return self.model_dump(mode="json", exclude_none=True, exclude_defaults=True)


def read_plan(text: str, where: str) -> Plan:
    """Read a plan from YAML or JSON; `where` names its file in messages.

    Raises
    ------
    BadInputError
        With line, field and what is allowed.
    """
    return plan_of(read_document(text, where))


def plan_of(document: Document, at: Position = ()) -> Plan:
    """Return the plan that a document is, or that stands `at` a place of it; raises as `read_plan` does."""
    if at:
        value = document.value
        for step in at:
            value = value[step]
        document = _part(document, at, value)
    steps = document.value.get("steps") if isinstance(document.value, dict) else None
    for number, step in enumerate(steps if isinstance(steps, list) else []):
        name = step.get("method") if isinstance(step, dict) else None
        if not isinstance(name, str) or name not in METHODS:
            said = "needs a method" if name is None else "names an unknown method"
            raise document.error(f"step {number + 1} {said}; there are {', '.join(METHODS)}", ("steps", number))
        conform(_part(document, ("steps", number), step), METHODS[name].model)
    return conform(document, Plan)


def _part(document: Document, at: Position, value: Any) -> Document:
    """Return one part of a document as a document, so that its errors name what is wrong with it and no more."""
    lines = {path[len(at) :]: line for path, line in document.lines.items() if path[: len(at)] == at}
    return Document(document.where, value, lines)
