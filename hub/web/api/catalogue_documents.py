"""The catalogue as typed documents; of direct identifiers and where a file lies nothing is told."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import JsonValue

from saferoom.hub.web.api.documents import Document
from saferoom.hub.web.catalogue import present
from saferoom.hub.wiring import Instance
from saferoom.projects.catalogue import limits, model
from saferoom.projects.catalogue.checks.report import Kind, Status
from saferoom.projects.catalogue.model import Coverage, Quality, VariableRole, VariableType
from saferoom.projects.catalogue.purposes import Purpose


class VariableLine(Document):
    """A variable; `codes` counts those of its codelist."""

    name: str
    label: str
    type: VariableType
    role: VariableRole
    codes: int
    grouped: bool


class Hit(Document):
    """A dataset that a search finds."""

    name: str
    title: str
    version: str
    owner: str
    variables: int
    found: list[VariableLine]


class Edition(Document):
    """One version of a dataset."""

    number: int
    version: str
    at: datetime


class Delivered(Document):
    """A version that came in: what it is about, and by which model it was linked."""

    first: date | None
    last: date | None
    ingested_at: datetime
    linkage_model: str | None
    quality_pack: str | None


class VersionLine(Document):
    """One version, and what its description changed; `more` counts changes beyond those that are told."""

    version: str
    at: datetime
    came: Delivered | None
    changes: list[str]
    more: int
    breaking: bool


class Check(Document):
    """One check of a delivery: what it is about, how it ended, and the numbers behind it."""

    check: Kind
    subject: str
    status: Status
    message: str
    counts: dict[str, int | float]


class Checks(Document):
    """What the checks of a delivery found; it counts and shows no value of the data."""

    dataset: str
    version: str
    at: datetime
    rows: int
    status: Status
    breaking: bool
    changes: list[str]
    checks: list[Check]
    risk: dict[str, JsonValue] | None
    """What its records would disclose if they left as such; `saferoom risk` explains the measures."""


class Rule(Document):
    """One rule for outputs of a dataset, in words, and who states it."""

    rule: str
    value: str
    origin: str
    meaning: str


class Group(Document):
    """A broader category with what it is made of; `depth` counts the categories around it."""

    name: str
    parts: list[str]
    depth: int


class Variable(Document):
    """A variable, and which codes make up which broader category."""

    name: str
    label: str | None
    type: VariableType
    role: VariableRole
    codes: int
    groups: list[Group]
    figures: dict[str, dict[str, int | float]]
    """Public numbers of its codes, by what they are."""
    labels: dict[str, str]
    """Its codes in words."""
    linked_through: str | None
    """The index whose entities it holds; null where the data owner's file has it."""
    harmonised: model.Harmonised | None


class Code(Document):
    """One value that a variable may take."""

    code: bool | int | str


class Dataset(Document):
    """A dataset as its owner describes it."""

    name: str
    title: str
    version: str
    owner: str
    description: str | None
    coverage: Coverage
    linked_from: list[str]
    """Datasets whose people are in this one; releases with noise cost their privacy budgets, too."""
    quality: list[Quality]
    editions: list[Edition]
    rules: list[Rule]
    """Of the platform and its owner, the strictest of each; a project can only be stricter."""
    kept_back: int
    """How many variables name a person by themselves, and are never handed out."""
    gateways: list[model.Gateway]
    """The laws under which it may be shared."""
    purposes: list[Purpose]
    """What a project may use it for, the gateways of what it was linked from taken together."""
    gaps: list[model.Gap]
    nations: list[str]
    refresh: model.Refresh | None
    twin: model.Twin | None


def dataset_document(on: Instance, found: model.Dataset) -> Dataset:
    """Return a dataset as the catalogue tells it."""
    return Dataset(
        name=found.name,
        title=found.title,
        version=found.version,
        owner=on.registry.person(found.owner).display_name,
        description=found.description,
        coverage=found.coverage,
        linked_from=list(found.linked_from),
        quality=list(found.quality),
        editions=[Edition.model_validate(one) for one in on.shelves.editions(found.name)],
        rules=[Rule.model_validate(one) for one in present.rules(found, on.registry.platform())],
        kept_back=present.kept_back(found),
        gateways=list(found.gateways),
        purposes=list(limits.permitted(found, limits.finder(on.registry.dataset))),
        gaps=[gap.model_copy(update={"variables": present.nameable(found, gap.variables)}) for gap in found.gaps],
        nations=list(found.nations),
        refresh=found.refresh,
        twin=found.twin,
    )


def variable_document(found: model.Variable) -> Variable:
    """Return a variable with its categories."""
    return Variable(
        name=found.name,
        label=found.label,
        type=found.type,
        role=found.role,
        codes=len(found.codelist or ()),
        groups=[Group.model_validate(one) for one in present.groups(found)],
        figures={name: dict(known) for name, known in (found.figures or {}).items()},
        labels=dict(found.labels or {}),
        linked_through=found.linked_through,
        harmonised=found.harmonised,
    )
