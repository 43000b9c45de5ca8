"""Keys and envelopes: what is signed can be opened by the right key alone, and nothing else can."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from saferoom.digests import canonical, sha256
from saferoom.errors import BadInputError, IntegrityError
from saferoom.signing import SigningKey, VerifyingKey

KEY = SigningKey.generate()
TYPE = "application/vnd.saferoom.test+json"


def test_envelope_opened_by_the_right_key_gives_the_payload() -> None:
    assert KEY.verifying_key.open(KEY.seal(b"payload", TYPE), TYPE) == b"payload"


def test_envelope_of_a_document_gives_the_document() -> None:
    assert KEY.verifying_key.open_json(KEY.seal_json({"b": [1, None], "a": "é"}, TYPE), TYPE) == {
        "a": "é",
        "b": [1, None],
    }


def test_envelope_sealed_twice_is_the_same() -> None:
    assert KEY.seal(b"x", TYPE) == KEY.seal(b"x", TYPE)


def test_envelope_opened_leaves_it_unchanged() -> None:
    envelope = KEY.seal(b"x", TYPE)
    KEY.verifying_key.open(envelope, TYPE)
    assert envelope == KEY.seal(b"x", TYPE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"payload": base64.b64encode(b"forged").decode()}, "no valid signature"),
        ({"payloadType": "text/plain"}, "not of type"),
        ({"signatures": []}, "no valid signature"),
        ({"signatures": [{"sig": base64.b64encode(b"0" * 64).decode(), "keyid": "x"}]}, "no valid signature"),
        ({"signatures": [{}]}, "not a DSSE envelope"),
        ({"signatures": None}, "not a DSSE envelope"),
        ({"signatures": "abc"}, "not a DSSE envelope"),
        ({"payload": 7}, "not a DSSE envelope"),
        ({"payload": "not base 64!"}, "not a DSSE envelope"),
    ],
)
def test_envelope_changed_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(IntegrityError, match=message):
        KEY.verifying_key.open({**KEY.seal(b"payload", TYPE), **change}, TYPE)


@pytest.mark.parametrize("key", ["payload", "payloadType", "signatures"])
def test_envelope_without_a_part_is_refused(key: str) -> None:
    envelope = {name: value for name, value in KEY.seal(b"x", TYPE).items() if name != key}
    with pytest.raises(IntegrityError, match="not a DSSE envelope"):
        KEY.verifying_key.open(envelope, TYPE)


def test_envelope_of_another_key_under_our_key_id_is_refused() -> None:
    envelope = SigningKey.generate().seal(b"x", TYPE)
    envelope["signatures"][0]["keyid"] = KEY.verifying_key.key_id
    with pytest.raises(IntegrityError, match="no valid signature"):
        KEY.verifying_key.open(envelope, TYPE)


def test_envelope_signed_as_another_type_cannot_be_relabelled() -> None:
    envelope = {**KEY.seal(b"x", "text/plain"), "payloadType": TYPE}
    with pytest.raises(IntegrityError, match="no valid signature"):
        KEY.verifying_key.open(envelope, TYPE)


def test_envelope_with_a_payload_that_is_no_json_is_refused() -> None:
    with pytest.raises(IntegrityError, match="not JSON"):
        KEY.verifying_key.open_json(KEY.seal(b"{", TYPE), TYPE)
    with pytest.raises(IntegrityError, match="not JSON"):
        KEY.verifying_key.open_json(KEY.seal(b"[" * 100_000, TYPE), TYPE)


def test_keys_written_and_read_are_the_same() -> None:
    again = SigningKey.from_pem(KEY.to_pem())
    assert again.verifying_key.key_id == KEY.verifying_key.key_id
    assert VerifyingKey.from_pem(KEY.verifying_key.to_pem()).open(again.seal(b"x", TYPE), TYPE) == b"x"


def test_key_that_is_none_is_refused() -> None:
    with pytest.raises(BadInputError, match="not a public key"):
        VerifyingKey.from_pem(b"nonsense")
    with pytest.raises(BadInputError, match="not an unencrypted"):
        SigningKey.from_pem(b"nonsense")


def test_key_that_is_encrypted_is_refused() -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    with pytest.raises(BadInputError, match="not an unencrypted"):
        SigningKey.from_pem(pem)


def test_key_of_another_kind_is_refused() -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(BadInputError, match="not an Ed25519 key"):
        SigningKey.from_pem(
            other.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    with pytest.raises(BadInputError, match="not an Ed25519 public key"):
        VerifyingKey.from_pem(
            other.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        )


def test_canonical_form_depends_on_content_alone() -> None:
    assert canonical({"b": 1, "a": [1.0, "é"]}) == '{"a":[1,"é"],"b":1}'.encode()
    assert sha256(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_mutation_signature_not_verified_lets_a_forged_payload_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saferoom.signing.Envelope.verify", lambda *_, **__: {})
    forged = {**KEY.seal(b"payload", TYPE), "payload": base64.b64encode(b"forged").decode()}
    assert KEY.verifying_key.open(forged, TYPE) == b"forged"
