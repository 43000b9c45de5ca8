"""Files of age's format: age's own are opened, ours are whole or nothing, and nobody else's key opens them."""

from __future__ import annotations

import base64
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saferoom.errors import BadInputError, IntegrityError
from saferoom.hub.backup import bech32
from saferoom.hub.backup.age import Identity, Reader, Writer, recipient_key

SECRET = "AGE-SECRET-KEY-1NS0UAWYTGNKWQFKXPKRCDGW7Y0P7GVY4H75EGRD9A0YX89HZNYTQPY0TWL"  # pragma: allowlist secret
RECIPIENT = "age1c8hcnmgwk8qlnlfqc9vqn2h5y9l6yga9e6swymezcdxkcs3xk9eqzaskpy"
MADE_BY_RAGE = (
    "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSA1VUk0MVo0cHJtRG0xOEY4RkNWSC9nUENKZXlFT1RFZGV1REE0UG94Z1JzCnFXQ2hLbzcrZ1dr"
    "VnVKaUFnTmVsT0ZKWkRPaDg0N1lZRkxsb0hXRUxDSncKLT4gQnlobjhSLWdyZWFzZSBjcE8Kd2cKLS0tIGZaOHBNSzVYZ2MvVk1lVDdMUldncHQ1YU5P"
    "Q0xrOXQwdHBCei9MQzlHdEEKrKOkehNo68IUMKjy/VeQrwOoOFxSqSgT+l0zKh78sNaFmUY7NzSbUyYcKRY="
)
"""``what is kept``, by another implementation, with a stanza that only says that it is to be passed over."""
OWN, OTHER = Identity.read(SECRET), Identity.generate()


def sealed(data: bytes, *recipients: str) -> bytes:
    target = io.BytesIO()
    writer = Writer(target, recipients or [RECIPIENT])
    writer.write(data)
    writer.finish()
    return target.getvalue()


def opened(data: bytes, identity: Identity = OWN) -> bytes:
    return io.BufferedReader(Reader(io.BytesIO(data), identity)).read()


def test_files_of_age_are_opened_and_its_keys_are_read() -> None:
    assert OWN.recipient == RECIPIENT
    assert opened(base64.b64decode(MADE_BY_RAGE)) == b"what is kept"
    assert Identity.read(OTHER.written()).recipient == OTHER.recipient


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 131_072, 200_001])
def test_what_was_sealed_comes_out_for_each_recipient(size: int) -> None:
    data = (bytes(range(251)) * (size // 251 + 1))[:size]
    made = sealed(data, RECIPIENT, OTHER.recipient)
    assert opened(made) == opened(made, OTHER) == data
    assert data[:100] not in made or size < 20


@given(place=st.integers(0, 10**6), flip=st.integers(1, 255))
def test_a_changed_byte_is_noticed(place: int, flip: int) -> None:
    made = bytearray(MADE)
    made[place % len(made)] ^= flip
    with pytest.raises((IntegrityError, BadInputError)):
        opened(bytes(made))


@given(length=st.integers(0, 10**6))
def test_a_file_that_was_cut_off_is_noticed(length: int) -> None:
    with pytest.raises((IntegrityError, BadInputError)):
        opened(MADE[: length % len(MADE)])


MADE = sealed(b"a" * 70_000)


def test_more_behind_the_end_is_noticed() -> None:
    with pytest.raises(IntegrityError):
        opened(MADE + b"x")


def test_another_key_opens_nothing() -> None:
    with pytest.raises(BadInputError, match="not for this secret key"):
        opened(MADE, OTHER)
    assert "AGE-SECRET" not in repr(OWN)
    assert "ns0uawy" not in repr(OWN).lower()


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04", b"age-encryption.org/v2\n", b"age-encryption.org/v1\n-> X25519 !\n!\n--- x\n"]
)
def test_what_is_no_file_of_age_is_said(data: bytes) -> None:
    with pytest.raises(BadInputError, match="this is no backup"):
        opened(data)


@pytest.mark.parametrize(
    "text", ["", "age1", RECIPIENT[:-1], RECIPIENT[:-1] + "q", RECIPIENT.replace("c8", "C8"), SECRET, "age1" + "q" * 6]
)
def test_what_is_no_recipient_is_refused(text: str) -> None:
    with pytest.raises(BadInputError):
        recipient_key(text)


@pytest.mark.parametrize("text", ["", "# nothing", f"{SECRET}\n{SECRET}", SECRET[:-2], RECIPIENT])
def test_what_is_no_secret_key_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(BadInputError) as refused:
        Identity.read(text)
    assert SECRET[20:40] not in refused.value.message


def test_nobody_is_no_recipient() -> None:
    with pytest.raises(BadInputError, match="at least one recipient"):
        Writer(io.BytesIO(), [])


@given(data=st.binary(max_size=80))
def test_bech32_gives_back_what_it_was_given(data: bytes) -> None:
    assert bech32.decode(bech32.encode("age", data), "age") == data


@given(place=st.integers(0, 10**6), letter=st.sampled_from("qpzry9x8gf2tvdw0s3jn54khce6mua7l"))
def test_bech32_notices_a_wrong_letter(place: int, letter: str) -> None:
    at = 4 + place % (len(RECIPIENT) - 4)
    changed = RECIPIENT[:at] + letter + RECIPIENT[at + 1 :]
    if changed == RECIPIENT:
        return
    with pytest.raises(BadInputError):
        bech32.decode(changed, "age")
