"""Whatever a browser sends as a key's answer is taken or refused, and never an error."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.support.authenticator import SoftKey, b64, unb64

from saferoom.hub.jupyter.factors.party import Person, RelyingParty
from saferoom.hub.store.proofs import StoredKey

PARTY = RelyingParty("https://safe.example.org")
CHALLENGE, HANDLE = b"c" * 32, b"h" * 32
KEY = SoftKey(PARTY.origin, PARTY.id)
MADE = json.loads(KEY.create(PARTY.creation(Person("ana", "Ana", HANDLE, ()), CHALLENGE)))
SIGNED = json.loads(KEY.get(PARTY.request(CHALLENGE)))
STORED = StoredKey("k", b64(KEY.public()), b64(HANDLE))
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def test_answers_that_the_others_are_made_of_are_good() -> None:
    assert PARTY.made(json.dumps(MADE), CHALLENGE, HANDLE) is not None
    assert PARTY.assertion(json.dumps(SIGNED), CHALLENGE).count(STORED) == 1


@given(st.text() | ANYTHING.map(json.dumps))
def test_text_that_is_no_answer_is_refused(text: str) -> None:
    assert PARTY.made(text, CHALLENGE, HANDLE) is None
    assert PARTY.assertion(text, CHALLENGE).count(STORED) is None


@given(st.sampled_from(["id", "rawId", "type", "clientDataJSON", "attestationObject"]), ANYTHING)
def test_new_key_with_anything_in_one_part_is_refused(part: str, value: Any) -> None:
    answer = changed(MADE, part, value)
    assert answer == MADE or PARTY.made(json.dumps(answer), CHALLENGE, HANDLE) is None


@given(st.sampled_from(["clientDataJSON", "authenticatorData", "signature", "userHandle"]), st.data())
def test_signature_with_any_byte_changed_is_refused(part: str, data: st.DataObject) -> None:
    was = bytearray(unb64(SIGNED["response"][part]))
    place = data.draw(st.integers(0, len(was) - 1))
    was[place] ^= data.draw(st.integers(1, 255))
    forged = json.dumps(changed(SIGNED, part, b64(bytes(was))))
    assert PARTY.assertion(forged, CHALLENGE).count(STORED) is None


def changed(answer: dict[str, Any], part: str, value: Any) -> dict[str, Any]:
    if part in answer:
        return answer | {part: value}
    return answer | {"response": answer["response"] | {part: value}}
