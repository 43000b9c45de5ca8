"""Where keys are offered: by how people sign in, and by the hub's address."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.support.factor_world import factor_world
from tests.support.oidc import settings_file

from saferoom.hub.jupyter.config import desk_of
from saferoom.hub.jupyter.factors.desk import NO_ADDRESS
from saferoom.hub.jupyter.settings import Settings
from saferoom.hub.sign_in_settings import OidcSignIn, load

ASKS = "Example University asks for your second factor; change it there."
LOCAL: dict[str, Any] = {"second_factor": "local", "acr_values": None}


@pytest.mark.parametrize(
    ("more", "url", "origin", "why_not"),
    [
        ({}, "https://safe.example.org", "", ASKS),
        (LOCAL, "https://safe.example.org", "https://safe.example.org", ""),
        (LOCAL, "http://127.0.0.1:8000", "", NO_ADDRESS),
    ],
)
def test_hub_with_a_provider_offers_keys_where_the_factor_is_its_own(
    tmp_path: Path, more: dict[str, Any], url: str, origin: str, why_not: str
) -> None:
    found = load(settings_file(tmp_path, "https://id.example.org", url, **more))
    assert isinstance(found, OidcSignIn)
    with factor_world(tmp_path) as world:
        factors = desk_of(world.instance, Settings(oidc=found)).factors
    assert (factors.party.origin if factors.party else "", factors.why_not) == (origin, why_not)


def test_hub_without_a_provider_offers_them_at_localhost_or_its_public_address(tmp_path: Path) -> None:
    with factor_world(tmp_path) as world:
        here = desk_of(world.instance, Settings(port=9123)).factors
        public = desk_of(world.instance, Settings(public_url="https://safe.example.org")).factors
        nowhere = desk_of(world.instance, Settings(secure_cookies=True)).factors
    assert here.party is not None
    assert here.party.origin == "http://localhost:9123"
    assert public.party is not None
    assert public.party.id == "safe.example.org"
    assert (nowhere.party, nowhere.why_not) == (None, NO_ADDRESS)
