"""How a derived dataset is made: from which datasets, by which statements, steps and weights, in which order.

Vocabulary
----------
recipe
    A data owner's document. Its last table is the dataset.
statement
    A SELECT in the language of researchers' views, over tables that are there already; several are stacked.
weights
    A table with the column `linkage_weight` beside its own: see `projects/linkage/weights.py`.
association
    A table of entities of two indexes, with the periods in which they belonged together: see
    `projects/linkage/associations.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field, model_validator

from saferoom.digests import canonical, sha256
from saferoom.errors import BadInputError
from saferoom.policies.models import PolicyModel
from saferoom.projects.fields import ColumnField, DatasetNameField
from saferoom.projects.linkage.associations import PERIOD, RECORDS
from saferoom.projects.measures.checking import settled
from saferoom.projects.measures.model import Value
from saferoom.projects.measures.steps import step

if TYPE_CHECKING:
    from sqlglot import exp

TableName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Statement = Annotated[str, Field(min_length=1, max_length=10_000)]
MOST_PARTS = 60


class Renamed(PolicyModel):
    """A table of which the step calls columns otherwise."""

    table: TableName
    columns: dict[ColumnField, ColumnField]
    """The table's own name of a column, by the step's."""


class StepUse(PolicyModel):
    """A documented step, with what it reads."""

    name: str
    version: Annotated[int, Field(ge=1)]
    """The version that the recipe was written for; a step of another version needs a look at the recipe."""
    inputs: dict[str, TableName | Renamed]
    settings: dict[str, int | float | str | tuple[str, ...]] = Field(default_factory=dict)
    """A date is written as a text, `2021-03-21`."""

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that it reads."""
        return tuple(used if isinstance(used, str) else used.table for used in self.inputs.values())

    @property
    def values(self) -> dict[str, Value]:
        """The settings as the step takes them."""
        return {
            name: date.fromisoformat(value) if isinstance(value, str) else value
            for name, value in self.settings.items()
        }

    @model_validator(mode="after")
    def _known(self) -> Self:
        try:
            known = step(self.name)
            if known.version != self.version:
                raise BadInputError(
                    f"{self.name} is version {known.version} now, and the recipe was written for {self.version}; "
                    "see what changed and write the new version"
                )
            if set(self.inputs) != {one.name for one in known.inputs}:
                raise BadInputError(f"{self.name} reads {', '.join(one.name for one in known.inputs)}")
            settled(known, self.values)
        except BadInputError as error:
            raise ValueError(error.message) from None
        except ValueError:
            raise ValueError(f"{self.name}: a setting that is a text must be a date, as 2021-03-21") from None
        return self


class Weights(PolicyModel):
    """Linkage weights of a table's records."""

    of: TableName
    linked: ColumnField
    """A column that is true for records that were linked, false for others."""
    by: Annotated[tuple[ColumnField, ...], Field(min_length=1, max_length=8)]
    """What the chance of being linked may depend on: known of linked and unlinked records alike."""


class Association(PolicyModel):
    """Entities of two indexes that belong together, such as persons and the addresses that they lived at, and when."""

    between: tuple[ColumnField, ColumnField]
    """The columns with the two entities' ids, in the evidence and in the table that is made."""
    evidence: Annotated[tuple[TableName, ...], Field(min_length=1, max_length=20)]
    """Tables with both columns and, where it is known, a `first_day` and a `last_day`."""
    gap: Annotated[int, Field(ge=0, le=3_660)] = 1
    """A period that begins at most so many days after another ended continues it."""

    @model_validator(mode="after")
    def _two(self) -> Self:
        if self.between[0].lower() == self.between[1].lower():
            raise ValueError("'between' names one column twice; an association has two sides")
        taken = next((name for name in self.between if name.lower() in (*PERIOD, RECORDS)), None)
        if taken is not None:
            raise ValueError(f"'between' names '{taken}', which an association makes itself; call the id otherwise")
        if len(set(self.evidence)) != len(self.evidence):
            raise ValueError("'evidence' names a table twice, whose rows would count twice")
        return self


