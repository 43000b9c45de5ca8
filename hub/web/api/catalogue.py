"""The catalogue: datasets, their versions and variables; no direct identifier and no file's place is told."""

from __future__ import annotations

from datetime import datetime

from saferoom.hub.web.api.documents import Document, Listed, listed
from saferoom.hub.web.api.routing import Caller, On, PageNumber
from saferoom.hub.web.api.routing import router as routes
from saferoom.hub.web.catalogue import present
from saferoom.projects.catalogue.model import Coverage, Quality, VariableRole, VariableType
from saferoom.projects.catalogue.shelves import words_of
from saferoom.projects.paging import Cut

router = routes("catalogue")


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
    quality: list[Quality]
    editions: list[Edition]
    rules: list[Rule]
    """Of the platform and its owner, the strictest of each; a project can only be stricter."""
    kept_back: int
    """How many variables name a person by themselves, and are never handed out."""


@router.get("/catalogue")
def search(_: Caller, on: On, q: str = "", page: PageNumber = 1) -> Listed[Hit]:
    """Look for datasets by their own words and by those of their variables."""
    return listed(on.shelves.search(words_of(q[: present.LONGEST_SEARCH]), Cut(page)), Hit)


@router.get("/catalogue/{name}")
def dataset(_: Caller, on: On, name: str) -> Dataset:
    """Show a dataset."""
    found = present.dataset(on, name)
    return Dataset(
        name=found.name,
        title=found.title,
        version=found.version,
        owner=on.registry.person(found.owner).display_name,
        description=found.description,
        coverage=found.coverage,
        quality=list(found.quality),
        editions=[Edition.model_validate(one) for one in on.shelves.editions(found.name)],
        rules=[Rule.model_validate(one) for one in present.rules(found, on.registry.platform())],
        kept_back=present.kept_back(found),
    )


@router.get("/catalogue/{name}/variables")
def variables(_: Caller, on: On, name: str, q: str = "", page: PageNumber = 1) -> Listed[VariableLine]:
    """List the variables of a dataset that a project may ask for."""
    known, asked = present.dataset(on, name), words_of(q[: present.LONGEST_SEARCH])
    return listed(on.shelves.variables(known.name, asked, Cut(page)), VariableLine)


@router.get("/catalogue/{name}/variables/{variable}")
def variable(_: Caller, on: On, name: str, variable: str) -> Variable:
    """Show a variable, and which of its codes make up which broader category."""
    found = present.variable(present.dataset(on, name), variable)
    return Variable(
        name=found.name,
        label=found.label,
        type=found.type,
        role=found.role,
        codes=len(found.codelist or ()),
        groups=[Group.model_validate(one) for one in present.groups(found)],
    )


@router.get("/catalogue/{name}/variables/{variable}/codes")
def codes(_: Caller, on: On, name: str, variable: str, page: PageNumber = 1) -> Listed[Code]:
    """List the codes of a variable in the order of its codelist; none where any value may come."""
    found = present.codes(present.variable(present.dataset(on, name), variable), Cut(page))
    return listed(found.map(lambda code: Code(code=code)), Code)
