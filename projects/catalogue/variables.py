"""One column of a dataset, as its data owner describes it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from saferoom.disclosure.queries.classification import Classification, classified
from saferoom.errors import BadInputError
from saferoom.policies.conform import ALLOWED
from saferoom.policies.models import PolicyModel
from saferoom.projects.catalogue.describing import LARGEST_WHOLE, NationField
from saferoom.projects.catalogue.purposes import WebAddress
from saferoom.projects.fields import ColumnField, TitleField
from saferoom.projects.linkage.plan import FieldKind


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


_CODES = {VariableType.INTEGER: (int,), VariableType.TEXT: (str,), VariableType.BOOLEAN: (bool,)}
_MOST_FIGURES = 20
_NAMING = (VariableRole.ID, VariableRole.DIRECT)
_AREAS = (VariableType.INTEGER, VariableType.TEXT)
_IDENTIFYING = (VariableRole.DIRECT, VariableRole.QUASI)
_CodeField = Annotated[str, Field(min_length=1, max_length=200)]
IndexField = Annotated[
    str,
    Field(
        pattern="^[a-z][a-z0-9_]{0,39}$",
        json_schema_extra={ALLOWED: "the name of an index, as person, household, address or business"},
    ),
]
"""The name of an index that records are linked through."""


class Harmonised(PolicyModel):
    """What a variable means in all nations, and which of each nation's codes mean it."""

    concept: TitleField
    """The concept's name, as `Highest qualification`."""
    definition: Annotated[str, Field(min_length=1, max_length=2000)]
    source: WebAddress | None = None
    """Where the definition is published."""
    codes: Annotated[dict[_CodeField, TitleField], Field(max_length=2000)] | None = None
    """The harmonised codes and what each means."""
    mapping: Annotated[dict[NationField, dict[_CodeField, _CodeField]], Field(max_length=20)] = Field(
        default_factory=dict
    )
    """By nation: which harmonised code each code of the variable is."""

    @model_validator(mode="after")
    def _known_codes(self) -> Self:
        for nation, known in self.mapping.items():
            if self.codes is not None and not set(known.values()) <= set(self.codes):
                raise ValueError(f"the mapping of {nation} leads to a code that the harmonised codes do not have")
        return self


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
    labels: Annotated[dict[_CodeField, TitleField], Field(max_length=5000)] | None = None
    """For a variable with a codelist: what its codes mean, in words."""
    hierarchy: dict[str, tuple[int | str, ...]] | None = None
    """For a variable with a codelist: children by their parent, e.g. areas by region; a child may be a parent, too."""
    figures: Annotated[dict[ColumnField, dict[str, int | float]], Field(max_length=_MOST_FIGURES)] | None = None
    """For a variable with a codelist: public numbers of its codes, by what they are, such as each area's population."""
    complete: bool = False
    """Whether every row has a value; ids and keys have one in any case."""
    identifies: FieldKind | None = None
    """What it holds of a person, an address or a business that records can be linked by; the linker gets it."""
    linked_through: IndexField | None = None
    """For an id that is not in the owner's file: the index whose entity ids it is filled with once records are linked.
    """
    carries: IndexField | None = None
    """For a direct identifier: the index whose own ids the owner's file holds already, so that nothing is compared."""
    relates: (
        Annotated[
            str,
            Field(
                pattern="^[a-z][a-z0-9_]{0,39}$",
                json_schema_extra={ALLOWED: "what records with one value share, as birth or household"},
            ),
        ]
        | None
    ) = None
    """For an id or a direct identifier: what records with the same value have in common, as `birth` or `household`.

    The linker gets a keyed number in its place, the same in every dataset that calls it the same, to let relatives
    decide doubtful links.
    """
    harmonised: Harmonised | None = None

    @property
    def source_column(self) -> str:
        """The column's name in the owner's file."""
        return self.column or self.name

    @property
    def delivered(self) -> bool:
        """Whether the owner's file has it; entity ids come from linking."""
        return self.linked_through is None

    @property
    def classification(self) -> Classification | None:
        """The hierarchy with labels of the variable's own type."""
        if self.hierarchy is None:
            return None
        return classified(self.name, self.hierarchy, whole=self.type is VariableType.INTEGER, codelist=self.codelist)

    @property
    def public_figures(self) -> dict[str, dict[int | str | bool, int | float]]:
        """The public numbers by what they are, each by a code of the variable's own type."""
        codes = {written(code): code for code in self.codelist or ()}
        return {
            name: {codes[code]: value for code, value in known.items()} for name, known in (self.figures or {}).items()
        }

    @model_validator(mode="after")
    def _figures_of_codes(self) -> Self:
        known = {written(code) for code in self.codelist or ()}
        if self.figures is not None and not known:
            raise ValueError(f"the figures of '{self.name}' need a codelist, whose codes they are about")
        if self.labels is not None and not set(self.labels) <= known:
            raise ValueError(f"the labels of '{self.name}' are of a code that its codelist does not have")
        if any(not set(about) <= known for about in (self.figures or {}).values()):
            raise ValueError(f"the figures of '{self.name}' are about a code that its codelist does not have")
        return self

    @model_validator(mode="after")
    def _linkable(self) -> Self:
        if self.identifies is not None and self.role not in _IDENTIFYING:
            raise ValueError(f"'{self.name}' identifies, so its role must be direct or quasi")
        if self.linked_through is not None:
            if self.role is not VariableRole.ID or self.type is not VariableType.TEXT:
                raise ValueError(f"'{self.name}' is linked through an index, so its role must be id and its type text")
            if self.column is not None:
                raise ValueError(f"'{self.name}' is linked through an index, so it is no column of the owner's file")
        if self.relates is not None:
            if self.role not in _NAMING:
                raise ValueError(f"'{self.name}' relates records, so its role must be id or direct")
            if self.identifies is not None or self.carries is not None or self.linked_through is not None:
                raise ValueError(f"'{self.name}' relates records, so it cannot identify, carry or be linked as well")
        if self.carries is not None and (self.role is not VariableRole.DIRECT or self.type is not VariableType.TEXT):
            raise ValueError(f"'{self.name}' carries ids of an index, so its role must be direct and its type text")
        return self

    @model_validator(mode="after")
    def _mapped_codes(self) -> Self:
        if self.harmonised is None or self.codelist is None:
            return self
        known = {written(code) for code in self.codelist}
        for nation, mapped in self.harmonised.mapping.items():
            if not set(mapped) <= known:
                raise ValueError(f"the mapping of '{self.name}' for {nation} is of a code that its codelist lacks")
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
        self._check_codes(self.codelist)
        try:
            # Reading it is checking it.
            _ = self.classification
        except BadInputError as error:
            raise ValueError(error.message) from None
        return self

    def _check_codes(self, codelist: tuple[int | str | bool, ...]) -> None:
        allowed = _CODES.get(self.type)
        if allowed is None or self.role in _NAMING:
            raise ValueError(f"'{self.name}' cannot have a codelist: only integer, text or boolean variables can")
        if not codelist:
            raise ValueError(f"the codelist of '{self.name}' is empty")
        if any(type(code) not in allowed for code in codelist):
            raise ValueError(f"every code of '{self.name}' must be of its type, {self.type.value}")
        if any(type(code) is int and abs(code) > LARGEST_WHOLE for code in codelist):
            raise ValueError(f"a code of '{self.name}' is too large; codes go up to 2^53 - 1")
        if len(set(codelist)) != len(codelist):
            raise ValueError(f"the codelist of '{self.name}' names a code twice")


def written(code: int | str | bool) -> str:
    """Return a code as a key of a document, where every key is a text."""
    return str(code).lower() if isinstance(code, bool) else str(code)
