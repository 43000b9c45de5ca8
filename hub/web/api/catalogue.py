"""The catalogue: datasets, their versions and variables; no direct identifier and no file's place is told."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from saferoom.hub.linkage.quality_of import quality_of
from saferoom.hub.web.api.catalogue_documents import (
    Checks,
    Code,
    Dataset,
    Hit,
    Variable,
    VariableLine,
    VersionLine,
    dataset_document,
    variable_document,
)
from saferoom.hub.web.api.documents import Listed, listed
from saferoom.hub.web.api.routing import Caller, On, PageNumber
from saferoom.hub.web.api.routing import router as routes
from saferoom.hub.web.catalogue import present
from saferoom.hub.web.catalogue.versions import lines
from saferoom.hub.web.shell.downloads import PARQUET, attached
from saferoom.projects.catalogue.shelves import words_of
from saferoom.projects.linkage.quality_view import VersionQuality
from saferoom.projects.paging import Cut, Paged

router = routes("catalogue")
_TWIN: dict[int | str, dict[str, Any]] = {200: {"content": {PARQUET: {}}, "description": "The twin as Parquet"}}


@router.get("/catalogue")
def search(_: Caller, on: On, q: str = "", page: PageNumber = 1) -> Listed[Hit]:
    """Look for datasets by their own words and by those of their variables."""
    return listed(on.shelves.search(words_of(q[: present.LONGEST_SEARCH]), Cut(page)), Hit)


@router.get("/catalogue/{name}")
def dataset(_: Caller, on: On, name: str) -> Dataset:
    """Show a dataset."""
    return dataset_document(on, present.dataset(on, name))


@router.get("/catalogue/{name}/versions")
def versions(_: Caller, on: On, name: str, page: PageNumber = 1) -> Listed[VersionLine]:
    """List the versions of a dataset, the newest first, each with what its description changed."""
    found, cut = lines(on, present.dataset(on, name)), Cut(page)
    return listed(Paged(found[cut.offset : cut.offset + cut.size], len(found), cut), VersionLine)


@router.get("/catalogue/{name}/versions/{version}/checks")
def checks(caller: Caller, on: On, name: str, version: str) -> Checks:
    """Show what the checks of a delivery found; to the data owner and to administrators only."""
    known = present.dataset(on, name)
    found = present.report(on, on.registry.person(caller), known, version)
    return Checks.model_validate({"version": version, "at": found[1], **found[0].to_json()}, strict=False)


@router.get("/catalogue/{name}/versions/{version}/linkage")
def linkage(_: Caller, on: On, name: str, version: str) -> VersionQuality:
    """Show how well a version is linked, and whom linking loses; it passed the disclosure checker."""
    return quality_of(on, present.dataset(on, name), version)


@router.get("/catalogue/{name}/twin", response_class=Response, responses=_TWIN)
def twin(caller: Caller, on: On, name: str) -> Response:
    """Fetch the synthetic twin, to those to whom the data owner opened it: made-up records in the dataset's shape."""
    known = present.dataset(on, name)
    return attached(present.twin_file(on, on.registry.person(caller), known), f"{known.name}-twin.parquet", PARQUET)


@router.get("/catalogue/{name}/variables")
def variables(_: Caller, on: On, name: str, q: str = "", page: PageNumber = 1) -> Listed[VariableLine]:
    """List the variables of a dataset that a project may ask for."""
    known, asked = present.dataset(on, name), words_of(q[: present.LONGEST_SEARCH])
    return listed(on.shelves.variables(known.name, asked, Cut(page)), VariableLine)


@router.get("/catalogue/{name}/variables/{variable}")
def variable(_: Caller, on: On, name: str, variable: str) -> Variable:
    """Show a variable, and which of its codes make up which broader category."""
    return variable_document(present.variable(present.dataset(on, name), variable))


@router.get("/catalogue/{name}/variables/{variable}/codes")
def codes(_: Caller, on: On, name: str, variable: str, page: PageNumber = 1) -> Listed[Code]:
    """List the codes of a variable in the order of its codelist; none where any value may come."""
    found = present.codes(present.variable(present.dataset(on, name), variable), Cut(page))
    return listed(found.map(lambda code: Code(code=code)), Code)
