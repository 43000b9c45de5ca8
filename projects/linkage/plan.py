"""The link plan: which files, what their columns hold, and how links are decided. The same for every engine."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from saferoom.policies.conform import ALLOWED, conform
from saferoom.policies.document import read_document

Column = Annotated[str, Field(min_length=1, max_length=200)]
Probability = Annotated[float, Field(gt=0, le=1)]
_DEFAULT_THRESHOLD = 0.95
_RESERVED = frozenset({"record_id", "source", "unit_id"})
"""What tables of records call columns of their own."""


class FieldKind(StrEnum):
    """What a column that identifies holds: says how it is cleaned and compared."""

    GIVEN_NAME = "given_name"
    SURNAME = "surname"
    DATE = "date"
    POSTCODE = "postcode"
    ADDRESS = "address"
    SEX = "sex"
    ID = "id"
    ORGANISATION = "organisation"
    TEXT = "text"


class LinkType(StrEnum):
    """Between datasets, or within one."""

    LINK = "link"
    DEDUPE = "dedupe"


class Engine(StrEnum):
    """What computes."""

    DUCKDB = "duckdb"
    SPARK = "spark"


class Form(StrEnum):
    """What of a column's cleaned value two records must share."""

    WHOLE = "whole"
    START = "start"
    """The first three characters."""
    SOUND = "sound"
    """A name's letters by sound, so that most spellings of one name share it."""
    YEAR = "year"
    AREA = "area"
    """A postcode's outward part."""
    NUMBER = "number"
    """An address's house number."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class DatasetPlan(_Part):
    """One dataset of a plan."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    file: Annotated[str, Field(min_length=1, max_length=4096)]
    """CSV, TSV or Parquet; a relative path starts at the plan's folder."""
    id: Column
    """Column with each record's own number in this dataset."""
    columns: dict[Column, Column] = Field(default_factory=dict)
    """A plan's column -> this dataset's own name of it, where they differ."""

    def column(self, name: str) -> str:
        """Return how this dataset calls the plan's column `name`."""
        return self.columns.get(name, name)


class Key(_Part):
    """One part of a pass or a blocking rule: a column, in a form."""

    column: Column
    form: Form = Form.WHOLE


KeyPart = Annotated[Column | Key, Field(json_schema_extra={ALLOWED: "a column's name, or `{column: ..., form: ...}`"})]
Rule = Annotated[tuple[KeyPart, ...], Field(min_length=1, max_length=8)]


class Limits(_Part):
    """How much may be computed at most."""

    pairs: Annotated[int, Field(ge=1)] | None = None
    """Candidate pairs altogether; by default two million, or a hundred for each record where that is more."""
    block: Annotated[int, Field(ge=1)] = 20_000
    """Pairs that one value of a blocking rule may make; blocks beyond are left out and counted."""
    cluster: Annotated[int, Field(ge=2)] = 100
    """Records that one entity may have; larger ones are split at their weakest links."""
    memory: Annotated[float, Field(gt=0)] | None = None
    """GiB of memory for the engine, 2 by default; beyond that it uses the disk."""
    threads: Annotated[int, Field(ge=1, le=256)] | None = None


