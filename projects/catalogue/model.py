"""Datasets and their variables.

Vocabulary
----------
unit
    What the counting rules count: a person, a household, a school. A unit is named by the variable that holds its id.
direct identifier
    A variable that names a person by itself. It never enters an extract.
quasi-identifier
    A variable that somebody outside may know about a person.
codelist
    Every value that a variable may take. Labels of released tables come from codelists, numbers and intervals.
index
    The entities of one kind (person, household, business) that records of several datasets are linked through.
hierarchy
    A codelist's classification: which codes make up which broader category, such as the areas of each region. It is
    public knowledge.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from saferoom.policies.conform import ALLOWED
from saferoom.policies.models import ANY_COLUMN, PolicyModel, ReleaseRoute, RiskAppetite
from saferoom.projects.catalogue.describing import Coverage as Coverage
from saferoom.projects.catalogue.describing import Gap as Gap
from saferoom.projects.catalogue.describing import NationField
from saferoom.projects.catalogue.describing import Quality as Quality
from saferoom.projects.catalogue.describing import Reference as Reference
from saferoom.projects.catalogue.describing import Refresh as Refresh
from saferoom.projects.catalogue.describing import Twin as Twin
from saferoom.projects.catalogue.purposes import Gateway as Gateway
from saferoom.projects.catalogue.variables import Harmonised as Harmonised
from saferoom.projects.catalogue.variables import Variable as Variable
from saferoom.projects.catalogue.variables import VariableRole as VariableRole
from saferoom.projects.catalogue.variables import VariableType as VariableType
from saferoom.projects.catalogue.versions import VersionField
from saferoom.projects.fields import ColumnField, DatasetNameField, TitleField, UsernameField
from saferoom.projects.measures.recipe import Recipe

_TEXT = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"
MOST_LINKED = 20


class Dataset(PolicyModel):
    """A data owner's dataset, as the owner describes it."""

    name: DatasetNameField
    title: TitleField
    owner: UsernameField
    source: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*\.(parquet|csv)$",
            max_length=200,
            json_schema_extra={ALLOWED: "a .parquet or .csv file below the folder of sources, as survey/2026.csv"},
        ),
    ]
    """The owner's file, below the instance's folder of sources."""
    version: VersionField = "1"
    units: Annotated[tuple[ColumnField, ...], Field(min_length=1)]
    """Variables that hold the ids of statistical units; the first one is the unit of the rows' subject."""
    variables: Annotated[tuple[Variable, ...], Field(min_length=1)]
    risk_appetite: RiskAppetite = RiskAppetite()
    release_route: ReleaseRoute = ReleaseRoute()
    description: Annotated[str, Field(min_length=1, max_length=4000, pattern=_TEXT)] | None = None
    """What the data are and how they came to be, for the catalogue."""
    coverage: Coverage = Coverage()
    quality: Annotated[tuple[Quality, ...], Field(max_length=50)] = ()
    linked_from: Annotated[tuple[DatasetNameField, ...], Field(max_length=MOST_LINKED)] = ()
    """Datasets whose people are in this one, because it was linked from them: releases cost their budgets, too."""
    gateways: Annotated[tuple[Gateway, ...], Field(max_length=20)] = ()
    """The laws under which it may be shared; a project needs one that permits all of its purposes."""
    gaps: Annotated[tuple[Gap, ...], Field(max_length=100)] = ()
    """What the data lack."""
    refresh: Refresh | None = None
    """When new versions come."""
    nations: Annotated[tuple[NationField, ...], Field(max_length=20)] = ()
    """The nations that the data are about, by their ISO 3166 codes."""
    key: Annotated[tuple[ColumnField, ...], Field(max_length=8)] = ()
    """Variables that together tell the rows apart: no two rows have the same values, and none is missing."""
    references: Annotated[tuple[Reference, ...], Field(max_length=20)] = ()
    """Variables whose values must be found in other datasets."""
    derived: Recipe | None = None
    """How it is made out of other datasets, in the provisioner's zone; its `source` is no file then."""
    twin: Twin | None = None
    """Made-up data in its shape."""
    undisclosed: bool = False
    """Whether its existence is confidential: the public register counts it and does not name it."""

    @property
    def delivered(self) -> tuple[Variable, ...]:
        """The variables that the owner's file has; entity ids come from linking."""
        return tuple(variable for variable in self.variables if variable.delivered)

    @property
    def indexes(self) -> tuple[str, ...]:
        """The indexes that its records are linked through, each once."""
        return tuple(dict.fromkeys(v.linked_through for v in self.variables if v.linked_through is not None))

    @property
    def releasable(self) -> tuple[Variable, ...]:
        """The variables that an approval may cover: neither direct identifiers nor ids."""
        return tuple(v for v in self.variables if v.role not in (VariableRole.DIRECT, VariableRole.ID))

    def variable(self, name: str) -> Variable | None:
        """Return the variable called `name`, None when there is none."""
        return next((variable for variable in self.variables if variable.name == name), None)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        # Names differing in case alone would be one name to the engine that makes and reads extracts.
        names = [variable.name.lower() for variable in self.variables]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"two variables are called '{min(twice)}' (capitals do not count)")
        if self.name in self.linked_from or len(set(self.linked_from)) != len(self.linked_from):
            raise ValueError("'linked_from' names, once each, the other datasets that this one was linked from")
        ids = {variable.name for variable in self.variables if variable.role is VariableRole.ID}
        if set(self.units) != ids or len(set(self.units)) != len(self.units):
            raise ValueError("'units' must name, once each, exactly the variables whose role is id")
        if not self.releasable:
            raise ValueError("every variable is an id or a direct identifier, so nothing can be analysed")
        structural = self.risk_appetite.structural - {ANY_COLUMN} - {v.name for v in self.variables}
        if structural:
            raise ValueError(f"'structural' names '{min(structural)}', which is no variable of this dataset")
        named = {key for zero in self.risk_appetite.structural_zeros for key in zero}
        strange = named - {ANY_COLUMN} - {v.name for v in self.variables}
        if strange:
            raise ValueError(f"'structural_zeros' names '{min(strange)}', which is no variable of this dataset")
        return self

    @model_validator(mode="after")
    def _names_its_variables(self) -> Self:
        known = {variable.name for variable in self.variables}
        if len(set(self.key)) != len(self.key) or not set(self.key) <= {v.name for v in self.delivered}:
            raise ValueError("'key' names, once each, variables that the owner's file has")
        for what, names in (
            ("gaps", [name for gap in self.gaps for name in gap.variables]),
            ("references", [name for reference in self.references for name in reference.variables]),
        ):
            strange = [name for name in names if name not in known]
            if strange:
                raise ValueError(f"'{what}' names '{strange[0]}', which is no variable of this dataset")
        if any(reference.dataset == self.name for reference in self.references):
            raise ValueError("'references' are to other datasets, not to this one")
        if len(set(self.nations)) != len(self.nations):
            raise ValueError("'nations' names a nation twice")
        for variable in self.variables:
            strange = [nation for nation in _mapped(variable) if self.nations and nation not in self.nations]
            if strange:
                raise ValueError(f"'{variable.name}' is mapped for {strange[0]}, which 'nations' does not name")
        if (
            self.derived is None
            and self.indexes
            and not any(v.identifies is not None or v.carries is not None for v in self.variables)
        ):
            raise ValueError("a variable is linked through an index, but none says what it identifies")
        return self

    @model_validator(mode="after")
    def _derived_from_others(self) -> Self:
        if self.derived is None:
            return self
        strange = [name for name in self.derived.datasets if name not in self.linked_from]
        if strange:
            raise ValueError(
                f"it is made of {strange[0]}, so 'linked_from' must name it: its people are in both, and their budgets "
                "and legal gateways count"
            )
        between = self.derived.association.between if self.derived.association is not None else ()
        loose = [
            name for name in between if name not in {v.source_column for v in self.variables if v.name in self.units}
        ]
        if loose:
            raise ValueError(f"it is an association, so '{loose[0]}' must be one of its variables, with the role id")
        if self.key or any(v.identifies or v.carries or v.relates for v in self.variables):
            raise ValueError("a derived dataset is made of linked ones, so it has no 'key' and nothing that identifies")
        return self


def _mapped(variable: Variable) -> tuple[str, ...]:
    return () if variable.harmonised is None else tuple(variable.harmonised.mapping)
