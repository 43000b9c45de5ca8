"""ID tokens, keys and documents that no honest provider sends, from a provider of the tests' own."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm
from tests.support.hostile_provider import Hostile, Key, hostile
from tests.support.oidc import CLIENT, settings_file
from tests.support.tls import EXPIRED, certificate

from saferoom.errors import BadInputError, UnauthenticatedError, UnavailableError
from saferoom.hub.jupyter.oidc.provider import Answer, Provider, Verified
from saferoom.hub.sign_in_settings import OidcSignIn, load

NONCE = "n" * 64
KEY = Key()
ANSWER = Answer("a code", "a verifier", NONCE, None)
Change = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture
def said() -> Iterator[Hostile]:
    with hostile() as one:
        one.keys = {"keys": [KEY.public]}
        yield one


def settings(folder: Path, said: Hostile, **more: Any) -> OidcSignIn:
    found = load(settings_file(folder, said.url, "http://127.0.0.1:8000", **more))
    assert isinstance(found, OidcSignIn)
    return found


def claims(said: Hostile, **more: Any) -> dict[str, Any]:
    now = int(time.time())
    good = {"iss": said.url, "sub": "a-1001", "aud": CLIENT, "exp": now + 60, "iat": now, "nonce": NONCE}
    return {name: value for name, value in (good | more).items() if value is not None}


def identified(folder: Path, said: Hostile, token: str, answer: Answer = ANSWER, **more: Any) -> Verified:
    said.token = (200, {"access_token": "x", "token_type": "Bearer", "id_token": token})
    return asyncio.run(Provider(settings(folder, said, **more)).identify(answer))


def part(document: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def test_token_as_it_should_be_says_who_it_is(said: Hostile, tmp_path: Path) -> None:
    found = identified(tmp_path, said, KEY.sign(claims(said, acr="mfa", amr=["otp"], email="ana@example.org")))
    assert (found.identity.issuer, found.identity.subject) == (said.url, "a-1001")
    assert (found.acr, found.amr) == ("mfa", frozenset({"otp"}))
    (_, form) = next(asked for asked in said.asked if asked[0] == "/token")
    assert "code_verifier=a+verifier" in form
    # The secret goes in the header, not where logs keep it.
    assert "client_secret" not in form


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("audience", {"aud": "another"}),
        ("no audience", {"aud": None}),
        ("issuer", {"iss": "https://id.example.org"}),
        ("no issuer", {"iss": None}),
        ("expired", {"exp": int(time.time()) - 3600}),
        ("never ends", {"exp": None}),
        ("of the future", {"iat": int(time.time()) + 3600}),
        ("nonce", {"nonce": "m" * 64}),
        ("no nonce", {"nonce": None}),
        ("nonce is a number", {"nonce": 1}),
        ("no subject", {"sub": None}),
        ("empty subject", {"sub": ""}),
        ("subject with a line", {"sub": "a-1001\n"}),
        ("endless subject", {"sub": "a" * 300}),
        ("for two, by another", {"aud": [CLIENT, "another"], "azp": "another"}),
        ("for two, by nobody", {"aud": [CLIENT, "another"]}),
        ("by another", {"azp": "another"}),
    ],
)
def test_token_with_a_wrong_claim_is_refused(said: Hostile, tmp_path: Path, name: str, change: dict[str, Any]) -> None:
    with pytest.raises(UnauthenticatedError, match="could not be verified"):
        identified(tmp_path, said, KEY.sign(claims(said, **change)))


def test_token_signed_by_another_key_under_the_same_name_is_refused(said: Hostile, tmp_path: Path) -> None:
    with pytest.raises(UnauthenticatedError):
        identified(tmp_path, said, Key().sign(claims(said)))


def test_token_that_brings_its_own_key_is_refused(said: Hostile, tmp_path: Path) -> None:
    own = Key("own")
    with pytest.raises(UnauthenticatedError):
        identified(tmp_path, said, own.sign(claims(said), jwk=own.public))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", ""])
def test_token_without_a_signature_is_refused(said: Hostile, tmp_path: Path, algorithm: str) -> None:
    unsigned = f"{part({'alg': algorithm, 'typ': 'JWT', 'kid': 'one'})}.{part(claims(said))}."
    with pytest.raises(UnauthenticatedError):
        identified(tmp_path, said, unsigned)


def test_token_signed_with_the_public_key_as_a_secret_is_refused(said: Hostile, tmp_path: Path) -> None:
    secret = KEY.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': 'one'})}.{part(claims(said))}"
    mark = base64.urlsafe_b64encode(hmac.new(secret, head.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
    with pytest.raises(UnauthenticatedError):
        identified(tmp_path, said, f"{head}.{mark}")


def test_algorithm_that_is_not_on_the_list_is_refused(said: Hostile, tmp_path: Path) -> None:
    token = KEY.sign(claims(said))
    assert identified(tmp_path, said, token).identity.subject == "a-1001"
    with pytest.raises(UnauthenticatedError):
        identified(tmp_path, said, token, algorithms=["RS256"])


def test_short_key_is_refused(said: Hostile, tmp_path: Path) -> None:
    import jwt

    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - refused, that is the point
    said.keys = {"keys": [RSAAlgorithm.to_jwk(short.public_key(), as_dict=True) | {"kid": "short", "alg": "RS256"}]}
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        token = jwt.encode(claims(said), short, algorithm="RS256", headers={"kid": "short"})
    with pytest.raises(UnauthenticatedError):
        identified(tmp_path, said, token)


@pytest.mark.parametrize("token", ["", "a.b.c", "x" * 40_000, "é.è.à"])
def test_what_is_no_token_is_refused(said: Hostile, tmp_path: Path, token: str) -> None:
    with pytest.raises(UnauthenticatedError):
        identified(tmp_path, said, token)


def test_answer_in_the_name_of_another_issuer_is_refused(said: Hostile, tmp_path: Path) -> None:
    token = KEY.sign(claims(said))
    with pytest.raises(UnauthenticatedError):
        identified(tmp_path, said, token, Answer("a code", "v", NONCE, "https://id.example.org"))
    said.metadata["authorization_response_iss_parameter_supported"] = True
    with pytest.raises(UnauthenticatedError):
        identified(tmp_path, said, token)
    assert identified(tmp_path, said, token, Answer("a code", "v", NONCE, said.url)).identity.subject == "a-1001"


@pytest.mark.parametrize(
    ("part_", "value", "words"),
    [
        ("issuer", "https://id.example.org", "in the name of another"),
        ("token_endpoint", "http://id.example.org/token", "not protected"),
        ("jwks_uri", "file:///etc/passwd", "not protected"),
        ("authorization_endpoint", "http://id.example.org/auth", "not protected"),
        ("token_endpoint", None, "as it should"),
        ("issuer", ["x"], "as it should"),
    ],
)
def test_discovery_document_that_is_not_this_providers_keeps_everybody_out(
    said: Hostile, tmp_path: Path, part_: str, value: Any, words: str
) -> None:
    said.metadata[part_] = value
    with pytest.raises(UnavailableError, match=words):
        asyncio.run(Provider(settings(tmp_path, said)).metadata())


@pytest.mark.parametrize("keys", [None, {}, {"keys": []}, {"keys": [{"kty": "odd"}]}, {"keys": "x"}, [], "x"])
def test_keys_that_cannot_be_read_keep_everybody_out(said: Hostile, tmp_path: Path, keys: Any) -> None:
    said.keys = keys
    with pytest.raises(UnavailableError, match="keys that cannot be read"):
        identified(tmp_path, said, KEY.sign(claims(said)))


def test_key_that_was_taken_back_counts_no_more(said: Hostile, tmp_path: Path) -> None:
    token = KEY.sign(claims(said))
    provider = Provider(settings(tmp_path, said))
    said.token = (200, {"id_token": token})
    assert asyncio.run(provider.identify(ANSWER)).identity.subject == "a-1001"
    said.keys = {"keys": [Key("two").public]}
    with pytest.raises(UnauthenticatedError):
        asyncio.run(provider.identify(ANSWER))


def test_answers_without_end_and_redirects_are_not_followed(said: Hostile, tmp_path: Path) -> None:
    said.raw["/jwks"] = b" " * 1_000_000
    with pytest.raises(UnavailableError, match="more than can be read"):
        identified(tmp_path, said, KEY.sign(claims(said)))
    said.metadata["token_endpoint"] = said.url + "/elsewhere"
    said.asked.clear()
    with pytest.raises(UnavailableError, match="as it should"):
        identified(tmp_path, said, KEY.sign(claims(said)))
    assert "/jwks" not in [path for path, _ in said.asked]


@pytest.mark.parametrize(
    ("status", "document", "kind"),
    [
        (400, {"error": "invalid_grant"}, UnauthenticatedError),
        (401, {"error": "invalid_client"}, UnavailableError),
        (500, {}, UnavailableError),
        (200, {"access_token": "x"}, UnavailableError),
        (200, [], UnavailableError),
    ],
)
def test_refusals_of_the_provider_are_told_in_our_words(
    said: Hostile, tmp_path: Path, status: int, document: Any, kind: type[Exception]
) -> None:
    said.token = (status, document)
    with pytest.raises(kind) as refusal:
        asyncio.run(Provider(settings(tmp_path, said)).identify(ANSWER))
    assert "invalid_" not in str(refusal.value)


def test_certificate_that_ended_keeps_everybody_out_and_one_that_holds_does_not(tmp_path: Path) -> None:
    trusted = (own := certificate(tmp_path, EXPIRED)).public
    with hostile(own.served) as said, pytest.raises(UnavailableError, match="certificate that does not hold"):
        asyncio.run(Provider(settings(tmp_path, said, ca_file=str(trusted))).metadata())
    with hostile(certificate(tmp_path).served) as said:
        assert asyncio.run(Provider(settings(tmp_path, said, ca_file=str(trusted))).metadata()).issuer == said.url
        with pytest.raises(UnavailableError, match="certificate that does not hold"):
            asyncio.run(Provider(settings(tmp_path, said)).metadata())


def test_secret_that_others_may_read_by_now_keeps_everybody_out(said: Hostile, tmp_path: Path) -> None:
    provider = Provider(settings(tmp_path, said))
    (tmp_path / "client-secret").chmod(0o644)
    with pytest.raises(UnavailableError, match="not set up here") as refusal:
        asyncio.run(provider.identify(ANSWER))
    assert str(tmp_path) not in str(refusal.value)
    with pytest.raises(BadInputError, match="chmod 600"):
        provider.settings.client_secret()
