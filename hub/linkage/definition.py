"""An index: which datasets' records are linked to which entities, and by which columns. An administrator's document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field, ValidationError, create_model, model_validator

from saferoom.errors import BadInputError
from saferoom.policies.conform import conform
from saferoom.policies.document import read_document
from saferoom.policies.models import PolicyModel
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.catalogue.variables import IndexField, VariableType
from saferoom.projects.fields import ColumnField, DatasetNameField, TitleField
from saferoom.projects.linkage.plan import Engine, FieldKind, LinkPlan

RECORD = "record_id"
BIRTH_DECADE, POSTCODE_AREA = "birth_decade", "postcode_area"
DERIVED = {BIRTH_DECADE: FieldKind.DATE, POSTCODE_AREA: FieldKind.POSTCODE}
"""Groups that the linker makes itself, each of the first column of a kind."""
_OURS = ("datasets", "fields", "link_type", "engine")
_NO_FILE = "-"
_ONE_ENGINE = (
    "an index is linked by duckdb alone: spark needs Java and connections between its processes, and the linker's "
    "sandbox has neither; leave 'engine' out (duckdb links millions of records, and uses the disk beyond "
    "'limits: {memory: GIB}')"
)


class Unit(StrEnum):
    """What an index's entities are."""

    PERSON = "person"
    HOUSEHOLD = "household"
    ADDRESS = "address"
    BUSINESS = "business"


PLACES = (Unit.HOUSEHOLD, Unit.ADDRESS)
"""Entities that many records of a source are of: records are placed by address, not paired."""

if TYPE_CHECKING:
    HowToLink = PolicyModel
else:
    HowToLink = create_model(
        "HowToLink",
        __config__=LinkPlan.model_config,
        **{name: (field.annotation, field) for name, field in LinkPlan.model_fields.items() if name not in _OURS},
    )


class Related(PolicyModel):
    """A source whose records belong together where they share a number."""

    source: DatasetNameField
    by: ColumnField
    """The variable that `relates` its records."""


class Family(Related):
    """A source of families."""

    role: ColumnField | None = None
    """A field of kind sex that tells roles apart, as mothers from fathers; else all of the source have one role."""
    once: bool = False
    """Whether everybody has one record at most in the source, as everybody is born once."""


