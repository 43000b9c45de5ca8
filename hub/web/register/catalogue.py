"""The public list of datasets: pages, CSV, JSON, and other catalogues' formats; by its ending or as was asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from saferoom.digests import canonical
from saferoom.errors import BadInputError, NotFoundError
from saferoom.hub.web.register.pages import shown
from saferoom.hub.web.shell.identity import Visitor, visitor_or_nobody
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.web.shell.public import public_document
from saferoom.hub.web.texts import catalogue as texts
from saferoom.ids import dataset_name
from saferoom.projects.catalogue.exports import FORMATS, Format, table
from saferoom.projects.register.model import CATALOGUE_TYPE, CatalogueList

router = APIRouter()
Anybody = Annotated[Visitor | None, Depends(visitor_or_nobody)]
_ENDINGS = {made.ending: made for made in FORMATS.values()}
_WANTED = {"text/csv": "csv", "application/json": "json", "application/ld+json": "jsonld", "text/html": "html"}


@router.get("/register/catalogue")
def negotiated(request: Request) -> Response:
    """Send whoever asks for the list on to the form that was asked for; a browser to the page."""
    prefix = parts_of(request).hub.prefix
    asked = [part.split(";")[0].strip() for part in request.headers.get("accept", "").split(",")]
    form = next((_WANTED[kind] for kind in asked if kind in _WANTED), "html")
    path = "register/datasets" if form == "html" else f"register/catalogue.{form}"
    return RedirectResponse(f"{prefix}{path}", status_code=303, headers={"Vary": "Accept"})


@router.get("/register/catalogue.json")
def as_json(request: Request) -> Response:
    """Return the whole list with its digests."""
    return public_document(request, _json(_listed(request)), "application/json")


@router.get("/register/catalogue.csv")
def as_csv(request: Request) -> Response:
    """Return the whole list as a table, a line for each variable."""
    return public_document(request, _csv(_listed(request)), "text/csv; charset=utf-8")


@router.get("/register/catalogue.jsonld")
def as_dcat(request: Request) -> Response:
    """Return the datasets as a catalogue after DCAT-AP 3."""
    return _exported(request, FORMATS["dcat-ap"])


@router.get("/register/datapackage.json")
def as_data_package(request: Request) -> Response:
    """Return the datasets as a Data Package, a resource for each."""
    return _exported(request, FORMATS["datapackage"])


@router.get("/register/catalogue.schema.jsonld")
def as_schema_org(request: Request) -> Response:
    """Return the datasets as schema.org data."""
    return _exported(request, FORMATS["schema.org"])


@router.get("/register/catalogue/head.json")
def head(request: Request) -> Response:
    """Return the head of the list, signed (a DSSE envelope)."""
    found = _listed(request).head
    if found is None:
        raise NotFoundError("the list of datasets has no head yet; it gets one with the first change")
    envelope = parts_of(request).instance.signing_key.seal_json(found.document(), CATALOGUE_TYPE)
    return public_document(request, canonical(envelope), "application/json")


@router.get("/register/datasets/{name}")
def dataset(request: Request, name: str, who: Anybody) -> Response:
    """Show one dataset, or hand it out in a format that its ending names."""
    bare, dot, ending = name.partition(".")
    entry = dict(parts_of(request).instance.public_register.entry(_name(bare)))
    if not dot:
        values = {"item": entry, "types": texts.TYPES, "roles": texts.ROLES, "frequencies": texts.FREQUENCIES}
        return shown(request, who, "dataset", values)
    if ending == "json":
        return public_document(request, json.dumps(entry, ensure_ascii=False).encode(), "application/json")
    if ending not in _ENDINGS:
        raise NotFoundError("there is no such form of a dataset in the register")
    made = _ENDINGS[ending]
    return public_document(request, made.write([entry], _address(request), _title(request)), made.media_type)


def _name(text: str) -> Any:
    try:
        return dataset_name(text)
    except BadInputError:
        raise NotFoundError("there is no such dataset in the register") from None


def _exported(request: Request, made: Format) -> Response:
    listed = _listed(request)
    if not listed.entries:
        raise NotFoundError("no dataset is registered yet, so there is nothing to list")
    data = _written(made.write, listed, _address(request), _title(request))
    return public_document(request, data, made.media_type)


def _listed(request: Request) -> CatalogueList:
    return parts_of(request).instance.public_register.entries()


def _address(request: Request) -> str:
    return f"{parts_of(request).page_url}register"


def _title(request: Request) -> str:
    return parts_of(request).instance.registry.platform().environment


# Written once for each time that the list is put together.
@lru_cache(maxsize=1)
def _json(listed: CatalogueList) -> bytes:
    return json.dumps(listed.document(), ensure_ascii=False).encode()


@lru_cache(maxsize=1)
def _csv(listed: CatalogueList) -> bytes:
    return table.to_csv(listed.entries)


@lru_cache(maxsize=len(FORMATS))
def _written(write: Callable[..., bytes], listed: CatalogueList, address: str, title: str) -> bytes:
    return write(listed.entries, address, title)
