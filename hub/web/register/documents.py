"""The register as documents: JSON, linked data (DCAT in JSON-LD), and the key that checks signatures."""

from __future__ import annotations

import json
from functools import lru_cache

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from saferoom.digests import canonical
from saferoom.errors import NotFoundError
from saferoom.hub.key_rotation import published
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.web.shell.public import public_document
from saferoom.hub.wiring import Instance
from saferoom.projects.keys.rotations import key_list
from saferoom.projects.register import dcat
from saferoom.projects.register.service import Whole

router = APIRouter()


@router.get("/register.json")
def as_json(request: Request) -> Response:
    """Return the whole register as JSON."""
    return public_document(request, _json(_whole(request)), "application/json")


@router.get("/register.jsonld")
def as_linked_data(request: Request) -> Response:
    """Return the whole register as a DCAT catalogue."""
    address = f"{parts_of(request).page_url}register"
    return public_document(request, _linked_data(_whole(request), address, _name(request)), dcat.TYPE)


@router.get("/register/head.json")
def head(request: Request) -> Response:
    """Return the newest signed head of the audit trail, as it was signed (a DSSE envelope)."""
    found = parts_of(request).instance.public_register.head()
    if found is None:
        raise NotFoundError("the audit trail has no signed head yet; it is signed with the first release")
    return public_document(request, canonical(found.envelope), "application/json")


@router.get("/register/withdrawals.json")
def withdrawals(request: Request) -> Response:
    """Return the signed list of all withdrawals (a DSSE envelope), for ``saferoom verify --withdrawals``."""
    signed = parts_of(request).instance.public_register.withdrawals()
    return public_document(request, canonical(signed), "application/json")


@router.get("/register/key.pem")
def key(request: Request) -> Response:
    """Return the public key that checks bundles, statements and heads."""
    pem = parts_of(request).instance.signing_key.verifying_key.to_pem()
    return public_document(request, pem, "application/x-pem-file")


@router.get("/register/keys.json")
def keys(request: Request) -> Response:
    """Return the newest public key with the ended ones and what each had signed, for ``saferoom verify --key``."""
    return public_document(request, _keys(parts_of(request).instance), "application/json")


# Written once for each time that the register is put together.
@lru_cache(maxsize=1)
def _json(whole: Whole) -> bytes:
    return json.dumps(whole.document(), ensure_ascii=False).encode()


@lru_cache(maxsize=1)
def _linked_data(whole: Whole, address: str, name: str) -> bytes:
    return json.dumps(dcat.catalogue(whole, address, name), ensure_ascii=False).encode()


# The keys of a process never change: once another one signs, this process is refused.
@lru_cache(maxsize=1)
def _keys(instance: Instance) -> bytes:
    return canonical(key_list(instance.signing_key.verifying_key, published(instance)))


def _name(request: Request) -> str:
    return parts_of(request).instance.registry.platform().environment


def _whole(request: Request) -> Whole:
    return parts_of(request).instance.public_register.whole()
