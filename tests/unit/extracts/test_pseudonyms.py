"""Pseudonyms: the same within a project, different between projects and units, and never without the key."""

from __future__ import annotations

import hashlib
import hmac

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saferoom.ids import ProjectSlug
from saferoom.projects.extracts.pseudonyms import PseudonymKey, pseudonym_sql

MASTER = bytes(range(32))
TEXT = st.text(st.characters(codec="utf-8"))
KEY = PseudonymKey.derive(MASTER, ProjectSlug("mob"), "person_id")


def test_pseudonym_is_the_first_63_bits_of_hmac_sha256() -> None:
    digest = hmac.new(KEY.secret, b"42", hashlib.sha256).digest()
    assert KEY.pseudonym("42") == int.from_bytes(digest[:8], "big") >> 1


def test_pseudonym_of_a_known_key_never_changes() -> None:
    # A change here would break the link between versions of every running project's extracts.
    assert KEY.pseudonym("42") == 1_439_197_157_581_092_441


@pytest.mark.parametrize(
    ("master", "project", "unit"),
    [
        (MASTER[::-1], "mob", "person_id"),
        (MASTER, "mo", "person_id"),
        (MASTER, "mob", "household_id"),
        (MASTER, "mobperson", "_id"),
    ],
)
def test_other_instance_project_or_unit_has_another_key(master: bytes, project: str, unit: str) -> None:
    other = PseudonymKey.derive(master, ProjectSlug(project), unit)
    assert other.secret != KEY.secret
    assert other.pseudonym("42") != KEY.pseudonym("42")


def test_key_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        PseudonymKey.derive(b"short", ProjectSlug("mob"), "person_id")


def test_key_does_not_show_itself() -> None:
    assert KEY.secret.hex() not in repr(KEY)
    assert repr(KEY.secret) not in repr(KEY)


@settings(deadline=None)  # machines are shared
@given(st.lists(TEXT, min_size=1, max_size=20))
def test_engine_computes_the_same_pseudonyms_for_any_text(identifiers: list[str]) -> None:
    inner, outer = KEY.pads()
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"SELECT {pseudonym_sql('id', '$inner', '$outer')} FROM (SELECT unnest($ids) AS id)",
            {"inner": inner, "outer": outer, "ids": identifiers},
        ).fetchall()
    assert [row[0] for row in rows] == [KEY.pseudonym(identifier) for identifier in identifiers]


@settings(deadline=None)  # machines are shared
@given(TEXT)
def test_pseudonym_fits_a_signed_64_bit_column(identifier: str) -> None:
    assert 0 <= KEY.pseudonym(identifier) < 2**63
