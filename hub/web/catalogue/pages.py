"""The catalogue's pages, for everybody who is signed in."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from saferoom.hub.linkage.quality_of import quality_of
from saferoom.hub.web.catalogue import present, versions
from saferoom.hub.web.shell.downloads import PARQUET, attached
from saferoom.hub.web.shell.identity import Visitor, visitor
from saferoom.hub.web.shell.lists import cut_of
from saferoom.hub.web.shell.navigation import CATALOGUE
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.web.shell.rendering import page
from saferoom.hub.web.texts import catalogue as texts
from saferoom.hub.wiring import Instance
from saferoom.projects.catalogue.checks.risk import risk_sentences
from saferoom.projects.catalogue.describing import TwinReader
from saferoom.projects.catalogue.shelves import words_of
from saferoom.projects.people.model import Role

router = APIRouter(prefix="/catalogue")
Someone = Annotated[Visitor, Depends(visitor)]


@router.get("")
def search(request: Request, who: Someone, q: str = "") -> Response:
    """Look for datasets by their own words and by those of their variables."""
    asked = q[: present.LONGEST_SEARCH]
    found = _instance(request).shelves.search(words_of(asked), cut_of(request))
    return _page(request, who, "search", {"asked": asked, "found": found})


@router.get("/{name}")
def dataset(request: Request, name: str, who: Someone, q: str = "") -> Response:
    """Show a dataset: what it holds, its versions, its rules, and how to apply for it."""
    instance, asked = _instance(request), q[: present.LONGEST_SEARCH]
    item = present.dataset(instance, name)
    values = {
        "item": item,
        "owner": instance.registry.person(item.owner).display_name,
        "about": present.about(instance, item),
        "lines": versions.lines(instance, item),
        "insider": present.insider(who.person, item),
        "frequencies": texts.FREQUENCIES,
        "breaking": texts.BREAKING,
        "asked": asked,
        "found": instance.shelves.variables(item.name, words_of(asked), cut_of(request)),
        "kept_back": present.kept_back(item),
        "rules": present.rules(item, instance.registry.platform()),
        "may_apply": Role.RESEARCHER in who.person.roles,
        "twin": present.twin(instance, who.person, item),
        "twin_for_all": item.twin is not None and item.twin.open_to is TwinReader.SIGNED_IN,
    }
    return _page(request, who, "dataset", values)


@router.get("/{name}/twin.parquet")
def twin(request: Request, name: str, who: Someone) -> Response:
    """Download the synthetic twin, to those who may have it."""
    instance = _instance(request)
    item = present.dataset(instance, name)
    return attached(present.twin_file(instance, who.person, item), f"{item.name}-twin.parquet", PARQUET)


@router.get("/{name}/versions/{version}")
def report(request: Request, name: str, version: str, who: Someone) -> Response:
    """Show what the checks of a delivery found; to the data owner and to administrators only."""
    instance = _instance(request)
    item = present.dataset(instance, name)
    found = present.report(instance, who.person, item, version[:40])
    values = {"item": item, "version": version[:40], "report": found[0], "at": found[1], "statuses": texts.STATUSES}
    values["risk"] = () if found[0].risk is None else risk_sentences(found[0].risk)
    return _page(request, who, "report", values)


@router.get("/{name}/versions/{version}/linkage")
def linkage(request: Request, name: str, version: str, who: Someone) -> Response:
    """Show how well a version is linked, and whom linking loses: as it passed the checker, so for everybody here."""
    instance = _instance(request)
    item = present.dataset(instance, name)
    values = {
        "item": item,
        "quality": quality_of(instance, item, version[:40]),
        "apart": texts.APART,
        "words": texts.BASES,
        "titles": {one.name: one.label for one in item.variables if one.label},
        "labels": {one.name: one.labels for one in item.variables if one.labels},
    }
    return _page(request, who, "linkage", values)


@router.get("/{name}/{variable}")
def variable(request: Request, name: str, variable: str, who: Someone) -> Response:
    """Show a variable: its codelist, and which codes make up which broader category."""
    item = present.dataset(_instance(request), name)
    found = present.variable(item, variable)
    codes = present.codes(found, cut_of(request))
    values = {
        "item": item,
        "variable": found,
        "codes": codes,
        "groups": present.groups(found),
        "harmonised": present.harmonised(found),
    }
    return _page(request, who, "variable", values)


def _instance(request: Request) -> Instance:
    return parts_of(request).instance


def _page(request: Request, who: Visitor, name: str, values: dict[str, Any]) -> Response:
    values |= {"types": texts.TYPES, "roles": texts.ROLES}
    return page(request, f"catalogue/{name}.html", who, here=CATALOGUE.path, **values)
