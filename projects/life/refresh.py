"""What a new version of a dataset changes for a project.

The same or a wider description needs nothing. A change is *breaking* where what the project was approved for is not
there any more, or means something else: a variable is gone, or its type, role, codelist or the units changed. Then the
owner is asked. New variables and labels are *wider*: an approval of named variables does not cover them; one of all
variables was given for future ones, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from saferoom.projects.approvals.model import Terms
from saferoom.projects.catalogue.model import Dataset, Variable, VariableRole
from saferoom.projects.extracts.rows import variables_of


@dataclass(frozen=True)
class Difference:
    """One change of one variable, or of the units.

    Attributes
    ----------
    subject : str
        The variable's name, or ``units``.
    breaking : bool
        Whether the owner has to confirm it where the subject is covered by an approval.
    """

    subject: str
    what: str
    before: str
    after: str
    breaking: bool

    @property
    def sentence(self) -> str:
        """The change in words; codes and types are the owner's own description, never values."""
        if not self.before:
            return f"{self.subject}: {self.what}"
        if not self.after:
            return f"{self.subject}: {self.what} (was {self.before})"
        return f"{self.subject}: {self.what} ({self.before} became {self.after})"


def differences(before: Dataset, after: Dataset) -> tuple[Difference, ...]:
    """Return every change from one version of a dataset to another, in the order of the newer one's variables."""
    return (*_units(before, after), *_variables(before, after))


def breaking(before: Dataset, after: Dataset, terms: Terms) -> tuple[Difference, ...]:
    """Return the changes that an owner has to confirm for an approval with `terms`, given for `before`."""
    concerned = covered(before, terms)
    return tuple(
        d for d in differences(before, after) if d.breaking and (d.subject in concerned or d.subject == _UNITS)
    )


def covered(dataset: Dataset, terms: Terms) -> frozenset[str]:
    """Return the variables that `terms` rest on: those approved, the ids, and those that tell which rows."""
    releasable = {variable.name for variable in dataset.releasable}
    named = releasable if terms.variables is None else releasable & set(terms.variables)
    told_by = () if terms.rows is None else variables_of(dataset, terms.rows)
    return frozenset({*named, *dataset.units, *told_by})


def present(dataset: Dataset) -> frozenset[str]:
    """Return the names of the variables that an approval may cover."""
    return frozenset(variable.name for variable in dataset.releasable)


def still(terms: Terms, dataset: Dataset) -> dict[str, Any]:
    """Return which of the approved variables `dataset` still has, as changes of `terms`."""
    if terms.variables is None:
        return {}
    return {"variables": tuple(name for name in terms.variables if name in present(dataset))}


_UNITS = "units"


def _units(before: Dataset, after: Dataset) -> Iterator[Difference]:
    if before.units != after.units:
        yield Difference(
            _UNITS, "the statistical units changed", ", ".join(before.units), ", ".join(after.units), breaking=True
        )


def _variables(before: Dataset, after: Dataset) -> Iterator[Difference]:
    for variable in after.variables:
        old = before.variable(variable.name)
        if old is None:
            yield Difference(variable.name, "is new", "", variable.type.value, breaking=False)
        else:
            yield from _changes(old, variable)
    for variable in before.variables:
        if after.variable(variable.name) is None:
            yield Difference(variable.name, "is gone", variable.type.value, "", breaking=True)


def _changes(old: Variable, new: Variable) -> Iterator[Difference]:
    name = new.name
    if old.type is not new.type:
        yield Difference(name, "has another type", old.type.value, new.type.value, breaking=True)
    if old.role is not new.role:
        # What is no longer held to be sensitive or identifying loses nothing by it; the other way round it does.
        yield Difference(name, "has another role", _role(old), _role(new), breaking=True)
    if old.codelist != new.codelist:
        yield _codes(old, new)
    if old.hierarchy != new.hierarchy:
        yield Difference(name, "its codes are classified otherwise", "", "", breaking=False)
    if old.label != new.label:
        yield Difference(name, "has another label", old.label or "none", new.label or "none", breaking=False)


def _codes(old: Variable, new: Variable) -> Difference:
    if old.codelist is None or new.codelist is None:
        words = ("any value", "a codelist") if old.codelist is None else ("a codelist", "any value")
        return Difference(new.name, "its codelist changed", *words, breaking=True)
    gone = [code for code in old.codelist if code not in new.codelist]
    added = [code for code in new.codelist if code not in old.codelist]
    if not gone and not added:
        return Difference(new.name, "its codes have another order", "", "", breaking=False)
    lost, won = _named(gone), _named(added)
    return Difference(new.name, f"its codes changed: {lost} gone, {won} new", "", "", breaking=True)


def _named(codes: list[int | str | bool]) -> str:
    shown = ", ".join(str(code) for code in codes[:5])
    return "none" if not codes else shown + (f" and {len(codes) - 5} more" if len(codes) > 5 else "")


def _role(variable: Variable) -> str:
    return "direct identifier" if variable.role is VariableRole.DIRECT else variable.role.value