class Relatives(PolicyModel):
    """Whose word decides doubtful pairs: families of some sources are asked about households of others."""

    families: Annotated[tuple[Family, ...], Field(min_length=1, max_length=20)]
    households: Annotated[tuple[Related, ...], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _apart(self) -> Self:
        names = [one.source for one in (*self.families, *self.households)]
        if len(set(names)) != len(names):
            raise ValueError("'relatives' names a source twice; one has families or households, not both")
        return self


class Index(PolicyModel):
    """How an index is linked; every refresh of a source is linked by the same document."""

    name: IndexField
    title: TitleField
    unit: Unit = Unit.PERSON
    sources: Annotated[tuple[DatasetNameField, ...], Field(min_length=1, max_length=50)]
    fields: Annotated[dict[ColumnField, FieldKind], Field(min_length=1, max_length=50)] | None = None
    """What is compared; by default every variable that identifies in two of the sources."""
    relatives: Relatives | None = None
    """Sources whose records belong to families and to households, so that relatives decide doubtful pairs."""
    near_everybody: bool = True
    """Whether a quality pack may tell that nearly everybody of a group is linked; false where being in one of the
    sources tells something about somebody, as being in a register of convictions does."""
    plan: HowToLink = Field(default_factory=HowToLink)
    """Threshold or precision, one_to_one, groups, passes, blocking and so on, as in a link plan.

    Of the groups the linker tells rates by those that identify, by ``birth_decade`` and ``postcode_area``; the
    provisioner by those that are attributes.
    """

    @property
    def groups(self) -> tuple[str, ...]:
        """By what rates are told."""
        found: tuple[str, ...] = tuple(self.plan.model_dump()["groups"])
        return found

    @model_validator(mode="after")
    def _once(self) -> Self:
        if len(set(self.sources)) != len(self.sources):
            raise ValueError("'sources' names a dataset twice")
        return self


def read_index(text: str, where: str) -> Index:
    """Read an index from YAML; `where` names its file in messages.

    Raises
    ------
    BadInputError
        With line, field and what is allowed.
    """
    document = read_document(text, where)
    content = document.value
    if isinstance(content, dict):
        if content.get("kind", "index") != "index":
            raise document.error("expected `kind: index`", ("kind",))
        content = {name: value for name, value in content.items() if name != "kind"}
        plan = content.get("plan")
        if isinstance(plan, dict) and "engine" in plan:
            # What another engine would take is not in the linker's sandbox.
            if plan["engine"] != Engine.DUCKDB.value:
                raise document.error(_ONE_ENGINE, ("plan", "engine"))
            content["plan"] = {name: value for name, value in plan.items() if name != "engine"}
    return conform(document, Index, content)


def kept_index(document: Mapping[str, Any]) -> Index:
    """Return an index as it was kept."""
    return Index.model_validate(document, strict=False)


def carrying(index: Index, dataset: Dataset) -> str | None:
    """Return the variable in which a dataset carries the index's own ids, None where its records are linked."""
    return next((variable.name for variable in dataset.variables if variable.carries == index.name), None)


def linked(index: Index, datasets: Mapping[str, Dataset]) -> tuple[str, ...]:
    """Return the sources whose records are linked by comparing them."""
    return tuple(name for name in index.sources if carrying(index, datasets[name]) is None)


def plan_of(index: Index, datasets: Mapping[str, Dataset]) -> LinkPlan:
    """Return the link plan of an index; its records come from the linker's zone, not from files.

    Raises
    ------
    BadInputError
        The plan does not fit the sources.
    """
    compared = linked(index, datasets)
    fields = _fields(index, datasets)
    document = index.plan.model_dump(mode="json") | {
        "datasets": [{"name": name, "file": _NO_FILE, "id": RECORD} for name in compared],
        "fields": {name: kind.value for name, kind in fields.items()},
        "groups": [name for name in index.groups if _in_linker(name, fields)],
        "link_type": "link" if len(compared) > 1 else "dedupe",
    }
    if index.unit in PLACES and not {FieldKind.POSTCODE, FieldKind.ADDRESS} <= set(fields.values()):
        raise BadInputError(f"{index.name}: an index of places needs a field with an address and one with a postcode")
    _check_relatives(index, datasets, fields)
    try:
        return LinkPlan.model_validate(document, strict=False)
    except ValidationError as error:
        said = "; ".join(str(one["msg"]).removeprefix("Value error, ") for one in error.errors(include_input=False))
        raise BadInputError(f"{index.name}: {said}") from None


def _check_relatives(index: Index, datasets: Mapping[str, Dataset], fields: Mapping[str, FieldKind]) -> None:
    if index.relatives is None:
        return
    if index.unit is not Unit.PERSON:
        raise BadInputError(f"{index.name}: 'relatives' is for an index of persons; nobody else has a family")
    compared = linked(index, datasets)
    for one in (*index.relatives.families, *index.relatives.households):
        if one.source not in compared:
            raise BadInputError(f"{index.name}: 'relatives' names {one.source}, whose records are not compared here")
        variable = datasets[one.source].variable(one.by)
        if variable is None or variable.relates is None:
            said = "which no variable of it is" if variable is None else "which is not for the linker"
            raise BadInputError(
                f"{index.name}: 'relatives' groups {one.source} by {one.by}, {said}; describe it with `relates: NAME`"
            )
    for family in index.relatives.families:
        if family.role is not None and fields.get(family.role) is not FieldKind.SEX:
            said = f"'relatives' tells roles by {family.role}, which is no field of kind sex"
            raise BadInputError(f"{index.name}: {said}")


def attribute_groups(index: Index, datasets: Mapping[str, Dataset], dataset: str) -> tuple[str, ...]:
    """Return the groups that are attributes of `dataset` and that the linker does not know."""
    fields = _fields(index, datasets)
    rest = [name for name in index.groups if not _in_linker(name, fields)]
    told = {variable.name for variable in datasets[dataset].releasable}
    return tuple(name for name in rest if name in told)


def known_labels(dataset: Dataset, groups: Sequence[str]) -> dict[str, list[str]]:
    """Return the labels of groups that the dataset's description names, as quality packs write them."""
    found: dict[str, list[str]] = {}
    for name in groups:
        variable = dataset.variable(name)
        if variable is None:
            continue
        codes = (False, True) if variable.type is VariableType.BOOLEAN else variable.codelist or ()
        found[name] = [str(code).lower() if isinstance(code, bool) else str(code) for code in codes]
    return found


def _in_linker(name: str, fields: Mapping[str, FieldKind]) -> bool:
    return name in fields or (name in DERIVED and DERIVED[name] in fields.values())


def _fields(index: Index, datasets: Mapping[str, Dataset]) -> dict[str, FieldKind]:
    compared = linked(index, datasets)
    found: dict[str, list[FieldKind]] = {}
    for name in compared:
        for variable in datasets[name].variables:
            if variable.identifies is not None:
                found.setdefault(variable.name, []).append(variable.identifies)
    wanted = index.fields
    if wanted is None:
        least = min(2, len(compared))
        wanted = {name: kinds[0] for name, kinds in found.items() if len(kinds) >= least}
    for name, kind in wanted.items():
        if name not in found:
            raise BadInputError(f"{index.name}: no source has a variable {name} that identifies")
        if set(found[name]) != {kind}:
            raise BadInputError(f"{index.name}: {name} is not {kind.value} in every source that has it")
    if not wanted:
        raise BadInputError(f"{index.name}: no two sources share a variable that identifies; call alike what is alike")
    return dict(wanted)
