"""Encryption at rest: what was sealed comes back only whole, under the same key, and about the same thing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saferoom.errors import IntegrityError
from saferoom.hub.store.cipher import AtRest

CIPHER = AtRest(b"k" * 32)
ABOUT = {"purpose": "test", "number": 3}


@given(st.binary(max_size=200))
def test_sealed_bytes_come_back_and_are_sealed_anew_each_time(data: bytes) -> None:
    one, other = CIPHER.seal(data, ABOUT), CIPHER.seal(data, ABOUT)
    assert one != other
    assert CIPHER.open(one, ABOUT) == CIPHER.open(other, ABOUT) == data


@given(st.data())
def test_any_changed_byte_or_cut_end_is_noticed(draw: st.DataObject) -> None:
    sealed = CIPHER.seal(b"who is behind it", ABOUT)
    place = draw.draw(st.integers(0, len(sealed) - 1))
    changed = sealed[:place] + bytes([sealed[place] ^ draw.draw(st.integers(1, 255))]) + sealed[place + 1 :]
    for damaged in (changed, sealed[:place]):
        with pytest.raises(IntegrityError, match="nothing can be judged"):
            CIPHER.open(damaged, ABOUT)


@pytest.mark.parametrize("about", [{}, {"purpose": "test"}, {**ABOUT, "number": 4}, {**ABOUT, "number": "3"}])
def test_bytes_about_something_else_are_refused(about: dict[str, object]) -> None:
    with pytest.raises(IntegrityError):
        CIPHER.open(CIPHER.seal(b"x", ABOUT), about)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(IntegrityError):
        AtRest(b"o" * 32).open(CIPHER.seal(b"x", ABOUT), ABOUT)


@pytest.mark.parametrize("key", [b"", b"short", b"x" * 33])
def test_key_of_another_length_is_refused_and_never_shown(key: bytes) -> None:
    with pytest.raises(IntegrityError, match="32 bytes"):
        AtRest(key)
    assert "k" * 4 not in repr(CIPHER)