class LinkPlan(_Part):
    """How datasets are linked, or the records of one dataset found that are of the same entity."""

    datasets: Annotated[tuple[DatasetPlan, ...], Field(min_length=1, max_length=50)]
    fields: Annotated[dict[Column, FieldKind], Field(min_length=1, max_length=50)]
    """Columns that identify, and what they hold."""
    link_type: LinkType = LinkType.LINK
    one_to_one: bool = False
    """Each record has at most one partner in every other dataset; within one dataset, at most one at all."""
    many_to_one: bool = False
    """Records of every dataset but the last have at most one partner in the last."""
    threshold: Probability | None = None
    """Pairs of at least this match probability are links."""
    precision: Annotated[float, Field(gt=0, lt=1)] | None = None
    """In place of a threshold: the lowest one is taken with which so large a share of the links is expected right."""
    engine: Engine = Engine.DUCKDB
    groups: Annotated[tuple[Column, ...], Field(max_length=20)] = ()
    """Columns by whose values rates of the quality pack are told; never used to link."""
    passes: Annotated[tuple[Rule, ...], Field(max_length=20)] | None = None
    """Keys that link by themselves where no two records of a dataset share them; by default chosen from the fields."""
    blocking: Annotated[tuple[Rule, ...], Field(min_length=1, max_length=50)] | None = None
    """Records that share one of these are compared; by default chosen from the fields by their counts."""
    term_frequencies: bool = True
    """Agreement on a rare value says more than on a common one."""
    seed: Annotated[int, Field(ge=0)] = 20210321
    limits: Limits = Limits()

    @property
    def least_probability(self) -> float:
        """The threshold, where the plan does not ask for a precision."""
        return _DEFAULT_THRESHOLD if self.threshold is None else self.threshold

    def of_kind(self, *kinds: FieldKind) -> tuple[str, ...]:
        """Return the columns of `kinds`, in the plan's order."""
        return tuple(column for column, kind in self.fields.items() if kind in kinds)

    @model_validator(mode="after")
    def _datasets_fit(self) -> Self:
        names = [dataset.name.casefold() for dataset in self.datasets]
        if len(set(names)) != len(names):
            raise ValueError("two datasets have the same name; give each its own")
        if self.link_type is LinkType.DEDUPE and len(self.datasets) != 1:
            raise ValueError("'link_type: dedupe' takes one dataset; with more, write 'link_type: link'")
        if self.link_type is LinkType.LINK and len(self.datasets) < 2:
            raise ValueError("'link_type: link' takes two datasets or more; with one, write 'link_type: dedupe'")
        for dataset in self.datasets:
            for column in dataset.columns:
                if column not in self.fields and column not in self.groups:
                    raise ValueError(f"'columns' of '{dataset.name}' renames '{column}', which no field or group is")
            if dataset.id in {dataset.column(name) for name in self.fields}:
                raise ValueError(f"the id column '{dataset.id}' of '{dataset.name}' cannot be one of the fields")
        return self

    @model_validator(mode="after")
    def _decisions_fit(self) -> Self:
        if self.one_to_one and self.many_to_one:
            raise ValueError("'one_to_one' and 'many_to_one' cannot both be true")
        if self.many_to_one and self.link_type is LinkType.DEDUPE:
            raise ValueError("'many_to_one' is for 'link_type: link'")
        if self.threshold is not None and self.precision is not None:
            raise ValueError("give 'threshold' or 'precision', not both")
        if len(set(self.groups)) != len(self.groups):
            raise ValueError("'groups' names a column twice")
        columns = [*self.fields, *(column for column in self.groups if column not in self.fields)]
        if len({column.casefold() for column in columns}) != len(columns):
            raise ValueError("two columns differ by capital letters only; rename one by 'columns' of its dataset")
        for column in columns:
            if column.casefold() in _RESERVED:
                raise ValueError(f"a field or group cannot be called '{column}'; rename it by 'columns' of its dataset")
        if all(kind is FieldKind.SEX for kind in self.fields.values()):
            raise ValueError("'fields' needs a column that tells people apart; sex alone does not")
        return self

    @model_validator(mode="after")
    def _keys_fit(self) -> Self:
        for what, rules in (("passes", self.passes or ()), ("blocking", self.blocking or ())):
            for part in (part for rule in rules for part in rule):
                key = key_of(part)
                if key.column not in self.fields:
                    raise ValueError(f"'{what}' names the column '{key.column}', which 'fields' does not have")
                if key.form not in FORMS[self.fields[key.column]]:
                    allowed = ", ".join(FORMS[self.fields[key.column]])
                    raise ValueError(
                        f"'{what}': a {self.fields[key.column]} has no form '{key.form}'; it has {allowed}"
                    )
        return self


_NAME = (Form.WHOLE, Form.START, Form.SOUND)
FORMS: dict[FieldKind, tuple[Form, ...]] = {
    FieldKind.GIVEN_NAME: _NAME,
    FieldKind.SURNAME: _NAME,
    FieldKind.DATE: (Form.WHOLE, Form.YEAR),
    FieldKind.POSTCODE: (Form.WHOLE, Form.AREA),
    FieldKind.ADDRESS: (Form.WHOLE, Form.START, Form.NUMBER),
    FieldKind.SEX: (Form.WHOLE,),
    FieldKind.ID: (Form.WHOLE, Form.START),
    FieldKind.ORGANISATION: _NAME,
    FieldKind.TEXT: (Form.WHOLE, Form.START, Form.SOUND),
}
"""Which forms a column of each kind has."""


def key_of(part: str | Key) -> Key:
    """Return one part of a rule with its form written out."""
    return Key(column=part) if isinstance(part, str) else part


def read_plan(text: str, where: str) -> LinkPlan:
    """Read a link plan from YAML or JSON; `where` names its file in messages.

    Raises
    ------
    BadInputError
        With line, field and what is allowed.
    """
    return conform(read_document(text, where), LinkPlan)