class Part(PolicyModel):
    """One table of a recipe, made in one of four ways."""

    table: TableName
    sql: Statement | Annotated[tuple[Statement, ...], Field(min_length=1, max_length=20)] | None = None
    """A SELECT, or several whose rows are put below each other."""
    step: StepUse | None = None
    weights: Weights | None = None
    association: Association | None = None

    @property
    def statements(self) -> tuple[str, ...]:
        """The statements, none where it is made in another way."""
        return (self.sql,) if isinstance(self.sql, str) else self.sql or ()

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(way is not None for way in (self.sql, self.step, self.weights, self.association)) != 1:
            raise ValueError(f"'{self.table}' is made by one of sql, step, weights and association")
        return self

    def reads(self) -> tuple[str, ...]:
        """Return the tables that it reads.

        Raises
        ------
        BadInputError
            A statement is none of the language of views.
        """
        if self.step is not None:
            return self.step.tables
        if self.weights is not None:
            return (self.weights.of,)
        if self.association is not None:
            return self.association.evidence
        from saferoom.disclosure.queries.language import parse_select

        found: dict[str, None] = {}
        for text in self.statements:
            found.update(dict.fromkeys(_tables(parse_select(text, self.table), self.table)))
        return tuple(found)


class Recipe(PolicyModel):
    """How a derived dataset is made."""

    uses: Annotated[dict[TableName, DatasetNameField], Field(min_length=1, max_length=20)]
    """Datasets, by the name that the recipe calls them."""
    make: Annotated[tuple[Part, ...], Field(min_length=1, max_length=MOST_PARTS)]
    """Tables in the order they are made; the last one is the dataset."""

    @property
    def datasets(self) -> tuple[str, ...]:
        """The datasets that it is made from, each once."""
        return tuple(dict.fromkeys(self.uses.values()))

    @property
    def steps(self) -> tuple[StepUse, ...]:
        """The documented steps, in the order they are taken."""
        return tuple(part.step for part in self.make if part.step is not None)

    @property
    def association(self) -> Association | None:
        """The association that the dataset is, None where it is something else."""
        return self.make[-1].association

    def digest(self) -> str:
        """Return the SHA-256 of the recipe and of the steps that it uses, as they are."""
        steps = {use.name: step(use.name).digest() for use in self.steps}
        document = self.model_dump(mode="json")
        # What a part does not say is left out of it, so that recipes from before keep their digest.
        for part in document["make"]:
            if part["association"] is None:
                del part["association"]
        told: Mapping[str, Any] = {"recipe": document, "steps": steps}
        return str(sha256(canonical(told)))

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        there = set(self.uses)
        for part in self.make:
            if part.table in there:
                raise ValueError(f"there are two tables '{part.table}'; give one of them another name")
            try:
                reads = part.reads()
            except BadInputError as error:
                raise ValueError(error.message) from None
            missing = [name for name in reads if name not in there]
            if missing:
                raise ValueError(f"'{part.table}' reads '{missing[0]}', which is no dataset it uses and not made yet")
            there.add(part.table)
        read = {name for part in self.make for name in part.reads()}
        unread = [name for name in (*self.uses, *(part.table for part in self.make[:-1])) if name not in read]
        if unread:
            raise ValueError(f"nothing reads '{unread[0]}'; leave it out")
        return self


def _tables(select: exp.Select, where: str) -> tuple[str, ...]:
    """Return the tables that a checked SELECT reads beside those of its WITH, in lower case as the engine has them."""
    from sqlglot import exp

    found: dict[str, None] = {}
    own = {cte.alias.lower() for cte in select.find_all(exp.CTE)}
    for table in select.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            raise BadInputError(f"{where}: a table function is not allowed; name a table")
        if table.name.lower() not in own:
            found[table.name.lower()] = None
    return tuple(found)


def written(text: str, where: str) -> str:
    """Return a statement as it was checked, written anew."""
    from saferoom.disclosure.queries.language import parse_select, write

    return write(parse_select(text, where))
