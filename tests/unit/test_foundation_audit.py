"""The audit chain: what it records, and every way of tampering that it must notice."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from saferoom import audit
from saferoom.audit import GENESIS, HEAD_TYPE, Event, Link, StoredLink, append, payload_digest, sign_head, verify_chain
from saferoom.errors import IntegrityError
from saferoom.signing import SigningKey

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KEY = SigningKey.generate()


def chain(length: int) -> list[StoredLink]:
    links: list[StoredLink] = []
    for number in range(1, length + 1):
        event = Event("ana", "request.submitted", f"request-{number}", {"number": number})
        links.append(append(links[-1].link if links else None, event, AT, f"{number:032x}"))
    return links


def head(links: list[StoredLink]) -> dict[str, Any]:
    return sign_head(links[-1].link, KEY)


def broken(links: list[StoredLink], heads: list[dict[str, Any]] | None = None) -> str:
    with pytest.raises(IntegrityError) as caught:
        verify_chain(links, heads or [], KEY.verifying_key)
    return caught.value.message


def test_chain_of_no_links_verifies_as_empty() -> None:
    report = verify_chain([], [], None)
    assert (report.links, report.head) == (0, GENESIS)


def test_chain_untouched_verifies_with_its_heads() -> None:
    links = chain(5)
    report = verify_chain(links, [head(links[:2]), head(links)], KEY.verifying_key)
    assert (report.links, report.signed_heads, report.erased_payloads) == (5, 2, 0)
    assert report.head == links[-1].link.digest


def test_chain_payload_erased_still_verifies_and_is_counted() -> None:
    links = chain(4)
    links[1] = replace(links[1], payload=None, salt=None)
    assert verify_chain(links, [head(links)], KEY.verifying_key).erased_payloads == 1


@pytest.mark.parametrize("kept", ["payload", "salt"])
def test_chain_payload_half_erased_is_named(kept: str) -> None:
    links = chain(3)
    links[1] = replace(links[1], payload=None) if kept == "salt" else replace(links[1], salt=None)
    assert broken(links) == "audit link 2 has lost its payload or its salt, but not both"


@pytest.mark.parametrize(
    "payload", [{"number": 3}, {}, {"number": 2, "more": None}, {"number": "2"}, {"number": 1e400}]
)
def test_chain_payload_changed_is_named(payload: dict[str, Any]) -> None:
    links = chain(3)
    links[1] = replace(links[1], payload=payload)
    assert broken(links) == "audit link 2: its payload was changed after it was written"


def test_chain_salt_changed_is_named() -> None:
    links = chain(3)
    links[2] = replace(links[2], salt="0" * 32)
    assert broken(links) == "audit link 3: its payload was changed after it was written"


@pytest.mark.parametrize("field", ["at", "actor", "action", "subject", "payload_digest", "digest"])
def test_chain_link_changed_is_named(field: str) -> None:
    links = chain(3)
    links[1] = replace(links[1], link=Link(**{**asdict(links[1].link), field: "x"}))
    assert broken(links) == "audit link 2 was changed after it was written"


def test_chain_link_taken_out_of_the_middle_is_named() -> None:
    links = chain(4)
    del links[1]
    assert broken(links) == "audit link 2 is missing: the next one found is number 3"


def test_chain_links_swapped_are_named() -> None:
    links = chain(4)
    links[1], links[2] = links[2], links[1]
    assert broken(links) == "audit link 2 is missing: the next one found is number 3"


def test_chain_links_swapped_and_renumbered_are_named() -> None:
    links = chain(4)
    links[1], links[2] = (
        replace(links[2], link=replace(links[2].link, seq=2)),
        replace(links[1], link=replace(links[1].link, seq=3)),
    )
    assert broken(links) == "audit link 2 does not follow the link before it"


def test_chain_link_rewritten_with_a_right_digest_breaks_the_next_one() -> None:
    links = chain(3)
    links[1] = append(links[0].link, Event("eve", "request.submitted", "request-2", {"number": 2}), AT, "0" * 32)
    assert broken(links) == "audit link 3 does not follow the link before it"


def test_chain_tail_cut_off_is_noticed_by_the_signed_head() -> None:
    links = chain(4)
    assert broken(links[:3], [head(links)]) == "the audit trail ends before signed head 1: link 4 is missing"


def test_chain_rewritten_whole_is_noticed_by_the_signed_head() -> None:
    links = chain(2)
    forged = [append(None, Event("eve", "nothing", "nowhere"), AT, "0" * 32)]
    forged.append(append(forged[0].link, Event("eve", "nothing", "nowhere"), AT, "0" * 32))
    assert broken(forged, [head(links)]) == "audit link 2 is not the link that signed head 1 names"


def test_chain_head_signed_by_another_key_is_refused() -> None:
    links = chain(2)
    assert "no valid signature" in broken(links, [sign_head(links[-1].link, SigningKey.generate())])


def test_chain_head_of_another_type_is_refused() -> None:
    links = chain(2)
    envelope = KEY.seal_json({"seq": 2, "digest": links[1].link.digest}, "text/plain")
    assert HEAD_TYPE in broken(links, [envelope])


def test_chain_heads_without_a_key_are_an_error() -> None:
    links = chain(2)
    with pytest.raises(IntegrityError, match="no key"):
        verify_chain(links, [head(links)], None)


def test_chain_without_heads_needs_no_key() -> None:
    assert verify_chain(chain(2), [], None).links == 2


def test_payload_digest_hides_a_guessable_payload_behind_its_salt() -> None:
    assert payload_digest({"verdict": "pass"}, "0" * 32) != payload_digest({"verdict": "pass"}, "1" * 32)


# Mutations: each weakened rule must be noticed by the tests above, or those tests prove nothing.


def test_mutation_links_not_compared_with_their_digest_lets_a_change_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    links = chain(3)
    last = replace(links[2], link=replace(links[2].link, actor="eve"))
    monkeypatch.setattr(audit, "_link_digest", lambda fields: fields["digest"])
    assert verify_chain([*links[:2], last], [], None).links == 3


def test_mutation_heads_not_checked_lets_a_cut_tail_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    links = chain(4)
    monkeypatch.setattr(audit, "_check_heads", lambda *_: None)
    assert verify_chain(links[:3], [head(links)], KEY.verifying_key).links == 3
