"""The audit chain notices any changed byte, wherever it is."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from saferoom.audit import Event, Link, StoredLink, append, sign_head, verify_chain
from saferoom.errors import IntegrityError
from saferoom.signing import SigningKey

KEY = SigningKey.generate()
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PAYLOAD = st.dictionaries(TEXT, st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT, max_size=4)
EVENTS = st.lists(st.builds(Event, TEXT, TEXT, TEXT, PAYLOAD), min_size=1, max_size=6)


def chain(events: list[Event]) -> list[StoredLink]:
    links: list[StoredLink] = []
    for number, event in enumerate(events):
        links.append(append(links[-1].link if links else None, event, AT, f"{number:032x}"))
    return links


def holds(links: list[StoredLink], heads: list[dict[str, Any]]) -> bool:
    try:
        verify_chain(links, heads, KEY.verifying_key)
    except IntegrityError:
        return False
    return True


def written(stored: StoredLink) -> bytes:
    return json.dumps(asdict(stored), ensure_ascii=False).encode()


def read(data: bytes) -> StoredLink:
    document = json.loads(data)
    return StoredLink(Link(**document["link"]), document["payload"], document["salt"])


@given(EVENTS, st.data())
def test_audit_chain_notices_any_changed_byte(events: list[Event], data: st.DataObject) -> None:
    links = chain(events)
    heads = [sign_head(links[-1].link, KEY)]
    assert holds(links, heads)
    place = data.draw(st.integers(0, len(links) - 1))
    whole = bytearray(written(links[place]))
    byte = data.draw(st.integers(0, len(whole) - 1))
    whole[byte] ^= data.draw(st.integers(1, 255))
    try:
        changed = read(bytes(whole))
    except (ValueError, KeyError, TypeError):
        return  # it can no longer be read at all, which nobody overlooks
    assume(changed != links[place])  # for example another spelling of the same number
    assert not holds([*links[:place], changed, *links[place + 1 :]], heads)


@given(EVENTS, st.data())
def test_audit_chain_notices_any_link_left_out_or_moved(events: list[Event], data: st.DataObject) -> None:
    links = chain(events)
    heads = [sign_head(links[-1].link, KEY)]
    kept = data.draw(st.permutations(links).map(tuple) | st.lists(st.sampled_from(links), unique_by=id).map(tuple))
    assume(list(kept) != links)
    assert not holds(list(kept), heads)


@given(EVENTS, st.data())
def test_audit_chain_with_erased_payloads_still_holds(events: list[Event], data: st.DataObject) -> None:
    links = chain(events)
    erased = data.draw(st.sets(st.integers(0, len(links) - 1)))
    left = [replace(link, payload=None, salt=None) if i in erased else link for i, link in enumerate(links)]
    report = verify_chain(left, [sign_head(links[-1].link, KEY)], KEY.verifying_key)
    assert report.erased_payloads == len(erased)
