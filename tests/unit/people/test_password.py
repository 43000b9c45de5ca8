"""Which passwords are taken."""

from __future__ import annotations

import pytest

from saferoom.errors import BadInputError
from saferoom.projects.people.password import check_password, normalised


@pytest.mark.parametrize(
    "password", ["correct horse battery", "k3ya-9xqm-2bvn-7pda", "my password is a long sentence", "пароль-из-слов"]
)
def test_password_that_is_long_and_varied_is_taken(password: str) -> None:
    check_password(password, "rosa")


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("", "at least 12"),
        ("eleven char", "at least 12"),
        ("x" * 1025, "at most 1024"),
        ("é" * 513, "at most 1024"),
        ("aaaabbbbccccdddd", "at least 5 different"),
        ("abcdefghijklmnop", "plain sequence"),
        ("ponmlkjihgfedcba", "plain sequence"),
        ("rosa20272028", "user name"),
        ("RosaRosaRosa-1", "user name"),
        ("Password2027!", "well-known word"),
        ("saferoom-2027", "well-known word"),
        ("with\x00control!!", "control characters"),
        ("lone-surrogate-\ud800", "control characters"),
    ],
)
def test_password_that_is_weak_is_refused_without_repeating_it(password: str, said: str) -> None:
    with pytest.raises(BadInputError, match=said) as caught:
        check_password(password, "rosa")
    assert not password or password not in caught.value.message


def test_password_may_hold_a_very_short_user_name() -> None:
    check_password("a-banana-and-a-canal", "a")


def test_password_from_another_keyboard_is_the_same() -> None:
    assert normalised("cafe\u0301 \uff21") == normalised("caf\u00e9 A")
