"""At which addresses keys are offered, and what is asked of them."""

from __future__ import annotations

import json

import pytest
from tests.support.authenticator import SoftKey

from saferoom.hub.jupyter.factors.party import Person, RelyingParty
from saferoom.hub.jupyter.settings import Settings
from saferoom.hub.store.proofs import NOBODYS, StoredKey

PARTY = RelyingParty("https://safe.example.org")


@pytest.mark.parametrize(
    ("address", "origin", "rp_id"),
    [
        ("https://safe.example.org", "https://safe.example.org", "safe.example.org"),
        ("https://Safe.Example.org:443/tre/", "https://safe.example.org", "safe.example.org"),
        ("https://safe.example.org:8443", "https://safe.example.org:8443", "safe.example.org"),
        ("http://localhost:8000", "http://localhost:8000", "localhost"),
        ("http://localhost:80/", "http://localhost", "localhost"),
    ],
)
def test_address_with_a_name_and_tls_offers_keys(address: str, origin: str, rp_id: str) -> None:
    party = RelyingParty.at(address)
    assert party is not None
    assert (party.origin, party.id) == (origin, rp_id)


@pytest.mark.parametrize(
    "address", ["", "http://127.0.0.1:8000", "https://192.0.2.7", "https://[2001:db8::1]", "http://safe.example.org"]
)
def test_address_without_a_name_or_tls_offers_none(address: str) -> None:
    assert RelyingParty.at(address) is None


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        (Settings(port=9123), "http://localhost:9123"),
        (Settings(address="::1"), "http://localhost:8000"),
        (Settings(public_url="https://safe.example.org"), "https://safe.example.org"),
        # TLS ends in front, at a name that nobody has told.
        (Settings(secure_cookies=True), ""),
        (Settings(address="0.0.0.0", secure_cookies=True), ""),  # noqa: S104
    ],
)
def test_keys_are_tied_to_the_public_address_and_to_localhost_alone_without_one(
    settings: Settings, address: str
) -> None:
    assert settings.keys_at == address


def test_new_key_has_to_know_its_person_and_to_ask_for_pin_or_finger() -> None:
    asked = json.loads(PARTY.creation(Person("ana", "Ana", b"h" * 32, ("AAEC",)), b"c" * 32))
    selection = asked["authenticatorSelection"]
    assert (selection["residentKey"], selection["userVerification"]) == ("required", "required")
    assert {one["alg"] for one in asked["pubKeyCredParams"]} == {-8, -7, -257}
    assert [one["id"] for one in asked["excludeCredentials"]] == ["AAEC"]
    assert asked["attestation"] == "none"
    assert "ana" not in json.dumps(asked["user"]["id"])


def test_key_that_is_copied_by_a_provider_says_so() -> None:
    backed_up = 0x08 | 0x10
    key = SoftKey(PARTY.origin, PARTY.id, counts=False, flags=0x05 | backed_up)
    made = PARTY.made(key.create(PARTY.creation(Person("ana", "Ana", b"h" * 32, ()), b"c" * 32)), b"c" * 32, b"h" * 32)
    assert made is not None
    assert made.synced
    assert (made.sign_count, made.user_handle) == (0, "aGhoaGhoaGhoaGhoaGhoaGhoaGhoaGhoaGhoaGhoaGg")


def test_signature_is_looked_at_also_where_there_is_no_key() -> None:
    key = SoftKey(PARTY.origin, PARTY.id)
    made = PARTY.made(key.create(PARTY.creation(Person("ana", "Ana", b"h" * 32, ()), b"c" * 32)), b"c" * 32, b"h" * 32)
    assert made is not None
    assertion = PARTY.assertion(key.get(PARTY.request(b"d" * 32)), b"d" * 32)
    assert assertion.count(StoredKey("k", made.public_key, made.user_handle)) == 1
    # The key that stands for nobody's is one: it is read and tried, and does not fit.
    assert assertion.count(NOBODYS) is None
    assert assertion.count(StoredKey("k", NOBODYS.public_key, made.user_handle)) is None
