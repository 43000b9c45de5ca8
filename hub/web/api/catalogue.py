"""The catalogue: datasets, their versions and variables; no direct identifier and no file's place is told."""

from __future__ import annotations

from datetime import datetime

from saferoom.errors import BadInputError, NotFoundError
from saferoom.hub.web.api.documents import Document, Listed, listed
from saferoom.hub.web.api.routing import Caller, On, PageNumber
from saferoom.hub.web.api.routing import router as routes
from saferoom.ids import dataset_name
from saferoom.projects.catalogue.model import Coverage, Quality, VariableRole, VariableType
from saferoom.projects.catalogue.shelves import words_of
from saferoom.projects.paging import Cut

router = routes("catalogue")
_LONGEST_SEARCH = 200


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


@router.get("/catalogue")
def search(_: Caller, on: On, q: str = "", page: PageNumber = 1) -> Listed[Hit]:
    """Look for datasets by their own words and by those of their variables."""
    return listed(on.shelves.search(words_of(q[:_LONGEST_SEARCH]), Cut(page)), Hit)


@router.get("/catalogue/{name}")
def dataset(_who: Caller, on: On, name: str) -> Dataset:
    """Show a dataset."""
    try:
        found = on.registry.dataset(dataset_name(name))
    except (BadInputError, NotFoundError):
        raise NotFoundError("there is no such dataset in the catalogue") from None
    return Dataset(
        name=found.name,
        title=found.title,
        version=found.version,
        owner=on.registry.person(found.owner).display_name,
        description=found.description,
        coverage=found.coverage,
        quality=list(found.quality),
        editions=[Edition.model_validate(one) for one in on.shelves.editions(found.name)],
    )


@router.get("/catalogue/{name}/variables")
def variables(who: Caller, on: On, name: str, q: str = "", page: PageNumber = 1) -> Listed[VariableLine]:
    """List the variables of a dataset that a project may ask for."""
    known = dataset(who, on, name)
    found = on.shelves.variables(dataset_name(known.name), words_of(q[:_LONGEST_SEARCH]), Cut(page))
    return listed(found, VariableLine)
