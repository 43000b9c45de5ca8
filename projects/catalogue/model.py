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
hierarchy
    A codelist's classification: which codes make up which broader category, such as the areas of each region. It is
    public knowledge.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from saferoom.disclosure.queries.classification import Classification, classified
from saferoom.errors import BadInputError
from saferoom.policies.conform import ALLOWED
from saferoom.policies.models import ANY_COLUMN, PolicyModel, ReleaseRoute, RiskAppetite
from saferoom.projects.fields import ColumnField, DatasetNameField, TitleField, UsernameField


class VariableType(StrEnum):
    """How a variable's values are to be read."""

    INTEGER = "integer"
    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"


class VariableRole(StrEnum):
    """What a variable means for disclosure."""

    DIRECT = "direct"
    QUASI = "quasi"
    SENSITIVE = "sensitive"
    ID = "id"
    WEIGHT = "weight"
    OTHER = "other"


# Every JSON reader keeps whole numbers up to here, so codes are the same in manifests and in the store.
_LARGEST_CODE = 2**53 - 1
_TEXT = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"
_CODES = {VariableType.INTEGER: (int,), VariableType.TEXT: (str,), VariableType.BOOLEAN: (bool,)}


_MOST_FIGURES = 20
_NAMING = (VariableRole.ID, VariableRole.DIRECT)
_AREAS = (VariableType.INTEGER, VariableType.TEXT)


class Variable(PolicyModel):
    """One column of a dataset."""

    name: ColumnField
    type: VariableType
    role: VariableRole = VariableRole.OTHER
    label: TitleField | None = None
    """What the variable holds, in words."""
    column: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """The column in the owner's file, where it has another name there."""
    codelist: tuple[int | str | bool, ...] | None = None
    boundaries: (
        Annotated[
            str,
            Field(
                pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*\.geojson$",
                max_length=200,
                json_schema_extra={ALLOWED: "a .geojson file below the folder of sources, as areas/districts.geojson"},
            ),
        ]
        | None
    ) = None
    """For a column of areas: the owner's file with their boundaries, which are public, so that maps can be drawn."""
    hierarchy: dict[str, tuple[int | str, ...]] | None = None
    """For a variable with a codelist: children by their parent, e.g. areas by region; a child may be a parent, too."""
    figures: Annotated[dict[ColumnField, dict[str, int | float]], Field(max_length=_MOST_FIGURES)] | None = None
    """For a variable with a codelist: public numbers of its codes, by what they are, such as each area's population."""

    @property
    def source_column(self) -> str:
        """The column's name in the owner's file."""
        return self.column or self.name

    @property
    def classification(self) -> Classification | None:
        """The hierarchy with labels of the variable's own type."""
        if self.hierarchy is None:
            return None
        return classified(self.name, self.hierarchy, whole=self.type is VariableType.INTEGER, codelist=self.codelist)

    @property
    def public_figures(self) -> dict[str, dict[int | str | bool, int | float]]:
        """The public numbers by what they are, each by a code of the variable's own type."""
        codes = {_written(code): code for code in self.codelist or ()}
        return {
            name: {codes[code]: value for code, value in known.items()} for name, known in (self.figures or {}).items()
        }

    @model_validator(mode="after")
    def _figures_of_codes(self) -> Self:
        known = {_written(code) for code in self.codelist or ()}
        if self.figures is not None and not known:
            raise ValueError(f"the figures of '{self.name}' need a codelist, whose codes they are about")
        if any(not set(about) <= known for about in (self.figures or {}).values()):
            raise ValueError(f"the figures of '{self.name}' are about a code that its codelist does not have")
        return self

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.role is VariableRole.ID and self.type not in (VariableType.INTEGER, VariableType.TEXT):
            raise ValueError(f"'{self.name}' holds ids, so its type must be integer or text")
        if self.boundaries is not None and (self.role in _NAMING or self.type not in _AREAS):
            raise ValueError(f"'{self.name}' cannot have boundaries: only integer or text variables with areas can")
        if self.codelist is None:
            if self.hierarchy is not None:
                raise ValueError(f"the hierarchy of '{self.name}' needs a codelist, whose codes it classifies")
            return self
        allowed = _CODES.get(self.type)
        if allowed is None or self.role in (VariableRole.ID, VariableRole.DIRECT):
            raise ValueError(f"'{self.name}' cannot have a codelist: only integer, text or boolean variables can")
        if not self.codelist:
            raise ValueError(f"the codelist of '{self.name}' is empty")
        if any(type(code) not in allowed for code in self.codelist):
            raise ValueError(f"every code of '{self.name}' must be of its type, {self.type.value}")
        if any(type(code) is int and abs(code) > _LARGEST_CODE for code in self.codelist):
            raise ValueError(f"a code of '{self.name}' is too large; codes go up to 2^53 - 1")
        if len(set(self.codelist)) != len(self.codelist):
            raise ValueError(f"the codelist of '{self.name}' names a code twice")
        try:
            # Reading it is checking it.
            _ = self.classification
        except BadInputError as error:
            raise ValueError(error.message) from None
        return self


def _written(code: int | str | bool) -> str:
    """Return a code as a key of a document, where every key is a text."""
    return str(code).lower() if isinstance(code, bool) else str(code)


class Coverage(PolicyModel):
    """Whom, where and when the data are about, as the catalogue tells it."""

    population: TitleField | None = None
    """Whom or what, as `adults living in private households`."""
    area: TitleField | None = None
    """Where, as `England and Wales`."""
    first: date | None = None
    """First day the data are about."""
    last: date | None = None
    """Last day the data are about; None while they go on."""
    records: Annotated[int, Field(ge=0, le=_LARGEST_CODE)] | None = None
    """About how many records; what the owner makes public, never counted here."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first is not None and self.last is not None and self.last < self.first:
            raise ValueError("the last day that the data cover is before the first")
        return self


class Quality(PolicyModel):
    """One thing that is known of the data's quality, as `match rate`: `98.1 % of records, lower for those under 20`."""

    what: TitleField
    known: TitleField


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
    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")] = "1"
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
